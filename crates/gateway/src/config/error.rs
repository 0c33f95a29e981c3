use core::error::Error;
use core::fmt;
use std::path::PathBuf;

use keybound::{KeySetError, PolicyError, RouteError, UriError};
use keybound_sources::UrlError;

/// Why there is no configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum LoadError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: String,
    },
    /// Everything that is wrong with its contents, in the order of the file.
    Invalid(Vec<ConfigError>),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Invalid(errors) => {
                for (index, error) in errors.iter().enumerate() {
                    if index > 0 {
                        f.write_str("\n")?;
                    }
                    write!(f, "{error}")?;
                }
                Ok(())
            }
        }
    }
}

impl Error for LoadError {}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ConfigError {
    /// The configuration file, as it was named.
    pub(crate) file: PathBuf,
    /// Counted from 1.
    pub(crate) line: usize,
    /// In characters, counted from 1.
    pub(crate) column: usize,
    /// What is wrong.
    pub(crate) problem: Problem,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line, column) = (self.file.display(), self.line, self.column);
        write!(f, "{file}:{line}:{column}: {}", self.problem)
    }
}

impl Error for ConfigError {}

/// Something that works and should be thought about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Warning {
    /// A proof can be made in advance for as long as the token lives, where no nonce is asked for
    /// (DPOP-11.2-1, RFC 9449 section 11.2).
    LongLifetimeWithoutNonce {
        /// The issuer whose tokens may live for more than an hour.
        issuer: String,
    },
    /// The link to the upstream is neither encrypted nor on this host (SBCP-4.13-2, RFC 9700
    /// section 4.13).
    PlainUpstream {
        /// Its name.
        upstream: String,
    },
    /// The administration endpoint can be reached from other hosts.
    ExposedAdmin,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LongLifetimeWithoutNonce { issuer } => write!(
                f,
                "tokens of {issuer} may live for more than an hour on a route that asks for no nonce, \
                 so proofs can be made long in advance: set max_lifetime, or nonce = \"required\""
            ),
            Self::PlainUpstream { upstream } => write!(
                f,
                "upstream \"{upstream}\" is reached by plain http on another host: whoever is on the \
                 way can read and change what goes there"
            ),
            Self::ExposedAdmin => {
                f.write_str("the address of [admin] can be reached from other hosts")
            }
        }
    }
}

/// What can be wrong with a configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Problem {
    /// Not TOML.
    Syntax(String),
    /// A key that does not exist.
    UnknownKey {
        key: String,
        table: &'static str,
        nearest: Option<&'static str>,
    },
    /// A key without which the table means nothing.
    MissingKey {
        key: &'static str,
        table: &'static str,
    },
    /// A value of another type.
    WrongType {
        key: &'static str,
        expected: &'static str,
        found: &'static str,
    },
    /// A word that is not among those that the key takes.
    UnknownValue {
        key: &'static str,
        value: String,
        allowed: Vec<&'static str>,
        nearest: Option<&'static str>,
    },
    /// A number outside its range.
    OutOfRange {
        key: &'static str,
        min: u64,
        max: u64,
    },
    /// An empty list or text where something must stand.
    Empty { key: &'static str },
    /// The same thing twice.
    Duplicate { key: &'static str, value: String },
    /// A name that nothing else in the file defines.
    UnknownName {
        key: &'static str,
        name: String,
        nearest: Option<String>,
    },
    /// Not exactly one of several keys.
    ExactlyOne { keys: &'static [&'static str] },
    /// Not an IP address and port.
    NotAnAddress { key: &'static str },
    /// Not an authority: a host with an optional port, and nothing else.
    NotAnAuthority { authority: String },
    /// Not an origin that clients could sign.
    NotAnOrigin { error: UriError },
    /// An http origin without the setting that says so.
    PlainHttpOrigin,
    /// Not the http or https URL of an upstream.
    NotAUrl { key: &'static str },
    /// Not a URL that keys or metadata may come from.
    BadKeyUrl { key: &'static str, error: UrlError },
    /// Not a path that a route can have.
    BadPath(RouteError),
    /// Not a scope token (RFC 6749 section 3.3).
    NotAScope { scope: String },
    /// A text that cannot stand in a quoted string without escapes (RFC 9110 section 11.5).
    BadRealm,
    /// An algorithm that this build cannot verify.
    UnsupportedAlgorithm { algorithm: &'static str },
    /// A file that cannot be read.
    UnreadableFile {
        key: &'static str,
        path: PathBuf,
        error: String,
    },
    /// A file without what it should hold.
    BadFile {
        key: &'static str,
        path: PathBuf,
        expected: &'static str,
    },
    /// A file without keys that could verify a token.
    BadKeySet {
        key: &'static str,
        path: PathBuf,
        error: KeySetError,
    },
    /// A certificate or key that TLS can do nothing with, or two that do not belong together.
    UnusableTls { key: &'static str, error: String },
    /// A setting that has no effect beside another one; whoever wrote it expects one.
    WithoutEffect {
        key: &'static str,
        because: &'static str,
    },
    /// A certificate is demanded, and no listener asks for one.
    NoCertificates { binding: &'static str },
    /// Something that the rules do not allow to be configured.
    Policy(PolicyError),
    /// A request with the largest token and proof would be refused for its size.
    HeaderLimitTooSmall { needed: usize },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => f.write_str(message),
            Self::Policy(error) => error.fmt(f),
            Self::UnknownKey {
                key,
                table,
                nearest,
            } => {
                write!(f, "unknown key {key:?} in {table}")?;
                suggest(f, *nearest)
            }
            Self::MissingKey { key, table } => write!(f, "{table} needs the key \"{key}\""),
            Self::WrongType {
                key,
                expected,
                found,
            } => write!(f, "\"{key}\" must be {expected}, not {found}"),
            Self::UnknownValue {
                key,
                value,
                allowed,
                nearest,
            } => {
                write!(f, "unknown value \"{value}\" of \"{key}\"")?;
                match nearest {
                    Some(nearest) => suggest(f, Some(nearest)),
                    None => write!(f, "; it takes \"{}\"", allowed.join("\", \"")),
                }
            }
            Self::OutOfRange { key, min, max } => {
                write!(f, "\"{key}\" must lie between {min} and {max}")
            }
            Self::Empty { key } => write!(f, "\"{key}\" must not be empty"),
            Self::Duplicate { key, value } => write!(f, "\"{key}\" has \"{value}\" twice"),
            Self::UnknownName { key, name, nearest } => {
                write!(f, "\"{key}\" names \"{name}\", which is not defined")?;
                suggest(f, nearest.as_deref())
            }
            Self::ExactlyOne { keys } => {
                write!(f, "exactly one is needed of \"{}\"", keys.join("\", \""))
            }
            Self::NotAnAddress { key } => {
                write!(f, "\"{key}\" must be an IP address and a port")
            }
            Self::NotAnAuthority { authority } => {
                write!(f, "\"{authority}\" is not a host with an optional port")
            }
            Self::NotAnOrigin { error } => write!(f, "not an origin: {error}"),
            Self::PlainHttpOrigin => f.write_str(
                "an http origin lets tokens and proofs be read on the way; if that is meant, set \
                 danger_plain_http_origin = true",
            ),
            Self::NotAUrl { key } => write!(
                f,
                "\"{key}\" must be an http or https URL without user, query and fragment"
            ),
            Self::BadKeyUrl {
                key,
                error: UrlError::Insecure,
            } => {
                write!(f, "\"{key}\" must be https, or http on a loopback address")
            }
            Self::BadKeyUrl { key, error } => write!(f, "\"{key}\": {error}"),
            Self::BadPath(error) => write!(f, "{error}"),
            Self::NotAScope { scope } => write!(f, "\"{scope}\" is not a scope"),
            Self::BadRealm => f.write_str(
                "\"realm\" may hold visible ASCII and spaces, but neither quotes nor backslashes",
            ),
            Self::UnsupportedAlgorithm { algorithm } => {
                write!(f, "this build cannot verify {algorithm}")
            }
            Self::UnreadableFile { key, path, error } => {
                write!(f, "\"{key}\": {}: {error}", path.display())
            }
            Self::BadKeySet { key, path, error } => {
                write!(f, "\"{key}\": {}: {error}", path.display())
            }
            Self::UnusableTls { key, error } => write!(f, "\"{key}\" is of no use: {error}"),
            Self::BadFile {
                key,
                path,
                expected,
            } => write!(f, "\"{key}\": {} must hold {expected}", path.display()),
            Self::WithoutEffect { key, because } => {
                write!(f, "\"{key}\" has no effect {because}")
            }
            Self::NoCertificates { binding } => write!(
                f,
                "binding = \"{binding}\" needs a listener with tls and client_certificate = \"request\""
            ),
            Self::HeaderLimitTooSmall { needed } => write!(
                f,
                "\"max_header_bytes\" must be at least {needed}: the limits of token and proof, and \
                 8192 for the rest"
            ),
        }
    }
}

fn suggest(f: &mut fmt::Formatter<'_>, nearest: Option<&str>) -> fmt::Result {
    match nearest {
        Some(nearest) => write!(f, "; did you mean \"{nearest}\"?"),
        None => Ok(()),
    }
}
