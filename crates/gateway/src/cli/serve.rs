use std::path::PathBuf;
use std::process::ExitCode;

use tokio::runtime::Runtime;

use super::fail;
use crate::config::Config;
use crate::serve::{Gateway, provider};
use crate::signals;

/// What to serve.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let config = match Config::load(&args.config, provider().algorithms()) {
        Ok(config) => config,
        Err(error) => return fail(error),
    };
    for warning in &config.warnings {
        eprintln!("keybound: warning: {warning}");
    }
    match Runtime::new() {
        Ok(runtime) => runtime.block_on(serve(config)),
        Err(error) => fail(format_args!("cannot start: {error}")),
    }
}

async fn serve(config: Config) -> ExitCode {
    let gateway = match Gateway::start(config).await {
        Ok(gateway) => gateway,
        Err(error) => return fail(error),
    };
    let stop = match signals::stop() {
        Ok(stop) => stop,
        Err(error) => return fail(format_args!("cannot listen for signals: {error}")),
    };
    match gateway.addresses() {
        // Scripts and tests wait for these lines.
        Ok(addresses) => {
            for address in addresses {
                eprintln!("keybound: listening on {address}");
            }
        }
        Err(error) => return fail(error),
    }
    gateway.run(stop).await;
    ExitCode::SUCCESS
}
