//! The path of a URI in normal form (RFC 3986 sections 3.3 and 6.2.2).

use alloc::borrow::Cow;
use alloc::string::String;

use crate::htu::UriError;

/// The normal form of the path of a URI, as [`normalize`](crate::htu::normalize) has it.
///
/// `raw` is a path alone, without query: as it stands in a request before the first `?`. Text that is
/// normal already is borrowed.
///
/// # Errors
///
/// [`UriError::NotAPath`] if it does not begin with `/`, so the forms `*` and `host:port` of a request
/// target never match; [`UriError::NonAscii`], [`UriError::IllegalOctet`] and
/// [`UriError::Escape`] for what no path may hold.
pub fn normalize_path(raw: &str) -> Result<Cow<'_, str>, UriError> {
    if normal_length(raw)? == raw.len() {
        return Ok(Cow::Borrowed(raw));
    }
    let mut text = String::with_capacity(raw.len());
    push_path(raw, &mut text)?;
    Ok(Cow::Owned(text))
}

/// The length of the whole segments at the start of `path` that are normal as they stand.
pub(crate) fn normal_length(path: &str) -> Result<usize, UriError> {
    let mut length: usize = 0;
    for segment in segments(path)? {
        if !is_normal_segment(segment)? {
            break;
        }
        length = length.saturating_add(segment.len()).saturating_add(1);
    }
    Ok(length)
}

fn is_normal_segment(segment: &str) -> Result<bool, UriError> {
    let mut rest = segment.as_bytes();
    loop {
        rest = match rest {
            [] => return Ok(segment != "." && segment != ".."),
            [b'%', high, low, tail @ ..] => {
                let octet = escaped_octet(*high, *low).ok_or(UriError::Escape)?;
                let is_upper = !high.is_ascii_lowercase() && !low.is_ascii_lowercase();
                if !is_upper || is_unreserved(octet) {
                    return Ok(false);
                }
                tail
            }
            [octet, tail @ ..] => {
                check_path_octet(*octet)?;
                tail
            }
        };
    }
}

/// Appends the normal form of a path that begins with `/`. Its dot segments do not reach into what
/// `text` held before.
pub(crate) fn push_path(path: &str, text: &mut String) -> Result<(), UriError> {
    let root = text.len();
    let mut ends_in_dots = false;
    for segment in segments(path)? {
        let start = text.len();
        text.push('/');
        push_segment(segment, text)?;
        // URI-6.2.2.3-1, RFC 3986 section 5.2.4, after decoding: `%2e` is a dot.
        let climb = match text.get(start..) {
            Some("/.") => Some(start),
            Some("/..") => {
                let before = text.get(root..start).unwrap_or_default();
                Some(root.saturating_add(before.rfind('/').unwrap_or(0)))
            }
            _ => None,
        };
        ends_in_dots = climb.is_some();
        text.truncate(climb.unwrap_or(text.len()));
    }
    if ends_in_dots {
        text.push('/');
    }
    Ok(())
}

/// Decodes once, and only what never needed an escape (URI-6.2.2.2-1 and URI-2.4-1, RFC 3986
/// sections 6.2.2.2 and 2.4); all other escapes stay, in upper case (URI-6.2.2.1-1).
fn push_segment(segment: &str, text: &mut String) -> Result<(), UriError> {
    let mut rest = segment.as_bytes();
    loop {
        rest = match rest {
            [] => return Ok(()),
            [b'%', high, low, tail @ ..] => {
                let octet = escaped_octet(*high, *low).ok_or(UriError::Escape)?;
                if is_unreserved(octet) {
                    text.push(char::from(octet));
                } else {
                    text.push('%');
                    text.push(char::from(high.to_ascii_uppercase()));
                    text.push(char::from(low.to_ascii_uppercase()));
                }
                tail
            }
            [octet, tail @ ..] => {
                check_path_octet(*octet)?;
                text.push(char::from(*octet));
                tail
            }
        };
    }
}

fn segments(path: &str) -> Result<impl Iterator<Item = &str>, UriError> {
    let path = path.strip_prefix('/').ok_or(UriError::NotAPath)?;
    Ok(path.split('/'))
}

fn check_path_octet(octet: u8) -> Result<(), UriError> {
    match octet {
        b'%' => Err(UriError::Escape),
        octet if is_pchar(octet) => Ok(()),
        octet if octet.is_ascii() => Err(UriError::IllegalOctet),
        _ => Err(UriError::NonAscii),
    }
}

/// The octet of the escape `%` `high` `low`.
pub(crate) fn escaped_octet(high: u8, low: u8) -> Option<u8> {
    Some(hex_value(high)? << 4 | hex_value(low)?)
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// RFC 3986 section 3.3, without escapes.
pub(crate) const fn is_pchar(octet: u8) -> bool {
    is_unreserved(octet) || is_sub_delim(octet) || matches!(octet, b':' | b'@')
}

/// RFC 3986 section 2.3.
pub(crate) const fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986 section 2.2.
pub(crate) const fn is_sub_delim(octet: u8) -> bool {
    matches!(
        octet,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
    )
}
