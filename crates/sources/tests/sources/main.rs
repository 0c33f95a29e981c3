//! Real sockets on 127.0.0.1, real files, real TLS.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on must stop, also in its helpers"
)]

mod file;
mod http;
mod keys;
mod server;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use keybound::crypto::{CryptoProvider, InvalidKey, InvalidSignature};
use keybound::{Algorithm, PublicKey};
use keybound_sources::{
    HttpClient, HttpSettings, IssuerKeys, KeySource, KeysUnavailable, PlainHttp, Settings,
    SourceUrl,
};

/// A JWK Set with these kids.
fn document(kids: &[&str]) -> String {
    let keys: Vec<String> = kids
        .iter()
        .map(|kid| {
            let x = "A".repeat(43);
            format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}"#)
        })
        .collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

fn client(total: Duration) -> HttpClient {
    let mut settings = HttpSettings::default();
    settings.total = total;
    HttpClient::new(&settings).unwrap()
}

fn url(text: &str) -> SourceUrl {
    SourceUrl::parse(text, PlainHttp::DangerAllowOnLoopback).unwrap()
}

/// The defaults, a hundred times as fast.
fn fast() -> Settings {
    let mut settings = Settings::DEFAULT;
    settings.refresh = Duration::from_secs(3);
    settings.refresh_min = Duration::from_millis(600);
    settings.refresh_max = Duration::from_secs(36);
    settings.retry_min = Duration::from_millis(10);
    settings.retry_max = Duration::from_millis(600);
    settings.poll = Duration::from_millis(20);
    settings.refetch_gap = Duration::from_millis(100);
    settings.wait = Duration::from_secs(2);
    settings
}

async fn start(source: KeySource, settings: Settings) -> IssuerKeys {
    IssuerKeys::start(source, settings, Arc::new(Fake))
        .await
        .unwrap()
}

fn generation(keys: &IssuerKeys) -> Result<u64, KeysUnavailable> {
    keys.current().map(|set| set.generation())
}

/// Waits until the condition holds, for at most ten seconds.
async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(condition(), "{what}");
}

/// Enough for a busy machine, and not too long to wait for.
const TOTAL: Duration = Duration::from_secs(3);

/// Every key is good.
#[derive(Debug)]
struct Fake;

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
