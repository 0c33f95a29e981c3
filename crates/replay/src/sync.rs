//! The one switch between the locks of std and those of the model checker.

#[cfg(not(loom))]
pub(crate) use std::hash::RandomState as HashKey;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, MutexGuard};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard};

/// Loom runs the same program again and again; a key drawn at random would make another program of
/// each run.
#[cfg(loom)]
pub(crate) type HashKey = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;
