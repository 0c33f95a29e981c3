//! Runs `tests/vectors/htu.json`, the data that `docs/htu.md` publishes.

use keybound::htu::normalize;
use keybound::{Origin, PathRefusal, RouteTable, TargetUri, UriError};
use serde_json::Value;

use crate::model;

#[test]
fn normal_forms() {
    for row in rows("normal_forms") {
        let (input, expected) = (text(&row, "input"), outcome(&row, "normal"));
        let normal = normalize(input);
        assert_eq!(
            normal.as_deref().map_err(UriError::code),
            expected,
            "{input:?}"
        );
        // The model, which has no error codes, must think the same of it.
        assert_eq!(
            model::normal_form(input).as_deref(),
            expected.ok(),
            "model: {input:?}"
        );
    }
}

#[test]
fn equal_uris_have_one_normal_form() {
    for group in rows("equal") {
        let uris: Vec<_> = strings(&group).collect();
        assert!(uris.len() > 1);
        for uri in &uris {
            assert!(normalize(uri).is_ok(), "{uri}");
            assert_eq!(normalize(uri), normalize(uris[0]), "{uri} and {}", uris[0]);
        }
    }
}

#[test]
fn different_uris_have_different_normal_forms() {
    for group in rows("different") {
        let uris: Vec<_> = strings(&group).collect();
        assert!(uris.len() > 1);
        for (index, a) in uris.iter().enumerate() {
            assert!(normalize(a).is_ok(), "{a}");
            for b in uris.iter().skip(index + 1) {
                assert_ne!(normalize(a), normalize(b), "{a} and {b}");
            }
        }
    }
}

#[test]
fn target_uris() {
    for row in rows("targets") {
        let target = Origin::parse(text(&row, "origin"))
            .and_then(|origin| TargetUri::new(&origin, text(&row, "path")));
        let target = target
            .as_ref()
            .map(TargetUri::as_str)
            .map_err(UriError::code);
        assert_eq!(target, outcome(&row, "target"), "{row}");
    }
}

#[test]
fn routes() {
    for group in rows("routes") {
        let prefixes = strings(&group["prefixes"]).map(|p| (p.to_owned(), p.to_owned()));
        let table = RouteTable::new(prefixes.collect()).unwrap();
        for row in array(&group["paths"]) {
            let path = text(row, "path");
            let route = table
                .find(path)
                .map(String::as_str)
                .map_err(|refusal| match refusal {
                    PathRefusal::Malformed(error) => error.code(),
                    PathRefusal::Ambiguous => "ambiguous",
                    PathRefusal::NoRoute => "no_route",
                    other => panic!("not in the vectors: {other}"),
                });
            assert_eq!(route, outcome(row, "route"), "{group}: {path}");
        }
    }
}

fn rows(name: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(VECTORS).unwrap();
    array(&document[name]).clone()
}

fn array(value: &Value) -> &Vec<Value> {
    let elements = value.as_array().unwrap();
    assert!(!elements.is_empty());
    elements
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    array(value).iter().map(|element| element.as_str().unwrap())
}

fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} of {row}"))
}

/// The member `name`, or the code in `error`.
fn outcome<'v>(row: &'v Value, name: &str) -> Result<&'v str, &'v str> {
    match row.get("error") {
        None => Ok(text(row, name)),
        Some(_) => Err(text(row, "error")),
    }
}

const VECTORS: &str = include_str!("../../../../tests/vectors/htu.json");
