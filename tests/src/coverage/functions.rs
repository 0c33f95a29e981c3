//! `functions.toml`: the function that keeps a rule, as `crate::module::function` or
//! `crate::module::Type::function`.

use std::collections::BTreeMap;

use super::rules::Rule;
use crate::tree;

pub(super) fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    toml::from_str(text).map_err(|error| format!("functions.toml: {error}"))
}

/// The entries that name no rule, or no function that is there.
pub(super) fn missing(functions: &BTreeMap<String, String>, rules: &[Rule]) -> Vec<String> {
    let mut found = Vec::new();
    for (id, path) in functions {
        if !rules.iter().any(|rule| rule.id == *id) {
            found.push(format!("functions.toml: there is no rule {id}"));
        }
        if file_of(path).is_none() {
            found.push(format!("functions.toml: {id}: there is no function {path}"));
        }
    }
    found
}

/// The file that holds the function, from the root of the workspace.
pub(super) fn file_of(path: &str) -> Option<String> {
    let mut segments: Vec<&str> = path.split("::").collect();
    let function = segments.pop()?;
    let owner = segments.pop_if(|segment| segment.starts_with(|c: char| c.is_ascii_uppercase()));
    let (crate_name, modules) = segments.split_first()?;
    let folder = match crate_name.strip_prefix("keybound") {
        Some("") => "core",
        Some(rest) => rest.strip_prefix('_')?,
        None => return None,
    };
    candidates(folder, &modules.join("/"))
        .into_iter()
        .find(|file| {
            tree::read(file).is_ok_and(|text| {
                defines(&text, function) && owner.is_none_or(|owner| has_impl(&text, owner))
            })
        })
}

fn candidates(folder: &str, module: &str) -> Vec<String> {
    let source = format!("crates/{folder}/src");
    match module {
        "" => vec![format!("{source}/lib.rs"), format!("{source}/main.rs")],
        _ => vec![
            format!("{source}/{module}.rs"),
            format!("{source}/{module}/mod.rs"),
        ],
    }
}

fn defines(text: &str, function: &str) -> bool {
    let start = format!("fn {function}");
    text.match_indices(&start).any(|(at, _)| {
        let after = text.get(at + start.len()..).unwrap_or_default();
        after.starts_with(['(', '<'])
    })
}

fn has_impl(text: &str, owner: &str) -> bool {
    text.lines()
        .filter(|line| line.starts_with("impl") || line.contains("trait "))
        .any(|line| {
            line.split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == owner)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_in_the_file_of_its_module_or_not_at_all() {
        let rows = [
            (
                "keybound::jwk::check_no_private_member",
                Some("crates/core/src/jwk.rs"),
            ),
            (
                "keybound::jwk::PublicKey::from_jwk",
                Some("crates/core/src/jwk.rs"),
            ),
            // a type without that function in its file, a prefix of a name, another module
            ("keybound::jwk::Jkt::from_jwk", None),
            ("keybound::jwk::check_no_private", None),
            ("keybound::thumbprint::check_no_private_member", None),
            ("keybound::nowhere::check", None),
            ("serde::jwk::check_no_private_member", None),
            ("check_no_private_member", None),
        ];
        for (path, file) in rows {
            assert_eq!(file_of(path).as_deref(), file, "{path}");
        }
    }
}
