/// What arrives in `Host`.
pub const HOST: &str = "api.internal:8080";

/// The origin that clients sign for it.
pub const ORIGIN: &str = "https://api.example.com";

/// A request that is written to a socket octet by octet.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The request target.
    pub target: String,
    /// The field lines, in order.
    pub lines: Vec<(String, Vec<u8>)>,
    /// The body, as it is on the wire.
    pub body: Vec<u8>,
}

impl Request {
    /// `GET`, with `Host` and nothing else.
    pub fn get(target: &str) -> Self {
        Self {
            method: "GET".into(),
            target: target.into(),
            lines: vec![("Host".into(), HOST.into())],
            body: Vec::new(),
        }
    }

    /// Sets the method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = method.into();
        self
    }

    /// Sets the target.
    #[must_use]
    pub fn target(mut self, target: &str) -> Self {
        self.target = target.into();
        self
    }

    /// Adds a line.
    #[must_use]
    pub fn line(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.lines.push((name.into(), value.as_ref().to_vec()));
        self
    }

    /// Removes all lines of a name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.lines
            .retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self
    }

    /// Has one line of this name instead of any.
    #[must_use]
    pub fn replace(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).line(name, value)
    }

    /// Sets a body with its `Content-Length`.
    #[must_use]
    pub fn body(self, octets: impl AsRef<[u8]>) -> Self {
        let octets = octets.as_ref();
        let mut request = self.line("Content-Length", octets.len().to_string());
        request.body = octets.to_vec();
        request
    }

    /// Sets a body of one chunk, and a trailer section.
    #[must_use]
    pub fn trailers(self, trailers: &[(&str, &str)]) -> Self {
        let mut request = self.line("Transfer-Encoding", "chunked");
        request.body = b"4\r\nbody\r\n0\r\n".to_vec();
        for (name, value) in trailers {
            let line = format!("{name}: {value}\r\n");
            request.body.extend_from_slice(line.as_bytes());
        }
        request.body.extend_from_slice(b"\r\n");
        request
    }

    /// The value of the first line of this name.
    ///
    /// # Panics
    ///
    /// If there is none, or if it is no text.
    pub fn value(&self, name: &str) -> &str {
        let named = |(own, _): &&(String, Vec<u8>)| own.eq_ignore_ascii_case(name);
        let (_, value) = self.lines.iter().find(named).unwrap();
        std::str::from_utf8(value).unwrap()
    }

    /// The octets of HTTP/1.1. The connection is closed after the answer unless a line says
    /// something else.
    pub fn octets(&self) -> Vec<u8> {
        let mut octets = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let closes = ("Connection".to_owned(), b"close".to_vec());
        let own = self
            .lines
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("Connection"));
        for (name, value) in self.lines.iter().chain((!own).then_some(&closes)) {
            octets.extend_from_slice(name.as_bytes());
            octets.extend_from_slice(b": ");
            octets.extend_from_slice(value);
            octets.extend_from_slice(b"\r\n");
        }
        octets.extend_from_slice(b"\r\n");
        octets.extend_from_slice(&self.body);
        octets
    }
}
