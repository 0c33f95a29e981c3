use http::header::{AUTHORIZATION, HOST};
use http_body_util::Empty;
use hyper::Request;
use keybound::Algorithm;
use keybound_client::{Dpop, now};
use serde_json::json;

use super::Message;
use super::gateway::{BOUND, OPEN, issuer};
use crate::harness::AUDIENCE;

/// Who sends the requests of one route.
pub(super) enum Clients {
    /// Nobody in particular.
    Anonymous,
    /// Each with a key of its own, and a token that is bound to it.
    Bound(Vec<(Dpop, String)>),
}

impl Clients {
    pub(super) fn new(algorithm: Option<Algorithm>) -> Self {
        let Some(algorithm) = algorithm else {
            return Self::Anonymous;
        };
        let (issuer, since) = (issuer(), now().as_secs());
        let client = || {
            let dpop = Dpop::generate(algorithm).unwrap();
            let jkt = dpop.jkt().to_string();
            let token = issuer
                .token()
                .claim("iat", since)
                .claim("exp", since + 3_600)
                .claim("cnf", json!({ "jkt": jkt }))
                .compact();
            (dpop, token)
        };
        Self::Bound((0..KEYS).map(|_| client()).collect())
    }

    /// So many requests, the keys in turn. Each has a proof of its own, made now.
    pub(super) fn requests(&self, count: usize) -> Vec<Message> {
        let request = |path: &str| {
            Request::get(path)
                .header(HOST, AUTHORITY)
                .header("user-agent", "load")
        };
        match self {
            Self::Anonymous => (0..count)
                .map(|_| request(OPEN).body(Empty::new()).unwrap())
                .collect(),
            Self::Bound(clients) => {
                let uri = format!("{AUDIENCE}{BOUND}");
                let signed = |(dpop, token): &(Dpop, String)| {
                    let proof = dpop.proof("GET", &uri).access_token(token);
                    request(BOUND)
                        .header(AUTHORIZATION, format!("DPoP {token}"))
                        .header("dpop", proof.sign(now()).unwrap())
                        .body(Empty::new())
                        .unwrap()
                };
                clients.iter().cycle().take(count).map(signed).collect()
            }
        }
    }
}

/// What the gateway serves.
pub(super) const AUTHORITY: &str = "api.example.com";

/// Enough that none of them reaches its share of the store.
const KEYS: usize = 8;
