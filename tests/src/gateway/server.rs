use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::PATIENCE;

/// A request that reached a server of the test's.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The request target, octet by octet.
    pub target: String,
    /// The field lines in order, names in lower case.
    pub lines: Vec<(String, String)>,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// The trailer section.
    pub trailers: Vec<(String, String)>,
}

impl Received {
    /// The values of all lines of a field.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let lines = self.lines.iter().filter(|(own, _)| own == name);
        lines.map(|(_, value)| value.as_str()).collect()
    }
}

/// A small server of HTTP/1.1, with a thread for each connection. It ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts on a free port. The handler writes its answer to the stream, and the connection is
    /// closed if it returns false.
    pub fn start<H>(handler: H) -> Self
    where
        H: Fn(Received, &mut TcpStream) -> bool + Send + Sync + 'static,
    {
        Self::start_at(([127, 0, 0, 1], 0).into(), handler)
    }

    /// Starts at an address, such as one where another server was.
    ///
    /// # Panics
    ///
    /// If it cannot be bound.
    pub fn start_at<H>(address: SocketAddr, handler: H) -> Self
    where
        H: Fn(Received, &mut TcpStream) -> bool + Send + Sync + 'static,
    {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let stopped = Arc::new(AtomicBool::new(false));
        let open = Arc::new(Mutex::new(Vec::new()));
        let accepting = thread::spawn({
            let (stopped, open) = (Arc::clone(&stopped), Arc::clone(&open));
            let handler = Arc::new(handler);
            move || {
                for stream in listener.incoming() {
                    if stopped.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(stream) = stream else { continue };
                    open.lock().unwrap().extend(stream.try_clone());
                    let handler = Arc::clone(&handler);
                    thread::spawn(move || converse(stream, &*handler));
                }
            }
        });
        Self {
            address,
            stopped,
            open,
            accepting: Some(accepting),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _awake = TcpStream::connect(self.address);
        let _ended = self.accepting.take().map(JoinHandle::join);
        for stream in self.open.lock().unwrap().drain(..) {
            // The other side may have closed it.
            let _closed = stream.shutdown(Shutdown::Both);
        }
    }
}

fn converse(stream: TcpStream, handler: impl Fn(Received, &mut TcpStream) -> bool) {
    let _set = stream.set_read_timeout(Some(PATIENCE * 2));
    let Ok(mut writer) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(stream);
    while let Some(received) = receive(&mut reader) {
        if !handler(received, &mut writer) {
            break;
        }
        let _flushed = writer.flush();
    }
    let _closed = writer.shutdown(Shutdown::Both);
}

/// None at the end of the connection, or at anything that is not understood.
fn receive(reader: &mut impl BufRead) -> Option<Received> {
    let start = line(reader)?;
    let mut parts = start.split(' ');
    let mut received = Received {
        method: parts.next()?.to_owned(),
        target: parts.next()?.to_owned(),
        lines: fields(reader)?,
        ..Received::default()
    };
    if !received.values("transfer-encoding").is_empty() {
        loop {
            let size = usize::from_str_radix(&line(reader)?, 16).ok()?;
            if size == 0 {
                break;
            }
            let begun = received.body.len();
            received.body.resize(begun + size, 0);
            reader.read_exact(&mut received.body[begun..]).ok()?;
            line(reader)?;
        }
        received.trailers = fields(reader)?;
    } else if let [length] = received.values("content-length")[..] {
        received.body = vec![0; length.parse().ok()?];
        reader.read_exact(&mut received.body).ok()?;
    }
    Some(received)
}

fn fields(reader: &mut impl BufRead) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    loop {
        let line = line(reader)?;
        if line.is_empty() {
            return Some(fields);
        }
        let (name, value) = line.split_once(':')?;
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    Some(line.strip_suffix("\r\n")?.to_owned())
}
