//! The rules without HTTP: `Enforcer::verify` and a store, for any protocol that carries a method, a
//! URI, a token and a proof.
//!
//! `cargo run -p keybound-hyper --example library` makes a token and a proof, and judges three
//! requests: a good one, the same again, and the token alone as somebody who has stolen it would send
//! it. It prints the verdicts. `--once` changes nothing, since it ends anyway: with 0 if the verdicts
//! are the right ones, with 1 if not.

use std::error::Error;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keybound::{
    Algorithm, Binding, Confirmed, Enforcer, FieldLines, IssuerPolicy, KeySet, Limits, NonceKey,
    NonceKeys, Origin, PeerCertificate, Reason, Rejection, RequestView, RoutePolicy, TargetUri,
    Verdict,
};
use keybound_client::{Dpop, ProofSigner, SigningKey, now};
use keybound_crypto::RustCrypto;
use keybound_replay::{AfterRestart, Clock, MemoryStore, MemoryStoreConfig, ReplayStore};
use serde_json::{Value, json};

/// What clients call, and what they sign.
const ORIGIN: &str = "https://api.example.com";
const ISSUER: &str = "https://as.example.com";

/// What a service keeps for as long as it runs.
struct Service {
    enforcer: Enforcer,
    route: RoutePolicy,
    keys: KeySet,
    nonces: NonceKeys,
    store: MemoryStore,
    clock: Clock,
}

impl Service {
    /// The whole decision about one request.
    fn judge(&self, request: RequestView<'_>) -> Verdict {
        let now = self.clock.now();
        let keys = [(ISSUER, &self.keys)];
        let confirmed = self
            .enforcer
            .verify(&self.route, request, &keys, &self.nonces, now.wall());
        match confirmed {
            Err(rejection) => Verdict::Deny(rejection),
            // Bound by a certificate, or an open route: no proof to use up.
            Ok(Confirmed::Admitted(admitted)) => Verdict::Allow(admitted),
            Ok(Confirmed::Unspent(unspent)) => {
                let answer = self.store.check_and_insert(unspent.replay_entry(), now);
                unspent.spend(answer)
            }
            // Only on a route that leaves the proof to a service behind this one, and there is none
            // here. To refuse is always safe.
            Ok(Confirmed::VerifiedOnly(_)) => {
                Verdict::Deny(Rejection::new(Reason::ReplayUnavailable))
            }
        }
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let issuer = SigningKey::generate(Algorithm::Es256)?;
    let client = Dpop::generate(Algorithm::Es256)?;
    let service = service(&issuer)?;

    // The client's side.
    let token = token(&issuer, &client)?;
    let proof = client.proof("GET", "https://api.example.com/orders/7");
    let proof = proof.access_token(&token).sign(now())?;
    let (dpop, bearer) = (format!("DPoP {token}"), format!("Bearer {token}"));

    // The service's side: the URI is what it knows itself to be, and not what a header says.
    let target = TargetUri::new(&Origin::parse(ORIGIN)?, "/orders/7")?;
    let good = RequestView {
        method: "GET",
        target: &target,
        query: None,
        authorization: FieldLines::One(dpop.as_bytes()),
        dpop: FieldLines::One(proof.as_bytes()),
        certificate: PeerCertificate::NotRequested,
    };
    let stolen = RequestView {
        authorization: FieldLines::One(bearer.as_bytes()),
        dpop: FieldLines::Absent,
        ..good
    };

    let mut reasons = Vec::new();
    for (name, request) in [("good", good), ("replayed", good), ("stolen", stolen)] {
        let reason = match service.judge(request) {
            Verdict::Allow(admitted) => {
                let who = admitted.subject().unwrap_or("nobody");
                println!("{name}: allowed, {who} with {}", admitted.scope());
                None
            }
            Verdict::Deny(rejection) => {
                println!("{name}: denied, {rejection}");
                Some(rejection.reason())
            }
            Verdict::Fail(unavailable) => {
                println!("{name}: undecided, {unavailable}");
                Some(unavailable.reason())
            }
        };
        reasons.push(reason);
    }
    let expected = [
        None,
        Some(Reason::ProofReplayed),
        Some(Reason::BindingDowngraded),
    ];
    Ok(match reasons == expected {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn service(issuer: &SigningKey) -> Result<Service, Box<dyn Error>> {
    let key: Value = serde_json::from_str(&issuer.public_key().to_jwk())?;
    let document = json!({ "keys": [key] }).to_string();
    let clock = Clock::system();
    // A service must keep the default, which refuses proofs from before its start. This one judges
    // proofs that were made in the second in which it starts.
    let config = MemoryStoreConfig::default().with_after_restart(AfterRestart::Accept);
    Ok(Service {
        enforcer: Enforcer::builder(std::sync::Arc::new(RustCrypto))
            .issuer(IssuerPolicy::new(ISSUER, [ORIGIN])?)
            .build()?,
        route: RoutePolicy::new(Binding::Dpop).with_scopes(["orders:read"])?,
        keys: KeySet::parse(document.as_bytes(), 1, &Limits::DEFAULT, &RustCrypto)?,
        // No nonces on this route. Where there are, the key is 32 random octets.
        nonces: NonceKeys::new(NonceKey::new(0, [0; 32])),
        store: MemoryStore::new(config, clock.now()),
        clock,
    })
}

/// What an issuer would answer a token request with a proof by this client.
fn token(issuer: &SigningKey, client: &Dpop) -> Result<String, Box<dyn Error>> {
    let second = now().as_secs();
    let header = json!({ "typ": "at+jwt", "alg": "ES256" });
    let claims = json!({
        "iss": ISSUER, "sub": "alice", "client_id": "shop-app", "aud": ORIGIN, "jti": "t-1",
        "iat": second, "exp": second + 300, "scope": "orders:read",
        "cnf": { "jkt": client.jkt().to_string() },
    });
    let encode = |document: &Value| URL_SAFE_NO_PAD.encode(document.to_string());
    let input = format!("{}.{}", encode(&header), encode(&claims));
    let signature = URL_SAFE_NO_PAD.encode(issuer.sign(input.as_bytes())?);
    Ok(format!("{input}.{signature}"))
}
