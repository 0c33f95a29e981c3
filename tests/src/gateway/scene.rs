use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fs, mem};

use tempfile::TempDir;
use tokio::net::TcpSocket;

use super::{Answer, Config, Gateway, ORIGIN, Request, Tls, Upstream, http1};
use crate::harness::{Client, ISSUER, Issuer, Jws, PrivateKey, sha256};

/// A gateway, what is behind it, and who talks to it.
#[derive(Debug)]
pub struct Scene {
    /// The gateway.
    pub gateway: Gateway,
    /// What is behind it.
    pub upstream: Upstream,
    /// Whose tokens it takes.
    pub issuer: Issuer,
    /// Whose key the tokens are bound to.
    pub client: Client,
    /// What the listener with TLS shows.
    pub tls: Tls,
    folder: TempDir,
    /// Bound and never listening: where the upstream is that is down.
    _down: TcpSocket,
    environment: Vec<(&'static str, PathBuf)>,
    jtis: AtomicU64,
}

impl Scene {
    /// The usual one.
    pub fn new() -> Self {
        Self::with(Config::usual())
    }

    /// One with another configuration.
    pub fn with(config: Config) -> Self {
        Self::with_environment(config, ISSUER, |_| Vec::new())
    }

    /// One whose issuer has another name.
    pub fn with_issuer(config: Config, issuer: &str) -> Self {
        Self::with_environment(config, issuer, |_| Vec::new())
    }

    /// One with variables in the process's environment. They may name files in the folder of the
    /// configuration.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn with_environment(
        config: Config,
        issuer: &str,
        environment: impl FnOnce(&Path) -> Vec<(&'static str, PathBuf)>,
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let upstream = Upstream::start();
        let issuer = Issuer::new(issuer, PrivateKey::p256(11));
        let tls = Tls::generate();
        tls.write_to(folder.path());
        fs::write(folder.path().join("jwks.json"), issuer.jwks().to_string()).unwrap();
        let down = TcpSocket::new_v4().unwrap();
        down.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let nobody = down.local_addr().unwrap();
        let text = config.text(issuer.name(), upstream.address(), nobody);
        fs::write(folder.path().join("keybound.toml"), text).unwrap();
        let environment = environment(folder.path());
        Self {
            gateway: Gateway::start(folder.path(), &environment),
            upstream,
            issuer,
            client: Client::new(PrivateKey::p256(12)),
            tls,
            folder,
            _down: down,
            environment,
            jtis: AtomicU64::new(0),
        }
    }

    /// Stops the gateway, and starts it again with the same configuration.
    ///
    /// # Panics
    ///
    /// If it does not stop in order.
    pub fn restart(&mut self) {
        let again = Gateway::start(self.folder.path(), &self.environment);
        let (status, _) = mem::replace(&mut self.gateway, again).stop();
        assert!(status.success());
    }

    /// The folder of the configuration.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A token for the client, valid since a minute and for four more.
    pub fn token(&self) -> Jws {
        self.unbound_token()
            .claim("cnf", serde_json::json!({ "jkt": self.client.jkt() }))
    }

    /// A token for everybody.
    pub fn unbound_token(&self) -> Jws {
        self.token_at(now())
    }

    /// A token for everybody, issued a minute before this time.
    pub fn token_at(&self, time: u64) -> Jws {
        self.issuer
            .token()
            .claim("iat", time - 60)
            .claim("exp", time + 240)
    }

    /// The client's proof for `GET` of a path with this token, made just now.
    pub fn proof(&self, path: &str, token: &str) -> Jws {
        let jti = format!("p-{}-{}", now(), self.jtis.fetch_add(1, Ordering::Relaxed));
        self.client
            .proof(token)
            .claim("jti", jti)
            .claim("htu", format!("{ORIGIN}{path}"))
            .claim("iat", now())
            .claim("ath", sha256(token))
    }

    /// `GET` of a path, with token and proof.
    pub fn request(&self, path: &str) -> Request {
        let token = self.token().compact();
        let proof = self.proof(path, &token).compact();
        self.request_with(path, &token, &proof)
    }

    /// `GET` of a path with these.
    pub fn request_with(&self, path: &str, token: &str, proof: &str) -> Request {
        Request::get(path)
            .line("Authorization", format!("DPoP {token}"))
            .line("DPoP", proof)
    }

    /// Sends over the plain listener in HTTP/1.1.
    pub fn send(&self, request: &Request) -> Answer {
        http1::send(self.gateway.plain(), request)
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

/// Seconds since 1970.
///
/// # Panics
///
/// If the clock is before that.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}
