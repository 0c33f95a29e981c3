use core::time::Duration;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use http::uri::Authority;
use keybound::{Limits, Origin};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::checks::{address, certificates, trust_anchors};
use super::error::Problem;
use super::reader::{Item, Reader, Section};
use super::schema;
use crate::listener::ServerTls;

/// Where clients connect.
#[derive(Debug)]
pub(crate) struct Listener {
    /// What to bind.
    pub(crate) address: SocketAddr,
    /// What arrives in `Host` or `:authority`, in lower case, and the origin that clients sign.
    pub(crate) authorities: BTreeMap<String, Origin>,
    /// How connections are protected, if they are not protected further out.
    pub(crate) tls: Option<Tls>,
    /// How HTTP is spoken.
    pub(crate) http: HttpSettings,
}

impl Listener {
    /// Whether a client can show a certificate here.
    pub(crate) fn asks_for_certificates(&self) -> bool {
        self.tls
            .as_ref()
            .is_some_and(|tls| tls.client_certificates != ClientCertificates::Off)
    }
}

/// A listener's TLS.
#[derive(Debug)]
pub(crate) struct Tls {
    /// The chain, the leaf first.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// The leaf's private key. Its `Debug` does not show it.
    pub(crate) key: PrivateKeyDer<'static>,
    /// What is asked of clients.
    pub(crate) client_certificates: ClientCertificates,
}

/// Whether clients are asked for a certificate. One is never demanded: a route decides that.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ClientCertificates {
    /// Not asked for.
    Off,
    /// Any will do, for the token is bound to the certificate itself (RFC 8705 section 2.2).
    Any,
    /// Those that these authorities vouch for (RFC 8705 section 2.1).
    From(Vec<CertificateDer<'static>>),
}

/// Limits of HTTP towards clients.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct HttpSettings {
    /// Octets of a header section; one more is 431.
    pub(crate) max_header_bytes: usize,
    /// The time for a handshake, and for a header section to come in full.
    pub(crate) header_timeout: Duration,
    /// How long a connection may stay without a request under way.
    pub(crate) idle_timeout: Duration,
    /// How long requests under way may go on after a signal to stop.
    pub(crate) drain_timeout: Duration,
    /// Connections at one time; more wait.
    pub(crate) max_connections: usize,
}

pub(super) fn read_all(
    reader: &mut Reader<'_>,
    root: Section<'_, '_>,
    limits: &Limits,
) -> Vec<Option<Listener>> {
    let mut seen = Vec::new();
    root.subsections(reader, "listener", &schema::LISTENER)
        .into_iter()
        .map(|section| read(reader, section, limits, &mut seen))
        .collect()
}

fn read(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    limits: &Limits,
    seen: &mut Vec<SocketAddr>,
) -> Option<Listener> {
    let address = address(reader, section, "address");
    if let Some(address) = address {
        if seen.contains(&address) {
            let (key, value) = ("address", address.to_string());
            reader.report(section.place_of(key), Problem::Duplicate { key, value });
        }
        seen.push(address);
    }
    let authorities = authorities(reader, section);
    let tls = match section.subsection(reader, "tls", &schema::TLS) {
        Some(section) => tls(reader, section).map(Some),
        None => Some(None),
    };
    let http = HttpSettings {
        max_header_bytes: max_header_bytes(reader, section, limits),
        header_timeout: section.seconds(reader, "header_timeout", 1..=120, 10),
        idle_timeout: section.seconds(reader, "idle_timeout", 1..=3600, 60),
        drain_timeout: section.seconds(reader, "drain_timeout", 0..=3600, 30),
        max_connections: section.size(reader, "max_connections", 1..=1_000_000, 10_000),
    };
    Some(Listener {
        address: address?,
        authorities: authorities?,
        tls: tls?,
        http,
    })
}

/// The authorities that are served: without this map any host that a client names would do
/// (HTTP-7.2-1, RFC 9110 section 7.2).
fn authorities(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
) -> Option<BTreeMap<String, Origin>> {
    section.require(reader, "authorities");
    let plain_http = section.flag(reader, "danger_plain_http_origin");
    let entries = section.map(reader, "authorities")?;
    if entries.is_empty() {
        let at = section.place_of("authorities");
        reader.report(at, Problem::Empty { key: "authorities" });
    }
    let mut authorities = BTreeMap::new();
    for (name, text) in entries {
        let authority = authority(reader, name);
        let origin = origin(reader, text, plain_http);
        let (Some(authority), Some(origin)) = (authority, origin) else {
            continue;
        };
        if authorities.insert(authority.clone(), origin).is_some() {
            let (key, value) = ("authorities", authority);
            reader.report(name.at, Problem::Duplicate { key, value });
        }
    }
    Some(authorities)
}

fn authority(reader: &mut Reader<'_>, name: Item<&str>) -> Option<String> {
    let authority = name.value.parse::<Authority>().ok();
    let valid = authority.filter(|one| !one.host().is_empty() && !name.value.contains('@'));
    if valid.is_none() {
        let authority = name.value.to_owned();
        reader.report(name.at, Problem::NotAnAuthority { authority });
    }
    valid.map(|authority| authority.as_str().to_ascii_lowercase())
}

fn origin(reader: &mut Reader<'_>, text: Item<&str>, plain_http: bool) -> Option<Origin> {
    let origin = Origin::parse(text.value)
        .map_err(|error| reader.report(text.at, Problem::NotAnOrigin { error }))
        .ok()?;
    if origin.is_plain_http() && !plain_http {
        reader.report(text.at, Problem::PlainHttpOrigin);
        return None;
    }
    Some(origin)
}

/// A header section must have room for what the other limits allow in it.
fn max_header_bytes(reader: &mut Reader<'_>, section: Section<'_, '_>, limits: &Limits) -> usize {
    let key = "max_header_bytes";
    let needed = limits
        .token
        .saturating_add(limits.proof)
        .saturating_add(ROOM_FOR_OTHER_FIELDS);
    let default = DEFAULT_HEADER_BYTES.max(needed);
    let bytes = section.size(reader, key, 8_192..=1_048_576, default);
    if bytes < needed {
        reader.report(
            section.place_of(key),
            Problem::HeaderLimitTooSmall { needed },
        );
    }
    bytes
}

fn tls(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Option<Tls> {
    for key in ["certificate", "key"] {
        section.require(reader, key);
    }
    let chain = certificates(reader, section, "certificate");
    let key = private_key(reader, section);
    let asked = section.choice(
        reader,
        "client_certificate",
        &[("off", Asked::Off), ("request", Asked::Request)],
    );
    let authorities = trust_anchors(reader, section, "client_ca_file");
    let client_certificates = match (asked.unwrap_or(Asked::Off), authorities?) {
        (Asked::Request, Some(authorities)) => ClientCertificates::From(authorities),
        (Asked::Request, None) => ClientCertificates::Any,
        (Asked::Off, None) => ClientCertificates::Off,
        (Asked::Off, Some(_)) => {
            let problem = Problem::WithoutEffect {
                key: "client_ca_file",
                because: "unless client_certificate = \"request\"",
            };
            reader.report(section.place_of("client_ca_file"), problem);
            return None;
        }
    };
    let tls = Tls {
        certificates: chain??,
        key: key?,
        client_certificates,
    };
    if let Err(error) = ServerTls::new(&tls) {
        let key = match error {
            rustls::Error::InvalidCertificate(_) => "certificate",
            _ => "key",
        };
        let error = error.to_string();
        reader.report(section.place_of(key), Problem::UnusableTls { key, error });
        return None;
    }
    Some(tls)
}

#[derive(Clone, Copy)]
enum Asked {
    Off,
    Request,
}

fn private_key(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
) -> Option<PrivateKeyDer<'static>> {
    let (path, contents) = reader.read_file(section, "key")?;
    let key = PrivateKeyDer::from_pem_slice(&contents).ok();
    if key.is_none() {
        let problem = Problem::BadFile {
            key: "key",
            path,
            expected: "a private key in PEM",
        };
        reader.report(section.place_of("key"), problem);
    }
    key
}

const DEFAULT_HEADER_BYTES: usize = 64 * 1024;
const ROOM_FOR_OTHER_FIELDS: usize = 8 * 1024;
