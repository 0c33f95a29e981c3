use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::clients::AUTHORITY;
use crate::binary;
use crate::harness::{AUDIENCE, ISSUER, Issuer, PrivateKey};

/// A running `keybound serve` with one route of each kind. It ends with the value.
pub(super) struct Gateway {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Gateway {
    pub(super) fn start(upstream: SocketAddr) -> Self {
        let folder = TempDir::new().unwrap();
        let config = folder.path().join("keybound.toml");
        let jwks = issuer().jwks().to_string();
        fs::write(folder.path().join("jwks.json"), jwks).unwrap();
        fs::write(&config, text(upstream)).unwrap();
        let mut child = Command::new(binary::keybound())
            .args(["serve", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut before = Vec::new();
        let address = loop {
            let Some(line) = lines.next().transpose().unwrap() else {
                panic!("the gateway did not start:\n{}", before.join("\n"));
            };
            match line.strip_prefix("keybound: listening on ") {
                Some(address) => break address.parse().unwrap(),
                None => before.push(line),
            }
        };
        // Read on, or the gateway would write into a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address,
            _folder: folder,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended, which is as good.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// A store that no load of some minutes fills, and no log, for its reader would be on the same cores.
fn text(upstream: SocketAddr) -> String {
    format!(
        r#"
[[listener]]
address = "127.0.0.1:0"
authorities = {{ "{AUTHORITY}" = "{AUDIENCE}" }}

[[issuer]]
issuer = "{ISSUER}"
audience = ["{AUDIENCE}"]
jwks_file = "jwks.json"
max_lifetime = 3600

[[upstream]]
name = "echo"
url = "http://{upstream}"

[[route]]
path = "{OPEN}"
upstream = "echo"
binding = "open"

[[route]]
path = "{BOUND}"
upstream = "echo"
binding = "dpop"
scopes = ["orders:read"]

[replay]
capacity = 20_000_000
after_restart = "accept"

[log]
requests = "none"
"#
    )
}

/// Whose tokens the gateway takes.
pub(super) fn issuer() -> Issuer {
    Issuer::new(ISSUER, PrivateKey::p256(1))
}

pub(super) const OPEN: &str = "/open";
pub(super) const BOUND: &str = "/bound";
