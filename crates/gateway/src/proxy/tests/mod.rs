//! The engine between real sockets.

mod border;
mod failures;
mod framing;
mod secure;
mod stalls;
mod streaming;
