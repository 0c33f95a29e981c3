//! JSON lines about decisions and events. No line holds a token, a proof or a nonce (PROJ-13;
//! BEARER-5.3-2).

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use keybound_hyper::{Observer, Outcome, Report};
use serde::Serialize;

use crate::config::{Output, Requests};
use crate::proxy::ProxyError;

/// Writes lines from a thread of its own, so that a slow reader of the log does not slow down
/// requests: if 8,192 lines wait, further ones are counted and left out, and the count is logged.
pub(crate) struct Log {
    requests: Requests,
    lines: SyncSender<Vec<u8>>,
    left_out: AtomicU64,
}

impl Log {
    /// Starts the thread. It ends, with everything written, when the log is dropped and
    /// [`Writer::finish`] is called.
    pub(crate) fn start(requests: Requests, output: Output) -> (Self, Writer) {
        let (lines, waiting) = sync_channel(WAITING);
        let thread = thread::spawn(move || match output {
            Output::Stdout => write_all(&waiting, io::stdout()),
            Output::Stderr => write_all(&waiting, io::stderr()),
        });
        (
            Self {
                requests,
                lines,
                left_out: AtomicU64::new(0),
            },
            Writer(thread),
        )
    }

    /// An upstream gave no answer that could be passed on.
    pub(crate) fn upstream_failed(&self, upstream: &str, error: &ProxyError) {
        self.write(&Line {
            event: "upstream",
            reason: Some(error.code()),
            upstream: Some(upstream),
            status: Some(error.status().as_u16()),
            ..Line::now()
        });
    }

    /// Something happened that is not about one request.
    pub(crate) fn event(&self, event: &'static str, message: &str) {
        self.write(&Line {
            event,
            message: Some(message),
            ..Line::now()
        });
    }

    fn write(&self, line: &Line<'_>) {
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            self.send(&Line {
                event: "lines_left_out",
                count: Some(left_out),
                ..Line::now()
            });
        }
        self.send(line);
    }

    fn send(&self, line: &Line<'_>) {
        // Texts and numbers always serialise.
        let Ok(mut text) = serde_json::to_vec(line) else {
            return;
        };
        text.push(b'\n');
        match self.lines.try_send(text) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                // A marker that is left out itself still counts for the lines it stood for.
                let lost = line.count.unwrap_or(1);
                self.left_out.fetch_add(lost, Ordering::Relaxed);
            }
            // The thread ends only if the output is closed: there is nobody left to tell.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }
}

impl Observer for Log {
    fn decided(&self, report: &Report<'_>) {
        let passed = matches!(report.outcome, Outcome::Allow | Outcome::VerifyOnly);
        match self.requests {
            Requests::All => {}
            Requests::Refused if !passed => {}
            Requests::Refused | Requests::None => return,
        }
        let jkt = report.facts.jkt().map(ToString::to_string);
        self.write(&Line {
            event: "decision",
            outcome: Some(report.outcome.name()),
            reason: report.reason.map(keybound::Reason::code),
            rule: report.reason.map(keybound::Reason::rule),
            status: report.status,
            method: Some(harmless(report.method.as_str())),
            target: report.target.map(harmless),
            scheme: report.facts.scheme().map(keybound::Scheme::name),
            jkt: jkt.as_deref().and_then(|jkt| jkt.get(..JKT_PREFIX)),
            issuer: report.facts.issuer().map(harmless),
            client_id: report.facts.client_id().map(harmless),
            iat_offset: report.facts.iat_offset(),
            expected: report.expected.map(harmless),
            received: report.received.map(harmless),
            ..Line::now()
        });
    }
}

/// A client chooses these texts, and one that puts its token or its proof where a claim or a path
/// belongs must not find it in the log. `eyJ` is how base64url of a JSON object begins.
fn harmless(text: &str) -> &str {
    if text.contains("eyJ") {
        return "(withheld)";
    }
    let boundary = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at));
    boundary.and_then(|end| text.get(..end)).unwrap_or_default()
}

/// The thread that writes.
pub(crate) struct Writer(thread::JoinHandle<()>);

impl Writer {
    /// Waits until everything is written. Call it after the last [`Log`] is dropped.
    pub(crate) fn finish(self) {
        // The thread does not panic; if it did, there is nothing left to write with.
        let _ = self.0.join();
    }
}

fn write_all(waiting: &Receiver<Vec<u8>>, output: impl Write) {
    let mut output = io::BufWriter::new(output);
    while let Ok(line) = waiting.recv() {
        let mut written = output.write_all(&line);
        while let Ok(line) = waiting.try_recv() {
            written = written.and_then(|()| output.write_all(&line));
        }
        if written.and_then(|()| output.flush()).is_err() {
            return;
        }
    }
}

/// One line. The schema is in docs/operations.md; a change of meaning changes the version.
#[derive(Serialize)]
struct Line<'l> {
    /// Version of the schema.
    v: u8,
    /// Unix time in seconds, with three decimals.
    time: f64,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheme: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jkt: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat_offset: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

impl Line<'_> {
    fn now() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            v: 1,
            time: (since_epoch.as_secs_f64() * 1_000.0).floor() / 1_000.0,
            event: "",
            outcome: None,
            reason: None,
            rule: None,
            status: None,
            method: None,
            target: None,
            scheme: None,
            jkt: None,
            issuer: None,
            client_id: None,
            iat_offset: None,
            expected: None,
            received: None,
            upstream: None,
            message: None,
            count: None,
        }
    }
}

/// Octets of a text in a line: 8,192 waiting lines must not take the memory of long paths.
const LONGEST: usize = 1_024;

/// Lines that may wait to be written.
const WAITING: usize = 8_192;

/// Characters of a thumbprint that a line shows: enough to tell keys apart, 48 bits.
const JKT_PREFIX: usize = 8;
