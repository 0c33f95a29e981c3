use std::collections::BTreeMap;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};

use crate::proxy::Body;

/// What the API tells about a request that reached it.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Echo {
    method: String,
    path: String,
    /// The fields that the gateway sets, without their prefix.
    keybound: BTreeMap<String, String>,
    pub(super) credentials: Credentials,
}

/// Whether the API could see what only the client and the gateway should.
#[derive(Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Credentials {
    authorization: bool,
    dpop: bool,
}

/// The API: it says what it was asked, and by whom the gateway says that it was.
pub(super) async fn answer(request: Request<Incoming>) -> Response<Body> {
    let echo = Echo::of(&request);
    // Texts and booleans always serialise.
    let mut text = serde_json::to_string_pretty(&echo).unwrap_or_default();
    text.push('\n');
    let mut response = Response::new(Body::full(text));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

impl Echo {
    fn of<B>(request: &Request<B>) -> Self {
        let fields = request.headers();
        let of_gateway = fields.iter().filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix("keybound-")?;
            Some((
                name.to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            ))
        });
        Self {
            method: request.method().to_string(),
            path: request.uri().to_string(),
            keybound: of_gateway.collect(),
            credentials: Credentials {
                authorization: fields.contains_key(AUTHORIZATION),
                dpop: fields.contains_key("dpop"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_it_sees() {
        let request = Request::put("/a?b=c")
            .header("Keybound-Subject", "alice")
            .header("X-Other", "1")
            .header("DPoP", "proof")
            .body(())
            .unwrap();
        let expected = Echo {
            method: "PUT".into(),
            path: "/a?b=c".into(),
            keybound: BTreeMap::from([("subject".into(), "alice".into())]),
            credentials: Credentials {
                authorization: false,
                dpop: true,
            },
        };
        assert_eq!(Echo::of(&request), expected);

        let request = Request::get("/")
            .header("Authorization", "DPoP x")
            .body(())
            .unwrap();
        let expected = Credentials {
            authorization: true,
            dpop: false,
        };
        assert_eq!(Echo::of(&request).credentials, expected);
    }
}
