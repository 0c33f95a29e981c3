use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::server::{Received, Server};

/// An API behind the gateway. It records what reaches it, and how it answers depends on the last
/// segment of the path:
///
/// | segment | answer |
/// | --- | --- |
/// | `slow` | after three seconds |
/// | `cut-length` | breaks off before `Content-Length` is reached |
/// | `cut-chunked` | breaks off after a chunk |
/// | `challenge` | 401 with [`CHALLENGES`](Upstream::CHALLENGES) |
/// | `nonce` | a `DPoP-Nonce` of its own |
/// | `public` | may be cached by anybody |
/// | `trailers` | chunked, with trailers |
/// | any other | 200 |
#[derive(Debug)]
pub struct Upstream {
    server: Server,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Upstream {
    /// What an upstream asks for by itself.
    pub const CHALLENGES: [&str; 2] = [
        r#"Basic realm="legacy, with a comma""#,
        r#"DPoP error="invalid_token", algs="ES512""#,
    ];

    /// The nonce of an upstream that has nonces.
    pub const NONCE: &str = "nonce-of-the-upstream";

    /// Starts on a free port.
    pub fn start() -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let server = Server::start({
            let received = Arc::clone(&received);
            move |request: Received, stream| {
                let path = request.target.split('?').next().unwrap_or_default();
                let behaviour = path.rsplit('/').next().unwrap_or_default().to_owned();
                received.lock().unwrap().push(request);
                answer(&behaviour, stream)
            }
        });
        Self { server, received }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// How many requests reached it.
    pub fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    /// All requests that reached it.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The last request that reached it.
    ///
    /// # Panics
    ///
    /// If none has.
    pub fn last(&self) -> Received {
        self.received.lock().unwrap().last().unwrap().clone()
    }
}

/// Returns whether the connection goes on.
fn answer(behaviour: &str, stream: &mut TcpStream) -> bool {
    let [basic, dpop] = Upstream::CHALLENGES;
    let nonce = Upstream::NONCE;
    let head = match behaviour {
        "slow" => {
            thread::sleep(Duration::from_secs(3));
            "200 OK\r\n".to_owned()
        }
        "cut-length" => {
            let _written = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
            return false;
        }
        "cut-chunked" => {
            let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n";
            let _written = stream.write_all(answer);
            return false;
        }
        "trailers" => {
            let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Checksum\r\n\r\n\
                          6\r\nserved\r\n0\r\nChecksum: 1\r\nKeybound-Subject: mallory\r\n\r\n";
            return stream.write_all(answer.as_bytes()).is_ok();
        }
        "challenge" => {
            format!("401 Unauthorized\r\nWWW-Authenticate: {basic}\r\nWWW-Authenticate: {dpop}\r\n")
        }
        "nonce" => format!("200 OK\r\nDPoP-Nonce: {nonce}\r\n"),
        "public" => "200 OK\r\nCache-Control: public, max-age=60\r\n".to_owned(),
        _ => "200 OK\r\n".to_owned(),
    };
    let answer = format!("HTTP/1.1 {head}Content-Length: 6\r\n\r\nserved");
    stream.write_all(answer.as_bytes()).is_ok()
}
