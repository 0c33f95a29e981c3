use keybound::{Answer, Reason};

/// What became of a request, and what was answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It passes.
    Allowed,
    /// It passes, and its proof is left for the service behind.
    VerifiedOnly,
    /// It is refused, and that is the client's affair.
    Denied(Reason, Response),
    /// It cannot be decided.
    Failed(Reason, Response),
}

/// An answer, whole: a field that is not named here is not there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The `WWW-Authenticate` lines, in order.
    pub challenges: Vec<String>,
    /// `DPoP-Nonce`.
    pub nonce: Nonce,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Access-Control-Expose-Headers`.
    pub expose: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
}

/// The `DPoP-Nonce` field of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Nonce {
    /// There is none.
    Absent,
    /// There is one, made in this very second for the origin of the request.
    Fresh,
    /// There is another one.
    Other(String),
}

/// What a route that takes scheme DPoP alone answers, written out.
impl Outcome {
    /// No credentials, or unknown ones.
    pub fn without_credentials(reason: Reason) -> Self {
        Self::challenged(reason, 401, r#"DPoP algs="ES256 EdDSA Ed25519""#)
    }

    /// The request is malformed.
    pub fn bad_request(reason: Reason) -> Self {
        let challenge = r#"DPoP error="invalid_request", algs="ES256 EdDSA Ed25519""#;
        Self::challenged(reason, 400, challenge)
    }

    /// Something is wrong with the proof.
    pub fn bad_proof(reason: Reason) -> Self {
        let challenge = r#"DPoP error="invalid_dpop_proof", algs="ES256 EdDSA Ed25519""#;
        Self::challenged(reason, 401, challenge)
    }

    /// The proof is too old, or dated ahead.
    pub fn bad_time(reason: Reason) -> Self {
        let challenge = concat!(
            r#"DPoP error="invalid_dpop_proof", "#,
            r#"error_description="iat of the proof is outside the accepted window; "#,
            r#"compare the clock with Date", algs="ES256 EdDSA Ed25519""#
        );
        Self::challenged(reason, 401, challenge)
    }

    /// The proof needs a nonce, or another one.
    pub fn wants_nonce(reason: Reason) -> Self {
        let challenge = concat!(
            r#"DPoP error="use_dpop_nonce", "#,
            r#"error_description="Resource server requires nonce in DPoP proof", "#,
            r#"algs="ES256 EdDSA Ed25519""#
        );
        Self::challenged(reason, 401, challenge).with_nonce()
    }

    /// Something is wrong with the token, or it is bound to something else.
    pub fn bad_token(reason: Reason) -> Self {
        let challenge = r#"DPoP error="invalid_token", algs="ES256 EdDSA Ed25519""#;
        Self::challenged(reason, 401, challenge)
    }

    /// The same with a nonce made just now.
    #[must_use]
    pub fn with_nonce(self) -> Self {
        match self {
            Self::Denied(reason, response) => Self::Denied(reason, response.with_nonce()),
            other => panic!("{other:?} takes no nonce"),
        }
    }

    fn challenged(reason: Reason, status: u16, challenge: &str) -> Self {
        Self::Denied(reason, Response::challenged(status, &[challenge]))
    }
}

impl Response {
    /// An answer with challenges, and without a nonce.
    pub fn challenged(status: u16, challenges: &[&str]) -> Self {
        Self {
            status,
            challenges: challenges.iter().map(|&line| line.to_owned()).collect(),
            nonce: Nonce::Absent,
            cache_control: Some("no-store".to_owned()),
            expose: Some("WWW-Authenticate, DPoP-Nonce".to_owned()),
            retry_after: None,
        }
    }

    /// An answer without challenges, and with `Retry-After`.
    pub fn unavailable(status: u16, retry_after: u64) -> Self {
        Self {
            status,
            challenges: Vec::new(),
            nonce: Nonce::Absent,
            cache_control: None,
            expose: None,
            retry_after: Some(retry_after.to_string()),
        }
    }

    /// The same with a nonce made just now.
    #[must_use]
    pub fn with_nonce(mut self) -> Self {
        self.nonce = Nonce::Fresh;
        self
    }

    /// Reads an answer. `fresh` is the nonce that would be issued now.
    ///
    /// # Panics
    ///
    /// If a field stands there twice, except for challenges, or is one that no answer should have.
    pub(super) fn read(answer: &Answer, fresh: &str) -> Self {
        let mut response = Self {
            status: answer.status(),
            challenges: Vec::new(),
            nonce: Nonce::Absent,
            cache_control: None,
            expose: None,
            retry_after: None,
        };
        let mut nonce = None;
        for (name, value) in answer.fields() {
            let place = match *name {
                "www-authenticate" => {
                    response.challenges.push(value.clone());
                    continue;
                }
                "dpop-nonce" => &mut nonce,
                "cache-control" => &mut response.cache_control,
                "access-control-expose-headers" => &mut response.expose,
                "retry-after" => &mut response.retry_after,
                other => panic!("an answer has no {other}"),
            };
            assert_eq!(place.replace(value.clone()), None, "{name} twice");
        }
        response.nonce = match nonce {
            None => Nonce::Absent,
            Some(nonce) if nonce == fresh => Nonce::Fresh,
            Some(other) => Nonce::Other(other),
        };
        response
    }
}
