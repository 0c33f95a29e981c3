//! One body of tests, run against every provider that is compiled in.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod ecdsa;
#[cfg(test)]
mod ecdsa_vectors;
#[cfg(test)]
mod ed25519;
#[cfg(test)]
mod ed25519_vectors;
#[cfg(test)]
mod hashes;
#[cfg(test)]
mod mismatch;
#[cfg(test)]
mod rsa;
#[cfg(test)]
mod rsa_vectors;
#[cfg(test)]
mod support;
