//! The normal form of URIs and the reading of paths: published vectors, and properties of all input.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which may fail"
)]

mod model;
mod normal_form;
mod routes;
mod vectors;
