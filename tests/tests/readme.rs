//! What the README shows is what the program prints.

use std::fs;
use std::process::Command;

use keybound_tests::binary::keybound;
use keybound_tests::tree;

#[test]
fn the_readme_shows_what_dev_prints() {
    let output = Command::new(keybound())
        .args(["dev", "--once"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        masked(&shown("keybound dev --once", "text")),
        masked(&printed)
    );
}

#[test]
fn the_readmes_configuration_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keybound.toml");
    fs::write(&file, shown("Put the gateway in front", "toml")).unwrap();
    let output = Command::new(keybound())
        .arg("check")
        .arg("--config")
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn every_file_that_the_readme_links_to_exists() {
    let readme = readme();
    let links = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let local: Vec<&str> = links.filter(|link| !link.contains("://")).collect();
    assert!(local.len() > 10, "{local:?}");
    for link in local {
        assert!(tree::root().join(link).exists(), "{link}");
    }
}

fn readme() -> String {
    fs::read_to_string(tree::root().join("README.md")).unwrap()
}

/// The first block in a language that follows a text.
fn shown(after: &str, language: &str) -> String {
    let readme = readme();
    let (_, rest) = readme.split_once(after).expect(after);
    let (_, rest) = rest
        .split_once(&format!("```{language}\n"))
        .expect(language);
    rest.split("```").next().unwrap_or_default().to_owned()
}

/// Without what differs from run to run: ports, process, folder.
fn masked(text: &str) -> String {
    text.lines()
        .map(|line| match line.trim_start().split(' ').next() {
            Some("settings") => "  settings".to_owned(),
            Some("gateway" | "issuer" | "API") => line
                .split(|character: char| character.is_ascii_digit())
                .map(str::trim)
                .collect(),
            _ => line.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n")
}
