//! Fuzzes `keybound_fuzz::verdict`.
#![cfg_attr(fuzzing, no_main)]

keybound_fuzz::target!(keybound_fuzz::verdict);
