use core::time::Duration;
use std::path::PathBuf;

use http::Uri;
use keybound::{Algorithm, LegacyTypes, MissingType};

use super::checks::{algorithms, is_protected, name, url};
use super::error::Problem;
use super::reader::{Reader, Section};
use super::schema;
use super::upstream::{UpstreamTrust, trust};

/// An authorization server whose tokens are taken.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    /// What `iss` must be, octet by octet.
    pub(crate) issuer: String,
    /// What `aud` must hold one of. At least one.
    pub(crate) audience: Vec<String>,
    /// Where its keys are.
    pub(crate) keys: KeySource,
    /// Whose word for an https key source is taken.
    pub(crate) trust: UpstreamTrust,
    /// What its tokens may be signed with. At least one.
    pub(crate) algorithms: Vec<Algorithm>,
    /// What a token looks like.
    pub(crate) profile: Profile,
    /// By how much its clock and ours may differ.
    pub(crate) leeway: Duration,
    /// How long a token may be valid, from `iat` to `exp`, if that is bounded.
    pub(crate) max_lifetime: Option<Duration>,
}

/// Where an issuer's keys are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum KeySource {
    /// In a file, which was read.
    File {
        /// The file.
        path: PathBuf,
        /// Its contents: a JWK Set.
        document: Vec<u8>,
    },
    /// Behind a URL, as a JWK Set.
    Uri(Uri),
    /// Named by metadata that the issuer publishes under its own name.
    Discovery(Discovery),
}

/// Where the metadata are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Discovery {
    /// RFC 8414: `/.well-known/oauth-authorization-server` before the issuer's path.
    OAuth,
    /// OpenID Connect Discovery 1.0: `/.well-known/openid-configuration` after it.
    Oidc,
}

/// What a token looks like.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Profile {
    /// RFC 9068.
    Rfc9068,
    /// What issuers did before, as far as it is spelled out.
    Legacy(LegacyTypes),
}

/// All that there are, and their names, also of those with faults.
pub(super) fn read_all(
    reader: &mut Reader<'_>,
    root: Section<'_, '_>,
    supported: &[Algorithm],
) -> (Vec<Option<Issuer>>, Vec<String>) {
    let mut names = Vec::new();
    let all = root
        .subsections(reader, "issuer", &schema::ISSUER)
        .into_iter()
        .map(|section| read(reader, section, supported, &mut names))
        .collect();
    (all, names)
}

fn read(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    supported: &[Algorithm],
    names: &mut Vec<String>,
) -> Option<Issuer> {
    let issuer = name(reader, section, "issuer", names);
    section.require(reader, "audience");
    let audience = section.some_texts(reader, "audience");
    let keys = key_source(reader, section);
    let trust = trust(reader, section);
    let algorithms = algorithms(reader, section, supported, Algorithm::ALL);
    let profile = profile(reader, section);
    let leeway = section.seconds(reader, "leeway", 0..=120, 30);
    let max_lifetime = section.number(reader, "max_lifetime", 60..=31_536_000);
    Some(Issuer {
        issuer: issuer?,
        audience: audience?.iter().map(|item| item.value.to_owned()).collect(),
        keys: keys?,
        trust: trust?,
        algorithms,
        profile: profile?,
        leeway,
        max_lifetime: max_lifetime.map(Duration::from_secs),
    })
}

fn key_source(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Option<KeySource> {
    let given: Vec<&'static str> = KEY_SOURCES
        .iter()
        .copied()
        .filter(|key| section.has(key))
        .collect();
    if let [_, second, ..] = given[..] {
        let problem = Problem::ExactlyOne { keys: KEY_SOURCES };
        reader.report(section.place_of(second), problem);
        return None;
    }
    match given.first().copied() {
        Some("jwks_file") => {
            let (path, document) = reader.read_file(section, "jwks_file")?;
            Some(KeySource::File { path, document })
        }
        Some("jwks_uri") => {
            let text = section.text(reader, "jwks_uri")?;
            let uri = url(reader, "jwks_uri", text)?;
            if !is_protected(&uri) {
                reader.report(text.at, Problem::PlainHttpKeys { key: "jwks_uri" });
            }
            Some(KeySource::Uri(uri))
        }
        Some(_) => {
            let words = [("oauth", Discovery::OAuth), ("oidc", Discovery::Oidc)];
            let discovery = section.choice(reader, "discovery", &words)?;
            // The metadata come from the issuer's own name.
            let issuer = section.text(reader, "issuer")?;
            let uri = url(reader, "issuer", issuer)?;
            if !is_protected(&uri) {
                reader.report(issuer.at, Problem::PlainHttpKeys { key: "issuer" });
            }
            Some(KeySource::Discovery(discovery))
        }
        None => {
            reader.report(section.at, Problem::ExactlyOne { keys: KEY_SOURCES });
            None
        }
    }
}

fn profile(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Option<Profile> {
    let words = [("rfc9068", Named::Rfc9068), ("legacy", Named::Legacy)];
    let named = section.choice(reader, "profile", &words);
    let settings = section.subsection(reader, "legacy", &schema::LEGACY);
    match (named.unwrap_or(Named::Rfc9068), settings) {
        (Named::Rfc9068, None) => Some(Profile::Rfc9068),
        (Named::Rfc9068, Some(_)) => {
            let problem = Problem::WithoutEffect {
                key: "legacy",
                because: "unless profile = \"legacy\"",
            };
            reader.report(section.place_of("legacy"), problem);
            None
        }
        (Named::Legacy, None) => {
            let types = LegacyTypes::new([DEFAULT_LEGACY_TYPE], MissingType::Refuse);
            types.ok().map(Profile::Legacy)
        }
        (Named::Legacy, Some(settings)) => {
            let types = match settings.texts(reader, "types") {
                Some(types) => types
                    .iter()
                    .map(|item| item.value.to_owned())
                    .collect::<Vec<_>>(),
                None => vec![DEFAULT_LEGACY_TYPE.to_owned()],
            };
            let words = [
                ("refuse", MissingType::Refuse),
                ("accept", MissingType::Accept),
            ];
            let missing_type = settings.choice(reader, "missing_type", &words);
            let missing_type = missing_type.unwrap_or(MissingType::Refuse);
            match LegacyTypes::new(types, missing_type) {
                Ok(types) => Some(Profile::Legacy(types)),
                Err(error) => {
                    reader.report(settings.place_of("types"), Problem::Policy(error));
                    None
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Named {
    Rfc9068,
    Legacy,
}

const KEY_SOURCES: &[&str] = &["jwks_file", "jwks_uri", "discovery"];
const DEFAULT_LEGACY_TYPE: &str = "JWT";
