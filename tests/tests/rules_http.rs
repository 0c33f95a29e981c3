//! RFC 9110 and 3986: methods, schemes and URIs, as far as core keeps the rules.

use keybound::{Binding, Reason, RoutePolicy};
use keybound_tests::harness::{Outcome, Request, Response, Service};
use keybound_tests::vectors::{read, rows, text};

const MALFORMED: Reason = Reason::ProofHtuMalformed;
const MISMATCH: Reason = Reason::ProofHtuMismatch;

/// The outcome of a request for `url` whose proof is for `htu`.
fn run(url: &str, htu: &str) -> Outcome {
    let service = Service::dpop();
    let request = service.request_with_proof(|proof| proof.claim("htu", htu));
    service.run(&request.url(url))
}

#[track_caller]
fn same(pairs: &[(&str, &str)]) {
    for (one, other) in pairs {
        assert_eq!(run(one, other), Outcome::Allowed, "{one} {other}");
        assert_eq!(run(other, one), Outcome::Allowed, "{other} {one}");
    }
}

#[track_caller]
fn different(pairs: &[(&str, &str)]) {
    for (one, other) in pairs {
        let refused = Outcome::bad_proof(MISMATCH);
        assert_eq!(run(one, other), refused, "{one} {other}");
        assert_eq!(run(other, one), refused, "{other} {one}");
    }
}

#[track_caller]
fn no_uri(texts: &[&str]) {
    for htu in texts {
        let refused = Outcome::bad_proof(MALFORMED);
        assert_eq!(run("https://h/a", htu), refused, "{htu:?}");
    }
}

#[test]
fn http_4_2_3_1_accepts_the_equivalent_uris_of_the_specification() {
    let (first, second, third) = (
        "http://example.com:80/~smith/home.html",
        "http://EXAMPLE.com/%7Esmith/home.html",
        "http://EXAMPLE.com:/%7esmith/home.html",
    );
    same(&[(first, second), (second, third), (third, first)]);
}

#[test]
fn http_4_2_4_1_accepts_an_at_sign_where_it_is_no_userinfo() {
    same(&[
        ("https://h/@a", "https://h/@a"),
        ("https://h/a", "https://h/a?b@c"),
        ("https://h/a", "https://h/a#b@c"),
    ]);
}

#[test]
fn http_4_2_4_1_refuses_userinfo() {
    no_uri(&[
        "https://rs@evil/",
        "https://h@h/a",
        "https://u:p@h/a",
        "https://@h/a",
        "https://h:443@evil/a",
        "https://evil\\@h/a",
    ]);
}

#[test]
fn http_4_2_2_1_refuses_an_empty_host_and_the_other_scheme() {
    no_uri(&["https:///a", "https://:443/a", "https://", "https://?h/a"]);
    different(&[
        ("https://h/a", "http://h/a"),
        ("https://h:80/a", "http://h/a"),
        ("https://h/a", "http://h:443/a"),
    ]);
}

#[test]
fn http_9_1_1_refuses_a_method_in_another_case() {
    for (method, htm) in [
        ("GET", "get"),
        ("GET", "Get"),
        ("get", "GET"),
        ("PATCH", "patch"),
    ] {
        let service = Service::dpop();
        let request = service
            .request_with_proof(|proof| proof.claim("htm", htm))
            .method(method);
        let refused = Outcome::bad_proof(Reason::ProofHtmMismatch);
        assert_eq!(service.run(&request), refused, "{method} {htm}");
    }
    // Which is a method of its own, and not the registered one.
    for method in ["get", "PATCH", "QUERY", "M-SEARCH", "PROPFIND"] {
        let service = Service::dpop();
        let request = service
            .request_with_proof(|proof| proof.claim("htm", method))
            .method(method);
        assert_eq!(service.run(&request), Outcome::Allowed, "{method}");
    }
}

#[test]
fn http_9_3_2_1_only_a_proof_for_head_goes_with_head() {
    for (method, htm, expected) in [
        ("HEAD", "HEAD", Outcome::Allowed),
        ("HEAD", "GET", Outcome::bad_proof(Reason::ProofHtmMismatch)),
        ("GET", "HEAD", Outcome::bad_proof(Reason::ProofHtmMismatch)),
        ("GET", "GET", Outcome::Allowed),
    ] {
        let service = Service::dpop();
        let request = service
            .request_with_proof(|proof| proof.claim("htm", htm))
            .method(method);
        assert_eq!(service.run(&request), expected, "{method} {htm}");
    }
}

// rules: HTTP-9.3.7-1 (both)
#[test]
fn options_is_a_method_like_any_other() {
    // A preflight has no credentials. It passes where none are read, and core answers none itself.
    let mut open = Service::dpop();
    open.route = RoutePolicy::new(Binding::Open);
    let preflight = Request::get().method("OPTIONS");
    assert_eq!(open.run(&preflight), Outcome::Allowed);
    let service = Service::dpop();
    let bare = Outcome::without_credentials(Reason::CredentialsMissing);
    assert_eq!(service.run(&Request::get().method("OPTIONS")), bare);
    // Whatever another field says about the method: the one on the wire is signed.
    let request = service.request().method("OPTIONS");
    let refused = Outcome::bad_proof(Reason::ProofHtmMismatch);
    assert_eq!(service.run(&request), refused);
    let request = service
        .request_with_proof(|proof| proof.claim("htm", "OPTIONS"))
        .method("OPTIONS");
    assert_eq!(service.run(&request), Outcome::Allowed);
}

// rules: HTTP-5.2-1 (both)
#[test]
fn two_lines_that_were_merged_into_one_are_refused() {
    let service = Service::dpop();
    let token = service.token().compact();
    let proof = service.proof(&token).compact();
    for merged in [
        format!("{proof},{proof}"),
        format!("{proof}, {proof}"),
        format!("{proof},"),
        format!(",{proof}"),
    ] {
        let request = service.request_with(&token, &merged);
        let refused = Outcome::bad_proof(Reason::ProofRepeated);
        assert_eq!(service.run(&request), refused, "{merged}");
    }
    for merged in [
        format!("DPoP {token}, DPoP {token}"),
        format!("DPoP {token},Bearer {token}"),
        format!("Basic QQ==, DPoP {token}"),
        format!("DPoP {token},"),
    ] {
        let request = Request::get().authorization(&merged).dpop(&proof);
        let refused = Outcome::bad_request(Reason::CredentialsRepeated);
        assert_eq!(service.run(&request), refused, "{merged}");
    }
    let single = service.request_with(&token, &proof);
    assert_eq!(service.run(&single), Outcome::Allowed);
}

#[test]
fn http_11_1_1_accepts_a_scheme_in_any_case_and_any_number_of_spaces() {
    for before in ["DPoP ", "dpop ", "DPOP  ", "dPoP      "] {
        let service = Service::dpop();
        let token = service.token().compact();
        let request = Request::get()
            .authorization(format!("{before}{token}"))
            .dpop(service.proof(&token).compact());
        assert_eq!(service.run(&request), Outcome::Allowed, "{before:?}");
    }
}

#[test]
fn http_11_5_1_sends_the_realm_quoted() {
    let mut service = Service::bound(Binding::Either);
    service.route = service.route.with_realm(r#"a "b" \"#).unwrap();
    let expected = Outcome::Denied(
        Reason::CredentialsMissing,
        Response::challenged(
            401,
            &[
                r#"DPoP realm="a \"b\" \\", algs="ES256 EdDSA Ed25519""#,
                r#"Bearer realm="a \"b\" \\""#,
            ],
        ),
    );
    assert_eq!(service.run(&Request::get()), expected);
}

#[test]
fn uri_6_2_2_1_1_accepts_host_scheme_and_escapes_in_any_case() {
    same(&[
        ("https://h/%c3%a9", "https://h/%C3%A9"),
        ("https://h/%c3%a9", "https://h/%C3%a9"),
        ("https://h.example/a", "HTTPS://H.Example/a"),
    ]);
}

#[test]
fn uri_6_2_2_1_1_refuses_a_path_in_another_case() {
    different(&[
        ("https://h/a", "https://h/A"),
        ("https://h/%C3%A9", "https://h/%C3%89"),
        ("https://h/", "https://i/"),
    ]);
}

#[test]
fn uri_6_2_2_2_1_accepts_an_escape_that_was_not_needed() {
    same(&[
        ("https://h/~", "https://h/%7E"),
        ("https://h/~", "https://h/%7e"),
        ("https://h/A", "https://h/%41"),
        ("https://h/-._~09az", "https://h/%2D%2E%5F%7E%30%39%61%7A"),
    ]);
}

#[test]
fn uri_6_2_2_2_1_refuses_a_reserved_octet_for_its_escape() {
    different(&[
        ("https://h/a%2Fb", "https://h/a/b"),
        ("https://h/a%2Bb", "https://h/a+b"),
        ("https://h/a%3Bb", "https://h/a;b"),
        ("https://h/a%40b", "https://h/a@b"),
        ("https://h/a%20b", "https://h/a+b"),
        ("https://h/a%00", "https://h/a"),
    ]);
}

#[test]
fn uri_6_2_2_3_1_accepts_dot_segments() {
    same(&[
        ("https://h/a/c", "https://h/a/./b/../c"),
        ("https://h/c", "https://h/../../c"),
        ("https://h/c", "https://h/%2e%2E/c"),
        ("https://h/a/", "https://h/a/b/.."),
    ]);
}

#[test]
fn uri_6_2_2_3_1_refuses_empty_segments_taken_together() {
    different(&[
        ("https://h/a//b", "https://h/a/b"),
        ("https://h//", "https://h/"),
        ("https://h/a/", "https://h/a"),
        ("https://h/a/...", "https://h/"),
    ]);
}

#[test]
fn uri_6_2_3_1_accepts_the_port_of_the_scheme_and_an_empty_path() {
    same(&[
        ("https://h/a", "https://h:443/a"),
        ("https://h/a", "https://h:/a"),
        ("https://h:443/a", "https://h:/a"),
        ("https://h/a", "https://h:0443/a"),
        ("http://h/a", "http://h:80/a"),
        ("https://h/", "https://h"),
        ("https://h:8443/a", "https://h:08443/a"),
    ]);
}

#[test]
fn uri_6_2_3_1_refuses_the_port_of_another_scheme() {
    different(&[
        ("http://h:443/a", "http://h/a"),
        ("https://h:80/a", "https://h/a"),
        ("https://h:8443/a", "https://h/a"),
        ("https://h:442/a", "https://h:443/a"),
    ]);
}

#[test]
fn uri_2_4_1_accepts_an_escaped_percent_sign() {
    same(&[
        ("https://h/%2541", "https://h/%2541"),
        ("https://h/%2541", "https://h/%25%34%31"),
    ]);
}

#[test]
fn uri_2_4_1_refuses_to_decode_twice() {
    different(&[
        ("https://h/%2541", "https://h/A"),
        ("https://h/%2541", "https://h/%41"),
        ("https://h/%252e%252e/a", "https://h/a"),
        ("https://h/a%252Fb", "https://h/a%2Fb"),
    ]);
}

#[test]
fn uri_3_2_2_1_accepts_an_a_label() {
    let uri = "https://xn--bcher-kva.example/";
    same(&[(uri, uri), (uri, "https://XN--BCHER-KVA.example/")]);
}

#[test]
fn uri_3_2_2_1_refuses_letters_outside_ascii() {
    no_uri(&[
        "https://b\u{fc}cher.example/",
        "https://b%C3%BCcher.example/",
        "https://b%c3%bccher.example/",
        "https://\u{ff48}/a",
    ]);
}

#[test]
fn uri_7_3_1_refuses_an_escaped_delimiter_as_a_delimiter() {
    different(&[
        ("https://h/a%3Fb", "https://h/a"),
        ("https://h/a%23b", "https://h/a"),
        ("https://h/a%40b", "https://h/b"),
        ("https://h/%2F%2Fi/a", "https://i/a"),
    ]);
    no_uri(&[
        "https://h%2Fa",
        "https://h%3Fa",
        "https://h%3A443/a",
        "https://h%40i/a",
        "https%3A//h/a",
    ]);
    same(&[("https://h/a", "https://h/a?b%3Fc#d%23e")]);
}

/// The table of normal forms, where the request is for the normal form of each.
#[test]
fn proj_18_accepts_every_spelling_of_the_table() {
    let file = read("htu.json");
    let mut seen = 0;
    for row in rows(&file, "normal_forms") {
        if let Some(normal) = row["normal"].as_str() {
            assert_eq!(run(normal, text(row, "input")), Outcome::Allowed, "{row}");
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
    for group in rows(&file, "equal") {
        let uris = texts(group);
        for htu in &uris {
            assert_eq!(run(uris[0], htu), Outcome::Allowed, "{htu}");
        }
    }
}

#[test]
fn proj_18_refuses_what_a_lenient_parser_repairs() {
    let file = read("htu.json");
    let mut seen = 0;
    for row in rows(&file, "normal_forms") {
        if row["error"].is_string() {
            no_uri(&[text(row, "input")]);
            seen += 1;
        }
    }
    assert!(seen > 90, "{seen}");
    for group in rows(&file, "different") {
        for (one, other) in pairs(&texts(group)) {
            different(&[(one, other)]);
        }
    }
    // What such a parser makes of each, against each.
    for (written, repaired) in [
        ("https://h\\a", "https://h/a"),
        ("https://h/\\a", "https://h//a"),
        ("https:h/a", "https://h/a"),
        ("https:/h/a", "https://h/a"),
        ("https:\\\\h\\a", "https://h/a"),
        ("\thttps://h/a", "https://h/a"),
        ("https://h/a\n", "https://h/a"),
        ("https://h/\ta", "https://h/a"),
        (" https://h/a ", "https://h/a"),
        ("ht\ntps://h/a", "https://h/a"),
        ("https://user:secret@h/a", "https://h/a"),
        ("https://ex%61mple.com/a", "https://example.com/a"),
        ("https://h/\u{e9}", "https://h/%C3%A9"),
        ("https://h/a b", "https://h/a%20b"),
        ("https://h/a%zz", "https://h/a%zz"),
        ("https://h/a|b", "https://h/a|b"),
        ("https://h/a^b", "https://h/a^b"),
        ("https://h/[x]", "https://h/[x]"),
    ] {
        let url = match repaired == written {
            // No request has that path either: 400 before a proof is looked at.
            true => "https://h/a",
            false => repaired,
        };
        assert_eq!(
            run(url, written),
            Outcome::bad_proof(MALFORMED),
            "{written:?}"
        );
    }
    // A number is a name, and a name is not a number.
    different(&[
        ("https://127.0.0.1/a", "https://127.1/a"),
        ("https://127.0.0.1/a", "https://0x7f000001/a"),
        ("https://127.0.0.1/a", "https://2130706433/a"),
        ("https://127.0.0.1/a", "https://127.0.0.01/a"),
        ("https://h/a", "https://h./a"),
    ]);
}

fn texts(group: &serde_json::Value) -> Vec<&str> {
    let group = group.as_array().unwrap();
    group.iter().map(|uri| uri.as_str().unwrap()).collect()
}

fn pairs<'t>(texts: &[&'t str]) -> Vec<(&'t str, &'t str)> {
    let mut pairs = Vec::new();
    for (at, one) in texts.iter().enumerate() {
        pairs.extend(texts.iter().skip(at + 1).map(|other| (*one, *other)));
    }
    pairs
}
