use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use keybound::crypto::{CryptoProvider, InvalidKey, InvalidSignature};
use keybound::{Algorithm, PublicKey};
use tokio::time::sleep;

use crate::error::FetchError;
use crate::source::{Cadence, Load, Loaded};

/// A JWK Set with these kids.
pub(crate) fn document(kids: &[&str]) -> Bytes {
    let keys: Vec<String> = kids
        .iter()
        .map(|kid| {
            let x = "A".repeat(43);
            format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}"#)
        })
        .collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(",")).into()
}

/// Answers as told, and counts.
#[derive(Clone)]
pub(crate) struct Source(pub(super) Arc<Mutex<Script>>);

pub(super) struct Script {
    answer: Result<Bytes, FetchError>,
    max_age: Option<Duration>,
    delay: Duration,
    fetches: usize,
}

impl Source {
    pub(crate) fn with(kids: &[&str]) -> Self {
        Self::new(Ok(document(kids)))
    }

    pub(crate) fn failing(error: FetchError) -> Self {
        Self::new(Err(error))
    }

    fn new(answer: Result<Bytes, FetchError>) -> Self {
        Self(Arc::new(Mutex::new(Script {
            answer,
            max_age: None,
            delay: Duration::ZERO,
            fetches: 0,
        })))
    }

    pub(crate) fn answer(&self, answer: Result<Bytes, FetchError>) {
        self.0.lock().unwrap().answer = answer;
    }

    pub(crate) fn max_age(&self, max_age: Option<Duration>) {
        self.0.lock().unwrap().max_age = max_age;
    }

    pub(crate) fn slow(&self, delay: Duration) {
        self.0.lock().unwrap().delay = delay;
    }

    pub(crate) fn fetches(&self) -> usize {
        self.0.lock().unwrap().fetches
    }
}

impl Load for Source {
    fn cadence(&self) -> Cadence {
        Cadence::Refresh
    }

    async fn load(&mut self) -> Result<Loaded, FetchError> {
        let delay = {
            let mut script = self.0.lock().unwrap();
            script.fetches += 1;
            script.delay
        };
        sleep(delay).await;
        let script = self.0.lock().unwrap();
        script.answer.clone().map(|document| Loaded {
            document,
            max_age: script.max_age,
        })
    }
}

/// Every key is good.
#[derive(Debug)]
pub(crate) struct Fake;

impl CryptoProvider for Fake {
    fn algorithms(&self) -> &[Algorithm] {
        &[]
    }

    fn sha256(&self, _: &[&[u8]]) -> [u8; 32] {
        [0; 32]
    }

    fn hmac_sha256(&self, _: &[u8; 32], _: &[&[u8]]) -> [u8; 32] {
        [0; 32]
    }

    fn check_key(&self, _: &PublicKey) -> Result<(), InvalidKey> {
        Ok(())
    }

    fn verify(
        &self,
        _: Algorithm,
        _: &PublicKey,
        _: &[u8],
        _: &[u8],
    ) -> Result<(), InvalidSignature> {
        Err(InvalidSignature)
    }
}
