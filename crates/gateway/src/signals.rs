//! The signals that end the program.

use std::io;
use std::process;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Resolves at the first SIGINT or SIGTERM. A second one ends the program at once: whoever sends it
/// does not want to wait until everything is finished. Call it within the runtime.
///
/// # Errors
///
/// If the system lets no handler be installed.
pub(crate) fn stop() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (tell, stopped) = oneshot::channel();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => INTERRUPTED,
                _ = terminate.recv() => TERMINATED,
            }
        };
        next().await;
        // If nobody listens any more, the program is ending for another reason.
        let _heard = tell.send(());
        process::exit(next().await);
    });
    Ok(async {
        let _told = stopped.await;
    })
}

/// What a shell reports of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// The same for SIGTERM.
const TERMINATED: i32 = 143;
