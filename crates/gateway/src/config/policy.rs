use core::time::Duration;
use std::net::SocketAddr;

use keybound::{Algorithm, Limits, Window};
use keybound_replay::DEFAULT_CAPACITY;

use super::checks::{address, algorithms};
use super::error::Warning;
use super::reader::{Reader, Section};
use super::schema;

/// What is asked of proofs on all routes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Proof {
    /// What they may be signed with. At least one.
    pub(crate) algorithms: Vec<Algorithm>,
    /// How old, and how far ahead, a proof without a nonce may be.
    pub(crate) window: Window,
    /// How long a nonce is good.
    pub(crate) nonce_lifetime: Duration,
}

/// The memory of admitted proofs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Replay {
    /// Proofs that it can hold.
    pub(crate) capacity: usize,
    /// What a new process does about proofs that an earlier one may have admitted.
    pub(crate) after_restart: AfterRestart,
}

/// What a new process does about proofs that an earlier one may have admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AfterRestart {
    /// It refuses them, for one window.
    RefuseOlder,
    /// It takes them, and some perhaps for the second time.
    Accept,
}

/// What is written where.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Log {
    /// Which requests.
    pub(crate) requests: Requests,
    /// Where to.
    pub(crate) output: Output,
}

/// Which requests are logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Requests {
    /// All of them.
    All,
    /// Those that were not admitted.
    Refused,
    /// None.
    None,
}

/// Where the log goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Output {
    /// The standard error stream.
    Stderr,
    /// The standard output stream.
    Stdout,
}

/// The endpoint for health and numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Admin {
    /// What to bind.
    pub(crate) address: SocketAddr,
}

pub(super) fn proof(
    reader: &mut Reader<'_>,
    root: Section<'_, '_>,
    supported: &[Algorithm],
) -> Proof {
    let section = root.subsection_or_defaults(reader, "proof", &schema::PROOF);
    let defaults = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519];
    let max_age = section.seconds(reader, "max_age", 1..=300, 60);
    let max_future = section.seconds(reader, "max_future", 0..=60, 10);
    Proof {
        algorithms: algorithms(reader, section, supported, &defaults),
        window: Window::new(max_age.as_secs(), max_future.as_secs()),
        nonce_lifetime: section.seconds(reader, "nonce_lifetime", 30..=300, 180),
    }
}

pub(super) fn replay(reader: &mut Reader<'_>, root: Section<'_, '_>) -> Replay {
    let section = root.subsection_or_defaults(reader, "replay", &schema::REPLAY);
    let words = [
        ("refuse_older", AfterRestart::RefuseOlder),
        ("accept", AfterRestart::Accept),
    ];
    let after_restart = section.choice(reader, "after_restart", &words);
    Replay {
        capacity: section.size(reader, "capacity", 1..=100_000_000, DEFAULT_CAPACITY),
        after_restart: after_restart.unwrap_or(AfterRestart::RefuseOlder),
    }
}

pub(super) fn limits(reader: &mut Reader<'_>, root: Section<'_, '_>) -> Limits {
    let section = root.subsection_or_defaults(reader, "limits", &schema::LIMITS);
    let mut limits = Limits::DEFAULT;
    limits.proof = section.size(reader, "proof", 1_024..=65_536, limits.proof);
    limits.token = section.size(reader, "token", 1_024..=65_536, limits.token);
    limits.jti = section.size(reader, "jti", 16..=4_096, limits.jti);
    limits.htu = section.size(reader, "htu", 64..=16_384, limits.htu);
    limits.key_set = section.size(reader, "key_set", 1_024..=8_388_608, limits.key_set);
    limits
}

pub(super) fn log(reader: &mut Reader<'_>, root: Section<'_, '_>) -> Log {
    let section = root.subsection_or_defaults(reader, "log", &schema::LOG);
    let words = [
        ("all", Requests::All),
        ("refused", Requests::Refused),
        ("none", Requests::None),
    ];
    let requests = section.choice(reader, "requests", &words);
    let words = [("stderr", Output::Stderr), ("stdout", Output::Stdout)];
    let output = section.choice(reader, "output", &words);
    Log {
        requests: requests.unwrap_or(Requests::All),
        output: output.unwrap_or(Output::Stderr),
    }
}

/// The outer `None` says that something was reported.
pub(super) fn admin(reader: &mut Reader<'_>, root: Section<'_, '_>) -> Option<Option<Admin>> {
    let Some(section) = root.subsection(reader, "admin", &schema::ADMIN) else {
        return Some(None);
    };
    let address = address(reader, section, "address")?;
    if !address.ip().is_loopback() {
        reader.warnings.push(Warning::ExposedAdmin);
    }
    Some(Some(Admin { address }))
}
