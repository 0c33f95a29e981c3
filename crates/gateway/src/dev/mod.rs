//! `keybound dev`: an issuer, an API and the gateway between them on loopback, without a file to
//! write first. A short scene shows what the gateway refuses, and then a person can try.
//!
//! The gateway is the real one: a process of this same program with a configuration in a file. The
//! scene speaks to it through its socket, and takes reasons and rules from its log.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use keybound::Algorithm;
use keybound_client::{Dpop, KeyFormat, SigningKey};
use tokio::runtime::Runtime;

use crate::signals;
use failure::Failure;
use folder::Folder;
use gateway::Gateway;
use screen::{Format, Screen};
use server::{Reserved, Server};

mod client;
mod echo;
mod failure;
mod folder;
mod gateway;
mod issuer;
mod row;
mod scene;
mod screen;
mod server;
mod token_request;
mod trying;

/// What to start, and how to show it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Play the scene and end: with 0 if every verdict is as promised, else with 1.
    #[arg(long)]
    once: bool,
    /// Write JSON lines instead of a table.
    #[arg(long)]
    json: bool,
    /// The gateway's port. Without it, a free one.
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    gateway_port: u16,
    /// The issuer's port. Without it, a free one.
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    issuer_port: u16,
    /// The API's port. Without it, a free one.
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    api_port: u16,
    /// A pause before each request of the scene, for those who want to watch or to interfere.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0, hide = true)]
    pause_ms: u64,
}

/// Plays the scene, and serves until it is stopped.
pub(crate) fn run(args: &Args) -> ExitCode {
    let played = Runtime::new()
        .map_err(Failure::Runtime)
        .and_then(|runtime| runtime.block_on(play(args)));
    match played {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("keybound: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn play(args: &Args) -> Result<ExitCode, Failure> {
    let stop = signals::stop().map_err(Failure::Runtime)?;
    let mut stop = core::pin::pin!(stop);
    // Dropping a half-built stage ends what had started.
    let mut stage = tokio::select! {
        biased;
        () = &mut stop => return Ok(ExitCode::FAILURE),
        stage = Stage::build(args) => stage?,
    };
    let shown = show(args, &mut stage, stop).await;
    stage.close().await.and(shown)
}

/// Whoever interrupts the scene has not seen it to its end; whoever ends the serving is done.
async fn show(
    args: &Args,
    stage: &mut Stage,
    mut stop: core::pin::Pin<&mut impl Future<Output = ()>>,
) -> Result<ExitCode, Failure> {
    let screen = Screen::new(if args.json {
        Format::Json
    } else {
        Format::Text
    });
    screen.opening(&stage.setting)?;
    let pause = Duration::from_millis(args.pause_ms);
    let kept = tokio::select! {
        biased;
        () = &mut stop => return Ok(ExitCode::FAILURE),
        kept = scene::play(&stage.setting.addresses, &mut stage.gateway, &screen, pause) => kept?,
    };
    if !kept {
        return Ok(ExitCode::FAILURE);
    }
    if args.once {
        return Ok(ExitCode::SUCCESS);
    }
    tokio::select! {
        biased;
        () = stop => Ok(ExitCode::SUCCESS),
        failed = trying::serve(stage, &screen) => failed.map(|()| ExitCode::FAILURE),
    }
}

/// Everything that runs. Dropping it ends all of it, and [`close`](Self::close) does so gently.
struct Stage {
    setting: Setting,
    gateway: Gateway,
    folder: Folder,
    /// The client that the folder's key and token belong to.
    client: Dpop,
    _issuer: Server,
    _api: Server,
}

/// What the opening prints. The scene and the hints use these addresses and no others.
struct Setting {
    addresses: Addresses,
    /// The gateway's process.
    process: u32,
    configuration: PathBuf,
}

/// Where everything is: URLs without a path.
struct Addresses {
    gateway: String,
    issuer: String,
    api: String,
}

impl Stage {
    async fn build(args: &Args) -> Result<Self, Failure> {
        let issuer = Reserved::bind("issuer", args.issuer_port).await?;
        let api = Reserved::bind("API", args.api_port).await?;
        let gateway = Reserved::bind("gateway", args.gateway_port).await?;
        let addresses = Addresses {
            gateway: gateway.url(),
            issuer: issuer.url(),
            api: api.url(),
        };

        let issued = issuer::Issuer::new(&addresses.issuer, &addresses.gateway)?;
        let issuer = issuer.serve(issuer::handler(issued));
        let api = api.serve(echo::answer);

        let folder = Folder::create()?;
        let key = SigningKey::generate(Algorithm::Es256)?;
        key.save_new(folder.key(), KeyFormat::Jwk)?;
        let client = Dpop::from_signer(key)?;
        let configuration = folder.configuration();
        folder.write(&configuration, &gateway::configuration(&addresses))?;
        // The port is free again for as long as the child takes to bind it. Should somebody else be
        // faster, the child says so and does not start.
        drop(gateway);
        let gateway = Gateway::start(&configuration).await?;

        let process = gateway.process();
        let setting = Setting {
            addresses,
            process,
            configuration,
        };
        Ok(Self {
            setting,
            gateway,
            folder,
            client,
            _issuer: issuer,
            _api: api,
        })
    }

    async fn close(self) -> Result<(), Failure> {
        self.gateway.stop().await;
        self.folder.remove()
    }
}

/// Where all of it listens, and nowhere else: the issuer gives a token to whoever asks.
const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;
