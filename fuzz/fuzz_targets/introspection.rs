//! Fuzzes `keybound_fuzz::introspection`.
#![cfg_attr(fuzzing, no_main)]

keybound_fuzz::target!(keybound_fuzz::introspection);
