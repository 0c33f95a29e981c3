//! `keybound dev`, run as a person runs it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use keybound_tests::binary::keybound;
use serde_json::{Value, json};

/// What the scene shows: the rows, and no others.
const SCENE: &[&str] = &[
    "  GET /orders   token and proof                  allow 200  -                        -",
    "  GET /orders   the same proof once more         deny 401   proof_replayed           DPOP-11.1-2",
    "  GET /orders   stolen token, sent as Bearer     deny 401   binding_downgraded       DPOP-7.2-1",
    "  GET /orders   stolen token, other key's proof  deny 401   binding_key_mismatch     DPOP-4.3-12b",
    "  GET /orders/7 proof for another URI            deny 401   proof_htu_mismatch       DPOP-4.3-9",
    "  POST /orders  proof for another method         deny 401   proof_htm_mismatch       DPOP-4.3-8",
    "  GET /orders   proof from two minutes ago       deny 401   proof_iat_too_old        DPOP-4.3-11",
    "  GET /admin    token with a scope added         deny 401   token_signature_invalid  ATJWT-4-6",
    "  GET /admin    token without the route's scope  deny 403   scope_insufficient       OA21-5-1",
    "  GET /nonce    proof without a nonce            deny 401   proof_nonce_missing      DPOP-4.3-10",
    "  GET /nonce    the nonce from that answer       allow 200  -                        -",
    "  GET /public   no token, on an open route       allow 200  -                        -",
];

/// Longer than anything here takes, so that a test fails and does not hang.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn the_scene_is_as_promised() {
    let output = run(&["--once"]);
    let text = text(&output.stdout);
    assert_eq!(text_of_errors(&output), "");
    assert_eq!(output.status.code(), Some(0));
    let lines: Vec<&str> = text.lines().collect();
    let (opening, rest) = lines.split_at(8);
    assert!(opening[7].starts_with("  request "), "{text}");
    let ending = ["", "12 of 12 as promised."];
    assert_eq!(rest, [SCENE, &ending].concat());
    assert!(lines.iter().all(|line| line.len() <= 100), "{text}");
}

#[test]
fn the_scene_in_json_speaks_to_the_addresses_that_were_printed() {
    let output = run(&["--once", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let lines = json_lines(&output);
    let gateway = lines[0]["gateway"].as_str().unwrap();
    let mut rows = 0;
    for row in lines.iter().filter(|line| line["event"] == "request") {
        rows += 1;
        assert_eq!(row["kept"], json!(true), "{row}");
        let path = row["url"].as_str().unwrap().strip_prefix(gateway);
        assert!(path.is_some_and(|path| path.starts_with('/')), "{row}");
    }
    assert_eq!(rows, SCENE.len());
    assert_eq!(
        lines[2],
        json!({
            "event": "request",
            "request": "the same proof once more",
            "method": "GET",
            "url": format!("{gateway}/orders"),
            "verdict": "deny",
            "status": 401,
            "reason": "proof_replayed",
            "rule": "DPOP-11.1-2",
            "promised": { "verdict": "deny", "status": 401, "reason": "proof_replayed" },
            "kept": true,
        })
    );
    let last = lines.last().unwrap();
    assert_eq!(*last, json!({ "event": "played", "kept": 12, "rows": 12 }));
}

#[test]
fn a_gateway_that_is_killed_in_the_middle_fails_the_scene() {
    let mut dev = Dev::start(&["--once", "--json", "--pause-ms", "300"]);
    let gateway = dev.json()["process"].as_u64().unwrap();
    assert_eq!(dev.json()["kept"], json!(true));
    kill("KILL", gateway);
    let rest = dev.rest();
    let rows: Vec<Value> = rest
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (last, rows) = rows.split_last().unwrap();
    assert_eq!(rows.len(), SCENE.len() - 1);
    // The second request may have been answered before the signal arrived.
    for row in &rows[1..] {
        assert_eq!(row["kept"], json!(false));
        assert_eq!(row["verdict"], json!(null));
        assert!(
            row["error"]
                .as_str()
                .unwrap()
                .starts_with("no connection: "),
            "{row}"
        );
    }
    assert_ne!(last["kept"], last["rows"]);
    assert_eq!(dev.wait(), Some(1));
    dev.left_nothing();
}

#[test]
fn an_interrupt_ends_everything_and_leaves_nothing() {
    for signal in ["INT", "TERM"] {
        let mut dev = Dev::start(&["--json"]);
        let gateway = dev.json()["process"].as_u64().unwrap();
        let serving = dev.json_of("serving");
        let key = serving["key"].as_str().unwrap().to_owned();
        let token = serving["access_token"].as_str().unwrap().to_owned();
        for file in [&key, &token, &dev.configuration] {
            assert_eq!(mode(Path::new(file)), 0o600, "{file}");
        }
        assert_eq!(mode(Path::new(&key).parent().unwrap()), 0o700);
        kill(signal, u64::from(dev.child.id()));
        assert_eq!(dev.wait(), Some(0), "{signal}");
        assert!(!is_running(gateway), "{signal}");
        dev.left_nothing();
    }
}

#[test]
fn an_interrupted_scene_was_not_played() {
    let mut dev = Dev::start(&["--once", "--json", "--pause-ms", "2000"]);
    let gateway = dev.json()["process"].as_u64().unwrap();
    kill("INT", u64::from(dev.child.id()));
    assert_eq!(dev.wait(), Some(1));
    assert!(!is_running(gateway));
    dev.left_nothing();
}

#[test]
fn the_gateway_does_not_outlive_a_killed_dev() {
    let mut dev = Dev::start(&["--json"]);
    dev.json();
    dev.json_of("serving");
    let authority = dev.gateway.strip_prefix("http://").unwrap().to_owned();
    assert!(TcpStream::connect(&authority).is_ok());
    kill("KILL", u64::from(dev.child.id()));
    assert_eq!(dev.wait(), None);
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(&authority).is_ok() {
        assert!(Instant::now() < end, "the gateway is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
    // Nobody could clean up after a killed process.
    fs::remove_dir_all(Path::new(&dev.configuration).parent().unwrap()).unwrap();
}

#[test]
fn a_gateway_that_ends_while_serving_ends_dev() {
    let mut dev = Dev::start(&["--json"]);
    let gateway = dev.json()["process"].as_u64().unwrap();
    dev.json_of("serving");
    kill("KILL", gateway);
    assert_eq!(dev.wait(), Some(1));
    let errors = dev.errors();
    assert!(
        errors.starts_with("keybound: the gateway has ended: "),
        "{errors}"
    );
    dev.left_nothing();
}

#[test]
fn while_serving_every_decision_is_shown() {
    let mut dev = Dev::start(&["--json"]);
    dev.json();
    dev.json_of("serving");
    let gateway = dev.gateway.clone();
    let answer = get(&gateway, "/orders");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let expected = json!({
        "event": "request",
        "method": "GET",
        "url": format!("{gateway}/orders"),
        "verdict": "deny",
        "status": 401,
        "reason": "credentials_missing",
        "rule": "DPOP-7.1-5",
    });
    assert_eq!(dev.json(), expected);
    kill("INT", u64::from(dev.child.id()));
    assert_eq!(dev.wait(), Some(0));
}

/// The lines that are printed for a person are lines that a shell runs.
#[test]
fn the_printed_lines_work() {
    let mut dev = Dev::start(&[]);
    let mut printed = String::new();
    while !printed.ends_with("$issuer/token)\"\n") {
        printed.push_str(&dev.line());
    }
    let hints = printed.split_once("Serving until Ctrl-C.").unwrap().1;
    let script: String = hints
        .lines()
        .filter(|line| line.starts_with("  "))
        .map(|line| format!("{line}\n"))
        .collect();
    let last_get = script
        .lines()
        .find(|line| line.contains("curl -i"))
        .unwrap();
    let output = Command::new("sh")
        .arg("-ec")
        .arg(format!("{script}{last_get}\n"))
        .output();
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{script}{}",
        text_of_errors(&output)
    );
    let output = text(&output.stdout);
    let answers: Vec<&str> = output
        .lines()
        .filter(|line| line.starts_with("HTTP/") || line.contains("\"token_type\""))
        .collect();
    assert_eq!(answers.len(), 3, "{output}");
    assert!(answers[0].starts_with("HTTP/1.1 200 "), "{output}");
    assert!(answers[1].contains("\"token_type\":\"DPoP\""), "{output}");
    assert!(answers[2].starts_with("HTTP/1.1 401 "), "{output}");
    kill("INT", u64::from(dev.child.id()));
    assert_eq!(dev.wait(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for (flag, what) in [
        ("--gateway-port", "gateway"),
        ("--issuer-port", "issuer"),
        ("--api-port", "API"),
    ] {
        let output = run(&["--once", flag, &port.to_string()]);
        assert_eq!(text(&output.stdout), "");
        let errors = text_of_errors(&output);
        let expected = format!("keybound: the {what} cannot listen on 127.0.0.1:{port}: ");
        assert!(errors.starts_with(&expected), "{errors}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn ports_that_are_given_are_used() {
    let free = || {
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    };
    let ports: BTreeSet<u16> = [free(), free(), free()].into();
    let [gateway, issuer, api] = Vec::from_iter(ports)[..] else {
        panic!("three ports");
    };
    let output = run(&[
        "--once",
        "--json",
        &format!("--gateway-port={gateway}"),
        &format!("--issuer-port={issuer}"),
        &format!("--api-port={api}"),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text_of_errors(&output));
    let opening = &json_lines(&output)[0];
    assert_eq!(
        opening["gateway"],
        json!(format!("http://127.0.0.1:{gateway}"))
    );
    assert_eq!(
        opening["issuer"],
        json!(format!("http://127.0.0.1:{issuer}"))
    );
    assert_eq!(opening["api"], json!(format!("http://127.0.0.1:{api}")));
}

#[test]
fn what_is_not_understood_is_a_usage_error() {
    for arguments in [
        &["--onec"][..],
        &["--gateway-port", "65536"],
        &["--api-port"],
        &["more"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
}

/// A `keybound dev` that is under way. It is interrupted if the test fails.
struct Dev {
    child: Child,
    lines: BufReader<ChildStdout>,
    /// What the opening said, if it was read.
    configuration: String,
    gateway: String,
}

impl Dev {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(keybound())
            .arg("dev")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            lines,
            configuration: String::new(),
            gateway: String::new(),
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert_ne!(line, "", "the output has ended: {}", self.errors());
        line
    }

    fn json(&mut self) -> Value {
        let line: Value = serde_json::from_str(&self.line()).unwrap();
        if line["event"] == "started" {
            self.configuration = line["configuration"].as_str().unwrap().to_owned();
            self.gateway = line["gateway"].as_str().unwrap().to_owned();
        }
        line
    }

    /// The next line of that kind.
    fn json_of(&mut self, event: &str) -> Value {
        loop {
            let line = self.json();
            if line["event"] == event {
                return line;
            }
        }
    }

    fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        rest
    }

    fn errors(&mut self) -> String {
        let mut errors = String::new();
        let stream = self.child.stderr.as_mut().unwrap();
        stream.read_to_string(&mut errors).unwrap();
        errors
    }

    /// The exit code, or nothing if a signal ended it.
    fn wait(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < end, "keybound dev does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn left_nothing(&self) {
        let folder = Path::new(&self.configuration).parent().unwrap();
        assert!(!folder.exists(), "{} is left", folder.display());
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            kill("INT", u64::from(self.child.id()));
        }
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(keybound())
        .arg("dev")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

fn text_of_errors(output: &Output) -> String {
    text(&output.stderr)
}

fn json_lines(output: &Output) -> Vec<Value> {
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Sends a signal to one process.
fn kill(signal: &str, process: u64) {
    let sent = Command::new("kill")
        .args(["-s", signal, &process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

fn is_running(process: u64) -> bool {
    let asked = Command::new("kill")
        .args(["-s", "0", &process.to_string()])
        .output()
        .unwrap();
    asked.status.success()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// The answer to a request without credentials.
fn get(url: &str, path: &str) -> String {
    let authority = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
