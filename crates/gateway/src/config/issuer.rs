use core::time::Duration;
use std::path::PathBuf;

use keybound::crypto::CryptoProvider;
use keybound::{Algorithm, KeySet, LegacyTypes, Limits, MissingType};
use keybound_sources::{Discovery, SourceUrl, UrlError, WellKnown};

use super::checks::{PLAIN_HTTP, algorithms, name};
use super::error::Problem;
use super::reader::{Item, Reader, Section};
use super::schema;
use super::upstream::{Trust, trust};

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
    pub(crate) trust: Trust,
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
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// In a file, which holds a usable JWK Set now.
    File(PathBuf),
    /// Behind a URL, as a JWK Set.
    Uri(SourceUrl),
    /// Named by metadata that the issuer publishes under its own name.
    Discovery(Discovery),
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
    limits: &Limits,
    provider: &dyn CryptoProvider,
) -> (Vec<Option<Issuer>>, Vec<String>) {
    let mut names = Vec::new();
    let all = root
        .subsections(reader, "issuer", &schema::ISSUER)
        .into_iter()
        .map(|section| read(reader, section, limits, provider, &mut names))
        .collect();
    (all, names)
}

fn read(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    limits: &Limits,
    provider: &dyn CryptoProvider,
    names: &mut Vec<String>,
) -> Option<Issuer> {
    let issuer = name(reader, section, "issuer", names);
    section.require(reader, "audience");
    let audience = section.some_texts(reader, "audience");
    let keys = key_source(reader, section, limits, provider);
    let trust = trust(reader, section);
    let algorithms = algorithms(reader, section, provider.algorithms(), Algorithm::ALL);
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

fn key_source(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    limits: &Limits,
    provider: &dyn CryptoProvider,
) -> Option<KeySource> {
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
        Some("jwks_file") => jwks_file(reader, section, limits, provider),
        Some("jwks_uri") => {
            let text = section.text(reader, "jwks_uri")?;
            let url = SourceUrl::parse(text.value, PLAIN_HTTP);
            key_url(reader, "jwks_uri", text, url).map(KeySource::Uri)
        }
        Some(_) => {
            let words = [
                ("oauth", WellKnown::OAuthAuthorizationServer),
                ("oidc", WellKnown::OpenIdConfiguration),
            ];
            let document = section.choice(reader, "discovery", &words)?;
            // The metadata come from the issuer's own name.
            let issuer = section.text(reader, "issuer")?;
            let discovery = Discovery::new(issuer.value, document, PLAIN_HTTP);
            key_url(reader, "issuer", issuer, discovery).map(KeySource::Discovery)
        }
        None => {
            reader.report(section.at, Problem::ExactlyOne { keys: KEY_SOURCES });
            None
        }
    }
}

/// The file is read again while the gateway runs. What is wrong with it at the start is somebody's
/// mistake, and he is there to hear of it.
fn jwks_file(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    limits: &Limits,
    provider: &dyn CryptoProvider,
) -> Option<KeySource> {
    let key = "jwks_file";
    let (path, document) = reader.read_file(section, key)?;
    match KeySet::parse(&document, 0, limits, provider) {
        Ok(_) => Some(KeySource::File(path)),
        Err(error) => {
            let problem = Problem::BadKeySet { key, path, error };
            reader.report(section.place_of(key), problem);
            None
        }
    }
}

fn key_url<T>(
    reader: &mut Reader<'_>,
    key: &'static str,
    text: Item<&str>,
    parsed: Result<T, UrlError>,
) -> Option<T> {
    parsed
        .map_err(|error| reader.report(text.at, Problem::BadKeyUrl { key, error }))
        .ok()
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
