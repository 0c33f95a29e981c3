//! The keys that exist. The reader refuses all others, and a test holds the documentation to them.

/// One kind of table and its keys.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct TableSchema {
    /// As messages and the documentation write it.
    pub(crate) name: &'static str,
    /// In the order of the documentation.
    pub(crate) keys: &'static [&'static str],
}

pub(crate) static ROOT: TableSchema = TableSchema {
    name: "the top level",
    keys: &[
        "listener", "issuer", "upstream", "route", "proof", "replay", "limits", "log", "admin",
    ],
};

pub(crate) static LISTENER: TableSchema = TableSchema {
    name: "[[listener]]",
    keys: &[
        "address",
        "authorities",
        "danger_plain_http_origin",
        "tls",
        "max_header_bytes",
        "header_timeout",
        "idle_timeout",
        "drain_timeout",
        "max_connections",
    ],
};

pub(crate) static TLS: TableSchema = TableSchema {
    name: "[listener.tls]",
    keys: &["certificate", "key", "client_certificate", "client_ca_file"],
};

pub(crate) static ISSUER: TableSchema = TableSchema {
    name: "[[issuer]]",
    keys: &[
        "issuer",
        "audience",
        "jwks_file",
        "jwks_uri",
        "discovery",
        "ca_file",
        "algorithms",
        "profile",
        "legacy",
        "leeway",
        "max_lifetime",
    ],
};

pub(crate) static LEGACY: TableSchema = TableSchema {
    name: "[issuer.legacy]",
    keys: &["types", "missing_type"],
};

pub(crate) static UPSTREAM: TableSchema = TableSchema {
    name: "[[upstream]]",
    keys: &[
        "name",
        "url",
        "ca_file",
        "connect_timeout",
        "response_timeout",
        "idle_timeout",
    ],
};

pub(crate) static ROUTE: TableSchema = TableSchema {
    name: "[[route]]",
    keys: &[
        "path",
        "upstream",
        "binding",
        "issuers",
        "scopes",
        "realm",
        "nonce",
        "mode",
        "credentials",
    ],
};

pub(crate) static PROOF: TableSchema = TableSchema {
    name: "[proof]",
    keys: &["algorithms", "max_age", "max_future", "nonce_lifetime"],
};

pub(crate) static REPLAY: TableSchema = TableSchema {
    name: "[replay]",
    keys: &["capacity", "after_restart"],
};

pub(crate) static LIMITS: TableSchema = TableSchema {
    name: "[limits]",
    keys: &["proof", "token", "jti", "htu", "key_set"],
};

pub(crate) static LOG: TableSchema = TableSchema {
    name: "[log]",
    keys: &["requests", "output"],
};

pub(crate) static ADMIN: TableSchema = TableSchema {
    name: "[admin]",
    keys: &["address"],
};

/// All of them, in the order of the documentation.
#[cfg(test)]
pub(crate) static TABLES: &[&TableSchema] = &[
    &LISTENER, &TLS, &ISSUER, &LEGACY, &UPSTREAM, &ROUTE, &PROOF, &REPLAY, &LIMITS, &LOG, &ADMIN,
];
