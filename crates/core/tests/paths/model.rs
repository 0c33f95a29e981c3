//! The normal form written a second time, straight from the text of RFC 3986 and without a thought
//! for speed, so that the two can be compared. It shares no code with the crate.

/// The normal form of a URI, or nothing if it has none.
pub(crate) fn normal_form(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_at_checked(uri.find(':')?)?;
    let scheme = scheme.to_lowercase();
    let own_port = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let hierarchy = rest.strip_prefix("://")?.split(['?', '#']).next()?;
    let (authority, path) = match hierarchy.find('/') {
        Some(slash) => hierarchy.split_at_checked(slash)?,
        None => (hierarchy, "/"),
    };
    let (host, port) = match authority.rfind([':', ']']) {
        Some(colon) if authority[colon..].starts_with(':') => {
            (&authority[..colon], &authority[colon + 1..])
        }
        _ => (authority, ""),
    };
    if !is_host(host) || !port.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let mut number: u64 = 0;
    for digit in port.chars() {
        number = (number * 10 + u64::from(digit.to_digit(10)?)).min(65_536);
    }
    if number == 65_536 {
        return None;
    }
    let port = match port {
        "" => String::new(),
        _ if number == own_port => String::new(),
        _ => format!(":{number}"),
    };
    let path = remove_dot_segments(&decode(path)?);
    Some(format!("{scheme}://{}{port}{path}", host.to_lowercase()))
}

/// RFC 3986 section 3.2.2, percent-encodings and future address forms left out.
fn is_host(host: &str) -> bool {
    match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host
                    .chars()
                    .all(|c| UNRESERVED.contains(c) || SUB_DELIMS.contains(c))
        }
    }
}

/// RFC 3986 sections 6.2.2.1 and 6.2.2.2, for a path of section 3.3.
fn decode(path: &str) -> Option<String> {
    let mut decoded = String::new();
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        if c == '%' {
            let octet = chars.next()?.to_digit(16)? * 16 + chars.next()?.to_digit(16)?;
            match char::from_u32(octet).filter(|c| UNRESERVED.contains(*c)) {
                Some(c) => decoded.push(c),
                None => decoded.push_str(&format!("%{octet:02X}")),
            }
        } else if c == '/' || UNRESERVED.contains(c) || SUB_DELIMS.contains(c) || ":@".contains(c) {
            decoded.push(c);
        } else {
            return None;
        }
    }
    Some(decoded)
}

/// RFC 3986 section 5.2.4, steps A to E as they stand there.
pub(crate) fn remove_dot_segments(path: &str) -> String {
    let mut input = path.to_owned();
    let mut output = String::new();
    while !input.is_empty() {
        if input.starts_with("../") || input.starts_with("./") {
            input = input[input.find('/').unwrap() + 1..].to_owned();
        } else if input.starts_with("/./") {
            input = input[2..].to_owned();
        } else if input == "/." {
            input = "/".to_owned();
        } else if input.starts_with("/../") || input == "/.." {
            input = format!("/{}", input.get(4..).unwrap_or_default());
            output.truncate(output.rfind('/').unwrap_or(0));
        } else if input == "." || input == ".." {
            input.clear();
        } else {
            let end = input[1..].find('/').map_or(input.len(), |slash| slash + 1);
            output.push_str(&input[..end]);
            input = input[end..].to_owned();
        }
    }
    output
}

const UNRESERVED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
const SUB_DELIMS: &str = "!$&'()*+,;=";
