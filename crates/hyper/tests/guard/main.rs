//! A guard in front of a service, over real sockets on 127.0.0.1, with HTTP/1.1 and HTTP/2.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on must stop, also in its helpers"
)]

mod admitted;
mod cache;
mod issuer;
mod keys;
mod message;
mod nonces;
mod refused;
mod scene;
mod store;
mod tower;
mod verify_only;
mod wire;
