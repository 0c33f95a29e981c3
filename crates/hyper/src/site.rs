use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use http::header::HeaderName;
use http::request::Parts;
use keybound::{
    Binding, Enforcer, KeySet, PathRefusal, Reason, RouteError, RoutePolicy, RouteTable, TargetUri,
    TokenFormat,
};

use crate::authority::Authorities;
use crate::keys::Keys;

/// What a service enforces where: a policy, its routes, and the keys of its issuers. It does not
/// change; a reload makes a new one and hands it to [`Guard::replace`](crate::Guard::replace).
#[derive(Debug)]
pub struct Site<T = ()> {
    pub(crate) enforcer: Enforcer,
    pub(crate) routes: RouteTable<Arc<Route<T>>>,
    pub(crate) keys: HashMap<Box<str>, Keys>,
}

/// A route: its policy, and whatever else the caller keeps with it.
#[derive(Debug)]
pub struct Route<T> {
    policy: RoutePolicy,
    data: T,
}

impl<T> Route<T> {
    /// The policy.
    pub const fn policy(&self) -> &RoutePolicy {
        &self.policy
    }

    /// What the caller keeps with the route.
    pub const fn data(&self) -> &T {
        &self.data
    }
}

/// Collects a [`Site`].
#[derive(Debug)]
pub struct SiteBuilder<T> {
    enforcer: Enforcer,
    routes: Vec<(String, Arc<Route<T>>)>,
    keys: HashMap<Box<str>, Keys>,
}

impl<T> Site<T> {
    /// Begins a site with a policy.
    pub fn builder(enforcer: Enforcer) -> SiteBuilder<T> {
        SiteBuilder {
            enforcer,
            routes: Vec::new(),
            keys: HashMap::new(),
        }
    }

    /// The policy.
    pub const fn enforcer(&self) -> &Enforcer {
        &self.enforcer
    }

    /// The keys that can be had now, by issuer.
    pub fn key_sets(&self) -> Vec<(&str, Arc<KeySet>)> {
        self.keys
            .iter()
            .filter_map(|(issuer, keys)| Some((&**issuer, keys.current().ok()?)))
            .collect()
    }

    /// The checks on the request itself, before anything in it is read as credentials: rows 16 to 18
    /// of the decision table, and the path. Tells the route and what clients sign.
    ///
    /// # Errors
    ///
    /// The reasons whose codes begin with `request_`.
    pub fn locate(
        &self,
        authorities: &Authorities,
        head: &Parts,
    ) -> Result<(Arc<Route<T>>, TargetUri), Reason> {
        let origin = authorities.origin_of(head)?;
        let path = head.uri.path();
        let route = self.route_of(path);
        check_not_early(head, route.ok())?;
        let route = route?;
        let target = TargetUri::new(origin, path).map_err(|_| Reason::PathMalformed)?;
        Ok((Arc::clone(route), target))
    }

    fn route_of(&self, path: &str) -> Result<&Arc<Route<T>>, Reason> {
        // HTTP-9.3.7-1, RFC 9110 section 9.3.7: `*` and a bare authority name no resource.
        if !path.starts_with('/') {
            return Err(Reason::TargetForm);
        }
        if path.len() > MAX_PATH {
            return Err(Reason::PathMalformed);
        }
        self.routes.find(path).map_err(|refusal| match refusal {
            PathRefusal::Malformed(_) => Reason::PathMalformed,
            PathRefusal::NoRoute => Reason::RouteUnknown,
            // Ambiguous, and whatever may be found wrong with a path in future.
            _ => Reason::PathAmbiguous,
        })
    }
}

/// HTTP-8470-3-1 and HTTP-8470-5.1-1, RFC 8470: a front that took the request from early data says
/// so, and somebody may send it again. TLS itself is set up without early data. Only an open route
/// takes such a request.
fn check_not_early<T>(head: &Parts, route: Option<&Arc<Route<T>>>) -> Result<(), Reason> {
    let open = route.is_some_and(|route| route.policy().binding() == Binding::Open);
    match head.headers.contains_key(EARLY_DATA) && !open {
        true => Err(Reason::EarlyData),
        false => Ok(()),
    }
}

impl<T> SiteBuilder<T> {
    /// Adds a route for a path prefix of whole segments.
    #[must_use]
    pub fn route(mut self, path: impl Into<String>, policy: RoutePolicy, data: T) -> Self {
        self.routes
            .push((path.into(), Arc::new(Route { policy, data })));
        self
    }

    /// Says where an issuer's keys come from.
    #[must_use]
    pub fn keys(mut self, issuer: &str, keys: Keys) -> Self {
        self.keys.insert(issuer.into(), keys);
        self
    }

    /// Checks that everything fits.
    ///
    /// # Errors
    ///
    /// Everything in [`SiteError`].
    pub fn build(self) -> Result<Site<T>, SiteError> {
        let Self {
            enforcer,
            routes,
            keys,
        } = self;
        for issuer in enforcer.issuers() {
            let name = issuer.issuer();
            match issuer.format() {
                TokenFormat::Jwt if !keys.contains_key(name) => {
                    return Err(SiteError::NoKeys(name.into()));
                }
                TokenFormat::Opaque => return Err(SiteError::Introspection(name.into())),
                TokenFormat::Jwt => {}
            }
        }
        let protected = |route: &Arc<Route<T>>| route.policy.binding() != Binding::Open;
        if enforcer.issuers().is_empty() && routes.iter().any(|(_, route)| protected(route)) {
            return Err(SiteError::NoIssuer);
        }
        let routes = RouteTable::new(routes).map_err(SiteError::Route)?;
        Ok(Site {
            enforcer,
            routes,
            keys,
        })
    }
}

/// A site that could not do its work. The operator's mistake, found at the start.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SiteError {
    /// An issuer of JWTs without keys.
    NoKeys(String),
    /// An issuer of opaque tokens: this adapter does not ask issuers yet.
    Introspection(String),
    /// A route demands a token, and no issuer is believed.
    NoIssuer,
    /// A route's path.
    Route(RouteError),
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKeys(issuer) => {
                write!(f, "issuer {issuer:?} has no keys: say where they come from")
            }
            Self::Introspection(issuer) => {
                write!(
                    f,
                    "issuer {issuer:?} has opaque tokens, which need introspection"
                )
            }
            Self::NoIssuer => f.write_str("a route demands a token, and there is no issuer"),
            Self::Route(error) => error.fmt(f),
        }
    }
}

impl Error for SiteError {}

/// Octets of a path. The longest `htu` has 2,048, so that none longer could be signed for; the rest is
/// room for open routes. Reading a path in three ways takes time, and comes before any credentials.
const MAX_PATH: usize = 8 * 1024;

const EARLY_DATA: HeaderName = HeaderName::from_static("early-data");
