//! The binary `keybound`: a reverse proxy that refuses stolen tokens, and tools around it.

use std::process::ExitCode;

mod cli;
mod config;
mod dev;
mod explain;
mod listener;
mod proxy;
mod serve;
mod signals;
#[cfg(test)]
mod test_support;

fn main() -> ExitCode {
    cli::run()
}
