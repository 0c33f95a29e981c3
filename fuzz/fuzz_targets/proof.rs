//! Fuzzes `keybound_fuzz::proof`.
#![cfg_attr(fuzzing, no_main)]

keybound_fuzz::target!(keybound_fuzz::proof);
