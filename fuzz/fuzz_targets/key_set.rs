//! Fuzzes `keybound_fuzz::key_set`.
#![cfg_attr(fuzzing, no_main)]

keybound_fuzz::target!(keybound_fuzz::key_set);
