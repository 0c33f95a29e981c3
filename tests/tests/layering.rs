//! The crates are cut by effect. This test holds the cut: who may depend on whom, and what must
//! never be reached, not even through somebody else's dependency.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, PackageId};
use keybound_tests::tree;

/// One row of the table in docs/architecture.md.
struct Layer {
    name: &'static str,
    folder: &'static str,
    /// Those of our crates that it may depend on.
    ours: &'static [&'static str],
    /// All other direct dependencies, where the list is closed.
    direct: Option<&'static [&'static str]>,
    /// What it must not depend on directly.
    never_directly: &'static [&'static [&'static str]],
    /// What it must not reach at all.
    never: &'static [&'static [&'static str]],
    /// What its sources must not name.
    words: &'static [&'static str],
}

const LAYERS: &[Layer] = &[
    Layer {
        name: "keybound",
        folder: "core",
        ours: &[],
        direct: Some(&[
            "base64",
            "rustls-pki-types",
            "serde",
            "serde_json",
            "subtle",
        ]),
        never_directly: &[],
        never: &[ASYNC, HTTP, CRYPTO, CLOCKS],
        words: &[
            "std",
            "SystemTime",
            "Instant",
            "UnixTime::now",
            "async",
            "await",
            "Future",
            "thread",
        ],
    },
    Layer {
        name: "keybound-crypto",
        folder: "crypto",
        ours: &["keybound"],
        direct: None,
        never_directly: &[CLOCKS],
        never: &[ASYNC, HTTP],
        // the traits of core, and neither its policy nor its verdict
        words: &[
            "Enforcer",
            "Verdict",
            "Policy",
            "Admitted",
            "SystemTime",
            "Instant",
        ],
    },
    Layer {
        name: "keybound-replay",
        folder: "replay",
        ours: &["keybound"],
        direct: None,
        never_directly: &[],
        never: &[ASYNC, HTTP, CRYPTO],
        words: &[
            "Enforcer", "Verdict", "Policy", "Admitted", "async", "await",
        ],
    },
    Layer {
        name: "keybound-sources",
        folder: "sources",
        ours: &["keybound", "keybound-crypto"],
        direct: None,
        never_directly: &[],
        never: &[],
        words: &["Enforcer", "Verdict", "Admitted"],
    },
    Layer {
        name: "keybound-client",
        folder: "client",
        ours: &["keybound", "keybound-crypto"],
        direct: None,
        never_directly: &[],
        never: &[],
        words: &["Enforcer", "Verdict", "Admitted"],
    },
    Layer {
        name: "keybound-hyper",
        folder: "hyper",
        ours: &[
            "keybound",
            "keybound-crypto",
            "keybound-replay",
            "keybound-sources",
        ],
        direct: None,
        // rustls takes its provider as a value
        never_directly: &[CRYPTO],
        never: &[],
        words: &[],
    },
    Layer {
        name: "keybound-gateway",
        folder: "gateway",
        ours: &[
            "keybound",
            "keybound-client",
            "keybound-crypto",
            "keybound-hyper",
            "keybound-replay",
            "keybound-sources",
        ],
        direct: None,
        never_directly: &[],
        never: &[],
        words: &[],
    },
];

const ASYNC: &[&str] = &[
    "async-trait",
    "futures-util",
    "futures-core",
    "smol",
    "tokio",
];

const HTTP: &[&str] = &[
    "axum",
    "h2",
    "http",
    "http-body",
    "hyper",
    "hyper-util",
    "reqwest",
    "tower",
];

const CRYPTO: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "curve25519-dalek",
    "ed25519-dalek",
    "elliptic-curve",
    "hmac",
    "jsonwebtoken",
    "openssl",
    "p256",
    "p384",
    "ring",
    "rsa",
    "rustls",
    "sha1",
    "sha2",
    "signature",
];

const CLOCKS: &[&str] = &["chrono", "jiff", "time", "web-time"];

#[test]
fn every_crate_of_the_workspace_has_a_layer() {
    let metadata = metadata();
    let crates: BTreeSet<&str> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut layers: BTreeSet<&str> = LAYERS.iter().map(|layer| layer.name).collect();
    layers.insert("keybound-tests");
    assert_eq!(crates, layers);
}

#[test]
fn direct_dependencies_follow_the_table() {
    let metadata = metadata();
    let ours: BTreeSet<&str> = LAYERS.iter().map(|layer| layer.name).collect();
    let mut found = Vec::new();
    for layer in LAYERS {
        for dependency in direct(&metadata, layer.name) {
            let is_ours = ours.contains(dependency.as_str());
            let listed = |list: &[&str]| list.contains(&dependency.as_str());
            let allowed = match (is_ours, layer.direct) {
                (true, _) => listed(layer.ours),
                (false, Some(closed)) => listed(closed),
                (false, None) => !layer.never_directly.iter().any(|group| listed(group)),
            };
            if !allowed {
                found.push(format!("{} -> {dependency}", layer.name));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn core_has_exactly_the_dependencies_that_were_agreed_on() {
    let Some(Some(agreed)) = LAYERS.first().map(|core| core.direct) else {
        panic!("core has a closed list");
    };
    let agreed: BTreeSet<String> = agreed.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(direct(&metadata(), "keybound"), agreed);
}

#[test]
fn core_does_without_std() {
    let core = tree::read("crates/core/src/lib.rs").unwrap();
    assert!(core.lines().any(|line| line == "#![no_std]"));
}

#[test]
fn what_must_never_be_reached_is_not_reached() {
    let metadata = metadata();
    let mut found = Vec::new();
    for layer in LAYERS {
        let reached = reached(&metadata, layer.name);
        for name in layer.never.iter().copied().flatten() {
            if let Some(path) = reached.get(*name) {
                found.push(path.clone());
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

/// The check above would also pass if it could not see anything.
#[test]
fn the_check_sees_what_is_there() {
    let metadata = metadata();
    let rows = [
        ("keybound-crypto", ["keybound", "sha2", "subtle"]),
        ("keybound-gateway", ["keybound", "subtle", "tokio"]),
    ];
    for (from, expected) in rows {
        let reached = reached(&metadata, from);
        for name in expected {
            assert!(reached.contains_key(name), "{from} -> {name}");
        }
    }
}

#[test]
fn nobody_depends_on_the_gateway() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let gateway = package
            .dependencies
            .iter()
            .any(|dependency| dependency.name == "keybound-gateway");
        assert!(!gateway, "{} depends on the gateway", package.name);
    }
}

#[test]
fn sources_name_no_forbidden_crate_and_no_forbidden_word() {
    let mut found = Vec::new();
    for layer in LAYERS {
        let crates = LAYERS.iter().map(|other| other.name);
        let forbidden: Vec<String> = crates
            .filter(|name| *name != layer.name && !layer.ours.contains(name))
            .map(|name| name.replace('-', "_"))
            .chain(layer.words.iter().map(|word| (*word).to_owned()))
            .collect();
        for (file, text) in tree::rust_sources(&format!("crates/{}/src", layer.folder)).unwrap() {
            for (number, line) in code_lines(&text) {
                for word in forbidden.iter().filter(|word| names(line, word)) {
                    found.push(format!("{file}:{number}: {word}"));
                }
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_word_is_found_where_it_stands_alone() {
    for line in ["use std::fmt;", "std::fmt()", "x: std"] {
        assert!(names(line, "std"), "{line}");
    }
    for line in ["use stdx::fmt;", "my_std::fmt()", "xstd"] {
        assert!(!names(line, "std"), "{line}");
    }
    assert!(names("let now = UnixTime::now();", "UnixTime::now"));
    let text =
        "// std\nuse a;\n#[cfg(test)]\nextern crate std;\nuse b;\n#[cfg(test)]\nmod tests {\nstd";
    let lines: Vec<(usize, &str)> = code_lines(text).collect();
    assert_eq!(
        lines,
        [
            (2, "use a;"),
            (3, "#[cfg(test)]"),
            (5, "use b;"),
            (6, "#[cfg(test)]")
        ]
    );
}

fn metadata() -> Metadata {
    // Only what this machine builds: the dependencies for others may not have been fetched.
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(rustc.stdout).unwrap();
    let host = version.lines().find_map(|l| l.strip_prefix("host: "));
    MetadataCommand::new()
        .manifest_path(tree::root().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .other_options([
            "--filter-platform".to_owned(),
            host.expect("rustc names its host").to_owned(),
        ])
        .exec()
        .unwrap()
}

/// The normal dependencies that a crate's `Cargo.toml` names, optional ones too.
fn direct(metadata: &Metadata, name: &str) -> BTreeSet<String> {
    let packages = metadata.workspace_packages();
    let package = packages.iter().find(|package| package.name == name);
    package
        .expect("a layer is a crate")
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal)
        // `cfg(loom)` is a build for the model checker, and no shipped one
        .filter(|dependency| dependency.name != "loom")
        .map(|dependency| dependency.name.clone())
        .collect()
}

/// Every crate that is linked in, with the way to it.
fn reached(metadata: &Metadata, name: &str) -> BTreeMap<String, String> {
    let resolve = metadata.resolve.as_ref().expect("metadata is resolved");
    let names: BTreeMap<&PackageId, &str> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.as_str()))
        .collect();
    let start = resolve.nodes.iter().find(|node| names[&node.id] == name);
    let mut open = vec![(start.expect("a layer is a crate"), name.to_owned())];
    let mut reached = BTreeMap::new();
    while let Some((node, path)) = open.pop() {
        for dependency in &node.deps {
            let kinds = &dependency.dep_kinds;
            if !kinds.iter().any(|kind| kind.kind == DependencyKind::Normal) {
                continue;
            }
            let name = names[&dependency.pkg];
            let path = format!("{path} -> {name}");
            let first = reached.insert(name.to_owned(), path.clone()).is_none();
            let node = resolve.nodes.iter().find(|node| node.id == dependency.pkg);
            if let (true, Some(node)) = (first, node) {
                open.push((node, path));
            }
        }
    }
    reached
}

/// The numbered lines that are neither comment nor test.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut before = "";
    let numbered = text.lines().map(str::trim).enumerate();
    let lines: Vec<(usize, &str)> = numbered
        .map_while(|(number, line)| {
            let of_tests = before == "#[cfg(test)]";
            before = line;
            match of_tests && line.starts_with("mod tests") {
                true => None,
                false => Some((!of_tests && !line.starts_with("//")).then_some((number + 1, line))),
            }
        })
        .flatten()
        .collect();
    lines.into_iter()
}

fn names(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        !before.ends_with(part) && !after.starts_with(part)
    })
}
