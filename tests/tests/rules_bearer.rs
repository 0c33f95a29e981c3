//! RFC 6750 and OAuth 2.1: how a token travels, and what is answered.

use std::collections::BTreeSet;

use keybound::{Answer, Binding, PolicyError, Reason, Rejection, RoutePolicy};
use keybound_tests::harness::{AUDIENCE, End, NOW, Outcome, Request, Response, Service, URL, time};
use serde_json::json;

const BARE_DPOP: &str = r#"DPoP algs="ES256 EdDSA Ed25519""#;

fn bearer(service: &Service, token: &str) -> Outcome {
    service.run(&Request::get().authorization(format!("Bearer {token}")))
}

/// What a route that takes both schemes answers to scheme Bearer.
fn blamed(reason: Reason, status: u16, challenge: &str) -> Outcome {
    Outcome::Denied(
        reason,
        Response::challenged(status, &[BARE_DPOP, challenge]),
    )
}

fn invalid_token(reason: Reason) -> Outcome {
    blamed(reason, 401, r#"Bearer error="invalid_token""#)
}

#[test]
fn bearer_2_2_accepts_the_field_alone() {
    let service = Service::bound(Binding::Bearer);
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

// rules: BEARER-3.1-1 (both)
#[test]
fn bearer_2_2_refuses_a_second_token_beside_the_field() {
    let refused = |reason| {
        Outcome::Denied(
            reason,
            Response::challenged(
                400,
                &[
                    r#"DPoP error="invalid_request", algs="ES256 EdDSA Ed25519""#,
                    r#"Bearer error="invalid_request""#,
                ],
            ),
        )
    };
    let service = Service::bound(Binding::Either);
    let token = service.token().compact();
    let dpop = service.request_with(&token, &service.client.proof(&token).compact());
    let bearer = Request::get().authorization(format!("Bearer {token}"));
    for request in [dpop, bearer] {
        for query in [
            format!("?access_token={token}"),
            "?access_token=other".to_owned(),
            "?access_token=".to_owned(),
            "?access_token".to_owned(),
            "?a=b&access_token=other&c".to_owned(),
        ] {
            let url = format!("{URL}{query}");
            let request = request.clone().url(&url);
            let expected = refused(Reason::CredentialsTwoMethods);
            assert_eq!(service.run(&request), expected, "{query}");
        }
        // The field twice is two methods as well.
        let twice = request.clone().authorization(format!("Bearer {token}"));
        let expected = refused(Reason::CredentialsRepeated);
        assert_eq!(service.run(&twice), expected);
    }
    // Another parameter is none of ours.
    let request = service
        .request_with(&token, &service.client.proof(&token).compact())
        .url(&format!(
            "{URL}?xaccess_token=a&access_tokens=b&Access_Token=c"
        ));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn bearer_2_1_1_accepts_every_octet_of_the_grammar() {
    // It gets as far as being looked at as a token.
    let service = Service::bound(Binding::Bearer);
    for token in ["mF_9.B5f-4.1JqM", "a", "a~+/-._9", "a=", "a=="] {
        let expected = invalid_token(Reason::TokenMalformed);
        assert_eq!(bearer(&service, token), expected, "{token}");
    }
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    // The example of the specification, where tokens are opaque.
    let answer = json!({ "active": true, "aud": AUDIENCE, "scope": "orders:read" });
    let mut service = Service::introspecting(&answer);
    service.route = RoutePolicy::new(Binding::Bearer);
    assert_eq!(bearer(&service, "mF_9.B5f-4.1JqM"), Outcome::Allowed);
}

#[test]
fn bearer_2_1_1_refuses_everything_else() {
    let service = Service::bound(Binding::Bearer);
    let malformed = blamed(
        Reason::CredentialsMalformed,
        400,
        r#"Bearer error="invalid_request""#,
    );
    for token in [
        "", " ", "a b", "a%20b", "=", "==", "a=b", "\"a\"", "a\t", "a\n", "a;b", "a:b", "a\u{e9}",
    ] {
        assert_eq!(bearer(&service, token), malformed, "{token:?}");
    }
}

#[test]
fn bearer_2_1_2_accepts_the_scheme_in_any_case() {
    for scheme in ["bearer", "BEARER", "bEaReR", "Bearer"] {
        let service = Service::bound(Binding::Bearer);
        let token = service.token().compact();
        let request = Request::get().authorization(format!("{scheme} {token}"));
        assert_eq!(service.run(&request), Outcome::Allowed, "{scheme}");
    }
    for scheme in ["dpop", "DPOP", "dPoP"] {
        let service = Service::dpop();
        let token = service.token().compact();
        let request = Request::get()
            .authorization(format!("{scheme}   {token}"))
            .dpop(service.proof(&token).compact());
        assert_eq!(service.run(&request), Outcome::Allowed, "{scheme}");
    }
}

#[test]
fn bearer_2_1_2_refuses_a_tab_and_another_scheme() {
    let service = Service::bound(Binding::Bearer);
    let token = service.token().compact();
    let malformed = blamed(
        Reason::CredentialsMalformed,
        400,
        r#"Bearer error="invalid_request""#,
    );
    for before in ["Bearer\t ", "Bearer\t", "Bearer \t", "Bearer:", "bearer="] {
        let request = Request::get().authorization(format!("{before}{token}"));
        assert_eq!(service.run(&request), malformed, "{before:?}");
    }
    let unknown = blamed(Reason::SchemeUnknown, 401, "Bearer");
    for before in ["Bearers ", "Bear ", "Token ", "Basic ", ""] {
        let request = Request::get().authorization(format!("{before}{token}"));
        assert_eq!(service.run(&request), unknown, "{before:?}");
    }
}

// rules: BEARER-2.2-1 (both), BEARER-2.3-1 (both)
#[test]
fn a_token_anywhere_but_in_the_field_is_never_read() {
    // A body is not even there to be read: what core sees of a request is its header section.
    for binding in [Binding::Bearer, Binding::Either, Binding::Dpop] {
        let service = Service::bound(binding);
        let token = service.token().compact();
        let challenges: &[&str] = match binding {
            Binding::Dpop => &[BARE_DPOP],
            _ => &[BARE_DPOP, "Bearer"],
        };
        let refused = Outcome::Denied(
            Reason::CredentialsMissing,
            Response::challenged(401, challenges),
        );
        let in_body = Request::get()
            .method("POST")
            .dpop(service.client.proof(&token).claim("htm", "POST").compact());
        assert_eq!(service.run(&in_body), refused, "{binding:?}");
        let in_query = Request::get()
            .url(&format!("{URL}?access_token={token}"))
            .dpop(service.client.proof(&token).compact());
        assert_eq!(service.run(&in_query), refused, "{binding:?}");
        assert_eq!(service.store.asked(), []);
    }
}

// rules: BEARER-3-1 (both), HTTP-11.3-1 (positive)
#[test]
fn no_401_is_without_a_challenge() {
    for binding in BOUND {
        let service = Service::bound(binding);
        for reason in Reason::ALL {
            let answer = answer(&service, *reason);
            let challenges = challenges(&answer).len();
            if answer.status() == 401 {
                assert_eq!(challenges, binding.schemes().len(), "{reason}");
                assert!(challenges > 0, "{reason}");
            }
        }
    }
}

// rules: BEARER-3-2 (both), HTTP-11.5-1 (positive)
#[test]
fn each_parameter_of_a_challenge_stands_there_once_and_quoted() {
    for binding in BOUND {
        let mut service = Service::bound(binding);
        service.route = service.route.with_realm(r#"a "b" \c, d=e"#).unwrap();
        for reason in Reason::ALL {
            for challenge in challenges(&answer(&service, *reason)) {
                let (scheme, rest) = challenge.split_once(' ').unwrap();
                assert!(["DPoP", "Bearer"].contains(&scheme), "{challenge}");
                let (parameters, rest) = parameters(rest);
                assert_eq!(rest, "", "{challenge}");
                let names: BTreeSet<_> = parameters.iter().map(|(name, _)| *name).collect();
                assert_eq!(names.len(), parameters.len(), "{challenge}");
                let realm = ("realm", r#"a "b" \c, d=e"#.to_owned());
                assert!(parameters.contains(&realm), "{challenge}");
                let known = ["realm", "error", "error_description", "scope", "algs"];
                assert!(names.iter().all(|name| known.contains(name)), "{challenge}");
            }
        }
    }
}

#[test]
fn bearer_3_3_keeps_to_the_characters_of_the_specification() {
    let service = Service::bound(Binding::Either);
    let text = |octet: u8| matches!(octet, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    for reason in Reason::ALL {
        for challenge in challenges(&answer(&service, *reason)) {
            let (_, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
            for (name, value) in parameters(rest).0 {
                if ["error", "error_description", "scope"].contains(&name) {
                    assert!(value.bytes().all(text), "{challenge}");
                }
            }
        }
    }
}

#[test]
fn bearer_3_3_refuses_a_scope_that_no_challenge_may_hold() {
    for scope in [
        "", "a b", "a\"b", "a\\b", "a\tb", "a\nb", "\u{e9}", "a\u{7f}",
    ] {
        let refused = RoutePolicy::new(Binding::Dpop).with_scopes([scope]);
        assert_eq!(refused, Err(PolicyError::Scope(scope.to_owned())));
    }
    for scope in ["!", "#[", "]~", "orders:read", "https://a.example/b?c=d&e"] {
        let route = RoutePolicy::new(Binding::Dpop).with_scopes([scope]);
        assert_eq!(route.unwrap().scopes(), [scope]);
    }
}

// rules: BEARER-3.1-2 (both)
#[test]
fn whatever_is_wrong_with_a_token_is_answered_401_and_invalid_token() {
    use Reason as R;
    let service = Service::bound(Binding::Bearer);
    let token = || service.token();
    for (reason, token) in [
        (R::TokenExpired, token().claim("exp", NOW - 30).compact()),
        (
            R::TokenNotYetValid,
            token().claim("nbf", NOW + 31).compact(),
        ),
        (R::TokenMalformed, "abc".to_owned()),
        (R::TokenMalformed, token().raw_header("{}x").compact()),
        (R::TokenSignatureInvalid, token().corrupt().compact()),
        (
            R::TokenAudienceMismatch,
            token().claim("aud", "x").compact(),
        ),
        (R::TokenIssuerUnknown, token().claim("iss", "x").compact()),
        (R::TokenTypWrong, token().header("typ", "JWT").compact()),
        (R::TokenOversize, "a".repeat(16 * 1024 + 1)),
        (
            R::ConfirmationMalformed,
            token().claim("cnf", json!([])).compact(),
        ),
    ] {
        assert_eq!(bearer(&service, &token), invalid_token(reason), "{reason}");
    }
    // Revoked: the caller knows, and core refuses.
    let revoked = answer(&service, R::TokenRevoked);
    assert_eq!(
        (revoked.status(), revoked.error()),
        (401, Some("invalid_token"))
    );
    for reason in Reason::ALL {
        let answer = answer(&service, *reason);
        if answer.error() == Some("invalid_token") {
            assert_eq!(answer.status(), 401, "{reason}");
        }
    }
}

// rules: BEARER-3.1-3 (both), HTTP-11.4-1 (positive), OA21-5-1 (both)
#[test]
fn a_missing_scope_is_answered_403_and_the_scopes_of_the_route() {
    let mut service = Service::bound(Binding::Either);
    let route = RoutePolicy::new(Binding::Either);
    service.route = route.with_scopes(["orders:read", "orders:write"]).unwrap();
    let refused = Outcome::Denied(
        Reason::ScopeInsufficient,
        Response::challenged(
            403,
            &[
                concat!(
                    r#"DPoP error="insufficient_scope", scope="orders:read orders:write", "#,
                    r#"algs="ES256 EdDSA Ed25519""#
                ),
                "Bearer",
            ],
        ),
    );
    let run = |service: &Service, scope: &str| {
        service.run(&service.request_with_token(|token| token.claim("scope", scope)))
    };
    for scope in [
        "orders:read",
        "orders:write",
        "",
        "orders:read orders:writer",
        "ORDERS:READ orders:write",
        "orders:read,orders:write",
    ] {
        assert_eq!(run(&service, scope), refused, "{scope}");
    }
    // Refused for its scope, and so not used up.
    assert_eq!(service.store.asked(), []);
    let both = "orders:write other orders:read";
    assert_eq!(run(&service, both), Outcome::Allowed);
    // Only a route that names no scope asks for none.
    let mut service = Service::dpop();
    let request = service.request_with_token(|token| token.without_claim("scope"));
    let End::Deny(rejection) = service.end(&request) else {
        panic!("admitted");
    };
    assert_eq!(rejection.reason(), Reason::ScopeInsufficient);
    service.route = RoutePolicy::new(Binding::Dpop);
    assert_eq!(service.run(&request), Outcome::Allowed);
    // Under Bearer the same.
    let service = Service::bound(Binding::Bearer);
    let token = service.token().claim("scope", "other").compact();
    let challenge = r#"Bearer error="insufficient_scope", scope="orders:read""#;
    let refused = blamed(Reason::ScopeInsufficient, 403, challenge);
    assert_eq!(bearer(&service, &token), refused);
}

#[test]
fn bearer_3_1_4_accepts_no_credentials_as_no_error() {
    for binding in [Binding::Certificate, Binding::Either, Binding::Bearer] {
        let service = Service::bound(binding);
        let bare = blamed(Reason::CredentialsMissing, 401, "Bearer");
        assert_eq!(service.run(&Request::get()), bare, "{binding:?}");
    }
}

#[test]
fn bearer_3_1_4_never_says_more_to_a_request_without_credentials() {
    let service = Service::bound(Binding::Either);
    let proof = service.client.proof("token").compact();
    for request in [
        Request::get().dpop(&proof),
        Request::get().dpop("garbage").dpop("more"),
        Request::get().url(&format!("{URL}?access_token=a")),
    ] {
        let bare = blamed(Reason::CredentialsMissing, 401, "Bearer");
        assert_eq!(service.run(&request), bare);
    }
    let bare = blamed(Reason::SchemeUnknown, 401, "Bearer");
    let request = Request::get().authorization("Basic QQ==").dpop(&proof);
    assert_eq!(service.run(&request), bare);
}

// rules: BEARER-5.3-2 (both)
#[test]
fn neither_a_refusal_nor_an_admission_prints_the_token() {
    for binding in [Binding::Bearer, Binding::Dpop] {
        let service = Service::bound(binding);
        let token = service.token().compact();
        let request = service.request();
        let End::Allow(admitted) = service.end(&request) else {
            panic!("refused");
        };
        assert!(!format!("{admitted:?}").contains(&token));
        let replayed = service.end(&request);
        assert!(!format!("{replayed:?}").contains(&token));
        let cached = service.verified_token(&request);
        assert!(!format!("{cached:?}").contains(&token));
    }
    // A token that came without its scheme, or with another one, is no evidence either.
    let service = Service::dpop();
    let token = service.token().compact();
    for line in [
        token.clone(),
        format!("Token {token}"),
        format!("DPoP={token}"),
    ] {
        let End::Deny(rejection) = service.end(&Request::get().authorization(&line)) else {
            panic!("admitted");
        };
        let printed = format!("{rejection} {rejection:?}");
        assert!(!printed.contains(&token), "{printed}");
        // nor a piece of it
        assert!(!printed.contains(&token[..16]), "{printed}");
    }
}

#[test]
fn oa21_1_4_3_1_accepts_a_token_that_is_bound() {
    for binding in [
        Binding::Dpop,
        Binding::Certificate,
        Binding::Either,
        Binding::Both,
    ] {
        let service = Service::bound(binding);
        assert_eq!(
            service.run(&service.request()),
            Outcome::Allowed,
            "{binding:?}"
        );
    }
}

#[test]
fn oa21_1_4_3_1_refuses_an_unbound_token_unless_the_route_says_otherwise() {
    let unbound = Service::dpop().issuer.token().compact();
    for binding in [Binding::Dpop, Binding::Both] {
        let refused = Outcome::bad_token(Reason::BindingRequired);
        assert_eq!(
            bearer(&Service::bound(binding), &unbound),
            refused,
            "{binding:?}"
        );
    }
    for binding in [Binding::Certificate, Binding::Either] {
        let refused = invalid_token(Reason::BindingRequired);
        assert_eq!(
            bearer(&Service::bound(binding), &unbound),
            refused,
            "{binding:?}"
        );
    }
    assert_eq!(
        bearer(&Service::bound(Binding::Bearer), &unbound),
        Outcome::Allowed
    );
}

const BOUND: [Binding; 5] = [
    Binding::Dpop,
    Binding::Certificate,
    Binding::Either,
    Binding::Both,
    Binding::Bearer,
];

/// The answer for a reason, whoever found it.
fn answer(service: &Service, reason: Reason) -> Answer {
    service.enforcer().answer(
        &Rejection::new(reason),
        &service.route,
        &service.nonces,
        AUDIENCE,
        time(NOW),
    )
}

fn challenges(answer: &Answer) -> Vec<&str> {
    let fields = answer.fields().iter();
    fields
        .filter(|(name, _)| *name == "www-authenticate")
        .map(|(_, value)| value.as_str())
        .collect()
}

/// Reads `name="quoted", ...` to its end, or as far as it is that.
fn parameters(mut text: &str) -> (Vec<(&str, String)>, &str) {
    let mut found = Vec::new();
    while let Some((name, rest)) = text.split_once("=\"") {
        let mut value = String::new();
        let mut characters = rest.char_indices();
        let mut end = rest.len();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    end = at + 1;
                    break;
                }
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                other => value.push(other),
            }
        }
        found.push((name, value));
        text = &rest[end..];
        match text.strip_prefix(", ") {
            Some(rest) => text = rest,
            None => break,
        }
    }
    (found, text)
}
