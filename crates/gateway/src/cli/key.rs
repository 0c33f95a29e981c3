use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use keybound::Algorithm;
use keybound_client::{Dpop, KeyError, KeyFormat, SigningKey};

use super::fail;

/// What to do with keys.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a private key and write it to a new file that only you can read.
    Generate(Generate),
    /// Show the public half of a key, and its thumbprint.
    Show(Show),
}

#[derive(Debug, clap::Args)]
struct Generate {
    /// The file to write. It must not exist.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What the key signs with.
    #[arg(long, value_enum, default_value_t = KeyAlgorithm::Es256)]
    algorithm: KeyAlgorithm,
    /// How the file is written.
    #[arg(long, value_enum, default_value_t = FileFormat::Jwk)]
    format: FileFormat,
    /// Write one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Show {
    /// A private key, as JWK or PEM.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KeyAlgorithm {
    /// ECDSA over P-256: every server takes it.
    #[value(name = "ES256")]
    Es256,
    /// Ed25519 under its older name.
    #[value(name = "EdDSA")]
    EdDsa,
    /// Ed25519 under its own name (RFC 9864).
    #[value(name = "Ed25519")]
    Ed25519,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FileFormat {
    /// A private JWK.
    Jwk,
    /// PKCS#8 in PEM.
    Pem,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let done = match &args.command {
        Command::Generate(args) => generate(args),
        Command::Show(args) => SigningKey::load(&args.file).and_then(|key| show(key, args.json)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error),
    }
}

fn generate(args: &Generate) -> Result<(), KeyError> {
    let key = SigningKey::generate(match args.algorithm {
        KeyAlgorithm::Es256 => Algorithm::Es256,
        KeyAlgorithm::EdDsa => Algorithm::EdDsa,
        KeyAlgorithm::Ed25519 => Algorithm::Ed25519,
    })?;
    let format = match args.format {
        FileFormat::Jwk => KeyFormat::Jwk,
        FileFormat::Pem => KeyFormat::Pem,
    };
    key.save_new(&args.out, format)?;
    show(key, args.json)
}

/// Public things only.
fn show(key: SigningKey, json: bool) -> Result<(), KeyError> {
    let dpop = Dpop::from_signer(key)?;
    let (algorithm, jkt, jwk) = (dpop.algorithm(), dpop.jkt(), dpop.public_key().to_jwk());
    if json {
        // The JWK is JSON already, and the other two hold nothing to escape.
        println!(r#"{{"alg":"{algorithm}","jkt":"{jkt}","jwk":{jwk}}}"#);
    } else {
        println!("alg  {algorithm}\njkt  {jkt}\njwk  {jwk}");
    }
    Ok(())
}
