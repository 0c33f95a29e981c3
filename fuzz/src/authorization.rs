use keybound::{Binding, FieldLines, Presentation, Reason, RequestView, RoutePolicy, TokenHash};

use crate::stage::{self, Signatures};

/// The `Authorization` field: never a panic, and what is taken for credentials has the grammar of
/// RFC 9110 section 11.4 with a token68, of which not one octet is lost on the way to the hash.
pub fn authorization(data: &[u8]) -> bool {
    let stage = &stage::stages()[1];
    let route = RoutePolicy::new(Binding::Bearer);
    let presented = stage.enforcer.present(&route, stage.request(data, None));
    let accepted = match presented {
        Ok(Presentation::Credentials(presented)) => {
            let token = token_of(data, "Bearer").unwrap();
            let hash = TokenHash::of(token, &Signatures::Always);
            assert_eq!(presented.token_hash(), &hash);
            true
        }
        Ok(Presentation::Open(_)) => panic!("the route is not open"),
        Err(rejection) if rejection.reason() == Reason::ProofMissing => {
            assert!(token_of(data, "DPoP").is_some());
            true
        }
        Err(rejection) => {
            let limit = stage.enforcer.limits().token;
            let long = |token: &str| token.len() > limit;
            let bearer = token_of(data, "Bearer");
            assert!(bearer.is_none_or(long), "{rejection}");
            assert!(token_of(data, "DPoP").is_none_or(long), "{rejection}");
            false
        }
    };
    // The same line twice is never credentials, whatever is in it.
    let twice = RequestView {
        authorization: FieldLines::collect([data, data]),
        ..stage.request(data, None)
    };
    let reason = stage.enforcer.present(&route, twice).err();
    let reason = reason.map(|rejection| rejection.reason());
    assert_eq!(reason, Some(Reason::CredentialsRepeated));
    accepted
}

/// `scheme 1*SP token68`, written down once more.
fn token_of<'d>(line: &'d [u8], scheme: &str) -> Option<&'d str> {
    let line = std::str::from_utf8(line).ok()?;
    let (name, rest) = line.split_once(' ')?;
    let token = rest.trim_start_matches(' ');
    let body = token.trim_end_matches('=');
    let good = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
    (name.eq_ignore_ascii_case(scheme) && !body.is_empty() && body.chars().all(good))
        .then_some(token)
}
