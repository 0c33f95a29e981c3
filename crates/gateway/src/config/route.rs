use keybound::{Binding, NonceRequirement, RouteTable};

use super::checks::name;
use super::error::{Problem, Warning};
use super::issuer::Issuer;
use super::reader::{Item, Reader, Section, nearest};
use super::schema;
use crate::proxy::Credentials;

/// What holds for the paths below a prefix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Route {
    /// The prefix.
    pub(crate) path: String,
    /// Where requests go: a position in [`Config::upstreams`](super::Config::upstreams).
    pub(crate) upstream: usize,
    /// What a token must be bound to.
    pub(crate) binding: Binding,
    /// Whose tokens are taken: positions in [`Config::issuers`](super::Config::issuers). At least
    /// one unless the route is open.
    pub(crate) issuers: Vec<usize>,
    /// Scopes that a token must have, all of them.
    pub(crate) scopes: Vec<String>,
    /// The name of the protection space, if it is told (RFC 9110 section 11.5).
    pub(crate) realm: Option<String>,
    /// Whether a proof must carry a nonce.
    pub(crate) nonce: NonceRequirement,
    /// Whether admitted proofs are spent here.
    pub(crate) mode: Mode,
    /// Whether the upstream sees token and proof.
    pub(crate) credentials: Credentials,
}

/// Whether admitted proofs are spent here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// They are, so that none is admitted twice.
    Enforce,
    /// They are not: the upstream verifies again and spends.
    VerifyOnly,
}

/// What a route can refer to.
pub(super) struct Names<'a> {
    pub(super) issuers: &'a [String],
    pub(super) upstreams: &'a [String],
    pub(super) asks_for_certificates: bool,
}

pub(super) fn read_all(
    reader: &mut Reader<'_>,
    root: Section<'_, '_>,
    names: &Names<'_>,
) -> Option<Vec<Route>> {
    let mut paths = Vec::new();
    root.subsections(reader, "route", &schema::ROUTE)
        .into_iter()
        .map(|section| read(reader, section, names, &mut paths))
        // Not `collect` at once, which would stop at the first that has a fault.
        .collect::<Vec<_>>()
        .into_iter()
        .collect()
}

fn read(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    names: &Names<'_>,
    paths: &mut Vec<String>,
) -> Option<Route> {
    let path = path(reader, section, paths);
    let upstream = upstream(reader, section, names);
    // PROJ-17: a route without a declared policy is an error, not an open route.
    section.require(reader, "binding");
    let binding = section.choice(reader, "binding", BINDINGS);
    let scopes = scopes(reader, section);
    let realm = realm(reader, section);
    let nonce = section.choice(reader, "nonce", NONCES);
    let mode = section.choice(reader, "mode", MODES);
    let credentials = section.choice(reader, "credentials", CREDENTIALS);
    let issuers = issuers(reader, section, names, binding?);
    let route = Route {
        path: path?,
        upstream: upstream?,
        binding: binding?,
        issuers: issuers?,
        scopes: scopes?,
        realm: realm?,
        nonce: nonce.unwrap_or(NonceRequirement::Off),
        mode: mode.unwrap_or(Mode::Enforce),
        credentials: credentials.unwrap_or(match mode {
            Some(Mode::VerifyOnly) => Credentials::Keep,
            Some(Mode::Enforce) | None => Credentials::Strip,
        }),
    };
    check_together(reader, section, &route, names);
    Some(route)
}

fn path(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    paths: &mut Vec<String>,
) -> Option<String> {
    let path = name(reader, section, "path", paths)?;
    match RouteTable::new(vec![(path.clone(), ())]) {
        Ok(_) => Some(path),
        Err(error) => {
            reader.report(section.place_of("path"), Problem::BadPath(error));
            None
        }
    }
}

fn upstream(reader: &mut Reader<'_>, section: Section<'_, '_>, names: &Names<'_>) -> Option<usize> {
    let text = section.required_text(reader, "upstream")?;
    position(reader, "upstream", text, names.upstreams)
}

fn issuers(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    names: &Names<'_>,
    binding: Binding,
) -> Option<Vec<usize>> {
    if binding == Binding::Open {
        return Some(Vec::new());
    }
    if let Some(texts) = section.some_texts(reader, "issuers") {
        let positions: Vec<Option<usize>> = texts
            .into_iter()
            .map(|text| position(reader, "issuers", text, names.issuers))
            .collect();
        return positions.into_iter().collect();
    }
    if names.issuers.is_empty() {
        let key = "issuers";
        let name = "[[issuer]]".to_owned();
        let nearest = None;
        reader.report(section.at, Problem::UnknownName { key, name, nearest });
    }
    Some((0..names.issuers.len()).collect())
}

/// Where a name stands in a list. If that list has gaps, they were reported, and no position of it
/// is ever used.
fn position(
    reader: &mut Reader<'_>,
    key: &'static str,
    text: Item<&str>,
    names: &[String],
) -> Option<usize> {
    let position = names.iter().position(|name| name == text.value);
    if position.is_none() {
        let nearest = nearest(text.value, names.iter().map(String::as_str));
        let problem = Problem::UnknownName {
            key,
            name: text.value.to_owned(),
            nearest: nearest.map(str::to_owned),
        };
        reader.report(text.at, problem);
    }
    position
}

fn scopes(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Option<Vec<String>> {
    let mut scopes = Vec::new();
    for scope in section.texts(reader, "scopes").unwrap_or_default() {
        if !scope
            .value
            .bytes()
            .all(|octet| octet != b' ' && is_quotable(octet))
        {
            let problem = Problem::NotAScope {
                scope: scope.value.to_owned(),
            };
            reader.report(scope.at, problem);
        }
        scopes.push(scope.value.to_owned());
    }
    Some(scopes)
}

fn realm(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Option<Option<String>> {
    let Some(realm) = section.text(reader, "realm") else {
        return Some(None);
    };
    if !realm.value.bytes().all(is_quotable) {
        reader.report(realm.at, Problem::BadRealm);
        return None;
    }
    Some(Some(realm.value.to_owned()))
}

/// The octets of `scope` and of its tokens (RFC 6749 section 3.3, RFC 6750 section 3): those that
/// need no escape in a quoted string.
fn is_quotable(octet: u8) -> bool {
    matches!(octet, b' '..=b'~') && !matches!(octet, b'"' | b'\\')
}

/// Settings that each make sense and together do not.
fn check_together(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    route: &Route,
    names: &Names<'_>,
) {
    let mut without_effect = |key, because| {
        let problem = Problem::WithoutEffect { key, because };
        reader.report(section.place_of(key), problem);
    };
    if route.binding == Binding::Open {
        for key in ["issuers", "scopes", "realm", "nonce", "mode", "credentials"] {
            if section.has(key) {
                without_effect(key, "on an open route, which reads no credential");
            }
        }
    }
    if route.mode == Mode::VerifyOnly {
        if route.nonce == NonceRequirement::Required {
            without_effect(
                "nonce",
                "with mode = \"verify_only\": nonces are the upstream's there",
            );
        }
        if route.credentials == Credentials::Strip {
            without_effect(
                "credentials",
                "with mode = \"verify_only\": the upstream needs them",
            );
        }
    }
    let demanded = matches!(route.binding, Binding::Certificate | Binding::Both);
    if demanded && !names.asks_for_certificates {
        let at = section.place_of("binding");
        let binding = route.binding.name();
        reader.report(at, Problem::NoCertificates { binding });
    }
}

/// DPOP-11.2-1, RFC 9449 section 11.2.
pub(super) fn warn_of_long_lifetimes(
    reader: &mut Reader<'_>,
    routes: &[Route],
    issuers: &[Issuer],
) {
    for (position, issuer) in issuers.iter().enumerate() {
        let short = issuer
            .max_lifetime
            .is_some_and(|lifetime| lifetime.as_secs() <= SHORT_LIFETIME);
        let exposed = routes.iter().any(|route| {
            route.mode == Mode::Enforce
                && route.nonce == NonceRequirement::Off
                && route.binding != Binding::Certificate
                && route.issuers.contains(&position)
        });
        if exposed && !short {
            let issuer = issuer.issuer.clone();
            reader
                .warnings
                .push(Warning::LongLifetimeWithoutNonce { issuer });
        }
    }
}

const BINDINGS: &[(&str, Binding)] = &[
    ("dpop", Binding::Dpop),
    ("certificate", Binding::Certificate),
    ("either", Binding::Either),
    ("both", Binding::Both),
    ("bearer", Binding::Bearer),
    ("open", Binding::Open),
];
const NONCES: &[(&str, NonceRequirement)] = &[
    ("off", NonceRequirement::Off),
    ("required", NonceRequirement::Required),
];
const MODES: &[(&str, Mode)] = &[
    ("enforce", Mode::Enforce),
    ("verify_only", Mode::VerifyOnly),
];
const CREDENTIALS: &[(&str, Credentials)] =
    &[("strip", Credentials::Strip), ("keep", Credentials::Keep)];

/// Seconds for which proofs may be made in advance without a warning.
const SHORT_LIFETIME: u64 = 3600;
