use std::sync::Arc;

use keybound::KeySet;
use keybound_sources::{IssuerKeys, KeysUnavailable};

/// Where an issuer's keys come from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Keys {
    /// A set that does not change.
    Fixed(Arc<KeySet>),
    /// A set that is fetched and kept fresh.
    Fetched(IssuerKeys),
}

impl Keys {
    /// The set in use, without waiting.
    pub(crate) fn current(&self) -> Result<Arc<KeySet>, KeysUnavailable> {
        match self {
            Self::Fixed(set) => Ok(Arc::clone(set)),
            Self::Fetched(keys) => keys.current(),
        }
    }

    /// The set to verify a token with, after a fetch if the key is not known and a fetch is due.
    pub(crate) async fn for_kid(&self, kid: Option<&str>) -> Result<Arc<KeySet>, KeysUnavailable> {
        match self {
            Self::Fixed(set) => Ok(Arc::clone(set)),
            Self::Fetched(keys) => keys.for_kid(kid).await,
        }
    }
}
