//! A path that a table admits goes to the same route whatever the upstream does to it.

use keybound::{PathRefusal, RouteTable};
use proptest::prelude::*;

use crate::model::remove_dot_segments;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn no_upstream_reads_an_admitted_path_as_one_of_another_route(
        path in path_like(),
        prefixes in prefixes(),
        habits in prop::collection::vec(habit(), 0..9),
    ) {
        let table = table(&prefixes);
        if let Ok(route) = table.find(&path) {
            let read = habits.iter().fold(path.clone(), |path, habit| habit.apply(&path));
            let there = longest(&prefixes, &read);
            prop_assert_eq!(Some(route.as_str()), there, "{} read as {}", path, read);
        }
    }

    /// The readings differ only where there is something to read differently.
    #[test]
    fn a_plain_path_has_the_longest_prefix(path in "(/[a-z~@.-]?(open|admin|x)){1,4}/?", prefixes in prefixes()) {
        let expected = longest(&prefixes, &path).ok_or(PathRefusal::NoRoute);
        let table = table(&prefixes);
        prop_assert_eq!(table.find(&path).map(String::as_str), expected);
    }

    #[test]
    fn any_text_at_all_is_read(path in "/?\\PC{0,20}", prefixes in prefixes()) {
        let found = table(&prefixes).find(&path).is_ok();
        prop_assert!(!found || path.is_ascii());
    }
}

/// Something that an upstream may do to a path.
#[derive(Clone, Copy, Debug)]
enum Habit {
    DecodeUnreserved,
    DecodeAllButSlashes,
    DecodeAll,
    BackslashIsSlash,
    DropParameters,
    DropEncodedParameters,
    EndAtQuery,
    EndAtNul,
    MergeSlashes,
    RemoveDotSegments,
}

impl Habit {
    fn apply(self, path: &str) -> String {
        match self {
            Self::DecodeUnreserved => {
                decode(path, |c| c.is_ascii_alphanumeric() || "-._~".contains(c))
            }
            Self::DecodeAllButSlashes => decode(path, |c| c != '/' && c != '\\'),
            Self::DecodeAll => decode(path, |_| true),
            Self::BackslashIsSlash => path.replace('\\', "/"),
            Self::DropParameters => each_segment(path, |segment| until(segment, ';')),
            Self::DropEncodedParameters => {
                each_segment(&path.replace("%3b", "%3B").replace("%3B", ";"), |segment| {
                    until(segment, ';')
                })
            }
            Self::EndAtQuery => until(&until(path, '?'), '#'),
            Self::EndAtNul => until(path, '\0'),
            Self::MergeSlashes => {
                let mut path = path.to_owned();
                while path.contains("//") {
                    path = path.replace("//", "/");
                }
                path
            }
            Self::RemoveDotSegments => remove_dot_segments(path),
        }
    }
}

fn decode(path: &str, is_wanted: impl Fn(char) -> bool) -> String {
    let mut decoded = String::new();
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        let octet = match c {
            '%' => rest
                .get(1..3)
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        match octet
            .map(char::from)
            .filter(|c| c.is_ascii() && is_wanted(*c))
        {
            Some(octet) => {
                decoded.push(octet);
                rest = &rest[3..];
            }
            None => {
                decoded.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    decoded
}

fn each_segment(path: &str, change: impl Fn(&str) -> String) -> String {
    path.split('/').map(change).collect::<Vec<_>>().join("/")
}

fn until(text: &str, end: char) -> String {
    text.split(end).next().unwrap_or_default().to_owned()
}

fn longest<'p>(prefixes: &[&'p str], path: &str) -> Option<&'p str> {
    let path: Vec<_> = path.split('/').skip(1).collect();
    prefixes
        .iter()
        .copied()
        .filter(|prefix| {
            let names: Vec<_> = prefix.split('/').filter(|name| !name.is_empty()).collect();
            path.starts_with(&names)
        })
        .max_by_key(|prefix| prefix.len())
}

fn table(prefixes: &[&str]) -> RouteTable<String> {
    RouteTable::new(
        prefixes
            .iter()
            .map(|&prefix| (prefix.into(), prefix.into()))
            .collect(),
    )
    .unwrap()
}

fn prefixes() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::select(vec![
        vec!["/", "/open", "/admin", "/open/admin"],
        vec!["/open", "/open/admin"],
        vec!["/", "/admin"],
        vec!["/open/x", "/open/x/admin", "/x"],
        vec!["/open"],
        vec!["/"],
        vec!["/", "/@me"],
    ])
}

fn habit() -> impl Strategy<Value = Habit> {
    prop::sample::select(vec![
        Habit::DecodeUnreserved,
        Habit::DecodeAllButSlashes,
        Habit::DecodeAll,
        Habit::BackslashIsSlash,
        Habit::DropParameters,
        Habit::DropEncodedParameters,
        Habit::EndAtQuery,
        Habit::EndAtNul,
        Habit::MergeSlashes,
        Habit::RemoveDotSegments,
    ])
}

fn path_like() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        6 => Just("/"),
        3 => prop::sample::select(vec!["open", "admin", "x", "/open/", "/admin/", "/x/"]),
        2 => prop::sample::select(vec!["..", ".", "/../", ";", "%2F", "%5c"]),
        1 => prop::sample::select(vec![
            "%2e", "%2E%2e", "%252e", "%25252E", "%252f", "%255C", "%25", "%32", "%65", "2e", "2F", "%3B", "%253b", "%3F", "%23",
            "%00", "%2500", "%61dmin", "%2561dmin", "%40me", "@me", "/;/", ";/", "a", "%C3%A9", "%20",
        ]),
    ];
    (
        prop::sample::select(vec!["/", "/open/", "/open/x/"]),
        prop::collection::vec(token, 0..10),
    )
        .prop_map(|(start, tokens)| format!("{start}{}", tokens.concat()))
}
