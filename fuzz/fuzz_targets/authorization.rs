//! Fuzzes `keybound_fuzz::authorization`.
#![cfg_attr(fuzzing, no_main)]

keybound_fuzz::target!(keybound_fuzz::authorization);
