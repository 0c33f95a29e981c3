use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use keybound::Algorithm;

use crate::random::NoRandomness;

/// Why a key could not be made, read, written or used. None of these holds key material.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyError {
    /// No key was generated.
    Randomness(NoRandomness),
    /// Keys of this process are for ES256, EdDSA and Ed25519.
    UnsupportedAlgorithm {
        /// What was asked for.
        algorithm: Algorithm,
    },
    /// The key is of another kind than the algorithm asks for
    /// (JWA-3.4-2, RFC 7518 section 3.4; OKP-4-1, RFC 8037 section 4).
    AlgorithmMismatch {
        /// What was asked for.
        algorithm: Algorithm,
    },
    /// Not a JSON object, or a member of a key occurs twice or is not a plain string.
    NotAJwk,
    /// A JWK or a PKCS #8 document that is not for P-256 or Ed25519.
    UnsupportedKeyType,
    /// A JWK lacks a member.
    MissingMember {
        /// Its name.
        name: &'static str,
    },
    /// A member of a JWK has the wrong length or encoding, or names something unknown.
    BadMember {
        /// Its name.
        name: &'static str,
    },
    /// `use` or `key_ops` of a JWK exclude signing (JWK-4.2-1, RFC 7517 sections 4.2 and 4.3).
    NotForSigning,
    /// The private number is zero or not below the order of the curve.
    OutOfRange,
    /// The public part is not that of the private part.
    PublicPartMismatch,
    /// Not an unencrypted PEM block `PRIVATE KEY` that holds PKCS #8.
    NotPkcs8Pem,
    /// The content of a PKCS #8 document is broken or out of range, its public part is not that of
    /// its private part, or a key could not be written in that form.
    Pkcs8,
    /// The key file could not be read.
    Read {
        /// Where it was expected.
        path: PathBuf,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// The key file could not be created. An existing file is never overwritten.
    Write {
        /// Where it was to be.
        path: PathBuf,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// The file is larger than any key file.
    FileTooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// Others than the owner may read or change the key file.
    OpenToOthers {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Randomness(error) => write!(f, "no key was generated: {error}"),
            Self::UnsupportedAlgorithm { algorithm } => {
                write!(f, "no key for {algorithm}: use ES256, EdDSA or Ed25519")
            }
            Self::AlgorithmMismatch { algorithm } => {
                write!(f, "the key is not one for {algorithm}")
            }
            Self::NotAJwk => f.write_str("not a JWK: one JSON object with unique string members"),
            Self::UnsupportedKeyType => f.write_str("the key is not a P-256 or an Ed25519 key"),
            Self::MissingMember { name } => write!(f, "member {name} of the JWK is missing"),
            Self::BadMember { name } => {
                write!(f, "member {name} of the JWK has a wrong length or value")
            }
            Self::NotForSigning => f.write_str("use or key_ops of the JWK exclude signing"),
            Self::OutOfRange => f.write_str("the private number is out of range"),
            Self::PublicPartMismatch => {
                f.write_str("the public part of the key is not that of its private part")
            }
            Self::NotPkcs8Pem => f.write_str(
                "not a PEM block BEGIN PRIVATE KEY with PKCS #8; \
                 `openssl pkcs8 -topk8 -nocrypt` converts other forms",
            ),
            Self::Pkcs8 => f.write_str(
                "the PKCS #8 document is broken, or its public part is not that of its private part",
            ),
            Self::Read { path, kind } => {
                write!(f, "cannot read key file {}: {kind}", path.display())
            }
            Self::Write { path, kind } => {
                write!(f, "cannot create key file {}: {kind}", path.display())
            }
            Self::FileTooLarge { path } => {
                write!(f, "{} is too large to be a key file", path.display())
            }
            Self::OpenToOthers { path, mode } => {
                let path = path.display();
                write!(
                    f,
                    "key file {path} has mode {mode:04o}, so that others than its owner can use \
                     it; run `chmod 600 {path}`, and replace the key if it may have been read"
                )
            }
        }
    }
}

impl Error for KeyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Randomness(error) => Some(error),
            _ => None,
        }
    }
}

impl From<NoRandomness> for KeyError {
    fn from(error: NoRandomness) -> Self {
        Self::Randomness(error)
    }
}
