use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::server::Server;

/// What an issuer's server answers.
#[derive(Clone, Debug)]
pub enum Document {
    /// This JSON.
    Json(Value),
    /// These octets, as JSON.
    Octets(Vec<u8>),
    /// This status, and no body.
    Status(u16),
    /// Nothing: it hangs up.
    HangUp,
    /// This JSON, after a while.
    Late(Duration, Value),
}

/// Where an issuer publishes its keys. It can be told to misbehave, and counts.
#[derive(Debug)]
pub struct IssuerServer {
    server: Server,
    document: Arc<Mutex<Document>>,
    fetches: Arc<Mutex<Vec<Instant>>>,
}

impl IssuerServer {
    /// Starts on a free port.
    pub fn start(document: Document) -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), document)
    }

    /// Starts at an address.
    pub fn start_at(address: SocketAddr, document: Document) -> Self {
        let document = Arc::new(Mutex::new(document));
        let fetches = Arc::new(Mutex::new(Vec::new()));
        let server = Server::start_at(address, {
            let (document, fetches) = (Arc::clone(&document), Arc::clone(&fetches));
            move |_, stream| {
                fetches.lock().unwrap().push(Instant::now());
                let document = document.lock().unwrap().clone();
                answer(document, stream)
            }
        });
        Self {
            server,
            document,
            fetches,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The URL of a path here.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    /// Answers this from now on.
    pub fn publish(&self, document: Document) {
        *self.document.lock().unwrap() = document;
    }

    /// When it was asked.
    pub fn fetches(&self) -> Vec<Instant> {
        self.fetches.lock().unwrap().clone()
    }
}

/// Returns whether the connection goes on.
fn answer(document: Document, stream: &mut TcpStream) -> bool {
    let body = match document {
        Document::Json(json) => json.to_string().into_bytes(),
        Document::Octets(octets) => octets,
        Document::Status(status) => {
            let answer = format!("HTTP/1.1 {status} Status\r\nContent-Length: 0\r\n\r\n");
            return stream.write_all(answer.as_bytes()).is_ok();
        }
        Document::HangUp => return false,
        Document::Late(after, json) => {
            thread::sleep(after);
            json.to_string().into_bytes()
        }
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).is_ok() && stream.write_all(&body).is_ok()
}
