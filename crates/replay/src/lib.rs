//! replay
#![cfg_attr(not(test), warn(missing_docs))]

pub use crate::clock::{Clock, Now};
pub use crate::config::{AfterRestart, DEFAULT_CAPACITY, MemoryStoreConfig};
pub use crate::metrics::{Occupancy, Refused};
pub use crate::store::{MemoryStore, ReplayStore};

mod bucket;
mod clock;
mod config;
mod horizon;
mod metrics;
mod owners;
mod pages;
mod room;
mod shard;
mod store;
mod sync;

#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;
