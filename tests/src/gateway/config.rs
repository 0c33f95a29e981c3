use std::net::SocketAddr;

/// A configuration in parts, each of which is text of TOML that a test may change. It has a plain
/// listener and one with TLS, in this order.
#[derive(Clone, Debug)]
pub struct Config {
    /// Further keys of both listeners.
    pub listener: String,
    /// Where the issuer's keys are, and further keys of its table.
    pub keys: String,
    /// Further keys of the upstream `orders`.
    pub upstream: String,
    /// All routes.
    pub routes: String,
    /// All other tables.
    pub tables: String,
}

impl Config {
    /// The usual routes, one for each thing to test.
    pub const ROUTES: &str = r#"
        [[route]]
        path = "/orders"
        upstream = "orders"
        binding = "dpop"
        scopes = ["orders:read"]

        [[route]]
        path = "/admin"
        upstream = "orders"
        binding = "dpop"
        scopes = ["admin"]

        [[route]]
        path = "/kept"
        upstream = "orders"
        binding = "dpop"
        credentials = "keep"

        [[route]]
        path = "/nonces"
        upstream = "orders"
        binding = "dpop"
        nonce = "required"

        [[route]]
        path = "/either"
        upstream = "orders"
        binding = "either"

        [[route]]
        path = "/bearer"
        upstream = "orders"
        binding = "bearer"

        [[route]]
        path = "/verify"
        upstream = "orders"
        binding = "dpop"
        mode = "verify_only"

        [[route]]
        path = "/open"
        upstream = "orders"
        binding = "open"

        [[route]]
        path = "/down"
        upstream = "down"
        binding = "dpop"
    "#;

    /// Proofs from before the start are taken: tests make theirs in the second of the start.
    pub const TABLES: &str = "[replay]\nafter_restart = \"accept\"\n";

    /// The usual one. The issuer's keys are in `jwks.json`.
    pub fn usual() -> Self {
        Self {
            listener: String::new(),
            keys: "jwks_file = \"jwks.json\"\n".into(),
            upstream: String::new(),
            routes: Self::ROUTES.into(),
            tables: Self::TABLES.into(),
        }
    }

    /// The text of the file. `down` is an address where nobody listens.
    pub fn text(&self, issuer: &str, upstream: SocketAddr, down: SocketAddr) -> String {
        let Self {
            listener,
            keys,
            upstream: of_upstream,
            routes,
            tables,
        } = self;
        let authorities = r#"{ "api.internal:8080" = "https://api.example.com", "api.example.com" = "https://api.example.com", "other.example.com" = "https://other.example.com" }"#;
        format!(
            r#"
[[listener]]
address = "127.0.0.1:0"
authorities = {authorities}
{listener}

[[listener]]
address = "127.0.0.2:0"
authorities = {authorities}
tls = {{ certificate = "tls.pem", key = "tls.key" }}
{listener}

[[issuer]]
issuer = "{issuer}"
audience = ["https://api.example.com"]
max_lifetime = 600
{keys}

[[upstream]]
name = "orders"
url = "http://{upstream}"
{of_upstream}

[[upstream]]
name = "down"
url = "http://{down}"

{routes}

{tables}
"#
        )
    }
}
