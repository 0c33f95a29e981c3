//! Fuzzes `keybound_fuzz::jwk`.
#![cfg_attr(fuzzing, no_main)]

keybound_fuzz::target!(keybound_fuzz::jwk);
