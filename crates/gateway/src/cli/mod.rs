//! The command line. Exit codes: 0 done, 1 refused or failed, 2 usage.

use std::fmt::Display;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod check;
mod explain;
mod key;
mod proof;
mod serve;

/// Makes access tokens work only for the client that they were issued to.
#[derive(Debug, Parser)]
#[command(
    name = "keybound",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start an issuer, an API and the gateway on loopback, and show what the gateway refuses.
    Dev(crate::dev::Args),
    /// Run the gateway.
    Serve(serve::Args),
    /// Check a configuration and say everything that is wrong with it.
    Check(check::Args),
    /// Make keys for clients, and show them.
    Key(key::Args),
    /// Make a DPoP proof for one request.
    Proof(proof::Args),
    /// Say of a captured request which rules hold, and which one fails.
    Explain(explain::Args),
}

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Dev(args) => crate::dev::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Key(args) => key::run(&args),
        Command::Proof(args) => proof::run(&args),
        Command::Explain(args) => explain::run(&args),
    }
}

/// Says on the error stream what went wrong.
fn fail(error: impl Display) -> ExitCode {
    eprintln!("keybound: {error}");
    ExitCode::FAILURE
}
