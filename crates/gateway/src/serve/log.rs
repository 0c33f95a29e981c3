//! JSON lines about decisions and events. No line holds a token, a proof or a nonce (PROJ-13;
//! BEARER-5.3-2).

use std::error::Error;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keybound_hyper::{Observer, Outcome, Report};
use serde::Serialize;

use crate::config::{Output, Requests};
use crate::listener::HeadError;
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
        match output {
            Output::Stdout => Self::start_to(requests, io::stdout()),
            Output::Stderr => Self::start_to(requests, io::stderr()),
        }
    }

    fn start_to(requests: Requests, output: impl Write + Send + 'static) -> (Self, Writer) {
        let (lines, waiting) = sync_channel(WAITING);
        let (end, ended) = sync_channel::<()>(0);
        thread::spawn(move || {
            write_all(&waiting, output);
            drop(end);
        });
        (
            Self {
                requests,
                lines,
                left_out: AtomicU64::new(0),
            },
            Writer { ended },
        )
    }

    /// A request was refused for its head, before anything was decided.
    pub(crate) fn head_refused(&self, error: HeadError) {
        match self.requests {
            Requests::All | Requests::Refused => {}
            Requests::None => return,
        }
        self.write(&Line {
            event: "head",
            outcome: Some(Outcome::Deny.name()),
            reason: Some(error.code()),
            status: Some(error.status().as_u16()),
            ..Line::now()
        });
    }

    /// An upstream gave no answer that could be passed on.
    pub(crate) fn upstream_failed(&self, upstream: &str, error: &ProxyError) {
        let causes = causes(error);
        self.write(&Line {
            event: "upstream",
            reason: Some(error.code()),
            upstream: Some(upstream),
            status: Some(error.status().as_u16()),
            message: Some(harmless(&causes)),
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

/// An error and what caused it, the cause last. The texts are those of the libraries for HTTP and
/// TLS: they name addresses and what was wrong, and show nothing of a message.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        if text.len() > LONGEST {
            break;
        }
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The thread that writes.
pub(crate) struct Writer {
    // Nothing is sent: the thread drops the other half at its end.
    ended: Receiver<()>,
}

impl Writer {
    /// Waits until everything is written, but not for long if nobody reads it. Call it after the
    /// last [`Log`] is dropped.
    pub(crate) fn finish(self) {
        self.finish_within(LONGEST_FINISH);
    }

    fn finish_within(self, longest: Duration) {
        // Ended or out of time: either way there is nothing more to wait for.
        let _ = self.ended.recv_timeout(longest);
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

/// How long the end of the program waits for a reader of the log that has stalled.
const LONGEST_FINISH: Duration = Duration::from_secs(5);

/// Lines that may wait to be written.
const WAITING: usize = 8_192;

/// Characters of a thumbprint that a line shows: enough to tell keys apart, 48 bits.
const JKT_PREFIX: usize = 8;

#[cfg(test)]
mod tests {
    use std::io::{PipeWriter, Read, pipe};
    use std::time::Instant;

    use serde_json::{Value, json};

    use super::*;

    /// What is written, without the time.
    fn written(write: impl FnOnce(&Log)) -> Vec<Value> {
        let (mut reader, writer) = pipe().unwrap();
        let (log, writer) = Log::start_to(Requests::Refused, writer);
        write(&log);
        drop(log);
        writer.finish();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        let lines = text.lines().map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            line.as_object_mut().unwrap().remove("time");
            line
        });
        lines.collect()
    }

    #[test]
    fn a_refusal_for_the_head_has_its_code_and_status() {
        let lines = written(|log| log.head_refused(HeadError::Method));
        let expected = json!({
            "v": 1, "event": "head", "outcome": "deny", "reason": "head_method", "status": 501
        });
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn a_failure_of_an_upstream_has_its_causes() {
        let lines = written(|log| log.upstream_failed("api", &ProxyError::ResponseTimeout));
        let expected = json!({
            "v": 1, "event": "upstream", "reason": "upstream_response_timeout", "upstream": "api",
            "status": 504, "message": "the upstream took too long to answer"
        });
        assert_eq!(lines, [expected]);
        let inner = io::Error::new(io::ErrorKind::ConnectionRefused, "refused");
        let error = io::Error::other(Outer(inner));
        assert_eq!(causes(&error), "outer: refused");
    }

    #[derive(Debug)]
    struct Outer(io::Error);

    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("outer")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn a_reader_that_stalls_does_not_hold_up_the_end() {
        let (_unread, writer): (_, PipeWriter) = pipe().unwrap();
        let (log, writer) = Log::start_to(Requests::Refused, writer);
        // More than a pipe holds.
        let text = "x".repeat(1 << 20);
        log.event("stopping", &text);
        drop(log);
        let began = Instant::now();
        writer.finish_within(Duration::from_millis(100));
        assert!(began.elapsed() < Duration::from_secs(4));
    }
}
