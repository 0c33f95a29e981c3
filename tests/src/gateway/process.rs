use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use std::{fs, mem};

use serde_json::Value;

use super::PATIENCE;
use crate::binary;

/// A running `keybound serve`. It ends with the value, and with the test program in any case.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    addresses: Vec<SocketAddr>,
    output: Arc<Output>,
    readers: Vec<JoinHandle<()>>,
}

/// Everything that was written so far, line by line, from both streams.
#[derive(Debug, Default)]
struct Output {
    octets: Mutex<Vec<u8>>,
    more: Condvar,
}

impl Gateway {
    /// Starts with `keybound.toml` of a folder, and waits for its listeners.
    ///
    /// # Panics
    ///
    /// If it ends or takes too long.
    pub fn start(folder: &Path, environment: &[(&str, PathBuf)]) -> Self {
        let mut child = Command::new(binary::keybound())
            .args(["serve", "--stop-with-stdin", "--config"])
            .arg(folder.join("keybound.toml"))
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = Arc::new(Output::default());
        let readers = vec![
            gather(child.stdout.take().unwrap(), &output),
            gather(child.stderr.take().unwrap(), &output),
        ];
        let mut gateway = Self {
            child,
            addresses: Vec::new(),
            output,
            readers,
        };
        let listening = |text: &str| {
            let lines = text.lines().filter_map(|line| line.strip_prefix(LISTENING));
            let addresses: Vec<SocketAddr> = lines.map(|line| line.parse().unwrap()).collect();
            (addresses.len() == 2).then_some(addresses)
        };
        gateway.addresses = gateway.wait_for("listening", listening);
        gateway
    }

    /// The plain listener.
    pub fn plain(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// The listener with TLS.
    pub fn tls(&self) -> SocketAddr {
        self.addresses[1]
    }

    /// Everything that was written so far.
    pub fn output(&self) -> Vec<u8> {
        self.output.octets.lock().unwrap().clone()
    }

    /// The log lines so far.
    pub fn events(&self) -> Vec<Value> {
        events(&String::from_utf8_lossy(&self.output()))
    }

    /// Waits for a log line, and returns it. Lines before it may have been there for long.
    ///
    /// # Panics
    ///
    /// If it takes too long.
    pub fn event(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait_for(what, |text| {
            events(text).into_iter().find(|event| wanted(event))
        })
    }

    /// The reasons of the refusals so far, in order.
    pub fn reasons(&self) -> Vec<String> {
        let reason = |event: &Value| event["reason"].as_str().map(str::to_owned);
        self.events().iter().filter_map(reason).collect()
    }

    /// Waits until so many decisions are logged, and returns the last of them.
    pub fn decision(&self, number: usize) -> Value {
        self.wait_for("a decision", |text| {
            let decided = |event: &Value| event["event"] == "decision";
            events(text).into_iter().filter(decided).nth(number - 1)
        })
    }

    /// Resident memory, in KiB.
    ///
    /// # Panics
    ///
    /// If the system does not tell.
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap()
    }

    /// Asks it to stop, waits until it has, and returns all that it wrote.
    ///
    /// # Panics
    ///
    /// If it takes too long.
    pub fn stop(mut self) -> (ExitStatus, Vec<u8>) {
        drop(self.child.stdin.take());
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE * 2, "it does not stop");
            thread::sleep(PATIENCE / 1_000);
        };
        for reader in mem::take(&mut self.readers) {
            reader.join().unwrap();
        }
        (status, self.output())
    }

    fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let begun = Instant::now();
        let mut octets = self.output.octets.lock().unwrap();
        loop {
            let text = String::from_utf8_lossy(&octets);
            if let Some(found) = find(&text) {
                return found;
            }
            let left = PATIENCE.checked_sub(begun.elapsed());
            let left = left.unwrap_or_else(|| panic!("no {what} in\n{text}"));
            drop(text);
            octets = self.output.more.wait_timeout(octets, left).unwrap().0;
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended, which is as good.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Whole lines, so that those of one stream are not torn by the other.
fn gather(stream: impl Read + Send + 'static, output: &Arc<Output>) -> JoinHandle<()> {
    let output = Arc::clone(output);
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            output.octets.lock().unwrap().append(&mut line);
            output.more.notify_all();
        }
    })
}

fn events(text: &str) -> Vec<Value> {
    let json = text.lines().filter(|line| line.starts_with('{'));
    json.map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const LISTENING: &str = "keybound: listening on ";
