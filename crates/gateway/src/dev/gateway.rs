use std::io::Write;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};

use super::Addresses;
use super::failure::Failure;

/// The gateway, as a process of this same program. It ends with this one: gently when its standard
/// input is closed, which also happens if this process is killed.
pub(super) struct Gateway {
    child: Child,
    process: u32,
    input: Option<ChildStdin>,
    decisions: mpsc::Receiver<Decision>,
}

/// A decision, as the gateway logged it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(super) struct Decision {
    pub(super) outcome: String,
    pub(super) reason: Option<String>,
    pub(super) rule: Option<String>,
    /// Of the gateway's own answer, if the request did not pass.
    pub(super) status: Option<u16>,
    pub(super) method: String,
    pub(super) target: Option<String>,
}

impl Gateway {
    /// Starts it, and waits until it listens.
    pub(super) async fn start(configuration: &Path) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::Gateway(error.to_string());
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            .arg("serve")
            .arg("--config")
            .arg(configuration)
            .arg("--stop-with-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is for this process, which then stops the other one.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let no_pipe = || Failure::Gateway("it has no pipes".to_owned());
        let output = child.stdout.take().ok_or_else(no_pipe)?;
        let errors = child.stderr.take().ok_or_else(no_pipe)?;
        let input = child.stdin.take();
        let process = child
            .id()
            .ok_or_else(|| Failure::Gateway("it is gone".to_owned()))?;

        let (logged, decisions) = mpsc::channel(WAITING);
        tokio::spawn(read_log(output, logged));
        let (tell, ready) = oneshot::channel();
        tokio::spawn(read_errors(errors, tell));
        match tokio::time::timeout(PATIENCE, ready).await {
            Ok(Ok(Ok(()))) => Ok(Self {
                child,
                process,
                input,
                decisions,
            }),
            Ok(Ok(Err(said))) => Err(Failure::Gateway(said)),
            Ok(Err(_)) | Err(_) => Err(Failure::Gateway("it does not listen".to_owned())),
        }
    }

    pub(super) const fn process(&self) -> u32 {
        self.process
    }

    /// The next decision, or nothing once the process has ended and its log is read.
    pub(super) async fn decision(&mut self) -> Option<Decision> {
        self.decisions.recv().await
    }

    /// Resolves when the process has ended.
    pub(super) async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Lets it finish, and ends it if it does not.
    pub(super) async fn stop(mut self) {
        drop(self.input.take());
        // Nobody looks at the log any more, and a full pipe must not hold the process up.
        self.decisions.close();
        if tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .is_err()
        {
            // It can only fail if the process has ended by itself.
            let _gone = self.child.kill().await;
        }
    }
}

/// What the gateway runs with. All of it works in production as well, except for what is named
/// dangerous and `after_restart`.
pub(super) fn configuration(addresses: &Addresses) -> String {
    let Addresses {
        gateway,
        issuer,
        api,
    } = addresses;
    let authority = gateway.strip_prefix("http://").unwrap_or(gateway);
    format!(
        r#"# Written by `keybound dev`. Copy it and begin with it: the lines marked (dev) should go.

[[listener]]
address = "{authority}"
authorities = {{ "{authority}" = "{gateway}" }}
danger_plain_http_origin = true # (dev)
drain_timeout = 1 # (dev)

[[issuer]]
issuer = "{issuer}"
audience = ["{gateway}"]
discovery = "oauth"
max_lifetime = 300

[[upstream]]
name = "api"
url = "{api}"

[[route]]
path = "/"
upstream = "api"
binding = "dpop"
scopes = ["orders:read"]

[[route]]
path = "/nonce"
upstream = "api"
binding = "dpop"
scopes = ["orders:read"]
nonce = "required"

[[route]]
path = "/admin"
upstream = "api"
binding = "dpop"
scopes = ["admin"]

[[route]]
path = "/public"
upstream = "api"
binding = "open"

[replay]
after_restart = "accept" # (dev)

[log]
output = "stdout"
"#
    )
}

async fn read_log(output: ChildStdout, logged: mpsc::Sender<Decision>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // Other events have no outcome. When nobody listens, reading goes on, so that the process
        // is not held up.
        if let Ok(decision) = serde_json::from_str::<Decision>(&line) {
            let _heard = logged.send(decision).await;
        }
    }
}

/// Tells when the process listens, or what it said before it ended. What it says later is passed on.
async fn read_errors(errors: ChildStderr, tell: oneshot::Sender<Result<(), String>>) {
    let mut lines = BufReader::new(errors).lines();
    let mut said = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        let line = line.strip_prefix("keybound: ").unwrap_or(&line);
        if line.starts_with("listening on ") {
            let _heard = tell.send(Ok(()));
            while let Ok(Some(line)) = lines.next_line().await {
                let _written = writeln!(std::io::stderr(), "{line}");
            }
            return;
        }
        said.push(line.to_owned());
    }
    let _heard = tell.send(Err(said.join("; ")));
}

/// Time to start, and time to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Decisions that are read and not shown yet. More wait in the pipe.
const WAITING: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::serve::provider;

    #[test]
    fn the_configuration_is_valid_and_warns_of_nothing() {
        let addresses = Addresses {
            gateway: "http://127.0.0.1:6000".into(),
            issuer: "http://127.0.0.1:5000".into(),
            api: "http://127.0.0.1:7000".into(),
        };
        let text = configuration(&addresses);
        let config = Config::parse(&text, Path::new("keybound.toml"), &*provider()).unwrap();
        assert_eq!(config.warnings, Vec::new());
        assert_eq!(config.routes.len(), 4);
    }

    #[test]
    fn reads_decisions_and_no_other_lines() {
        let line = r#"{"v":1,"time":1.5,"event":"decision","outcome":"deny","reason":"proof_replayed",
            "rule":"DPOP-11.1-2","status":401,"method":"GET","target":"http://h/","jkt":"x"}"#;
        let expected = Decision {
            outcome: "deny".into(),
            reason: Some("proof_replayed".into()),
            rule: Some("DPOP-11.1-2".into()),
            status: Some(401),
            method: "GET".into(),
            target: Some("http://h/".into()),
        };
        assert_eq!(serde_json::from_str::<Decision>(line).unwrap(), expected);
        let line = r#"{"v":1,"time":1.5,"event":"keys","message":"1 usable keys"}"#;
        assert!(serde_json::from_str::<Decision>(line).is_err());
    }
}
