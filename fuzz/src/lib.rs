//! The bodies of the fuzz targets. Each is a function from octets, and panics if its property does
//! not hold, and says whether the input was accepted, so that they can be run without a fuzzer as well: `tests/seeds.rs` does.
#![forbid(unsafe_code)]

pub use crate::authorization::authorization;
pub use crate::htu::htu;
pub use crate::introspection::introspection;
pub use crate::jwk::{jwk, key_set};
pub use crate::nonce::nonce;
pub use crate::proof::proof;
pub use crate::route::route;
pub use crate::token::token;
pub use crate::verdict::verdict;

mod authorization;
mod htu;
mod introspection;
mod jwk;
mod nonce;
mod proof;
mod route;
mod stage;
mod token;
mod verdict;

/// A target's name and body.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// All targets.
pub const TARGETS: &[Target] = &[
    ("authorization", authorization),
    ("htu", htu),
    ("introspection", introspection),
    ("jwk", jwk),
    ("key_set", key_set),
    ("nonce", nonce),
    ("proof", proof),
    ("route", route),
    ("token", token),
    ("verdict", verdict),
];

/// The main program of a target: libFuzzer's if cargo-fuzz builds it, otherwise one that replays the
/// files that it is given.
#[macro_export]
macro_rules! target {
    ($body:path) => {
        #[cfg(fuzzing)]
        ::libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            $body(data);
        });

        #[cfg(not(fuzzing))]
        fn main() -> ::std::io::Result<()> {
            for file in ::std::env::args_os().skip(1) {
                let accepted = $body(&::std::fs::read(&file)?);
                println!("{}: accepted: {accepted}", file.display());
            }
            Ok(())
        }
    };
}
