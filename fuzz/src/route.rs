use std::sync::OnceLock;

use keybound::RouteTable;
use keybound::htu::normalize_path;

/// The route of a path: never a panic, and whichever way an upstream reads a path that has a route,
/// it reads one below the prefix of that route and below no longer one (PROJ-16).
pub fn route(data: &[u8]) -> bool {
    let Ok(path) = std::str::from_utf8(data) else {
        return false;
    };
    let Ok(prefix) = table().find(path) else {
        return false;
    };
    let normal = normalize_path(path).unwrap();
    assert_eq!(table().find(&normal).ok(), Some(prefix), "{normal}");
    for reading in READINGS {
        let segments = read(path, *reading);
        assert_eq!(
            longest(&segments),
            Some(*prefix),
            "{reading:?} {segments:?}"
        );
    }
    true
}

/// What an upstream may do to a path before it looks at it, each on its own and all together.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    decodes_slashes: bool,
    turns_backslashes: bool,
    merges_slashes: bool,
    drops_parameters: bool,
}

const READINGS: &[Reading] = &[
    PLAIN,
    Reading {
        decodes_slashes: true,
        ..PLAIN
    },
    Reading {
        decodes_slashes: true,
        turns_backslashes: true,
        ..PLAIN
    },
    Reading {
        merges_slashes: true,
        ..PLAIN
    },
    Reading {
        drops_parameters: true,
        ..PLAIN
    },
    Reading {
        decodes_slashes: true,
        merges_slashes: true,
        ..PLAIN
    },
    Reading {
        merges_slashes: true,
        drops_parameters: true,
        ..PLAIN
    },
    Reading {
        decodes_slashes: true,
        turns_backslashes: true,
        merges_slashes: true,
        drops_parameters: true,
    },
];

const PLAIN: Reading = Reading {
    decodes_slashes: false,
    turns_backslashes: false,
    merges_slashes: false,
    drops_parameters: false,
};

/// The segments that are left.
fn read(path: &str, reading: Reading) -> Vec<String> {
    let mut text = decode(path, reading);
    if reading.turns_backslashes {
        text = text.replace('\\', "/");
    }
    let mut segments: Vec<String> = Vec::new();
    for segment in text.split('/').skip(1) {
        let segment = match reading.drops_parameters {
            true => segment.split(';').next().unwrap_or_default(),
            false => segment,
        };
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            "" if reading.merges_slashes => {}
            name => segments.push(name.to_owned()),
        }
    }
    segments
}

/// Decodes unreserved octets, and slashes and backslashes if the reading says so.
fn decode(path: &str, reading: Reading) -> String {
    let mut text = String::new();
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        text.push_str(before);
        let octet = escape
            .get(1..3)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let octet = char::from(octet.unwrap());
        let decodes = match octet {
            '/' => reading.decodes_slashes,
            '\\' => reading.turns_backslashes,
            _ => octet.is_ascii_alphanumeric() || "-._~".contains(octet),
        };
        match decodes {
            true => text.push(octet),
            false => text.push_str(&escape[..3]),
        }
        rest = &escape[3..];
    }
    text + rest
}

fn longest(segments: &[String]) -> Option<&'static str> {
    let covers = |prefix: &str| {
        let names: Vec<&str> = prefix.split('/').filter(|name| !name.is_empty()).collect();
        segments.len() >= names.len() && names.iter().zip(segments).all(|(a, b)| a == b)
    };
    let covering = PREFIXES.iter().copied().filter(|prefix| covers(prefix));
    covering.max_by_key(|prefix| prefix.len())
}

fn table() -> &'static RouteTable<&'static str> {
    static TABLE: OnceLock<RouteTable<&'static str>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let routes = PREFIXES
            .iter()
            .map(|prefix| ((*prefix).to_owned(), *prefix));
        RouteTable::new(routes.collect()).unwrap()
    })
}

const PREFIXES: &[&str] = &["/", "/open", "/a", "/a/b", "/a/b/c", "/ab"];
