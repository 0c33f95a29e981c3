//! RFC 9068: JWT access tokens.

use keybound::{
    Algorithm, IssuerPolicy, LegacyTypes, MissingType, PolicyError, Reason, Rejection, TokenProfile,
};
use keybound_tests::harness::{
    AUDIENCE, End, Issuer, Jws, NOW, Outcome, PrivateKey, Response, Service, encode, time,
};
use keybound_tests::vectors;
use serde_json::{Value, json};

/// A change of the right token.
type Alter = fn(Jws) -> Jws;

/// Alters the right token, one row at a time, and expects one refusal.
fn refuses(service: &Service, reason: Reason, rows: &[(&str, Alter)]) {
    for (what, alter) in rows {
        let request = service.request_with_token(alter);
        assert_eq!(service.run(&request), Outcome::bad_token(reason), "{what}");
    }
    assert_eq!(service.store.asked(), [], "nothing was remembered");
}

/// What becomes of one altered token.
fn with_token(alter: impl FnOnce(Jws) -> Jws) -> Outcome {
    let service = Service::dpop();
    service.run(&service.request_with_token(alter))
}

/// Issuers from before RFC 9068.
fn legacy(types: &[&str], missing: MissingType) -> Service {
    let mut service = Service::dpop();
    let profile = TokenProfile::Legacy(LegacyTypes::new(types.iter().copied(), missing).unwrap());
    service.issuer_policy = service.issuer_policy.clone().with_profile(profile);
    service
}

/// The same service with an issuer that signs with another key.
fn signed_by(key: PrivateKey) -> Service {
    let mut service = Service::dpop();
    service.issuer = Issuer::new(service.issuer.name(), key);
    service.jwks = Some(service.issuer.jwks());
    service
}

#[test]
fn atjwt_2_1_1_accepts_a_signed_token() {
    assert_eq!(with_token(|token| token), Outcome::Allowed);
}

#[test]
fn atjwt_2_1_1_refuses_what_is_not_signed() {
    let service = Service::dpop();
    refuses(
        &service,
        Reason::TokenAlgRefused,
        &[
            ("none", |token| token.header("alg", "none")),
            ("none, as some read it", |token| token.header("alg", "nOnE")),
            ("nothing", |token| token.without_header("alg")),
            ("the empty name", |token| token.header("alg", "")),
            ("null", |token| token.header("alg", json!(null))),
            ("a MAC", |token| token.header("alg", "HS256")),
        ],
    );
    refuses(
        &service,
        Reason::TokenMalformed,
        &[
            ("no signature", |token| token.encoded_signature("")),
            ("none and no signature", |token| {
                token.header("alg", "none").encoded_signature("")
            }),
        ],
    );
    refuses(
        &service,
        Reason::TokenSignatureInvalid,
        &[
            ("half of it", |token| {
                token.changed_signature(|octets| octets[..32].to_vec())
            }),
            ("zeros", |token| token.changed_signature(|_| vec![0; 64])),
        ],
    );
    let encrypted = Outcome::bad_token(Reason::TokenEncrypted);
    assert_eq!(with_raw(&five_parts()), encrypted);
}

#[test]
fn atjwt_2_1_2_accepts_rs256() {
    let service = signed_by(PrivateKey::rsa());
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    // and a policy can do without
    let mut service = signed_by(PrivateKey::rsa());
    let policy = service.issuer_policy.clone();
    service.issuer_policy = policy.with_algorithms(&[Algorithm::Es256]).unwrap();
    let refused = Outcome::bad_token(Reason::TokenAlgRefused);
    assert_eq!(service.run(&service.request()), refused);
}

#[test]
fn atjwt_2_2_1_accepts_a_token_with_all_seven_claims() {
    let claims: Value = serde_json::from_slice(&Service::dpop().token().payload_json()).unwrap();
    for name in REQUIRED {
        assert!(claims.get(name).is_some(), "{name}");
    }
    assert_eq!(with_token(|token| token), Outcome::Allowed);
    // A legacy issuer owes three of them.
    let service = legacy(&["JWT"], MissingType::Refuse);
    let request = service.request_with_token(|token| {
        ["sub", "client_id", "iat", "jti"]
            .iter()
            .fold(token, |token, name| token.without_claim(name))
    });
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn atjwt_2_2_1_refuses_a_token_without_one_of_them() {
    for name in REQUIRED {
        let reason = match name {
            "iss" => Reason::TokenIssuerUnknown,
            _ => Reason::TokenClaimMissing,
        };
        let refused = Outcome::bad_token(reason);
        assert_eq!(
            with_token(|token| token.without_claim(name)),
            refused,
            "{name}"
        );
        for wrong in [
            json!(null),
            json!(true),
            json!({}),
            json!([1]),
            json!([["a"]]),
        ] {
            let outcome = with_token(|token| token.claim(name, wrong.clone()));
            assert_eq!(outcome, refused, "{name}: {wrong}");
        }
    }
    for name in ["sub", "client_id", "jti"] {
        for wrong in [json!(""), json!(7)] {
            let outcome = with_token(|token| token.claim(name, wrong.clone()));
            let refused = Outcome::bad_token(Reason::TokenClaimMissing);
            assert_eq!(outcome, refused, "{name}: {wrong}");
        }
    }
    for name in ["exp", "aud"] {
        let service = legacy(&["JWT"], MissingType::Refuse);
        let request = service.request_with_token(|token| token.without_claim(name));
        let refused = Outcome::bad_token(Reason::TokenClaimMissing);
        assert_eq!(service.run(&request), refused, "legacy, {name}");
    }
}

#[test]
fn atjwt_2_2_3_1_accepts_words_with_spaces_between() {
    for scope in [
        "orders:read",
        "orders:read orders:write",
        "orders:write orders:read",
        "a b orders:read c",
    ] {
        let outcome = with_token(|token| token.claim("scope", scope));
        assert_eq!(outcome, Outcome::Allowed, "{scope}");
    }
    let mut service = Service::dpop();
    service.route = service.route.with_scopes(["read", "write"]).unwrap();
    let request = service.request_with_token(|token| token.claim("scope", "read write"));
    let End::Allow(admitted) = service.end(&request) else {
        panic!("refused");
    };
    assert_eq!(admitted.scope(), "read write");
    assert!(admitted.has_scope("read") && admitted.has_scope("write"));
    assert!(!admitted.has_scope("read write") && !admitted.has_scope(""));
    // An array of words is for legacy issuers.
    let service = legacy(&[], MissingType::Refuse);
    let scopes = json!(["orders:write", "orders:read"]);
    let request = service.request_with_token(|token| token.claim("scope", scopes));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn atjwt_2_2_3_1_refuses_a_token_without_the_scope() {
    let challenge = concat!(
        r#"DPoP error="insufficient_scope", scope="orders:read", "#,
        r#"algs="ES256 EdDSA Ed25519""#
    );
    let insufficient = Outcome::Denied(
        Reason::ScopeInsufficient,
        Response::challenged(403, &[challenge]),
    );
    let rows: [(&str, Alter); 7] = [
        ("none", |token| token.without_claim("scope")),
        ("the empty one", |token| token.claim("scope", "")),
        ("another", |token| token.claim("scope", "orders:write")),
        ("a longer one", |token| {
            token.claim("scope", "orders:read:all")
        }),
        ("a shorter one", |token| token.claim("scope", "orders")),
        ("other case", |token| token.claim("scope", "Orders:Read")),
        ("commas", |token| token.claim("scope", "orders:read,a")),
    ];
    for (what, alter) in rows {
        assert_eq!(with_token(alter), insufficient, "{what}");
    }
    refuses(
        &Service::dpop(),
        Reason::TokenClaimMissing,
        &[
            ("an array", |token| {
                token.claim("scope", json!(["orders:read"]))
            }),
            ("an object", |token| {
                token.claim("scope", json!({ "orders:read": 1 }))
            }),
            ("null", |token| token.claim("scope", json!(null))),
        ],
    );
    refuses(
        &legacy(&[], MissingType::Refuse),
        Reason::TokenClaimMissing,
        &[("an array of more than words", |token| {
            token.claim("scope", json!(["orders:read", 1]))
        })],
    );
}

// rules: BCP-3.11-1 (positive), ATJWT-5-1 (positive)
#[test]
fn atjwt_4_1_accepts_the_type_with_one_prefix_in_any_case() {
    for typ in [
        "at+jwt",
        "application/at+jwt",
        "AT+JWT",
        "Application/AT+jwt",
    ] {
        let outcome = with_token(|token| token.header("typ", typ));
        assert_eq!(outcome, Outcome::Allowed, "{typ}");
    }
}

// rules: BCP-3.11-1 (negative)
#[test]
fn atjwt_4_1_refuses_every_other_type() {
    for typ in [
        json!("JWT"),
        json!("dpop+jwt"),
        json!("logout+jwt"),
        json!("token-introspection+jwt"),
        json!("txntoken+jwt"),
        json!("secevent+jwt"),
        json!("at"),
        json!("at+jwt "),
        json!("at+jwt; charset=utf-8"),
        json!("application/application/at+jwt"),
        json!("text/at+jwt"),
        json!(""),
        json!(null),
        json!(["at+jwt"]),
    ] {
        let outcome = with_token(|token| token.header("typ", typ.clone()));
        assert_eq!(outcome, Outcome::bad_token(Reason::TokenTypWrong), "{typ}");
    }
    let absent = with_token(|token| token.without_header("typ"));
    assert_eq!(absent, Outcome::bad_token(Reason::TokenTypWrong));
}

#[test]
fn atjwt_4_1_refuses_the_example_of_rfc_9449_which_has_no_type() {
    let file = vectors::read("tokens.json");
    let v6 = vectors::text(&vectors::rows(&file, "tokens")[0], "token");
    let mut service = Service::dpop();
    service.issuer_policy = IssuerPolicy::new("https://server.example.com", [AUDIENCE]).unwrap();
    let request = service.request_with(v6, &service.proof(v6).compact());
    let refused = Outcome::bad_token(Reason::TokenTypWrong);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn atjwt_4_1_legacy_types_are_allowed_by_name_and_others_refused() {
    let (refuse, accept) = (MissingType::Refuse, MissingType::Accept);
    let wrong = Outcome::bad_token(Reason::TokenTypWrong);
    for (types, missing, typ, expected) in [
        (&["JWT"][..], refuse, Some("JWT"), Outcome::Allowed),
        (&["JWT"], refuse, Some("application/jwt"), Outcome::Allowed),
        (&["JWT"], refuse, Some("at+jwt"), Outcome::Allowed),
        (&["JWT"], refuse, None, wrong.clone()),
        (&["JWT"], refuse, Some("dpop+jwt"), wrong.clone()),
        (&[], accept, None, Outcome::Allowed),
        (&[], accept, Some("JWT"), wrong.clone()),
        (&[], accept, Some(""), wrong.clone()),
        (&[], refuse, None, wrong),
    ] {
        let service = legacy(types, missing);
        let request = service.request_with_token(|token| match typ {
            Some(typ) => token.header("typ", typ),
            None => token.without_header("typ"),
        });
        assert_eq!(
            service.run(&request),
            expected,
            "{types:?} {missing:?} {typ:?}"
        );
    }
}

#[test]
fn atjwt_4_2_refuses_an_encrypted_token() {
    let service = Service::dpop();
    let refused = Outcome::bad_token(Reason::TokenEncrypted);
    assert_eq!(with_raw(&five_parts()), refused);
    refuses(
        &service,
        Reason::TokenEncrypted,
        &[
            ("enc", |token| token.header("enc", "A256GCM")),
            ("zip", |token| token.header("zip", "DEF")),
            ("nested", |token| token.header("cty", "JWT")),
        ],
    );
}

#[test]
fn atjwt_4_4_accepts_the_issuer_as_configured() {
    assert_eq!(with_token(|token| token), Outcome::Allowed);
}

#[test]
fn atjwt_4_4_refuses_every_other_spelling_of_the_issuer() {
    for issuer in [
        "https://as.example.com/",
        "https://AS.example.com",
        "HTTPS://as.example.com",
        "http://as.example.com",
        "https://as.example.com:443",
        "https://as.example.com#",
        "https://as.example.com/tenant",
        "https://as.example.co",
        " https://as.example.com",
        "https://a%73.example.com",
        "as.example.com",
        "",
    ] {
        let outcome = with_token(|token| token.claim("iss", issuer));
        let refused = Outcome::bad_token(Reason::TokenIssuerUnknown);
        assert_eq!(outcome, refused, "{issuer}");
    }
    // An issuer that is configured, and not for this route.
    let mut service = Service::dpop();
    service.route = service.route.with_issuers(["https://as.example.com/"]);
    let refused = Outcome::bad_token(Reason::TokenIssuerUnknown);
    assert_eq!(service.run(&service.request()), refused);
}

// rules: BCP-3.9-1 (positive)
#[test]
fn atjwt_4_5_accepts_our_audience_alone_and_among_others() {
    for audience in [
        json!(AUDIENCE),
        json!([AUDIENCE]),
        json!(["https://other.example.com", AUDIENCE]),
        json!([AUDIENCE, AUDIENCE]),
    ] {
        let outcome = with_token(|token| token.claim("aud", audience.clone()));
        assert_eq!(outcome, Outcome::Allowed, "{audience}");
    }
    // The audience of the route stands in for that of the issuer.
    let mut service = Service::dpop();
    service.route = service.route.with_audience(["urn:a", "urn:b"]);
    let request = service.request_with_token(|token| token.claim("aud", "urn:b"));
    assert_eq!(service.run(&request), Outcome::Allowed);
    let refused = Outcome::bad_token(Reason::TokenAudienceMismatch);
    assert_eq!(service.run(&service.request()), refused);
}

// rules: BCP-3.9-1 (negative)
#[test]
fn atjwt_4_5_refuses_any_other_audience_and_none() {
    let (mismatch, missing) = (Reason::TokenAudienceMismatch, Reason::TokenClaimMissing);
    for (audience, reason) in [
        (json!("https://api.example.com/"), mismatch),
        (json!("https://api.example.com/orders"), mismatch),
        (json!("https://api.example"), mismatch),
        (json!("https://API.example.com"), mismatch),
        (json!("https://api.example.com https://other"), mismatch),
        (json!("*"), mismatch),
        (json!(""), mismatch),
        (json!(["https://other.example.com"]), mismatch),
        (json!([]), missing),
        (json!(1), missing),
        (json!(null), missing),
        (json!({ "aud": AUDIENCE }), missing),
        (json!([AUDIENCE, 1]), missing),
        (json!([[AUDIENCE]]), missing),
    ] {
        let outcome = with_token(|token| token.claim("aud", audience.clone()));
        assert_eq!(outcome, Outcome::bad_token(reason), "{audience}");
    }
    let absent = with_token(|token| token.without_claim("aud"));
    assert_eq!(absent, Outcome::bad_token(missing));
    // Nor can a policy leave it out.
    let policy = IssuerPolicy::new("https://as.example.com", [""; 0]);
    let expected = PolicyError::NoAudience("https://as.example.com".to_owned());
    assert_eq!(policy, Err(expected));
}

#[test]
fn atjwt_4_6_accepts_a_signature_by_the_issuers_key() {
    for key in [
        PrivateKey::p256(1),
        PrivateKey::p384(1),
        PrivateKey::ed25519(1),
        PrivateKey::rsa(),
    ] {
        let service = signed_by(key.clone());
        assert_eq!(service.run(&service.request()), Outcome::Allowed, "{key:?}");
    }
}

// rules: JWT-11.1-1 (negative)
#[test]
fn atjwt_4_6_refuses_the_key_of_anyone_else() {
    let service = Service::dpop();
    refuses(
        &service,
        Reason::TokenSignatureInvalid,
        &[
            ("another issuer's", |token| {
                token.signed_by(&PrivateKey::p256(9))
            }),
            ("the client's", |token| {
                token.signed_by(&PrivateKey::p256(2))
            }),
            ("one that the token brings", |token| {
                let key = PrivateKey::p256(9);
                token.header("jwk", key.public_jwk()).signed_by(&key)
            }),
            ("one bit", Jws::corrupt),
        ],
    );
    // Its own key in the header does neither good nor harm.
    let own = service.issuer.key().public_jwk();
    assert_eq!(
        with_token(|token| token.header("jwk", own)),
        Outcome::Allowed
    );
}

// rules: JWT-4.1.4-1 (both)
#[test]
fn atjwt_4_7_a_token_is_accepted_until_it_expires_and_refused_after() {
    let expired = Outcome::bad_token(Reason::TokenExpired);
    for (leeway, exp, expected) in [
        (None, json!(NOW + 1), Outcome::Allowed),
        (None, json!(NOW), Outcome::Allowed),
        (None, json!(NOW - 29), Outcome::Allowed),
        (None, json!(NOW - 30), expired.clone()),
        (None, json!(NOW - 31), expired.clone()),
        (Some(0), json!(NOW + 1), Outcome::Allowed),
        (Some(0), json!(NOW as f64 + 1.9), Outcome::Allowed),
        (Some(0), json!(NOW), expired.clone()),
        // a fraction does not lengthen a life
        (Some(0), json!(NOW as f64 + 0.9), expired.clone()),
        (Some(0), json!(NOW - 1), expired.clone()),
        (Some(120), json!(NOW - 119), Outcome::Allowed),
        (Some(120), json!(NOW - 120), expired.clone()),
        (Some(120), json!(NOW - 121), expired.clone()),
        (None, json!(0), expired),
    ] {
        let mut service = Service::dpop();
        if let Some(leeway) = leeway {
            let policy = service.issuer_policy.clone();
            service.issuer_policy = policy.with_leeway(leeway).unwrap();
        }
        let request = service.request_with_token(|token| token.claim("exp", exp.clone()));
        assert_eq!(service.run(&request), expected, "{leeway:?} {exp}");
    }
    let policy = Service::dpop().issuer_policy.with_leeway(121);
    assert_eq!(policy, Err(PolicyError::Leeway(121)));
}

#[test]
fn atjwt_4_7_refuses_an_expiry_that_is_no_number() {
    for exp in [
        json!((NOW + 240).to_string()),
        json!(true),
        json!(null),
        json!(-1),
        json!([NOW + 240]),
        // a year of five digits, and milliseconds
        json!(253_402_300_800_u64),
        json!((NOW + 240) * 1_000),
        json!(u64::MAX),
    ] {
        let outcome = with_token(|token| token.claim("exp", exp.clone()));
        assert_eq!(
            outcome,
            Outcome::bad_token(Reason::TokenClaimMissing),
            "{exp}"
        );
    }
    let absent = with_token(|token| token.without_claim("exp"));
    assert_eq!(absent, Outcome::bad_token(Reason::TokenClaimMissing));
}

// rules: JWT-4.1.5-1 (both)
#[test]
fn a_token_is_refused_before_its_time_whatever_the_leeway() {
    let early = Outcome::bad_token(Reason::TokenNotYetValid);
    for (leeway, name, second, expected) in [
        (30, "nbf", json!(NOW + 10), Outcome::Allowed),
        (30, "nbf", json!(NOW + 30), Outcome::Allowed),
        (30, "nbf", json!(NOW as f64 + 30.5), early.clone()),
        (30, "nbf", json!(NOW + 31), early.clone()),
        (0, "nbf", json!(NOW), Outcome::Allowed),
        (0, "nbf", json!(NOW + 1), early.clone()),
        (120, "nbf", json!(NOW + 60), Outcome::Allowed),
        (120, "nbf", json!(NOW + 61), early.clone()),
        (0, "iat", json!(NOW + 60), Outcome::Allowed),
        (0, "iat", json!(NOW + 61), early.clone()),
        (120, "iat", json!(NOW + 61), early),
    ] {
        let mut service = Service::dpop();
        service.issuer_policy = service.issuer_policy.clone().with_leeway(leeway).unwrap();
        let request = service.request_with_token(|token| token.claim(name, second.clone()));
        assert_eq!(service.run(&request), expected, "{leeway} {name} {second}");
    }
}

#[test]
fn atjwt_4_8_all_failures_are_refused_with_one_answer_that_is_kept() {
    let rows: [(Reason, Alter); 13] = [
        (Reason::TokenMalformed, |token| token.raw_header("{}{}")),
        (Reason::TokenMalformed, |token| token.raw_payload("[]")),
        (Reason::TokenEncrypted, |token| token.header("cty", "JWT")),
        (Reason::TokenCritical, |token| {
            token.header("crit", json!(["x"]))
        }),
        (Reason::TokenIssuerUnknown, |token| {
            token.claim("iss", "urn:x")
        }),
        (Reason::TokenTypWrong, |token| token.header("typ", "JWT")),
        (Reason::TokenAlgRefused, |token| token.header("alg", "none")),
        (Reason::TokenKeyUnknown, |token| token.header("kid", "k2")),
        (Reason::TokenSignatureInvalid, Jws::corrupt),
        (Reason::TokenClaimMissing, |token| {
            token.without_claim("sub")
        }),
        (Reason::TokenAudienceMismatch, |token| {
            token.claim("aud", "x")
        }),
        (Reason::TokenExpired, |token| token.claim("exp", NOW - 60)),
        (Reason::TokenNotYetValid, |token| {
            token.claim("nbf", NOW + 61)
        }),
    ];
    let challenge = r#"DPoP error="invalid_token", algs="ES256 EdDSA Ed25519""#;
    let response = Response::challenged(401, &[challenge]);
    for (reason, alter) in rows {
        assert_eq!(with_token(alter), Outcome::Denied(reason, response.clone()));
    }
    // And all that are not in the list: nothing about a token has an answer of its own.
    let service = Service::dpop();
    let answer = |reason| {
        let rejection = Rejection::new(reason);
        let (route, nonces) = (&service.route, &service.nonces);
        let enforcer = service.enforcer();
        enforcer.answer(&rejection, route, nonces, AUDIENCE, time(NOW))
    };
    let one = answer(Reason::TokenExpired);
    let tokens = Reason::ALL
        .iter()
        .filter(|reason| reason.code().starts_with("token_"));
    for reason in tokens {
        assert_eq!(answer(*reason), one, "{reason}");
    }
}

#[test]
fn atjwt_5_1_refuses_an_id_token_signed_by_the_same_key() {
    let id_token = |token: Jws| {
        token
            .header("typ", "JWT")
            .claim("aud", "shop-app")
            .claim("nonce", "n-0S6_WzA2Mj")
            .without_claim("client_id")
            .without_claim("scope")
    };
    let refused = Outcome::bad_token(Reason::TokenTypWrong);
    assert_eq!(with_token(id_token), refused);
    // Where legacy types let it come so far, its audience ends it.
    let service = legacy(&["JWT"], MissingType::Refuse);
    let refused = Outcome::bad_token(Reason::TokenAudienceMismatch);
    assert_eq!(service.run(&service.request_with_token(id_token)), refused);
}

/// What becomes of a token that is no [`Jws`], with the right proof for it.
fn with_raw(token: &str) -> Outcome {
    let service = Service::dpop();
    service.run(&service.request_with(token, &service.proof(token).compact()))
}

/// An encrypted JWT, as far as anyone without its key can tell.
fn five_parts() -> String {
    let header = json!({ "typ": "at+jwt", "alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "k1" });
    let part = |octets: &[u8]| encode(octets);
    [
        part(header.to_string().as_bytes()),
        part(&[1; 256]),
        part(&[2; 12]),
        part(&[3; 200]),
        part(&[4; 16]),
    ]
    .join(".")
}

const REQUIRED: [&str; 7] = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];
