//! A clock that is set while the gateway runs, and restarts. No proof is ever admitted twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use keybound_tests::gateway::{Config, Request, Scene, missing, now};
use keybound_tests::harness::ISSUER;
use serde_json::json;

/// The library of the Debian package `faketime`, which stands between a program and its clock.
fn faketime() -> Option<PathBuf> {
    let file = |folder: PathBuf| folder.join("faketime/libfaketimeMT.so.1");
    let folders = fs::read_dir("/usr/lib").ok()?;
    let mut files = folders.flatten().map(|entry| file(entry.path()));
    files.find(|file| file.exists())
}

/// A gateway whose clock is set by a file. The clock that never goes back is left alone, as it is
/// when an operator sets the other one.
fn scene(library: &Path) -> Scene {
    let config = Config {
        tables: format!("{}\n[proof]\nmax_age = 2\nmax_future = 1\n", Config::TABLES),
        ..Config::usual()
    };
    Scene::with_environment(config, ISSUER, |folder| {
        fs::write(folder.join("offset"), "+0").unwrap();
        vec![
            ("LD_PRELOAD", library.to_owned()),
            ("FAKETIME_TIMESTAMP_FILE", folder.join("offset")),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]
    })
}

/// Sets the gateway's clock to so many seconds beside the real one.
fn set_clock(scene: &Scene, offset: i64) {
    // By rename, so that it is never read half written.
    let (new, file) = (
        scene.folder().join("offset.new"),
        scene.folder().join("offset"),
    );
    fs::write(&new, format!("{offset:+}")).unwrap();
    fs::rename(&new, &file).unwrap();
}

/// A request whose token and proof are made at this time.
fn request_at(scene: &Scene, time: u64) -> Request {
    let token = scene
        .token_at(time)
        .claim("cnf", json!({ "jkt": scene.client.jkt() }))
        .compact();
    let proof = scene.proof("/orders", &token).claim("iat", time).compact();
    scene.request_with("/orders", &token, &proof)
}

/// Status and reason.
fn outcome(scene: &Scene, request: &Request) -> (u16, Option<String>) {
    let before = scene.gateway.reasons().len();
    let status = scene.send(request).status;
    if status == 200 {
        return (status, None);
    }
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(reason) = scene.gateway.reasons().get(before) {
            return (status, Some(reason.clone()));
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("no line in the log for the answer {status}");
}

fn refused(status: u16, reason: &str) -> (u16, Option<String>) {
    (status, Some(reason.to_owned()))
}

const HOUR: u64 = 3_600;

/// Longer than a line takes to be written on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_clock_set_back_revives_no_proof_and_refuses_until_it_has_caught_up() {
    let Some(library) = faketime() else {
        return missing("faketime");
    };
    let scene = scene(&library);
    let first_time = now();
    let first = request_at(&scene, first_time);
    assert_eq!(outcome(&scene, &first), (200, None));
    assert_eq!(outcome(&scene, &first), refused(401, "proof_replayed"));
    // Its window passes, and it is forgotten when the next one comes.
    thread::sleep(Duration::from_secs(6));
    let second = request_at(&scene, now());
    assert_eq!(outcome(&scene, &second), (200, None));
    assert_eq!(outcome(&scene, &first), refused(401, "proof_iat_too_old"));

    // Back to the second of the first: by its date it is as good as new.
    let back = i64::try_from(now() - first_time).unwrap();
    set_clock(&scene, -back);
    assert_eq!(outcome(&scene, &first), refused(503, "replay_forgotten"));
    // Back by an hour: the old ones lie in the future, and fresh ones cannot be told from old ones.
    set_clock(&scene, -3_600);
    for old in [&first, &second] {
        assert_eq!(outcome(&scene, old), refused(401, "proof_iat_in_future"));
    }
    let fresh = request_at(&scene, now() - HOUR);
    assert_eq!(outcome(&scene, &fresh), refused(503, "replay_forgotten"));
    assert!(
        !scene
            .send(&request_at(&scene, now() - HOUR))
            .value("retry-after")
            .is_empty()
    );
    assert_eq!(scene.upstream.count(), 2);

    // It has caught up.
    set_clock(&scene, 0);
    assert_eq!(outcome(&scene, &request_at(&scene, now())), (200, None));
    for old in [&first, &second] {
        assert_ne!(outcome(&scene, old).0, 200);
    }
    assert_eq!(scene.upstream.count(), 3);
}

#[test]
fn a_clock_set_forward_refuses_old_proofs_and_admits_fresh_ones() {
    let Some(library) = faketime() else {
        return missing("faketime");
    };
    let scene = scene(&library);
    let admitted = request_at(&scene, now());
    assert_eq!(outcome(&scene, &admitted), (200, None));
    set_clock(&scene, 3_600);
    assert_eq!(
        outcome(&scene, &request_at(&scene, now())),
        refused(401, "proof_iat_too_old")
    );
    let ahead = request_at(&scene, now() + HOUR);
    assert_eq!(outcome(&scene, &ahead), (200, None));
    assert_eq!(outcome(&scene, &ahead), refused(401, "proof_replayed"));
    assert_eq!(
        outcome(&scene, &admitted),
        refused(401, "proof_iat_too_old")
    );
    // And back within the window of the first: the wall clock alone has made nothing forget it.
    set_clock(&scene, 0);
    let (status, reason) = outcome(&scene, &admitted);
    let reasons = ["proof_replayed", "proof_iat_too_old"];
    assert_eq!(status, 401);
    assert!(reasons.contains(&reason.as_deref().unwrap()), "{reason:?}");
    assert_eq!(scene.upstream.count(), 2);
}

#[test]
fn a_proof_from_before_a_restart_is_refused_after_it() {
    let mut scene = Scene::with(Config {
        tables: String::new(),
        ..Config::usual()
    });
    // Proofs of the second of the start may be of the process before, and which one that was is
    // known to a second.
    thread::sleep(Duration::from_millis(2_100));
    let before = scene.request("/orders");
    let unused = scene.request("/orders");
    assert_eq!(outcome(&scene, &before), (200, None));
    scene.restart();
    for old in [&before, &unused] {
        assert_eq!(outcome(&scene, old), refused(401, "proof_predates_start"));
    }
    thread::sleep(Duration::from_millis(2_100));
    assert_eq!(outcome(&scene, &scene.request("/orders")), (200, None));
    for old in [&before, &unused] {
        assert_eq!(outcome(&scene, old), refused(401, "proof_predates_start"));
    }
    assert_eq!(scene.upstream.count(), 2);
}
