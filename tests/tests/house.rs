//! What holds for every file of the repository, and no compiler checks.

use std::collections::BTreeSet;

use keybound_tests::tree;

/// The top level is the first thing a reader sees. Dot files and tool settings come with the tools.
const TOP_LEVEL: &[&str] = &[
    ".ci",
    ".github",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "fuzz",
    "rustfmt.toml",
    "tests",
];

/// Longer than this, a source file is about two things.
const LINES_OF_A_FILE: usize = 500;

#[test]
fn the_top_level_holds_what_was_agreed_on() {
    let tracked = tree::tracked().unwrap();
    let strangers: BTreeSet<&str> = tracked
        .iter()
        .filter_map(|path| path.split('/').next())
        .filter(|name| !TOP_LEVEL.contains(name))
        .collect();
    assert_eq!(strangers, BTreeSet::new());
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let workspace = tree::read("Cargo.toml").unwrap();
    let workspace: toml::Table = toml::from_str(&workspace).unwrap();
    let rust = &workspace["workspace"]["lints"]["rust"];
    assert_eq!(rust["unsafe_code"].as_str(), Some("forbid"));
    let mut manifests = 0;
    for path in tree::tracked().unwrap() {
        if !(path.starts_with("crates/") && path.ends_with("/Cargo.toml")) {
            continue;
        }
        manifests += 1;
        let manifest: toml::Table = toml::from_str(&tree::read(&path).unwrap()).unwrap();
        let of_workspace = manifest["lints"]["workspace"].as_bool();
        assert_eq!(of_workspace, Some(true), "{path}");
        for key in ["edition", "license", "rust-version", "version"] {
            let of_workspace = manifest["package"][key]["workspace"].as_bool();
            assert_eq!(of_workspace, Some(true), "{path}: {key}");
        }
    }
    assert_eq!(manifests, 7);
    let tests: toml::Table = toml::from_str(&tree::read("tests/Cargo.toml").unwrap()).unwrap();
    assert_eq!(
        tests["lints"]["rust"]["unsafe_code"].as_str(),
        Some("forbid")
    );
}

#[test]
fn no_source_holds_a_mark_of_unfinished_or_unchecked_work() {
    let anywhere = [concat!("TO", "DO"), concat!("FIX", "ME")];
    // In a comment these are examples, such as one that must not compile.
    let in_code = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("#[", "allow("),
        concat!("#![", "allow("),
        concat!("#[", "ignore]"),
        concat!("#[", "ignore ="),
        concat!("unsafe", " {"),
        concat!("unsafe", " fn"),
        concat!("unsafe", " impl"),
        concat!("dbg", "!("),
    ];
    let mut found = Vec::new();
    for folder in ["crates", "fuzz", "tests"] {
        for (file, text) in tree::rust_sources(folder).unwrap() {
            let is_comment = |line: &str| line.trim_start().starts_with("//");
            // an empty line for each comment, so that the numbers stay
            let code: Vec<&str> = text
                .lines()
                .map(|line| if is_comment(line) { "" } else { line })
                .collect();
            found.extend(occurrences(&file, &text, &anywhere));
            found.extend(occurrences(&file, &code.join("\n"), &in_code));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    let places = [
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("/ho", "me/runner"),
        concat!("/Us", "ers/"),
        concat!("/t", "mp/"),
    ];
    let mut found = Vec::new();
    for path in tree::tracked().unwrap() {
        // Binary files and the lock file name no paths.
        let Ok(text) = tree::read(&path) else {
            continue;
        };
        found.extend(occurrences(&path, &text, &places));
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn no_source_file_is_about_two_things() {
    let mut found = Vec::new();
    for (file, text) in tree::rust_sources("crates").unwrap() {
        let lines = text.lines().count();
        if file.contains("/src/") && lines > LINES_OF_A_FILE {
            found.push(format!("{file}: {lines} lines"));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

/// The checks above would also pass if they could not see anything.
#[test]
fn the_checks_see_what_is_there() {
    let here = "tests/tests/house.rs";
    assert!(tree::tracked().unwrap().iter().any(|path| path == here));
    let sources = tree::rust_sources("tests").unwrap();
    assert!(sources.iter().any(|(file, _)| file == here));
    assert_eq!(
        occurrences("f", "one\ntwo marks: a b\n", &["a", "x", "ma"]),
        ["f:2: a", "f:2: ma"]
    );
}

fn occurrences(file: &str, text: &str, marks: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for mark in marks.iter().filter(|mark| line.contains(**mark)) {
            found.push(format!("{file}:{}: {mark}", number + 1));
        }
    }
    found
}
