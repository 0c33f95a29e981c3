//! A client that writes octets and reads what comes back.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::{Answer, PATIENCE, Request};

/// Sends a request over a connection of its own.
///
/// # Panics
///
/// If no answer comes.
pub fn send(address: SocketAddr, request: &Request) -> Answer {
    let octets = exchange(address, &request.octets()).unwrap();
    read(&octets, request)
}

/// Sends a request over a stream of the caller's, such as one of TLS.
///
/// # Panics
///
/// If no answer comes.
pub fn send_over(stream: impl Read + Write, request: &Request) -> Answer {
    let octets = exchange_over(stream, &request.octets()).unwrap();
    read(&octets, request)
}

/// Sends octets, and reads to the end of the connection.
///
/// # Errors
///
/// If no connection could be had, or nothing could be written.
pub fn exchange(address: SocketAddr, octets: &[u8]) -> io::Result<Vec<u8>> {
    exchange_over(connect(address)?, octets)
}

/// A connection on which nothing waits for ever.
///
/// # Errors
///
/// If it could not be had.
pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends octets over a stream of the caller's, and reads to its end. A server may answer and hang up
/// before it has read everything, so what was read counts.
///
/// # Errors
///
/// If nothing could be written and nothing came.
pub fn exchange_over(mut stream: impl Read + Write, octets: &[u8]) -> io::Result<Vec<u8>> {
    let written = stream.write_all(octets).and_then(|()| stream.flush());
    let mut answer = Vec::new();
    // However it ends: a reset may follow an answer.
    let _end = stream.read_to_end(&mut answer);
    if answer.is_empty() {
        written?;
    }
    Ok(answer)
}

fn read(octets: &[u8], request: &Request) -> Answer {
    let answer = Answer::read(octets, request.method == "HEAD");
    answer.unwrap_or_else(|| panic!("{:?} is no answer", String::from_utf8_lossy(octets)))
}
