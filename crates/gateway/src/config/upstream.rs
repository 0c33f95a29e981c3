use core::time::Duration;

use http::Uri;
use http::uri::{Authority, Scheme};
use keybound_sources::{SourceUrl, UrlError};
use rustls_pki_types::CertificateDer;

use super::checks::{PLAIN_HTTP, name, trust_anchors};
use super::error::{Problem, Warning};
use super::reader::{Item, Reader, Section};
use super::schema;

/// A service behind the gateway.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    /// What routes call it.
    pub(crate) name: String,
    /// http or https.
    pub(crate) scheme: Scheme,
    /// Where it is, and what it gets as `Host`.
    pub(crate) authority: Authority,
    /// What is put before the path of each request; empty, or `/...` without a slash at the end.
    pub(crate) prefix: String,
    /// Whose word for an https upstream's certificate is taken.
    pub(crate) trust: Trust,
    /// The time for name look-up, TCP and TLS together.
    pub(crate) connect_timeout: Duration,
    /// The time from the last octet of a request to the header section of the answer.
    pub(crate) response_timeout: Duration,
    /// How long an unused connection is kept.
    pub(crate) idle_timeout: Duration,
}

/// Which authorities may vouch for an https peer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Trust {
    /// Those that browsers trust.
    PublicAuthorities,
    /// These and no others.
    Authorities(Vec<CertificateDer<'static>>),
}

/// All that there are, and their names, also of those with faults.
pub(super) fn read_all(
    reader: &mut Reader<'_>,
    root: Section<'_, '_>,
) -> (Vec<Option<Upstream>>, Vec<String>) {
    let mut names = Vec::new();
    let all = root
        .subsections(reader, "upstream", &schema::UPSTREAM)
        .into_iter()
        .map(|section| read(reader, section, &mut names))
        .collect();
    (all, names)
}

/// Which authorities a `ca_file` names.
pub(super) fn trust(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Option<Trust> {
    let anchors = trust_anchors(reader, section, "ca_file")?;
    Some(anchors.map_or(Trust::PublicAuthorities, Trust::Authorities))
}

fn read(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    names: &mut Vec<String>,
) -> Option<Upstream> {
    let name = name(reader, section, "name", names);
    let url = section
        .required_text(reader, "url")
        .and_then(|text| url(reader, text));
    let trust = trust(reader, section);
    let connect_timeout = section.seconds(reader, "connect_timeout", 1..=60, 5);
    let response_timeout = section.seconds(reader, "response_timeout", 1..=3600, 60);
    let idle_timeout = section.seconds(reader, "idle_timeout", 1..=600, 30);
    let (name, (url, link)) = (name?, url?);
    if link == Link::Open {
        let upstream = name.clone();
        reader.warnings.push(Warning::PlainUpstream { upstream });
    }
    let prefix = url.path().trim_end_matches('/').to_owned();
    let parts = url.into_parts();
    Some(Upstream {
        name,
        scheme: parts.scheme?,
        authority: parts.authority?,
        prefix,
        trust: trust?,
        connect_timeout,
        response_timeout,
        idle_timeout,
    })
}

/// An http or https URL without user, query or fragment.
fn url(reader: &mut Reader<'_>, text: Item<&str>) -> Option<(Uri, Link)> {
    let uri = text.value.parse::<Uri>().ok();
    let uri = uri.filter(|uri| uri.query().is_none());
    let found = match (SourceUrl::parse(text.value, PLAIN_HTTP), uri) {
        (Ok(_), Some(uri)) => Some((uri, Link::Protected)),
        // Unlike keys, requests may go to another host in the clear, with a warning.
        (Err(UrlError::Insecure), Some(uri)) if uri.scheme() == Some(&Scheme::HTTP) => {
            Some((uri, Link::Open))
        }
        _ => None,
    };
    if found.is_none() {
        reader.report(text.at, Problem::NotAUrl { key: "url" });
    }
    found
}

/// Whether what is sent to an upstream stays on this host or is encrypted.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Link {
    Protected,
    Open,
}
