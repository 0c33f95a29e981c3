//! The workspace as files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that holds the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// Reads a file, named from the root with `/`.
pub fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))
}

/// The Rust files below a folder: path from the root, and text. Sorted, build folders left out.
pub fn rust_sources(folder: &str) -> Result<Vec<(String, String)>, String> {
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    files.sort();
    Ok(files)
}

fn walk(folder: &str, files: &mut Vec<(String, String)>) -> Result<(), String> {
    let entries = fs::read_dir(root().join(folder)).map_err(|e| format!("{folder}: {e}"))?;
    for entry in entries {
        let entry = entry.map_err(|error| format!("{folder}: {error}"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        if entry.path().is_dir() {
            if name != "target" {
                walk(&path, files)?;
            }
        } else if name.ends_with(".rs") {
            let text = read(&path)?;
            files.push((path, text));
        }
    }
    Ok(())
}

/// The files under version control that are still there, named from the root.
pub fn tracked() -> Result<Vec<String>, String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("git ls-files: {error}"))?;
    if !listed.status.success() {
        return Err(String::from_utf8_lossy(&listed.stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&listed.stdout)
        .split_terminator('\0')
        .filter(|path| root().join(path).is_file())
        .map(str::to_owned)
        .collect())
}
