use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use keybound_client::{Dpop, SigningKey, now};

use super::fail;

/// What to prove.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The private key, as JWK or PEM.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The method of the request.
    #[arg(long, default_value = "GET")]
    method: String,
    /// The URL of the request. Query and fragment are left out of the proof.
    #[arg(long)]
    url: String,
    /// A file with the access token that the request carries; `-` reads it from the standard input.
    /// A token in an argument could be read by everyone on this machine.
    #[arg(long, value_name = "FILE")]
    access_token_file: Option<PathBuf>,
    /// The nonce that the server asked for.
    #[arg(long)]
    nonce: Option<String>,
}

pub(super) fn run(args: &Args) -> ExitCode {
    match proof(args) {
        Ok(proof) => {
            println!("{proof}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(error),
    }
}

fn proof(args: &Args) -> Result<String, String> {
    let key = SigningKey::load(&args.key).map_err(|error| error.to_string())?;
    let dpop = Dpop::from_signer(key).map_err(|error| error.to_string())?;
    let token = match &args.access_token_file {
        None => None,
        Some(file) => {
            Some(read_token(file).map_err(|error| format!("{}: {error}", file.display()))?)
        }
    };
    let mut proof = dpop.proof(&args.method, &args.url);
    if let Some(token) = &token {
        proof = proof.access_token(token.trim());
    }
    if let Some(nonce) = &args.nonce {
        proof = proof.nonce(nonce);
    }
    proof.sign(now()).map_err(|error| error.to_string())
}

fn read_token(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    if file.as_os_str() == "-" {
        io::stdin()
            .lock()
            .take(TOKEN_FILE)
            .read_to_string(&mut text)?;
    } else {
        File::open(file)?
            .take(TOKEN_FILE)
            .read_to_string(&mut text)?;
    }
    Ok(text)
}

/// Octets: tokens are far shorter.
const TOKEN_FILE: u64 = 64 * 1024;
