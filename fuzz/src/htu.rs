use std::borrow::Cow;

use keybound::htu::{normalize, normalize_path};
use keybound::{Origin, TargetUri};

/// The normal form: never a panic; it is of its own normal form, has no query and no fragment, does
/// not change with what is ignored, and is what the request's own side makes of origin and path
/// (RFC 3986 section 6.2.2, RFC 9449 section 4.3).
pub fn htu(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let Ok(normal) = normalize(text) else {
        return false;
    };
    assert!(normal.is_ascii());
    assert!(normal.starts_with("https://") || normal.starts_with("http://"));
    assert!(!normal.contains(['?', '#', '\\', ' ']), "{normal}");
    assert!(matches!(normalize(&normal), Ok(Cow::Borrowed(own)) if own == normal));

    // What is ignored, what has no case, and an unreserved octet that need not be escaped.
    let bare = text.split(['?', '#']).next().unwrap();
    let (scheme, rest) = bare.split_once("://").unwrap();
    let upper = format!("{}://{rest}?q=1#f", scheme.to_ascii_uppercase());
    assert_eq!(normalize(&upper).as_deref(), Ok(&*normal));
    let escaped = format!("{normal}%7e");
    assert_eq!(
        normalize(&escaped).as_deref(),
        Ok(format!("{normal}~").as_str())
    );

    // The other side: an origin from the configuration, and a path.
    let at = normal.find("://").unwrap() + 3;
    let slash = at + normal[at..].find('/').unwrap();
    let (origin, path) = normal.split_at(slash);
    assert!(!origin.contains('@'), "{origin}");
    assert_eq!(normalize_path(path).as_deref(), Ok(path));
    let target = TargetUri::new(&Origin::parse(origin).unwrap(), path).unwrap();
    assert_eq!(target.as_str(), normal);
    assert_eq!(target.matches_htu(text), Ok(true));
    assert_eq!(target.matches_htu(&format!("{normal}x")), Ok(false));
    true
}
