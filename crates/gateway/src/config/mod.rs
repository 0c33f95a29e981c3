//! The configuration: a TOML file in, typed and checked values out, or all that is wrong with it.
//!
//! What the types here hold has been checked: names are resolved, numbers lie in their ranges,
//! files have been read, and what is in them is of use. Nothing later in the program looks at the text again.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use keybound::Limits;
use keybound::crypto::CryptoProvider;
use toml::de::DeTable;

use error::Problem;
use reader::{Reader, Section};

pub(crate) use error::{ConfigError, LoadError, Warning};
pub(crate) use issuer::{Issuer, KeySource, Profile};
pub(crate) use listener::{ClientCertificates, HttpSettings, Listener, Tls};
pub(crate) use policy::{Admin, AfterRestart, Log, Output, Proof, Replay, Requests};
pub(crate) use route::{Mode, Route};
pub(crate) use upstream::{Trust, Upstream};

mod checks;
mod error;
mod issuer;
mod listener;
mod policy;
mod reader;
mod route;
mod schema;
#[cfg(test)]
mod tests;
mod upstream;

/// A whole configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// At least one.
    pub(crate) listeners: Vec<Listener>,
    /// Perhaps none, if all routes are open.
    pub(crate) issuers: Vec<Issuer>,
    /// At least one.
    pub(crate) upstreams: Vec<Upstream>,
    /// At least one, each for another path. What a route says of issuers and its upstream are
    /// positions in the lists above.
    pub(crate) routes: Vec<Route>,
    /// What is asked of proofs on all routes.
    pub(crate) proof: Proof,
    /// The memory of admitted proofs.
    pub(crate) replay: Replay,
    /// Bounds on what a client can send.
    pub(crate) limits: Limits,
    /// What is written where.
    pub(crate) log: Log,
    /// The endpoint for health and numbers, if there is one.
    pub(crate) admin: Option<Admin>,
    /// What works and should be thought about.
    pub(crate) warnings: Vec<Warning>,
}

impl Config {
    /// Reads a file. `provider` is the crypto in use.
    ///
    /// # Errors
    ///
    /// [`LoadError::Unreadable`], or [`LoadError::Invalid`] with everything that is wrong.
    pub(crate) fn load(path: &Path, provider: &dyn CryptoProvider) -> Result<Self, LoadError> {
        let text = read(path).map_err(|error| LoadError::Unreadable {
            path: path.to_owned(),
            error: error.to_string(),
        })?;
        Self::parse(&text, path, provider).map_err(LoadError::Invalid)
    }

    /// Reads a text. `file` is named in errors, and its folder is where relative paths start.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, in the order of the text. If it is not TOML, only that.
    pub(crate) fn parse(
        text: &str,
        file: &Path,
        provider: &dyn CryptoProvider,
    ) -> Result<Self, Vec<ConfigError>> {
        let mut reader = Reader::new(text, file);
        let (document, syntax) = DeTable::parse_recoverable(text);
        for error in syntax {
            let at = error.span().map_or(0, |span| span.start);
            reader.report(at, Problem::Syntax(error.message().to_owned()));
        }
        if reader.has_errors() {
            return Err(reader.into_errors());
        }
        let root = Section::new(&mut reader, document.get_ref(), 0, &schema::ROOT);
        let config = Self::read(&mut reader, root, provider);
        let warnings = core::mem::take(&mut reader.warnings);
        let errors = reader.into_errors();
        match config {
            Some(config) if errors.is_empty() => Ok(Self { warnings, ..config }),
            _ => Err(errors),
        }
    }

    fn read(
        reader: &mut Reader<'_>,
        root: Section<'_, '_>,
        provider: &dyn CryptoProvider,
    ) -> Option<Self> {
        for key in ["listener", "upstream", "route"] {
            root.require(reader, key);
        }
        let limits = policy::limits(reader, root);
        let listeners = listener::read_all(reader, root, &limits);
        let (issuers, issuer_names) = issuer::read_all(reader, root, &limits, provider);
        let (upstreams, upstream_names) = upstream::read_all(reader, root);
        let names = route::Names {
            issuers: &issuer_names,
            upstreams: &upstream_names,
            asks_for_certificates: listeners
                .iter()
                .flatten()
                .any(Listener::asks_for_certificates),
        };
        let routes = route::read_all(reader, root, &names);
        let proof = policy::proof(reader, root, provider.algorithms());
        let replay = policy::replay(reader, root);
        let log = policy::log(reader, root);
        let admin = policy::admin(reader, root);

        // From here on whatever is missing has been reported.
        let (routes, issuers) = (routes?, issuers.into_iter().collect::<Option<Vec<_>>>()?);
        route::warn_of_long_lifetimes(reader, &routes, &issuers);
        let config = Self {
            listeners: listeners.into_iter().collect::<Option<_>>()?,
            issuers,
            upstreams: upstreams.into_iter().collect::<Option<_>>()?,
            routes,
            proof,
            replay,
            limits,
            log,
            admin: admin?,
            warnings: Vec::new(),
        };
        Some(config)
    }
}

/// A file of bounded size: what has no end, such as a device, is no configuration.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_string(&mut text)?;
    match u64::try_from(text.len()) {
        Ok(length) if length <= MAX_FILE => Ok(text),
        _ => Err(io::Error::other("a configuration has at most 4 MiB")),
    }
}

const MAX_FILE: u64 = 4 * 1024 * 1024;
