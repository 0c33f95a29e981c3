//! The examples end well.
#![cfg(test)]

use std::env;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn the_hyper_example_runs() {
    assert_eq!(
        run("hyper"),
        "good 200, the same again 401, without a proof 401\n"
    );
}

#[test]
fn the_axum_example_runs() {
    assert_eq!(
        run("axum"),
        "[(200, \"alice may orders:read\\n\"), (403, \"\"), (401, \"\"), (200, \"ok\\n\")]\n"
    );
}

#[test]
fn the_library_example_runs() {
    assert_eq!(
        run("library"),
        "good: allowed, alice with orders:read\n\
         replayed: denied, proof_replayed (DPOP-11.1-2, RFC 9449 section 11.1)\n\
         stolen: denied, binding_downgraded (DPOP-7.2-1, RFC 9449 section 7.2): expected \"DPoP\"\n"
    );
}

/// What an example prints with `--once`.
fn run(name: &str) -> String {
    let output = Command::new(binary(name)).arg("--once").output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{name}: {}, {error}",
        output.status
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Where cargo puts it. All examples are built before the tests run, unless only some targets were
/// asked for.
fn binary(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let binary = profile.join("examples").join(file);
    if !binary.exists() {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let arguments = ["build", "-p", "keybound-hyper", "--example", name];
        let built = Command::new(cargo).args(arguments).status().unwrap();
        assert!(built.success(), "{name} does not build");
    }
    binary
}
