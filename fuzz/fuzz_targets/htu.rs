//! Fuzzes `keybound_fuzz::htu`.
#![cfg_attr(fuzzing, no_main)]

keybound_fuzz::target!(keybound_fuzz::htu);
