use std::net::IpAddr;

use http::header::{AUTHORIZATION, CONNECTION, COOKIE, EXPECT, HOST, TE, VIA};
use http::{HeaderMap, HeaderName, HeaderValue, Version};

use super::Identity;

/// What becomes of `Authorization` and `DPoP` on the way to the upstream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Credentials {
    /// Removed: the upstream learns who the client is, not how to be the client.
    Strip,
    /// Passed on, for an upstream that verifies them again.
    Keep,
}

/// What becomes of an upstream's own `DPoP-Nonce` on the way to the client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum UpstreamNonces {
    /// Removed: the client keeps one nonce an origin, and it is the gateway's
    /// (DPOP-8.2-1, RFC 9449 section 8.2).
    Strip,
    /// Passed on: the upstream is the one that verifies and spends.
    Pass,
}

/// What the gateway says about the connection that a request came on.
pub(super) struct Provenance<'a> {
    pub(super) client: IpAddr,
    pub(super) scheme: &'a str,
    pub(super) host: &'a HeaderValue,
    pub(super) version: Version,
}

/// Turns a client's header section into the one that goes upstream. Everything that the client had
/// no right to say is removed first; only then is what the gateway says put in, so that no
/// `Connection: keybound-subject` can take it out again (HTTP-7.6.1-1, RFC 9110 section 7.6.1;
/// PROJ-10).
pub(super) fn rewrite_request(
    headers: &mut HeaderMap,
    credentials: Credentials,
    identity: &Identity,
    provenance: &Provenance<'_>,
) {
    let trailers_welcome = accepts_trailers(headers);
    remove_hop_by_hop(headers);
    remove_named(headers, |name| {
        reserved(name)
            // The client library writes the upstream's authority.
            || name == HOST
            // The gateway asks for the content itself, when the upstream begins to read it.
            || name == EXPECT
            || (credentials == Credentials::Strip && credential(name))
    });
    join_cookies(headers);

    identity.insert_into(headers);
    if trailers_welcome {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    headers.append(VIA, via(provenance.version));
    if let Ok(client) = HeaderValue::try_from(provenance.client.to_canonical().to_string()) {
        headers.insert(X_FORWARDED_FOR, client);
    }
    if let Ok(scheme) = HeaderValue::from_str(provenance.scheme) {
        headers.insert(X_FORWARDED_PROTO, scheme);
    }
    headers.insert(X_FORWARDED_HOST, provenance.host.clone());
}

/// Turns an upstream's header section into the one that goes to the client. `WWW-Authenticate`
/// stays as it is (HTTP-11.6.1-1, RFC 9110 section 11.6.1).
pub(super) fn rewrite_response(headers: &mut HeaderMap, nonces: UpstreamNonces) {
    remove_hop_by_hop(headers);
    remove_named(headers, |name| {
        // CC-2.2-2, RFC 9440 section 2.2: these fields are for requests.
        folded(name).starts_with("client-cert")
            || (nonces == UpstreamNonces::Strip && name == DPOP_NONCE)
    });
}

/// Leaves in a trailer section only what may stand there. A trailer is no place for framing,
/// routing or credentials (RFC 9110 section 6.5.1; HTTP-5.3-2), and what is reserved in a header
/// section is reserved here: some frameworks merge the two.
pub(super) fn filter_trailers(trailers: &mut HeaderMap) {
    remove_hop_by_hop(trailers);
    remove_named(trailers, |name| {
        reserved(name) || credential(name) || NEVER_IN_TRAILERS.contains(&name.as_str())
    });
}

/// Removes the fields that `Connection` lists, then those that never go further than one hop
/// (RFC 9110 section 7.6.1).
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|octet| *octet == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    for name in listed {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(*name);
    }
}

fn remove_named(headers: &mut HeaderMap, condemned: impl Fn(&HeaderName) -> bool) {
    let names: Vec<HeaderName> = headers
        .keys()
        .filter(|name| condemned(name))
        .cloned()
        .collect();
    for name in names {
        headers.remove(name);
    }
}

/// Whether a field is the gateway's to set, or one by which an upstream could be led to believe or
/// to serve something else than was checked (SBCP-4.13-1, RFC 9700 section 4.13; CC-2.4-1 and -2,
/// RFC 9440 section 2.4).
fn reserved(name: &HeaderName) -> bool {
    let name = folded(name);
    RESERVED_PREFIXES
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || RESERVED.contains(&name.as_str())
}

fn credential(name: &HeaderName) -> bool {
    name == AUTHORIZATION || name == DPOP
}

/// A field name as a lax upstream may read it. CGI, WSGI and their heirs know `-`, `_` and `.` as
/// one and the same character, so `Keybound_Subject` would arrive there as `Keybound-Subject`.
fn folded(name: &HeaderName) -> String {
    name.as_str()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect()
}

fn accepts_trailers(headers: &HeaderMap) -> bool {
    headers
        .get_all(TE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|octet| *octet == b','))
        .any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

/// HTTP/2 lets a client divide its cookies over several lines; HTTP/1.1 does not
/// (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let lines: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if lines.len() < 2 {
        return;
    }
    if let Ok(cookies) = HeaderValue::from_bytes(&lines.join(&b"; "[..])) {
        headers.insert(COOKIE, cookies);
    }
}

/// RFC 9110 section 7.6.3: a gateway names itself, and the version it was spoken to with.
fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(match version {
        Version::HTTP_10 => "1.0 keybound",
        Version::HTTP_2 => "2 keybound",
        _ => "1.1 keybound",
    })
}

const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

const HOP_BY_HOP: &[&str] = &[
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

const RESERVED_PREFIXES: &[&str] = &[
    "keybound-",
    // Client certificates, in the dialects of RFC 9440 and of the proxies in use.
    "client-cert",
    "ssl-client",
    "x-amzn-mtls-",
    "x-arr-clientcert",
    "x-client-cert",
    "x-ssl-",
    "tls-client",
    "x-tls-client",
    // Where a request came from; x-forwarded-client-cert and -tls-client-cert are among these.
    "x-forwarded",
];

const RESERVED: &[&str] = &[
    "forwarded",
    "cf-connecting-ip",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-real-ip",
    // Read by CGI and its heirs as HTTP_PROXY, and by some servers as who the user is.
    "proxy",
    "remote-user",
    // A proof is for one method: no upstream may be told to take another (DPOP-4.3-8).
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    // Some frameworks route by these instead of by the request target.
    "x-host",
    "x-original-host",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
];

const NEVER_IN_TRAILERS: &[&str] = &[
    "cache-control",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "dpop-nonce",
    "expect",
    "host",
    "max-forwards",
    "set-cookie",
    "trailer",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn map(lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        headers
    }

    fn rewritten(lines: &[(&str, &str)], credentials: Credentials) -> HeaderMap {
        let mut headers = map(lines);
        let provenance = Provenance {
            client: [192, 0, 2, 1].into(),
            scheme: "https",
            host: &HeaderValue::from_static("api.example.com"),
            version: Version::HTTP_11,
        };
        let identity = Identity {
            subject: "alice".into(),
            ..Identity::default()
        };
        rewrite_request(&mut headers, credentials, &identity, &provenance);
        headers
    }

    /// What goes upstream when the client's own fields all fall away.
    const OWN: &[(&str, &str)] = &[
        ("keybound-subject", "alice"),
        ("keybound-client-id", ""),
        ("keybound-issuer", ""),
        ("keybound-scope", ""),
        ("keybound-jkt", ""),
        ("keybound-x5t-s256", ""),
        ("via", "1.1 keybound"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "api.example.com"),
    ];

    #[test]
    fn what_a_client_must_not_say_never_goes_upstream() {
        for line in [
            ("keybound-subject", "mallory"),
            ("Keybound_Subject", "mallory"),
            ("keybound.subject", "mallory"),
            ("KEYBOUND-JKT", "x"),
            ("keybound-anything-else", "x"),
            ("client-cert", ":AAAA:"),
            ("client_cert", ":AAAA:"),
            ("client-cert-chain", ":AAAA:"),
            ("x-forwarded-client-cert", "Hash=00"),
            ("x-forwarded-tls-client-cert", "AAAA"),
            ("x-client-cert", "AAAA"),
            ("x-ssl-client-cert", "AAAA"),
            ("x_ssl_client_verify", "SUCCESS"),
            ("ssl-client-cert", "AAAA"),
            ("x-amzn-mtls-clientcert", "AAAA"),
            ("x-arr-clientcert", "AAAA"),
            ("x-tls-client-subject", "CN=x"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x_forwarded_for", "127.0.0.1"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-prefix", "/admin"),
            ("forwarded", "for=127.0.0.1"),
            ("x-real-ip", "127.0.0.1"),
            ("x-original-url", "/admin"),
            ("x_rewrite_url", "/admin"),
            ("host", "api.example.com"),
            ("expect", "100-continue"),
            ("authorization", "DPoP token"),
            ("dpop", "proof"),
            ("connection", "close"),
            ("connection", "keybound-subject, via, x-forwarded-for"),
            ("proxy-connection", "keep-alive"),
            ("keep-alive", "timeout=5"),
            ("te", "gzip"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAAA"),
            ("proxy-authorization", "Basic AAAA"),
        ] {
            assert_eq!(rewritten(&[line], Credentials::Strip), map(OWN), "{line:?}");
        }
    }

    #[test]
    fn what_is_the_clients_own_goes_upstream() {
        for line in [
            ("accept", "*/*"),
            ("cookie", "a=b"),
            ("keyboundx", "1"),
            ("keybound", "1"),
            ("x-client-id", "1"),
            ("content-length", "5"),
            ("content-type", "text/plain"),
            ("origin", "https://app.example"),
            ("early-data", "1"),
            ("trailer", "checksum"),
        ] {
            let mut expected = map(&[line]);
            expected.extend(map(OWN));
            assert_eq!(rewritten(&[line], Credentials::Strip), expected, "{line:?}");
        }
    }

    #[test]
    fn connection_lists_are_honoured_and_cannot_touch_what_the_gateway_adds() {
        let headers = rewritten(
            &[
                ("connection", "x-hop , Keybound-Subject,\tx-other,,b@d"),
                ("connection", "x-third, host"),
                ("x-hop", "1"),
                ("x-other", "1"),
                ("x-third", "1"),
                ("keybound-subject", "mallory"),
            ],
            Credentials::Strip,
        );
        assert_eq!(headers, map(OWN));
    }

    #[test]
    fn credentials_go_upstream_only_where_they_are_kept() {
        let credentials = [("authorization", "DPoP token"), ("dpop", "proof")];
        let mut expected = map(&credentials);
        expected.extend(map(OWN));
        assert_eq!(rewritten(&credentials, Credentials::Keep), expected);
    }

    #[test]
    fn via_is_appended_and_trailers_stay_welcome_and_cookies_are_joined() {
        let headers = rewritten(
            &[
                ("via", "2 edge"),
                ("te", "gzip;q=0.5, Trailers"),
                ("cookie", "a=b"),
                ("cookie", "c=d"),
            ],
            Credentials::Strip,
        );
        let mut expected = map(&[
            ("via", "2 edge"),
            ("te", "trailers"),
            ("cookie", "a=b; c=d"),
        ]);
        for (name, value) in OWN {
            expected.append(*name, HeaderValue::from_static(value));
        }
        assert_eq!(headers, expected);
    }

    #[test]
    fn responses_lose_what_was_meant_for_the_gateway() {
        let kept = [
            ("www-authenticate", "DPoP algs=\"ES256\""),
            ("www-authenticate", "Bearer"),
            ("set-cookie", "a=b"),
            ("date", "Tue, 24 Nov 2026 13:00:00 GMT"),
        ];
        for line in [
            ("client-cert", ":AAAA:"),
            ("client-cert-chain", ":AAAA:"),
            ("client_cert", ":AAAA:"),
            ("dpop-nonce", "n"),
            ("connection", "close"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("proxy-authenticate", "Basic"),
        ] {
            let mut headers = map(&kept);
            headers.extend(map(&[line]));
            rewrite_response(&mut headers, UpstreamNonces::Strip);
            assert_eq!(headers, map(&kept), "{line:?}");
        }
        let mut headers = map(&[("dpop-nonce", "n")]);
        rewrite_response(&mut headers, UpstreamNonces::Pass);
        assert_eq!(headers, map(&[("dpop-nonce", "n")]));
    }

    // rules: HTTP-5.3-2 (negative)
    #[test]
    fn a_trailer_section_carries_no_framing_routing_or_credentials() {
        for name in [
            "authorization",
            "dpop",
            "dpop-nonce",
            "keybound-subject",
            "keybound_subject",
            "client-cert",
            "x-forwarded-for",
            "host",
            "content-length",
            "content-type",
            "transfer-encoding",
            "connection",
            "cookie",
            "set-cookie",
            "trailer",
            "te",
        ] {
            let mut trailers = map(&[(name, "x"), ("grpc-status", "0")]);
            filter_trailers(&mut trailers);
            assert_eq!(trailers, map(&[("grpc-status", "0")]), "{name}");
        }
    }
}
