//! What several keys have in common.

use std::net::SocketAddr;

use keybound::Algorithm;
use keybound_sources::PlainHttp;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::error::Problem;
use super::reader::{Reader, Section, choose};

/// An IP address and a port. Names are not looked up: which address to bind is too important.
pub(super) fn address(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    key: &'static str,
) -> Option<SocketAddr> {
    let text = section.required_text(reader, key)?;
    let address = text.value.parse().ok();
    if address.is_none() {
        reader.report(text.at, Problem::NotAnAddress { key });
    }
    address
}

/// Algorithms by their JOSE names, all of them supported. `default` if the key is not there.
pub(super) fn algorithms(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    supported: &[Algorithm],
    default: &[Algorithm],
) -> Vec<Algorithm> {
    let key = "algorithms";
    let Some(names) = section.some_texts(reader, key) else {
        let available = default.iter().filter(|one| supported.contains(one));
        return available.copied().collect();
    };
    let choices: Vec<(&str, Algorithm)> = Algorithm::ALL
        .iter()
        .map(|one| (one.name(), *one))
        .collect();
    let mut algorithms = Vec::new();
    for name in names {
        let Some(algorithm) = choose(reader, key, name, &choices) else {
            continue;
        };
        if !supported.contains(&algorithm) {
            let algorithm = algorithm.name();
            reader.report(name.at, Problem::UnsupportedAlgorithm { algorithm });
        }
        algorithms.push(algorithm);
    }
    algorithms
}

/// Certificates in PEM, at least one. `Some(None)` if the key is not there.
pub(super) fn certificates(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    key: &'static str,
) -> Option<Option<Vec<CertificateDer<'static>>>> {
    if !section.has(key) {
        return Some(None);
    }
    let (path, contents) = reader.read_file(section, key)?;
    let certificates = CertificateDer::pem_slice_iter(&contents).collect::<Result<Vec<_>, _>>();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Some(Some(certificates)),
        _ => {
            let expected = "certificates in PEM";
            let problem = Problem::BadFile {
                key,
                path,
                expected,
            };
            reader.report(section.place_of(key), problem);
            None
        }
    }
}

/// The same, each of which can vouch for others.
pub(super) fn trust_anchors(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    key: &'static str,
) -> Option<Option<Vec<CertificateDer<'static>>>> {
    let anchors = certificates(reader, section, key)?;
    for anchor in anchors.iter().flatten() {
        if let Err(error) = RootCertStore::empty().add(anchor.clone()) {
            let error = error.to_string();
            reader.report(section.place_of(key), Problem::UnusableTls { key, error });
            return None;
        }
    }
    Some(anchors)
}

/// The text by which other tables, or requests, refer to this one. It must be the first of its kind.
pub(super) fn name(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    key: &'static str,
    names: &mut Vec<String>,
) -> Option<String> {
    let name = section.required_text(reader, key)?;
    let value = name.value.to_owned();
    if names.contains(&value) {
        reader.report(name.at, Problem::Duplicate { key, value });
        return None;
    }
    names.push(value.clone());
    Some(value)
}

/// On loopback plain http is a normal case: a server of the same host, or a development.
pub(super) const PLAIN_HTTP: PlainHttp = PlainHttp::DangerAllowOnLoopback;
