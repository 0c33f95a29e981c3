//! The normal form of URIs and the reading of paths: published vectors, and properties of all input.

mod model;
mod normal_form;
mod routes;
mod vectors;
