//! After the scene: a person tries, and sees what the gateway decides.

use std::time::Duration;

use keybound_client::Dpop;
use tokio::time::MissedTickBehavior;

use super::Stage;
use super::failure::Failure;
use super::folder::Folder;
use super::issuer::LIFETIME;
use super::row::{Row, Verdict};
use super::scene::obtain_token;
use super::screen::Screen;

/// Shows every decision, and keeps the access token in the folder fresh, until the gateway ends,
/// which it should not.
pub(super) async fn serve(stage: &mut Stage, screen: &Screen) -> Result<(), Failure> {
    let issuer = &stage.setting.addresses.issuer;
    renew(issuer, &stage.client, &stage.folder).await?;
    let program = std::env::current_exe().map_err(Failure::Runtime)?;
    screen.hints(&program, &stage.folder, &stage.setting.addresses)?;

    let mut renewal = tokio::time::interval(RENEWAL);
    renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first one resolves at once.
    renewal.tick().await;
    loop {
        let decision = tokio::select! {
            decision = stage.gateway.decision() => decision,
            _ = renewal.tick() => {
                renew(issuer, &stage.client, &stage.folder).await?;
                continue;
            }
        };
        let Some(decision) = decision else {
            let ended = stage.gateway.ended().await;
            return Err(Failure::GatewayEnded(match ended {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            }));
        };
        screen.row(&Row {
            method: &decision.method.clone(),
            url: &decision.target.clone().unwrap_or_default(),
            title: "",
            verdict: Ok(Verdict::from(decision)),
            promise: None,
        })?;
    }
}

async fn renew(issuer: &str, client: &Dpop, folder: &Folder) -> Result<(), Failure> {
    let token = obtain_token(issuer, client).await?;
    folder.write(&folder.access_token(), &token)
}

/// A token that is read from the folder is good for at least a minute.
const RENEWAL: Duration = Duration::from_secs(LIFETIME - 60);
