//! Fuzzes `keybound_fuzz::route`.
#![cfg_attr(fuzzing, no_main)]

keybound_fuzz::target!(keybound_fuzz::route);
