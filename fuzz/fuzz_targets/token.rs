//! Fuzzes `keybound_fuzz::token`.
#![cfg_attr(fuzzing, no_main)]

keybound_fuzz::target!(keybound_fuzz::token);
