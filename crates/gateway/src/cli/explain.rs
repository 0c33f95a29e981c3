use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use keybound::{CertificateThumbprint, PeerCertificate, UnixTime};
use keybound_client::now;
use rustls::server::ParsedCertificate;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::runtime::Runtime;

use super::fail;
use crate::config::Config;
use crate::explain::{self, Arrival, Capture};
use crate::serve::{judge, provider};

/// What to explain.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The gateway's configuration.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// A file with the captured request: request line and header fields. `-` is the standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    request: PathBuf,
    /// The client's certificate on the connection, in PEM or DER. Without it there was none.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The time at which it arrived, in seconds since 1970. The default is now.
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
    /// Write one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

/// Exits with 0 if the request would pass, and with 1 if not.
pub(super) fn run(args: &Args) -> ExitCode {
    let config = match Config::load(&args.config, &*provider()) {
        Ok(config) => config,
        Err(error) => return fail(error),
    };
    let capture = match read(&args.request).map(|text| Capture::parse(&text)) {
        Ok(Ok(capture)) => capture,
        Ok(Err(error)) => return fail(error),
        Err(error) => return fail(format_args!("{}: {error}", args.request.display())),
    };
    let at = match args.at {
        Some(seconds) => UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        None => now(),
    };
    let certificate = match args.certificate.as_deref().map(peer_certificate) {
        None => PeerCertificate::NotPresented,
        Some(Ok(certificate)) => certificate,
        Some(Err(error)) => return fail(error),
    };
    // The capture does not say which listener it came to.
    let limits = config.listeners.iter();
    let max_header_bytes = limits.map(|listener| listener.http.max_header_bytes).max();
    let arrival = Arrival {
        capture,
        certificate,
        at,
        max_header_bytes: max_header_bytes.unwrap_or_default(),
    };
    let judged = Runtime::new()
        .map_err(|error| error.to_string())
        .and_then(|runtime| {
            let judge = runtime
                .block_on(judge(config))
                .map_err(|error| error.to_string())?;
            let (site, authorities) = judge;
            Ok(explain::explain(&site, &authorities, &arrival))
        });
    let explanation = match judged {
        Ok(explanation) => explanation,
        Err(error) => return fail(error),
    };
    if args.json {
        println!("{}", explain::json(&explanation));
    } else {
        print!("{}", explain::text(&explanation));
    }
    match explanation.passes() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    if file.as_os_str() == "-" {
        io::stdin().lock().take(CAPTURE).read_to_string(&mut text)?;
    } else {
        File::open(file)?.take(CAPTURE).read_to_string(&mut text)?;
    }
    Ok(text)
}

/// As the listener would have seen it after the handshake.
fn peer_certificate(file: &Path) -> Result<PeerCertificate, String> {
    let named = |error: &dyn Display| format!("{}: {error}", file.display());
    let mut contents = Vec::new();
    File::open(file)
        .and_then(|file| file.take(CAPTURE).read_to_end(&mut contents))
        .map_err(|error| named(&error))?;
    let certificate = CertificateDer::from_pem_slice(&contents)
        .unwrap_or_else(|_| CertificateDer::from(contents));
    ParsedCertificate::try_from(&certificate)
        .map_err(|_| named(&"must hold a certificate in PEM or DER"))?;
    let thumbprint = CertificateThumbprint::of(&certificate, &*provider());
    Ok(PeerCertificate::Presented(thumbprint))
}

/// Octets: more than any head that a listener takes.
const CAPTURE: u64 = 2 * 1024 * 1024;
