//! What the whole-system tests share, and the tool that maps rules to tests.

pub mod bench;
pub mod binary;
pub mod coverage;
pub mod gateway;
pub mod harness;
pub mod load;
pub mod tree;
pub mod vectors;
