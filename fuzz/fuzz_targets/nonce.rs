//! Fuzzes `keybound_fuzz::nonce`.
#![cfg_attr(fuzzing, no_main)]

keybound_fuzz::target!(keybound_fuzz::nonce);
