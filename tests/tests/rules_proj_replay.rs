//! Rules that no specification states: the record of admitted proofs, and what is printed.

use std::time::Duration;

use keybound::replay::ReplayError;
use keybound::{
    Confirmed, FieldLines, NonceKey, NonceKeys, Origin, PeerCertificate, Presentation, Reason,
    RequestView, TargetUri, TokenStage, Verdict,
};
use keybound_replay::{MemoryStore, MemoryStoreConfig, Now, ReplayStore};
use keybound_tests::harness::{
    AUDIENCE, Client, End, Jws, NOW, Outcome, PrivateKey, Request, Response, Service, Store,
    decode, sha256, time,
};
use serde_json::json;

/// A moment by both clocks, in seconds since [`NOW`].
fn moment(wall: i64, monotonic: u64) -> Now {
    let wall = NOW.checked_add_signed(wall).unwrap();
    Now::new(time(wall), Duration::from_secs(1_000 + monotonic))
}

/// A store that has been up for a while.
fn store(capacity: usize) -> MemoryStore {
    let config = MemoryStoreConfig::default().with_capacity(capacity);
    MemoryStore::new(config, Now::new(time(NOW - 1_000), Duration::ZERO))
}

/// Sends a request through all stages, with this store at the end.
fn send(
    service: &mut Service,
    request: &Request,
    store: &MemoryStore,
    now: Now,
) -> Result<(), Reason> {
    service.now = now.wall().as_secs();
    match service.verify(request) {
        Err(rejection) => Err(rejection.reason()),
        Ok(Confirmed::Unspent(unspent)) => {
            let answer = store.check_and_insert(unspent.replay_entry(), now);
            match unspent.spend(answer) {
                Verdict::Allow(_) => Ok(()),
                Verdict::Deny(rejection) => Err(rejection.reason()),
                Verdict::Fail(unavailable) => Err(unavailable.reason()),
            }
        }
        Ok(other) => panic!("{other:?}"),
    }
}

/// A request whose proof is dated so many seconds from [`NOW`].
fn dated(service: &Service, jti: &str, offset: i64) -> Request {
    let iat = NOW.checked_add_signed(offset).unwrap();
    service.request_with_proof(|proof| proof.claim("jti", jti).claim("iat", iat))
}

/// A service whose tokens do not expire while the clocks are turned.
fn service_of(seed: u8) -> Service {
    let mut service = Service::dpop();
    service.client = Client::new(PrivateKey::p256(seed));
    service
}

fn long_lived(service: &Service, jti: &str, offset: i64) -> Request {
    let token = service.token().claim("exp", NOW + 100_000).compact();
    let iat = NOW.checked_add_signed(offset).unwrap();
    let proof = service.proof(&token).claim("jti", jti).claim("iat", iat);
    service.request_with(&token, &proof.compact())
}

fn target() -> TargetUri {
    TargetUri::new(&Origin::parse(AUDIENCE).unwrap(), "/orders").unwrap()
}

fn view<'r>(request: &'r Request, target: &'r TargetUri) -> RequestView<'r> {
    RequestView {
        method: "GET",
        target,
        query: None,
        authorization: FieldLines::One(&request.authorization[0]),
        dpop: FieldLines::One(&request.dpop[0]),
        certificate: PeerCertificate::NotPresented,
    }
}

#[test]
fn proj_3_accepts_a_proof_if_the_store_is_up() {
    let (mut service, store) = (service_of(2), store(100));
    let request = service.request();
    assert_eq!(send(&mut service, &request, &store, moment(0, 0)), Ok(()));
}

#[test]
fn proj_3_refuses_whenever_the_store_gives_no_evidence() {
    let retry = |seconds, status| Response::unavailable(status, seconds);
    let rows = [
        (
            ReplayError::Unavailable,
            Outcome::Failed(Reason::ReplayUnavailable, retry(5, 503)),
        ),
        (
            ReplayError::Forgotten,
            Outcome::Failed(Reason::ReplayForgotten, retry(5, 503)),
        ),
        (
            ReplayError::Full { retry_after: 7 },
            Outcome::Failed(Reason::ReplayFull, retry(7, 503)),
        ),
        (
            ReplayError::OwnerQuota { retry_after: 9 },
            Outcome::Failed(Reason::ReplayQuota, retry(9, 429)),
        ),
        (
            ReplayError::Replayed,
            Outcome::bad_proof(Reason::ProofReplayed),
        ),
        (
            ReplayError::TooOld,
            Outcome::bad_time(Reason::ProofIatTooOld),
        ),
        (
            ReplayError::PredatesStart,
            Outcome::bad_proof(Reason::ProofPredatesStart),
        ),
    ];
    for (answer, expected) in rows {
        let mut service = Service::dpop();
        service.store = Store::failing(answer);
        assert_eq!(service.run(&service.request()), expected, "{answer}");
        assert_eq!(service.store.asked().len(), 1, "{answer}");
    }
}

#[test]
fn proj_4_accepts_one_jti_from_two_clients() {
    let store = store(100);
    for seed in [2, 3] {
        let mut service = service_of(seed);
        let request = dated(&service, "same", 0);
        assert_eq!(send(&mut service, &request, &store, moment(0, 0)), Ok(()));
    }
}

#[test]
fn proj_4_refuses_one_jti_from_one_client_in_any_proof() {
    let (mut service, store) = (service_of(2), store(100));
    let request = dated(&service, "same", 0);
    assert_eq!(send(&mut service, &request, &store, moment(0, 0)), Ok(()));
    let replayed = Err(Reason::ProofReplayed);
    // Another token, another claim and so another signature: the same proof to the store.
    let token = service.token().claim("jti", "t-2").compact();
    let proof = service.proof(&token).claim("jti", "same").claim("foo", 1);
    let other = service.request_with(&token, &proof.compact());
    assert_eq!(send(&mut service, &other, &store, moment(1, 1)), replayed);
    // Nobody else can burn the jti of an honest client, whatever is admitted for him.
    for seed in 3..20 {
        let mut service = service_of(seed);
        let request = dated(&service, "next", 0);
        assert_eq!(send(&mut service, &request, &store, moment(1, 1)), Ok(()));
    }
    let request = dated(&service, "next", 0);
    assert_eq!(send(&mut service, &request, &store, moment(1, 1)), Ok(()));
}

#[test]
fn proj_5_never_forgets_a_live_proof_for_room() {
    let store = store(8);
    let mut first = service_of(1);
    let request = dated(&first, "first", 0);
    assert_eq!(send(&mut first, &request, &store, moment(0, 0)), Ok(()));
    // Its own share is one of eight.
    let second = dated(&first, "second", 0);
    let quota = Err(Reason::ReplayQuota);
    assert_eq!(send(&mut first, &second, &store, moment(0, 0)), quota);
    for seed in 2..=8 {
        let mut service = service_of(seed);
        let request = dated(&service, "j", 0);
        assert_eq!(send(&mut service, &request, &store, moment(0, 0)), Ok(()));
    }
    for seed in 9..=40 {
        let mut service = service_of(seed);
        let request = dated(&service, "j", 0);
        let full = Err(Reason::ReplayFull);
        assert_eq!(send(&mut service, &request, &store, moment(1, 1)), full);
    }
    let replayed = Err(Reason::ProofReplayed);
    assert_eq!(send(&mut first, &request, &store, moment(2, 2)), replayed);
    assert_eq!(send(&mut first, &request, &store, moment(60, 60)), replayed);
    // When all have passed by date, there is room again, and none of them comes back.
    let mut service = service_of(9);
    let late = dated(&service, "late", 61);
    assert_eq!(send(&mut service, &late, &store, moment(61, 61)), Ok(()));
    let old = Err(Reason::ProofIatTooOld);
    assert_eq!(send(&mut first, &request, &store, moment(61, 61)), old);
}

#[test]
fn proj_6_never_forgets_a_proof_before_it_is_refused_by_date() {
    for ahead in [-60, -1, 0, 1, 10] {
        let (mut service, store) = (service_of(2), store(100));
        let request = dated(&service, "j", ahead);
        assert_eq!(send(&mut service, &request, &store, moment(0, 0)), Ok(()));
        for second in 0..=80 {
            let now = moment(second, second.unsigned_abs());
            let expected = match second <= ahead + 60 {
                true => Reason::ProofReplayed,
                false => Reason::ProofIatTooOld,
            };
            let outcome = send(&mut service, &request, &store, now);
            assert_eq!(outcome, Err(expected), "{ahead} {second}");
        }
    }
}

// rules: PROJ-6 (both)
#[test]
fn a_proof_dated_ahead_is_still_known_after_65_seconds() {
    let (mut service, store) = (service_of(2), store(10_000));
    let request = dated(&service, "j", 10);
    assert_eq!(send(&mut service, &request, &store, moment(0, 0)), Ok(()));
    // Others come and go, so that the store has every occasion to drop it.
    for second in 1..=65 {
        let now = moment(second, second.unsigned_abs());
        let other = dated(&service, &format!("j{second}"), second);
        assert_eq!(send(&mut service, &other, &store, now), Ok(()), "{second}");
    }
    let replayed = Err(Reason::ProofReplayed);
    assert_eq!(
        send(&mut service, &request, &store, moment(65, 65)),
        replayed
    );
}

#[test]
fn proj_7_accepts_what_both_clocks_call_new() {
    let (mut service, store) = (service_of(2), store(100));
    for second in [0, 1, 70, 71, 100] {
        let request = long_lived(&service, &format!("j{second}"), second);
        let now = moment(second, second.unsigned_abs());
        assert_eq!(
            send(&mut service, &request, &store, now),
            Ok(()),
            "{second}"
        );
    }
}

#[test]
fn proj_7_refuses_a_replay_after_the_clock_was_set_back() {
    let (mut service, store) = (service_of(2), store(100));
    let first = long_lived(&service, "first", 0);
    assert_eq!(send(&mut service, &first, &store, moment(0, 0)), Ok(()));
    // The wall clock jumps an hour ahead, and back. No time has passed.
    let jump = long_lived(&service, "jump", 3_600);
    assert_eq!(send(&mut service, &jump, &store, moment(3_600, 1)), Ok(()));
    let replayed = Err(Reason::ProofReplayed);
    assert_eq!(send(&mut service, &first, &store, moment(1, 2)), replayed);
    assert_eq!(send(&mut service, &first, &store, moment(-5, 3)), replayed);
    // An hour does pass, and what is dropped is dropped. Then the wall clock is set back.
    let later = long_lived(&service, "later", 7_200);
    let now = moment(7_200, 7_200);
    assert_eq!(send(&mut service, &later, &store, now), Ok(()));
    for request in [first, long_lived(&service, "new", 0)] {
        let outcome = send(&mut service, &request, &store, moment(2, 7_201));
        assert_eq!(outcome, Err(Reason::ReplayForgotten));
    }
}

// rules: PROJ-13 (positive), BEARER-5.3-2 (positive)
#[test]
fn no_stage_prints_a_token_a_proof_or_a_nonce() {
    let mut service = Service::with_nonces();
    service.nonces = NonceKeys::new(NonceKey::new(7, *b"a nonce key that nobody may see."));
    let token = service.token().compact();
    let nonce = service.nonce_of(NOW);
    let proof = service.proof(&token).compact();
    let request = service.request_with(&token, &proof);
    let mut secrets = vec![token.clone(), proof.clone(), nonce];
    secrets.extend(token.split('.').chain(proof.split('.')).map(str::to_owned));
    let hides = |what: &str, printed: String| {
        for secret in &secrets {
            assert!(!printed.contains(secret.as_str()), "{what}: {printed}");
        }
    };
    let target = target();
    let enforcer = service.enforcer();
    let view = view(&request, &target);
    let Ok(Presentation::Credentials(presented)) = enforcer.present(&service.route, view) else {
        panic!("refused");
    };
    hides("Presented", format!("{presented:?}"));
    let presentation = Presentation::Credentials(presented);
    hides("Presentation", format!("{presentation:?}"));
    let Presentation::Credentials(presented) = presentation else {
        panic!("open");
    };
    let examined = presented.examine(&service.nonces, time(NOW)).unwrap();
    hides("Examined", format!("{examined:?}"));
    let stage = examined.read_token().unwrap();
    hides("TokenStage", format!("{stage:?}"));
    let TokenStage::Jwt(unverified) = stage else {
        panic!("opaque");
    };
    hides("UnverifiedToken", format!("{unverified:?}"));
    let validated = unverified
        .validate(&service.keys().unwrap(), time(NOW))
        .unwrap();
    hides("Validated", format!("{validated:?}"));
    hides("VerifiedToken", format!("{:?}", validated.token()));
    let Ok(Confirmed::Unspent(unspent)) = validated.confirm() else {
        panic!("not unspent");
    };
    hides("Unspent", format!("{unspent:?}"));
    let answer = service.store.spend(unspent.replay_entry());
    hides("FirstUse", format!("{answer:?}"));
    let verdict = unspent.spend(answer);
    hides("Verdict", format!("{verdict:?}"));
    hides("Enforcer", format!("{enforcer:?}"));
    let keys = format!("{:?} {:?}", service.nonces, NonceKey::new(7, [0x61; 32]));
    for secret in ["nobody may see", "97, 32", "61616161", "97, 97"] {
        assert!(!keys.contains(secret), "{keys}");
    }
}

// rules: PROJ-13 (positive)
#[test]
fn neither_an_opaque_token_nor_a_verified_one_prints() {
    let token = "an-opaque-token-of-low-entropy";
    let answer = json!({
        "active": true,
        "aud": AUDIENCE,
        "scope": "orders:read",
        "cnf": { "jkt": Service::dpop().client.jkt() },
    });
    let service = Service::introspecting(&answer);
    let request = service.request_with(token, &service.client.proof(token).compact());
    let target = target();
    let view = view(&request, &target);
    let enforcer = service.enforcer();
    let Ok(Presentation::Credentials(presented)) = enforcer.present(&service.route, view) else {
        panic!("refused");
    };
    let examined = presented.examine(&service.nonces, time(NOW)).unwrap();
    let Ok(TokenStage::Opaque(opaque)) = examined.read_token() else {
        panic!("not opaque");
    };
    let mut printed = format!("{opaque:?}");
    let proven = opaque.prove().unwrap();
    printed += &format!("{proven:?}");
    let validated = proven.introspected(answer.to_string().as_bytes(), time(NOW));
    let validated = validated.unwrap();
    printed += &format!("{validated:?}{:?}", validated.token());
    printed += &format!("{:?}", validated.confirm().unwrap());
    assert!(!printed.contains(token), "{printed}");
    // Nor the whole of its hash, by which a token of low entropy could be searched for.
    let digest = decode(&sha256(token));
    let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    assert!(!printed.contains(&hex), "{printed}");
    assert!(!printed.contains(&sha256(token)), "{printed}");

    let service = Service::verify_only();
    let request = service.request();
    let token = service.token().compact();
    let End::VerifiedOnly(verified) = service.end(&request) else {
        panic!("not verified only");
    };
    assert!(!format!("{verified:?}").contains(&token));
    let mut service = Service::dpop();
    service.jwks = None;
    let End::Fail(unavailable) = service.end(&request) else {
        panic!("decided");
    };
    assert!(!format!("{unavailable} {unavailable:?}").contains(&token));
}

// rules: PROJ-13 (positive)
#[test]
fn no_refusal_holds_a_piece_of_what_was_sent_as_secret() {
    let proofs: &[fn(Jws) -> Jws] = &[
        Jws::corrupt,
        |proof| proof.header("typ", "JWT"),
        |proof| proof.header("alg", "none"),
        |proof| proof.header("crit", json!(["x"])),
        |proof| proof.without_header("jwk"),
        |proof| proof.header("jwk", json!({ "kty": "oct", "k": "a-secret-key" })),
        |proof| proof.header("jwk", PrivateKey::p256(2).jwk_with("d", "a-secret-key")),
        |proof| proof.changed_signature(|_| b"a-secret-signature".to_vec()),
        |proof| proof.claim("jti", ""),
        |proof| proof.claim("jti", "a-secret-jti".repeat(30)),
        |proof| proof.claim("htm", "POST"),
        |proof| proof.claim("htu", "https://a.example/?code=a-secret-code"),
        |proof| proof.claim("htu", "https://a-secret-password@a.example/"),
        |proof| proof.claim("htu", "/?code=a-secret-code"),
        |proof| proof.claim("ath", "a-secret-ath"),
        |proof| proof.claim("iat", NOW - 1_000),
        |proof| proof.claim("iat", NOW + 1_000),
        |proof| proof.claim("nonce", "a-secret-nonce"),
        |proof| proof.raw_payload("a-secret-payload"),
        |proof| proof.raw_header("a-secret-header"),
        |proof| proof.claim_text(r#""jti":"a-secret-jti""#),
    ];
    let tokens: &[fn(Jws) -> Jws] = &[
        Jws::corrupt,
        |token| token.raw_payload("a-secret-payload"),
        |token| token.header("typ", "JWT"),
        |token| token.header("kid", "other"),
        |token| token.claim("exp", 1),
        |token| token.claim("aud", "other"),
        |token| token.claim("scope", ""),
        |token| token.claim("cnf", json!({})),
        |token| token.without_claim("cnf"),
        |token| token.claim("sub", json!(["a-secret-subject"])),
    ];
    let service = Service::dpop();
    let requests = proofs
        .iter()
        .map(|change| service.request_with_proof(change))
        .chain(
            tokens
                .iter()
                .map(|change| service.request_with_token(change)),
        );
    for request in requests {
        let End::Deny(rejection) = service.end(&request) else {
            panic!("{request:?}");
        };
        let printed = format!(
            "{rejection} {rejection:?} {:?} {:?}",
            rejection.expected(),
            rejection.received()
        );
        assert!(!printed.contains("a-secret"), "{printed}");
        for line in request.authorization.iter().chain(&request.dpop) {
            let line = String::from_utf8_lossy(line);
            let jws = line.rsplit(' ').next().unwrap();
            for segment in jws.split('.').filter(|segment| segment.len() > 16) {
                assert!(!printed.contains(segment), "{printed}");
            }
        }
    }
}
