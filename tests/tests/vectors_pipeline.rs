//! The vectors that are whole proofs, nonces and challenges, through all stages.

use keybound::{
    Algorithm, Answer, Binding, NonceKey, NonceKeys, ProofPolicy, Reason, Rejection, RoutePolicy,
};
use keybound_crypto::IssuerAlgorithms;
use keybound_tests::harness::{AUDIENCE, Outcome, Request, Service, Store, sha256, time};
use keybound_tests::vectors::{CompactJws, read, rows, text};
use serde_json::{Map, Value, json};

/// A service at the time of a proof, whose issuer binds every token to the key of that proof.
fn service_for(row: &Value) -> Service {
    let iat = row["iat"].as_u64().unwrap();
    let answer = json!({
        "active": true,
        "aud": AUDIENCE,
        "iat": iat - 10,
        "exp": iat + 3_600,
        "scope": "orders:read",
        "cnf": { "jkt": text(row, "jkt") },
    });
    let mut service = Service::introspecting(&answer);
    service.now = iat;
    service
}

/// The request of a proof: its token under scheme DPoP.
fn request_of(row: &Value, token: &str) -> Request {
    Request::get()
        .method(text(row, "method"))
        .url(text(row, "uri"))
        .authorization(format!("DPoP {token}"))
        .dpop(text(row, "proof"))
}

// rules: JWA-3.4-1 (both), JWA-3.4-3 (both), DPOP-4.3-6 (both), FSA-5-1 (positive)
#[test]
fn every_proof_of_the_specifications_is_taken_once_or_refused() {
    let file = read("proofs.json");
    let mut outcomes = Vec::new();
    let mut store = Store::default();
    for row in rows(&file, "proofs") {
        let Some(token) = row["token"].as_str() else {
            continue;
        };
        let mut service = service_for(row);
        service.store = store;
        let request = request_of(row, token);
        outcomes.push((text(row, "id"), service.run(&request)));
        // Whatever it was at first, it passes no second time.
        let again = service.run(&request);
        assert!(matches!(again, Outcome::Denied(..)), "{row}");
        store = service.store;
    }
    let bad = Outcome::bad_proof;
    let expected = [
        ("V3", Outcome::Allowed),
        ("V3-low-s", bad(Reason::ProofReplayed)),
        ("V3-der", bad(Reason::ProofSignatureLength)),
        ("V3-spare-bits", bad(Reason::ProofMalformed)),
        ("V3-bit-of-signature", bad(Reason::ProofSignatureInvalid)),
        ("V3-bit-of-payload", bad(Reason::ProofSignatureInvalid)),
        ("V3-no-signature", bad(Reason::ProofMalformed)),
        ("V8-EdDSA", Outcome::Allowed),
        ("V8-Ed25519", bad(Reason::ProofReplayed)),
    ];
    assert_eq!(outcomes, expected);
}

// rules: JWA-3.4-3 (positive)
#[test]
fn each_valid_proof_is_taken_by_a_store_that_has_not_seen_it() {
    let file = read("proofs.json");
    let mut taken = Vec::new();
    for row in rows(&file, "proofs") {
        let (Some(token), "valid") = (row["token"].as_str(), text(row, "outcome")) else {
            continue;
        };
        let service = service_for(row);
        assert_eq!(
            service.run(&request_of(row, token)),
            Outcome::Allowed,
            "{row}"
        );
        let asked = service.store.asked();
        assert_eq!(asked[0].owner().encoded().as_str(), text(row, "jkt"));
        assert_eq!(asked[0].second(), row["iat"].as_u64().unwrap());
        taken.push(text(row, "id"));
    }
    assert_eq!(taken, ["V3", "V3-low-s", "V8-EdDSA", "V8-Ed25519"]);
}

/// Proofs for a token endpoint have no `ath`, and so are none for a resource.
#[test]
fn a_proof_for_a_token_request_is_no_proof_for_a_resource() {
    let file = read("proofs.json");
    let mut seen = 0;
    for row in rows(&file, "proofs")
        .iter()
        .filter(|row| row["token"].is_null())
    {
        let service = service_for(row);
        let refused = Outcome::bad_proof(Reason::ProofClaimMissing);
        assert_eq!(service.run(&request_of(row, "opaque")), refused, "{row}");
        seen += 1;
        // Everything else about it is right: the claims are those that the data tells.
        let proof = CompactJws::parse(text(row, "proof")).unwrap();
        let claims: Value = serde_json::from_slice(&proof.payload).unwrap();
        assert_eq!(claims["jti"], row["jti"]);
        assert_eq!(claims["iat"], row["iat"]);
        assert_eq!(claims["htm"], row["method"]);
        assert_eq!(claims["htu"], row["uri"]);
    }
    assert_eq!(seen, 2);
}

// rules: DPOP-4.3-8 (negative), DPOP-4.3-9 (negative), DPOP-4.3-11 (negative),
// DPOP-4.3-12a (negative), DPOP-4.3-12b (negative)
#[test]
fn the_proof_of_the_specification_is_good_for_its_own_request_only() {
    let file = read("proofs.json");
    let row = &rows(&file, "proofs")[2];
    let token = text(row, "token");
    assert_eq!((text(row, "id"), text(row, "outcome")), ("V3", "valid"));
    let right = request_of(row, token);
    let run = |request: &Request| service_for(row).run(request);
    let bad = Outcome::bad_proof;
    let post = right.clone().method("POST");
    assert_eq!(run(&post), bad(Reason::ProofHtmMismatch));
    let elsewhere = right
        .clone()
        .url("https://resource.example.org/protectedresource/");
    assert_eq!(run(&elsewhere), bad(Reason::ProofHtuMismatch));
    let query = right
        .clone()
        .url("https://RESOURCE.example.org:443/protectedresource?a=b");
    assert_eq!(run(&query), Outcome::Allowed);
    assert_eq!(
        run(&request_of(row, "other")),
        bad(Reason::ProofAthMismatch)
    );
    for (offset, expected) in [
        (-11, Outcome::bad_time(Reason::ProofIatInFuture)),
        (-10, Outcome::Allowed),
        (60, Outcome::Allowed),
        (61, Outcome::bad_time(Reason::ProofIatTooOld)),
    ] {
        let mut service = service_for(row);
        service.now = service.now.checked_add_signed(offset).unwrap();
        assert_eq!(service.run(&right), expected, "{offset}");
    }
    let mut stolen = row.clone();
    stolen["jkt"] = json!(sha256("another key"));
    let refused = Outcome::bad_token(Reason::BindingKeyMismatch);
    assert_eq!(service_for(&stolen).run(&right), refused);
}

// rules: DPOP-8.1-1 (both)
#[test]
fn our_nonces_are_inside_the_grammar_and_what_is_outside_is_refused() {
    let file = read("nonces.json");
    let grammar = |nonce: &str| {
        let octets = |octet: u8| matches!(octet, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        !nonce.is_empty() && nonce.bytes().all(octets)
    };
    let service = Service::with_nonces();
    let unknown = Outcome::wants_nonce(Reason::ProofNonceUnknown);
    for (name, inside) in [("nonces", true), ("refused", false)] {
        for row in rows(&file, name) {
            let nonce = text(row, "nonce");
            assert_eq!(grammar(nonce), inside, "{row}");
            // Not ours, whether it could be a nonce or not.
            let request = service.request_with_proof(|proof| proof.claim("nonce", nonce));
            assert_eq!(service.run(&request), unknown, "{row}");
        }
    }
    for id in 0..=u8::MAX {
        let keys = NonceKeys::new(NonceKey::new(id, [id; 32]));
        let nonce = keys.issue(AUDIENCE, time(1_562_262_618), &IssuerAlgorithms);
        assert!(grammar(&nonce), "{nonce}");
    }
}

// rules: DPOP-7.1-5 (positive), DPOP-7.1-12 (positive)
#[test]
fn our_challenges_say_what_those_of_the_specifications_say() {
    let file = read("challenges.json");
    for row in rows(&file, "challenges") {
        assert_eq!(json!(parse(text(row, "value"))), row["challenges"], "{row}");
    }
    let printed = |id: &str| {
        let rows = rows(&file, "challenges").iter();
        let row = rows.clone().find(|row| text(row, "id") == id).unwrap();
        (row["status"].clone(), row["challenges"].clone())
    };
    let ours = |binding, algorithms: &[Algorithm], reason| {
        let mut service = Service::bound(binding);
        service.route = RoutePolicy::new(binding);
        let policy = ProofPolicy::default().with_algorithms(algorithms);
        service.proof_policy = policy.unwrap();
        let answer = service.enforcer().answer(
            &Rejection::new(reason),
            &service.route,
            &service.nonces,
            AUDIENCE,
            time(service.now),
        );
        (json!(answer.status()), json!(challenges(&answer)))
    };
    let two = [Algorithm::Es256, Algorithm::Ps256];
    let missing = ours(Binding::Dpop, &two, Reason::CredentialsMissing);
    assert_eq!(missing, printed("V15-fig-15"));
    // In our order, DPoP comes first.
    let (status, mut both) = ours(Binding::Either, &two, Reason::CredentialsMissing);
    both.as_array_mut().unwrap().reverse();
    assert_eq!((status, both), printed("V15-fig-17"));
    // Without the text, which a client cannot act on.
    let es256 = [Algorithm::Es256];
    let (status, mut mismatch) = printed("V15-fig-16");
    remove(&mut mismatch, "error_description");
    let own = ours(Binding::Dpop, &es256, Reason::BindingKeyMismatch);
    assert_eq!(own, (status, mismatch));
    // With algs, which are always said.
    let (status, mut nonce) = ours(Binding::Dpop, &es256, Reason::ProofNonceMissing);
    remove(&mut nonce, "algs");
    assert_eq!((status, nonce), printed("V15-fig-24"));
    // On the scheme that was used.
    let mut service = Service::bound(Binding::Either);
    let policy = ProofPolicy::default().with_algorithms(&two);
    service.proof_policy = policy.unwrap();
    let request = Request::get().authorization("Bearer INVALID");
    let Outcome::Denied(Reason::TokenMalformed, response) = service.run(&request) else {
        panic!("not refused as malformed");
    };
    let parsed = response.challenges.iter().flat_map(|line| parse(line));
    let mut parsed: Vec<Value> = parsed.collect();
    parsed.reverse();
    let (status, mut invalid) = printed("V15-fig-18");
    remove(&mut invalid, "error_description");
    assert_eq!((json!(response.status), json!(parsed)), (status, invalid));
}

/// Every answer, and not only those of the specifications, is what a recipient can read.
#[test]
fn every_challenge_can_be_read_by_another_parser() {
    let service = Service::bound(Binding::Either);
    for reason in Reason::ALL {
        let answer = service.enforcer().answer(
            &Rejection::new(*reason),
            &service.route,
            &service.nonces,
            AUDIENCE,
            time(service.now),
        );
        let challenges = challenges(&answer);
        let schemes: Vec<&Value> = challenges.iter().map(|own| &own["scheme"]).collect();
        match challenges.is_empty() {
            true => assert_eq!(answer.error(), None, "{reason}"),
            false => assert_eq!(schemes, ["DPoP", "Bearer"], "{reason}"),
        }
        let errors: Vec<&str> = challenges
            .iter()
            .filter_map(|own| own["parameters"]["error"].as_str())
            .collect();
        assert!(errors.iter().all(|own| Some(*own) == answer.error()));
        assert_eq!(errors.is_empty(), answer.error().is_none(), "{reason}");
    }
}

fn challenges(answer: &Answer) -> Vec<Value> {
    let lines = answer.fields().iter();
    let lines = lines.filter(|(name, _)| *name == "www-authenticate");
    lines.flat_map(|(_, value)| parse(value)).collect()
}

fn remove(challenges: &mut Value, name: &str) {
    let removed: Vec<Value> = challenges
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .filter_map(|own| own["parameters"].as_object_mut().unwrap().remove(name))
        .collect();
    assert_eq!(removed.len(), 1, "{name}");
}

/// Reads a `WWW-Authenticate` line as RFC 9110 section 11.6.1 has it: a word without `=` begins a
/// challenge. Written for these tests, from the grammar alone.
fn parse(line: &str) -> Vec<Value> {
    let mut challenges: Vec<(String, Map<String, Value>)> = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        assert!(!word.is_empty(), "{line}");
        match after.strip_prefix('=') {
            None => {
                challenges.push((word.to_owned(), Map::new()));
                rest = after;
            }
            Some(value) => {
                let (value, after) = value_of(value);
                let (_, parameters) = challenges.last_mut().unwrap();
                let before = parameters.insert(word.to_ascii_lowercase(), json!(value));
                assert_eq!(before, None, "{word} twice in {line}");
                rest = after;
            }
        }
        rest = rest.trim_start_matches([' ', '\t', ',']);
    }
    let challenge = |(scheme, parameters)| json!({ "scheme": scheme, "parameters": parameters });
    challenges.into_iter().map(challenge).collect()
}

/// A token or a quoted string, and what follows it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        let (value, after) = text.split_at(end);
        return (value.to_owned(), after);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.push(characters.next().unwrap().1),
            other => value.push(other),
        }
    }
    panic!("{text} has no end");
}
