//! What the benchmarks share. They live in the library, so that a test can run each of them for a
//! moment and see that it still works.

pub use self::scene::{ProofKey, Scene, Signatures};

mod scene;
pub mod verdict;
