//! What holds of the normal form for every input.

use std::borrow::Cow;

use keybound::htu::{normalize, normalize_path};
use keybound::{Origin, TargetUri, UriError};
use proptest::prelude::*;

use crate::model::normal_form;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn agrees_with_the_model(uri in uri_like()) {
        prop_assert_eq!(normalize(&uri).ok().map(Cow::into_owned), normal_form(&uri));
    }

    #[test]
    fn any_text_at_all_agrees_with_the_model(uri in "(https?://)?\\PC{0,20}") {
        prop_assert_eq!(normalize(&uri).ok().map(Cow::into_owned), normal_form(&uri));
    }

    #[test]
    fn is_idempotent_and_borrows_the_second_time(uri in uri_like()) {
        if let Ok(normal) = normalize(&uri) {
            let again = normalize(&normal);
            prop_assert!(matches!(again, Ok(Cow::Borrowed(_))), "{normal}");
            prop_assert_eq!(again, Ok(normal.clone()));
        }
    }

    #[test]
    fn a_normal_form_has_nothing_left_to_normalise(uri in uri_like()) {
        if let Ok(normal) = normalize(&uri) {
            let path = normal.splitn(4, '/').nth(3);
            prop_assert!(path.is_some(), "no path: {normal}");
            for segment in path.unwrap_or_default().split('/') {
                prop_assert!(segment != "." && segment != "..", "dots: {normal}");
            }
            for (start, _) in normal.match_indices('%') {
                let digits = &normal[start + 1..start + 3];
                prop_assert_eq!(digits, digits.to_uppercase());
                let octet = char::from(u8::from_str_radix(digits, 16).unwrap());
                prop_assert!(!octet.is_ascii_alphanumeric() && !"-._~".contains(octet), "{normal}");
            }
            prop_assert!(!normal.contains(['?', '#', ' ', '\\']) && normal.is_ascii());
        }
    }

    /// What RFC 9449 section 4.3 asks normalisation for: one resource, however it is spelt.
    #[test]
    fn respelling_changes_nothing(uri in uri_like(), choices in prop::collection::vec(0_u8..6, 60)) {
        if let Ok(normal) = normalize(&uri) {
            let respelt = respell(&normal, &choices);
            prop_assert_eq!(normalize(&respelt), Ok(normal), "{}", respelt);
        }
    }

    #[test]
    fn an_origin_and_a_path_make_the_uri_that_they_spell(path in path_like()) {
        let origin = Origin::parse("https://rs.example:8443").unwrap();
        let uri = format!("https://rs.example:8443{path}");
        let target = TargetUri::new(&origin, &path);
        if path.contains(['?', '#']) {
            // In a path alone these end nothing.
            prop_assert!(target.is_err());
        } else {
            prop_assert_eq!(target.map(|target| target.to_string()), normalize(&uri).map(Cow::into_owned));
        }
    }

    #[test]
    fn no_path_climbs_out_of_the_prefix(path in path_like()) {
        let origin = Origin::parse("https://rs.example/svc").unwrap();
        if let Ok(target) = TargetUri::new(&origin, &path) {
            let expected = format!("https://rs.example/svc{}", normalize_path(&path).unwrap());
            prop_assert_eq!(target.as_str(), expected);
        }
    }

    #[test]
    fn no_octet_outside_ascii_passes(before in "/[a-z/]{0,8}", c in "[^\\x00-\\x7f]", after in "[a-z/]{0,8}") {
        let path = format!("{before}{c}{after}");
        prop_assert_eq!(normalize_path(&path), Err(UriError::NonAscii));
    }
}

fn uri_like() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec![
        "https://", "HTTPS://", "http://", "hTTp://", "wss://", "https:/", "//", "",
    ]);
    let host = prop::sample::select(vec![
        "h",
        "Rs.Example",
        "rs.example.",
        "127.1",
        "[::1]",
        "[2001:DB8::A]",
        "[::1",
        "[]",
        "",
        "u@h",
        "a_b,c",
        "h%61",
        "h h",
        "xn--bcher-kva.example",
        "bücher.example",
        "h\\",
        "[v1.a]",
        "[::1%25eth0]",
        "::1",
        "[fe80::1]x",
    ]);
    let port = prop::sample::select(vec![
        "",
        ":",
        ":80",
        ":443",
        ":8443",
        ":0443",
        ":00080",
        ":0",
        ":000",
        ":65535",
        ":65536",
        ":x",
        ":+1",
        ":1:2",
        ":99999999999999999999",
    ]);
    let tail = prop::sample::select(vec!["", "?", "#", "?a/../b", "#é", "?q=%zz|", "?x#y"]);
    (
        likely(scheme, "https://"),
        likely(host, "rs.example"),
        likely(port, ""),
        prop_oneof![3 => path_like(), 1 => Just(String::new())],
        tail,
    )
        .prop_map(|(scheme, host, port, path, tail)| format!("{scheme}{host}{port}{path}{tail}"))
}

fn likely(
    strategy: impl Strategy<Value = &'static str>,
    usual: &'static str,
) -> impl Strategy<Value = &'static str> {
    prop_oneof![2 => Just(usual), 1 => strategy]
}

fn path_like() -> impl Strategy<Value = String> {
    let usual = prop::sample::select(vec![
        "/", "/", "/", ".", "..", "a", "B", "~", ";", "%2F", "%2f", "%2e", "%2E", "%7e", "%41",
        "%25", "%C3%a9", "%00", "+", "@", ":",
    ]);
    let illegal = prop::sample::select(vec![
        "%", "%4", "%zz", "%%", " ", "\\", "|", "é", "\t", "[", "\"", "?", "#", "\u{7f}",
    ]);
    prop::collection::vec(prop_oneof![60 => usual, 1 => illegal], 0..14)
        .prop_map(|tokens| format!("/{}", tokens.concat()))
}

/// Another spelling of a URI in normal form.
fn respell(normal: &str, choices: &[u8]) -> String {
    let mut choices = choices.iter().copied().chain(std::iter::repeat(0));
    let mut choose = || choices.next().unwrap_or(0);
    let (scheme, rest) = normal.split_once("://").unwrap();
    let (authority, path) = rest.split_at(rest.find('/').unwrap());
    let mut text = match choose() {
        0 => scheme.to_uppercase(),
        _ => scheme.to_owned(),
    };
    text.push_str("://");
    text.push_str(&match choose() {
        0 => authority.to_uppercase(),
        _ => authority.to_owned(),
    });
    let has_port = authority.rfind(':') > authority.rfind(']');
    match (has_port, choose()) {
        (false, 0) => text.push(':'),
        (false, 1) => text.push_str(if scheme == "http" { ":080" } else { ":00443" }),
        _ => {}
    }
    if path == "/" && choose() == 0 {
        return text + "?/..";
    }
    let mut escape_digits = 0;
    for c in path.chars() {
        if escape_digits > 0 {
            escape_digits -= 1;
            text.push(if choose() < 3 {
                c.to_ascii_lowercase()
            } else {
                c
            });
            continue;
        }
        match (c, choose()) {
            ('/', 0) => text.push_str("/./"),
            ('/', 1) => text.push_str("/x%2f/%2E./"),
            (c, 0) if c.is_ascii_alphanumeric() || "-._~".contains(c) => {
                text.push_str(&format!("%{:02x}", u32::from(c)));
            }
            (c, 1) if c.is_ascii_alphanumeric() || "-._~".contains(c) => {
                text.push_str(&format!("%{:02X}", u32::from(c)));
            }
            (c, _) => {
                escape_digits = if c == '%' { 2 } else { 0 };
                text.push(c);
            }
        }
    }
    match choose() {
        0 => text + "?a=b&c",
        1 => text + "#f",
        _ => text,
    }
}
