//! Requests and responses as values.

use http::HeaderMap;

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// In place of the authority that the server has.
    pub(crate) authority: Option<&'static str>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) trailers: Vec<(&'static str, String)>,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            authority: None,
            headers: Vec::new(),
            trailers: Vec::new(),
        }
    }

    pub(crate) fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    pub(crate) fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    pub(crate) fn authority(mut self, authority: &'static str) -> Self {
        self.authority = Some(authority);
        self
    }

    /// Adds a line.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| *own != name);
        self
    }

    pub(crate) fn trailer(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.trailers.push((name, value.into()));
        self
    }

    /// The value of the first line of this name.
    pub(crate) fn value(&self, name: &str) -> &str {
        let line = self.headers.iter().find(|(own, _)| *own == name);
        line.map(|(_, value)| value.as_str()).unwrap()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
}

impl Response {
    /// All lines of a field.
    pub(crate) fn lines(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.get_all(name).iter();
        lines.map(|line| line.to_str().unwrap()).collect()
    }
}
