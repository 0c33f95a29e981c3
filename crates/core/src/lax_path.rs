//! A path as upstreams might read it that decode and repair more than RFC 3986 allows.

use alloc::string::String;
use alloc::vec::Vec;

use crate::uri_path::{escaped_octet, is_pchar};

/// A path as the laxest upstream reads it.
pub(crate) struct LaxReading {
    /// The segments, each after a slash. Empty for the root, no slash at the end.
    pub(crate) path: String,
    /// The fewest segments that can be left after any `..` of the path, `None` if there is none.
    lowest: Option<usize>,
    /// A `..` climbs above the root.
    leaves_root: bool,
    /// Upstreams that are only half as lax could come to segments that no full reading shows: there
    /// is a `..` beside anything else that is read in two ways, or a `;` before an encoded slash.
    pub(crate) is_tangled: bool,
}

impl LaxReading {
    /// Reads a legal path.
    pub(crate) fn of(raw_path: &str) -> Self {
        let decoded = decode_fully(raw_path);
        let mut reading = Self {
            path: String::with_capacity(decoded.len()),
            lowest: None,
            leaves_root: false,
            is_tangled: false,
        };
        // The depth is that of the worst case: an upstream that sees every `..` which can be seen, and
        // otherwise as few segments as it can.
        let mut depth: usize = 0;
        let mut is_special = decoded != raw_path;
        let mut segments = decoded.split('/').skip(1).peekable();
        while let Some(segment) = segments.next() {
            let mut is_after_name = false;
            let mut was_cut = false;
            for (index, part) in split_at_encoded_slashes(segment).enumerate() {
                // What is dropped may or may not reach over the encoded slash.
                reading.is_tangled |= was_cut;
                is_special |= index > 0;
                match cut(part) {
                    "" => {}
                    "." => is_special = true,
                    ".." => {
                        reading.climb(&mut depth);
                        is_after_name = false;
                    }
                    name => {
                        // Names with an encoded slash between them may count as one, and a name after
                        // a `;` as none.
                        if !is_after_name && !was_cut {
                            depth = depth.saturating_add(1);
                        }
                        is_after_name = true;
                        reading.path.push('/');
                        reading.path.push_str(name);
                    }
                }
                was_cut |= cut(part).len() < part.len();
            }
            is_special |= was_cut || (segment.is_empty() && segments.peek().is_some());
        }
        reading.is_tangled |= is_special && reading.lowest.is_some();
        reading
    }

    fn climb(&mut self, depth: &mut usize) {
        self.leaves_root |= *depth == 0;
        *depth = depth.saturating_sub(1);
        self.lowest = Some(self.lowest.map_or(*depth, |lowest| lowest.min(*depth)));
        self.path.truncate(self.path.rfind('/').unwrap_or(0));
    }

    /// Whether some `..` of the path could leave the segments of `prefix`.
    pub(crate) fn climbs_out_of(&self, prefix: &str) -> bool {
        let depth = prefix.split('/').filter(|name| !name.is_empty()).count();
        self.leaves_root || self.lowest.is_some_and(|lowest| lowest < depth)
    }
}

/// Decodes whatever may stand unencoded in a segment, as often as it takes, so `%252e` is a dot. All
/// other escapes stay, in upper case.
fn decode_fully(path: &str) -> String {
    let mut text = Vec::with_capacity(path.len());
    for octet in path.bytes() {
        text.push(octet);
        while settle_end(&mut text) {}
    }
    // Only ASCII was pushed. Nothing covers an empty text but `/`.
    String::from_utf8(text).unwrap_or_default()
}

/// Decodes one layer of an escape that ends the text. Says whether the text became shorter.
fn settle_end(text: &mut Vec<u8>) -> bool {
    let (drop, tail) = match text.as_slice() {
        // `%25XX` is the escape `%XX`, escaped.
        [.., b'%', b'2', b'5', high, low] if escaped_octet(*high, *low).is_some() => {
            (5, [b'%', *high, *low])
        }
        [.., b'%', high, low] => match escaped_octet(*high, *low) {
            Some(octet) if is_pchar(octet) => {
                text.truncate(text.len().saturating_sub(3));
                text.push(octet);
                return true;
            }
            _ => (3, [b'%', *high, *low]),
        },
        _ => return false,
    };
    let start = text.len().saturating_sub(drop);
    text.truncate(start);
    text.extend(tail.map(|octet| octet.to_ascii_uppercase()));
    drop > tail.len()
}

fn split_at_encoded_slashes(segment: &str) -> impl Iterator<Item = &str> {
    segment.split("%2F").flat_map(|part| part.split("%5C"))
}

/// What an upstream keeps that ends a name at its parameters, or that decodes and then finds a query,
/// a fragment or the end of a C string.
fn cut(part: &str) -> &str {
    let end = [";", "%3F", "%23", "%00"]
        .iter()
        .filter_map(|mark| part.find(mark))
        .min();
    part.get(..end.unwrap_or(part.len())).unwrap_or_default()
}

/// Whether a legal path has nothing in it that any reading changes.
pub(crate) fn reads_one_way(path: &str) -> bool {
    let mut pairs = path.bytes().zip(path.bytes().skip(1));
    !path.contains(['%', ';']) && !pairs.any(|pair| matches!(pair, (b'/', b'/' | b'.')))
}
