use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

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
    /// Stop when the standard input ends, and so with the process that holds its other end.
    #[arg(long, hide = true)]
    stop_with_stdin: bool,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let config = match Config::load(&args.config, &*provider()) {
        Ok(config) => config,
        Err(error) => return fail(error),
    };
    for warning in &config.warnings {
        eprintln!("keybound: warning: {warning}");
    }
    match Runtime::new() {
        Ok(runtime) => runtime.block_on(serve(config, args)),
        Err(error) => fail(format_args!("cannot start: {error}")),
    }
}

async fn serve(config: Config, args: &Args) -> ExitCode {
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
    if args.stop_with_stdin {
        let ended = end_of_input();
        gateway
            .run(async {
                tokio::select! {
                    () = stop => {}
                    () = ended => {}
                }
            })
            .await;
    } else {
        gateway.run(stop).await;
    }
    ExitCode::SUCCESS
}

/// Resolves when the standard input ends. It is read in a thread of its own, which the end of the
/// program does not wait for.
fn end_of_input() -> impl Future<Output = ()> {
    let (tell, ended) = oneshot::channel();
    thread::spawn(move || {
        // An error is an end as well, and the other half is gone only if the program is.
        let _copied = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _heard = tell.send(());
    });
    async {
        let _ended = ended.await;
    }
}
