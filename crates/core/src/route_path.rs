//! Which route a path belongs to, read so that no upstream can read it otherwise.
//!
//! A gateway that decides on one reading of a path while its upstream acts on another lets
//! `/open/..%2Fadmin` through an open route. So a path is served only if all readings agree.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;

use crate::htu::UriError;
use crate::lax_path::{LaxReading, reads_one_way};
use crate::uri_path::normalize_path;

/// Routes by path prefix. The prefix with the most segments wins.
#[derive(Clone, Debug)]
pub struct RouteTable<T> {
    /// The longest prefix first.
    routes: Vec<(String, T)>,
}

impl<T> RouteTable<T> {
    /// Takes prefixes with what they stand for.
    ///
    /// A prefix covers whole segments: `/a` covers `/a`, `/a/` and `/a/b`, but not `/ab`. `/` covers
    /// every path.
    ///
    /// # Errors
    ///
    /// Everything in [`RouteError`].
    pub fn new(mut routes: Vec<(String, T)>) -> Result<Self, RouteError> {
        for (prefix, _) in &routes {
            check_prefix(prefix)?;
        }
        routes.sort_by(|(a, _), (b, _)| (Reverse(a.len()), a).cmp(&(Reverse(b.len()), b)));
        let mut pairs = routes.iter().zip(routes.iter().skip(1));
        match pairs.find(|((a, _), (b, _))| a == b) {
            Some(((prefix, _), _)) => Err(RouteError::Duplicate {
                prefix: prefix.clone(),
            }),
            None => Ok(Self { routes }),
        }
    }

    /// The route of a path as it arrived: undecoded, up to the first `?` (PROJ-12).
    ///
    /// The path is read raw, in normal form, and as a lax upstream might read it: escapes decoded as
    /// often as it takes, `%2F` and `%5C` as slashes, the rest of a segment after `;` dropped (also
    /// after `%3B`, `%3F`, `%23` and `%00`), empty segments merged, dot segments removed. All three
    /// must lead to the same route, and no `..` may climb out of its prefix on the way. Upstreams that
    /// do only some of this are covered too: where a path holds a `..` and anything else on which they
    /// differ, no other route may lie below the prefix.
    ///
    /// Not covered are upstreams that fold the case of a path, strip dots or spaces from the end of a
    /// name, or take anything but the octets of `/` and `\` for a slash: see `docs/htu.md`.
    ///
    /// # Errors
    ///
    /// Everything in [`PathRefusal`].
    pub fn find(&self, raw_path: &str) -> Result<&T, PathRefusal> {
        let normal = normalize_path(raw_path).map_err(PathRefusal::Malformed)?;
        let route = self.longest(raw_path);
        if reads_one_way(raw_path) {
            return route.map(|(_, value)| value).ok_or(PathRefusal::NoRoute);
        }
        let lax = LaxReading::of(raw_path);
        let prefix_of = |path| self.longest(path).map(|(prefix, _)| prefix);
        let prefix = route.map(|(prefix, _)| prefix);
        if prefix_of(&normal) != prefix || prefix_of(&lax.path) != prefix {
            return Err(PathRefusal::Ambiguous);
        }
        let (prefix, value) = route.ok_or(PathRefusal::NoRoute)?;
        if lax.climbs_out_of(prefix) || (lax.is_tangled && self.has_route_below(prefix)) {
            return Err(PathRefusal::Ambiguous);
        }
        Ok(value)
    }

    fn longest(&self, path: &str) -> Option<(&str, &T)> {
        self.routes
            .iter()
            .find(|(prefix, _)| covers(prefix, path))
            .map(|(prefix, value)| (prefix.as_str(), value))
    }

    fn has_route_below(&self, prefix: &str) -> bool {
        let mut prefixes = self.routes.iter().map(|(other, _)| other);
        prefixes.any(|other| other != prefix && covers(prefix, other))
    }
}

/// Why a path has no route.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PathRefusal {
    /// The path has no normal form. 400.
    Malformed(UriError),
    /// Upstreams could read the path as one of another route. 400.
    Ambiguous,
    /// No prefix covers the path. 404.
    NoRoute,
}

impl fmt::Display for PathRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "the path is malformed: {error}"),
            Self::Ambiguous => f.write_str("the path can be read as one of another route"),
            Self::NoRoute => f.write_str("no route covers the path"),
        }
    }
}

impl core::error::Error for PathRefusal {}

/// Why prefixes make no table: a fault of the configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RouteError {
    /// No path at all.
    Malformed {
        /// The prefix as given.
        prefix: String,
        /// What is wrong with it.
        error: UriError,
    },
    /// Not in the one form that all readings leave alone. It has a slash at the end, an empty or dot
    /// segment, `;`, an encoded slash, or an escape that is not needed or in lower case.
    NotNormal {
        /// The prefix as given.
        prefix: String,
    },
    /// Two routes have this prefix.
    Duplicate {
        /// The prefix as given.
        prefix: String,
    },
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { prefix, error } => write!(f, "path {prefix:?}: {error}"),
            Self::NotNormal { prefix } => write!(
                f,
                "path {prefix:?}: not in normal form, or it ends with a slash or holds ; or %2F"
            ),
            Self::Duplicate { prefix } => write!(f, "path {prefix:?} belongs to two routes"),
        }
    }
}

impl core::error::Error for RouteError {}

/// A prefix that all readings leave as it is. The checks of [`RouteTable::find`] rest on this: once
/// the first segments of some reading are a prefix, no further decoding makes them another one.
fn check_prefix(prefix: &str) -> Result<(), RouteError> {
    let normal = normalize_path(prefix).map_err(|error| RouteError::Malformed {
        prefix: prefix.into(),
        error,
    })?;
    match prefix == "/" || (normal == prefix && LaxReading::of(prefix).path == prefix) {
        true => Ok(()),
        false => Err(RouteError::NotNormal {
            prefix: prefix.into(),
        }),
    }
}

fn covers(prefix: &str, path: &str) -> bool {
    let rest = path.strip_prefix(prefix);
    prefix == "/" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn table(prefixes: &[&str]) -> Result<RouteTable<String>, RouteError> {
        RouteTable::new(prefixes.iter().map(|&p| (p.into(), p.into())).collect())
    }

    #[track_caller]
    fn check(prefixes: &[&str], rows: &[(&str, Result<&str, PathRefusal>)]) {
        let table = table(prefixes).unwrap();
        for (path, expected) in rows {
            assert_eq!(
                table.find(path).map(String::as_str),
                *expected,
                "{prefixes:?} {path}"
            );
        }
    }

    use PathRefusal::{Ambiguous, Malformed, NoRoute};

    #[test]
    fn prefixes_are_whole_segments_and_the_longest_wins() {
        check(
            &["/a", "/", "/a/b", "/b"],
            &[
                ("/a", Ok("/a")),
                ("/a/", Ok("/a")),
                ("/a/x", Ok("/a")),
                ("/a/b", Ok("/a/b")),
                ("/a/b/", Ok("/a/b")),
                ("/a/bc", Ok("/a")),
                ("/a/c/b", Ok("/a")),
                ("/ab", Ok("/")),
                ("/A", Ok("/")),
                ("/b", Ok("/b")),
                ("/", Ok("/")),
            ],
        );
        check(
            &["/a"],
            &[
                ("/", Err(NoRoute)),
                ("/ab", Err(NoRoute)),
                ("/A", Err(NoRoute)),
            ],
        );
        check(&[], &[("/", Err(NoRoute)), ("/%2e/a%2fb", Err(NoRoute))]);
    }

    #[test]
    fn proj_12_a_path_that_some_upstream_reads_as_another_route_is_refused() {
        check(
            &[
                "/",
                "/open",
                "/admin",
                "/open/admin",
                "/~me",
                "/@me",
                "/caf%C3%A9",
            ],
            &[
                // the normaliser moves it
                ("/open/../admin", Err(Ambiguous)),
                ("/open/%2e%2E/admin", Err(Ambiguous)),
                ("/open/./admin", Err(Ambiguous)),
                ("/%61dmin", Err(Ambiguous)),
                ("/%7Eme", Err(Ambiguous)),
                ("/caf%c3%a9", Err(Ambiguous)),
                // only a lax upstream moves it
                ("/open/..%2Fadmin", Err(Ambiguous)),
                ("/open/..%2fadmin", Err(Ambiguous)),
                ("/open/..%5Cadmin", Err(Ambiguous)),
                ("/open/..;/admin", Err(Ambiguous)),
                ("/open/..;x=1/admin", Err(Ambiguous)),
                ("/open/%2e%2e;/admin", Err(Ambiguous)),
                ("/open/%252e%252e/admin", Err(Ambiguous)),
                ("/open/%25252e%25252e%25252fadmin", Err(Ambiguous)),
                ("/open/%25%32%65%252e/admin", Err(Ambiguous)),
                ("/open/..%00/admin", Err(Ambiguous)),
                ("/open/..%3Bx/admin", Err(Ambiguous)),
                ("/open//admin", Err(Ambiguous)),
                ("//admin", Err(Ambiguous)),
                ("/;/admin", Err(Ambiguous)),
                ("/.;/admin", Err(Ambiguous)),
                ("/%2Fadmin", Err(Ambiguous)),
                ("/%5Cadmin", Err(Ambiguous)),
                ("/admin;x", Err(Ambiguous)),
                ("/admin%3Bx", Err(Ambiguous)),
                ("/admin%3Fx", Err(Ambiguous)),
                ("/admin%23x", Err(Ambiguous)),
                ("/admin%00", Err(Ambiguous)),
                ("/admin%2Fx", Err(Ambiguous)),
                ("/open%2Fadmin", Err(Ambiguous)),
                ("/%40me", Err(Ambiguous)),
                // the same final route, but by way of another
                ("/open/../open/x", Err(Ambiguous)),
                ("/open/a/../../open/x", Err(Ambiguous)),
                ("/open/a%2F..%2F..%2Fopen/x", Err(Ambiguous)),
                // both readings agree, and an upstream between them does not
                ("/open/a%2Fb/..;/admin", Err(Ambiguous)),
                ("/open/x/a%2Fb/;/../../admin", Err(Ambiguous)),
                ("/open/;%2Fz/admin", Err(Ambiguous)),
                ("/open/%00/..;/..;/admin", Err(Ambiguous)),
                ("/open/%61dmin/../b", Err(Ambiguous)),
                ("/open/a/%252e%252e/admin/%25252e%25252e", Err(Ambiguous)),
                ("/open/./admin/../b", Err(Ambiguous)),
                // harmless: every reading stays
                ("/open/a%2Fb", Ok("/open")),
                ("/open/a//b", Ok("/open")),
                ("/open/a;v=1/b", Ok("/open")),
                ("/open/a/../b", Ok("/open")),
                ("/open/a/..", Ok("/open")),
                ("/open/100%25", Ok("/open")),
                ("/open/%20%C3%A9", Ok("/open")),
                ("/open/what%3F", Ok("/open")),
                ("/open/...", Ok("/open")),
                ("/open/.well-known", Ok("/open")),
                ("/caf%C3%A9/x", Ok("/caf%C3%A9")),
                ("/admin/..%2Fadmin", Err(Ambiguous)),
                ("/admin/x/..%2Fadmin", Ok("/admin")),
            ],
        );
    }

    #[test]
    fn a_path_stays_under_its_prefix_even_if_there_is_no_other_route() {
        check(
            &["/api"],
            &[
                ("/api/a/../b", Ok("/api")),
                ("/api/..", Err(Ambiguous)),
                ("/api/../x", Err(Ambiguous)),
                ("/api/..%2Fx", Err(Ambiguous)),
                ("/api/..;/api/x", Err(Ambiguous)),
                // out of the prefix for an upstream that leaves `%2F`, or drops it with the `;`
                ("/api/x/y/..;/..;/z", Ok("/api")),
                ("/api/x%2Fy/..;/..;/z", Err(Ambiguous)),
                ("/api/x;%2Fy/..;/z", Ok("/api")),
                ("/api/;%2Fy/..;/z", Err(Ambiguous)),
                ("/x/..%2Fapi", Err(Ambiguous)),
                ("/x/..%2Fy", Err(NoRoute)),
            ],
        );
        check(
            &["/"],
            &[
                ("/a/..;/b%2Fc//", Ok("/")),
                ("/a/..", Ok("/")),
                ("/a/../..", Err(Ambiguous)),
                ("/..", Err(Ambiguous)),
                ("/%252e%252e/etc/passwd", Err(Ambiguous)),
            ],
        );
    }

    #[test]
    fn what_the_normaliser_refuses_is_refused_on_every_route() {
        check(
            &["/", "/a"],
            &[
                ("", Err(Malformed(UriError::NotAPath))),
                ("*", Err(Malformed(UriError::NotAPath))),
                ("h:443", Err(Malformed(UriError::NotAPath))),
                ("/a/b\\c", Err(Malformed(UriError::IllegalOctet))),
                ("/a b", Err(Malformed(UriError::IllegalOctet))),
                ("/a\0", Err(Malformed(UriError::IllegalOctet))),
                ("/a?b", Err(Malformed(UriError::IllegalOctet))),
                ("/a%u002fb", Err(Malformed(UriError::Escape))),
                ("/a/%", Err(Malformed(UriError::Escape))),
                ("/é", Err(Malformed(UriError::NonAscii))),
            ],
        );
        check(&[], &[("/%zz", Err(Malformed(UriError::Escape)))]);
    }

    #[test]
    fn prefixes_have_one_form() {
        let not_normal = [
            "/a/",
            "//",
            "//a",
            "/a//b",
            "/.",
            "/a/..",
            "/a/./b",
            "/%61",
            "/%40",
            "/caf%c3%a9",
            "/a;v=1",
            "/a;",
            "/a%2Fb",
            "/a%5Cb",
            "/a%3F",
            "/a%00",
            "/a%2541",
            "/a%252F",
        ];
        for prefix in not_normal {
            let prefix = String::from(prefix);
            assert_eq!(
                table(&[&prefix]).unwrap_err(),
                RouteError::NotNormal { prefix }
            );
        }
        let malformed = [
            ("", UriError::NotAPath),
            ("a", UriError::NotAPath),
            ("/a b", UriError::IllegalOctet),
            ("/a*[", UriError::IllegalOctet),
            ("/%", UriError::Escape),
            ("/é", UriError::NonAscii),
        ];
        for (prefix, error) in malformed {
            let prefix = String::from(prefix);
            assert_eq!(
                table(&[&prefix]).unwrap_err(),
                RouteError::Malformed { prefix, error }
            );
        }
        for prefix in [
            "/",
            "/a",
            "/a/b",
            "/A",
            "/~a",
            "/@a,b:c",
            "/caf%C3%A9",
            "/100%25",
            "/a%20b",
        ] {
            assert_eq!(
                table(&[prefix]).map(|t| t.routes),
                Ok(vec![(prefix.into(), prefix.into())])
            );
        }
        assert_eq!(
            table(&["/a", "/b", "/a"]).unwrap_err(),
            RouteError::Duplicate {
                prefix: "/a".into()
            }
        );
    }
}
