use core::fmt;
use std::io::{self, Write};
use std::path::Path;

use serde_json::json;

use super::failure::Failure;
use super::folder::Folder;
use super::row::Row;
use super::{Addresses, Setting};

/// Where it is shown.
pub(super) struct Screen(Format);

/// How it is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    Text,
    Json,
}

impl Screen {
    pub(super) const fn new(format: Format) -> Self {
        Self(format)
    }

    /// Says where everything is.
    pub(super) fn opening(&self, setting: &Setting) -> Result<(), Failure> {
        let Setting {
            addresses,
            process,
            configuration,
        } = setting;
        let Addresses {
            gateway,
            issuer,
            api,
        } = addresses;
        let configuration = configuration.display();
        match self.0 {
            Format::Text => print(format_args!(
                "An issuer, an API, and the gateway between clients and the API:\n\
                 \n  \
                 gateway  {gateway}  process {process}\n  \
                 issuer   {issuer}  gives bound tokens to anybody\n  \
                 API      {api}  echoes what reaches it\n  \
                 settings {configuration}\n\
                 \n  \
                 {}\n",
                columns("request", "", "verdict", "reason", "rule")
            )),
            Format::Json => print(format_args!(
                "{}\n",
                json!({
                    "event": "started",
                    "gateway": gateway,
                    "issuer": issuer,
                    "api": api,
                    "process": process,
                    "configuration": configuration.to_string(),
                })
            )),
        }
    }

    /// Shows a request and what became of it.
    pub(super) fn row(&self, row: &Row<'_>) -> Result<(), Failure> {
        match self.0 {
            Format::Text => print(format_args!("{}", Text(row))),
            Format::Json => print(format_args!("{}\n", to_json(row))),
        }
    }

    /// Says how the scene ended.
    pub(super) fn ending(&self, kept: usize, rows: usize) -> Result<(), Failure> {
        match self.0 {
            Format::Text => print(format_args!("\n{kept} of {rows} as promised.\n")),
            Format::Json => print(format_args!(
                "{}\n",
                json!({ "event": "played", "kept": kept, "rows": rows })
            )),
        }
    }

    /// Says how to try for oneself.
    pub(super) fn hints(
        &self,
        program: &Path,
        folder: &Folder,
        addresses: &Addresses,
    ) -> Result<(), Failure> {
        let Addresses {
            gateway, issuer, ..
        } = addresses;
        match self.0 {
            Format::Text => print(format_args!(
                r#"
Serving until Ctrl-C. Copy these lines, and the last one twice: that is a replay.

  keybound={} dir={}
  gateway={gateway} issuer={issuer}
  proof=$("$keybound" proof --key "$dir/key.jwk" --access-token-file "$dir/access-token" \
    --method GET --url $gateway/orders)
  curl -i $gateway/orders -H "Authorization: DPoP $(cat "$dir/access-token")" -H "DPoP: $proof"

A token for a key of your own:

  "$keybound" key generate --out "$dir/own.jwk"
  curl $issuer/token -d grant_type=client_credentials \
    -H "DPoP: $("$keybound" proof --key "$dir/own.jwk" --method POST --url $issuer/token)"

"#,
                quoted(program),
                quoted(folder.path()),
            )),
            Format::Json => print(format_args!(
                "{}\n",
                json!({
                    "event": "serving",
                    "program": program.display().to_string(),
                    "key": folder.key().display().to_string(),
                    "access_token": folder.access_token().display().to_string(),
                })
            )),
        }
    }
}

fn print(text: fmt::Arguments<'_>) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output
        .write_fmt(text)
        .and_then(|()| output.flush())
        .map_err(Failure::Output)
}

/// One or two lines of the table.
struct Text<'t>(&'t Row<'t>);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.0;
        let mark = if row.kept() { ' ' } else { '!' };
        let request = format!("{} {}", row.method, path(row.url));
        let (verdict, reason, rule) = match &row.verdict {
            Ok(verdict) => {
                let status = verdict
                    .status
                    .map(|status| format!(" {status}"))
                    .unwrap_or_default();
                let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
                let verdict_text = format!("{}{status}", verdict.outcome);
                (
                    verdict_text,
                    or_dash(&verdict.reason),
                    or_dash(&verdict.rule),
                )
            }
            Err(error) => ("failed".to_owned(), error.clone(), String::new()),
        };
        let line = columns(&request, row.title, &verdict, &reason, &rule);
        writeln!(f, "{mark} {}", line.trim_end())?;
        match row.promise {
            Some(promise) if !row.kept() => {
                let (outcome, status, reason) = promise.facts();
                let status = status.unwrap_or_default();
                writeln!(
                    f,
                    "    promised: {outcome} {status} {}",
                    reason.unwrap_or("-")
                )
            }
            _ => Ok(()),
        }
    }
}

fn columns(request: &str, title: &str, verdict: &str, reason: &str, rule: &str) -> String {
    format!("{request:<14}{title:<33}{verdict:<11}{reason:<25}{rule}")
}

fn to_json(row: &Row<'_>) -> serde_json::Value {
    let verdict = row.verdict.as_ref().ok();
    let mut line = json!({
        "event": "request",
        "method": row.method,
        "url": row.url,
        "verdict": verdict.map(|verdict| &verdict.outcome),
        "status": verdict.and_then(|verdict| verdict.status),
        "reason": verdict.and_then(|verdict| verdict.reason.as_ref()),
        "rule": verdict.and_then(|verdict| verdict.rule.as_ref()),
    });
    if let (Some(members), Some(promise)) = (line.as_object_mut(), row.promise) {
        let (outcome, status, reason) = promise.facts();
        members.insert("request".into(), row.title.into());
        members.insert("kept".into(), row.kept().into());
        members.insert(
            "promised".into(),
            json!({ "verdict": outcome, "status": status, "reason": reason }),
        );
    }
    if let (Some(members), Err(error)) = (line.as_object_mut(), &row.verdict) {
        members.insert("error".into(), error.as_str().into());
    }
    line
}

/// The path of a URL of ours.
fn path(url: &str) -> &str {
    let authority_and_path = url.split_once("://").map_or(url, |(_, rest)| rest);
    authority_and_path
        .find('/')
        .and_then(|at| authority_and_path.get(at..))
        .unwrap_or("/")
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@".contains(letter);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.into_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use keybound::Reason;

    use super::*;
    use crate::dev::row::{Promise, Verdict};

    fn row(verdict: Result<Verdict, String>, promise: Option<Promise>) -> String {
        let url = "http://127.0.0.1:1/orders";
        Text(&Row {
            method: "GET",
            url,
            title: "token and proof",
            verdict,
            promise,
        })
        .to_string()
    }

    fn verdict(outcome: &str, status: Option<u16>, reason: Option<Reason>) -> Verdict {
        Verdict {
            outcome: outcome.into(),
            status,
            reason: reason.map(|reason| reason.code().into()),
            rule: reason.map(|reason| reason.rule().into()),
        }
    }

    #[test]
    fn rows_are_aligned_and_a_broken_promise_stands_out() {
        let allow = verdict("allow", Some(200), None);
        let replay = verdict("deny", Some(401), Some(Reason::ProofReplayed));
        assert_eq!(
            row(Ok(allow.clone()), Some(Promise::Allow)),
            "  GET /orders   token and proof                  allow 200  -                        -\n"
        );
        assert_eq!(
            row(Ok(replay.clone()), Some(Promise::Allow)),
            "! GET /orders   token and proof                  deny 401   proof_replayed           \
             DPOP-11.1-2\n    promised: allow 200 -\n"
        );
        assert_eq!(
            row(
                Err("no answer in time".into()),
                Some(Promise::Deny(401, Reason::ProofReplayed))
            ),
            "! GET /orders   token and proof                  failed     no answer in time\n    \
             promised: deny 401 proof_replayed\n"
        );
        assert_eq!(
            row(Ok(verdict("allow", None, None)), None),
            "  GET /orders   token and proof                  allow      -                        -\n"
        );
    }

    #[test]
    fn a_row_in_json() {
        let url = "http://127.0.0.1:1/orders";
        let replay = verdict("deny", Some(401), Some(Reason::ProofReplayed));
        let promise = Some(Promise::Allow);
        let row = Row {
            method: "GET",
            url,
            title: "t",
            verdict: Ok(replay),
            promise,
        };
        let expected = json!({
            "event": "request",
            "request": "t",
            "method": "GET",
            "url": url,
            "verdict": "deny",
            "status": 401,
            "reason": "proof_replayed",
            "rule": "DPOP-11.1-2",
            "promised": { "verdict": "allow", "status": 200, "reason": null },
            "kept": false,
        });
        assert_eq!(to_json(&row), expected);
    }

    #[test]
    fn paths_of_urls() {
        for (url, expected) in [
            ("http://127.0.0.1:1/a/b", "/a/b"),
            ("http://127.0.0.1:1/", "/"),
            ("http://127.0.0.1:1", "/"),
        ] {
            assert_eq!(path(url), expected);
        }
    }

    #[test]
    fn a_shell_reads_what_was_meant() {
        for (path, expected) in [
            ("/a/b-c_d.e", "/a/b-c_d.e"),
            ("/a b", "'/a b'"),
            ("/a'b", r"'/a'\''b'"),
            ("/$(x)", "'/$(x)'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }
}
