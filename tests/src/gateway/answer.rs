use std::str;

/// An answer as a client read it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The field lines in order, names in lower case.
    pub lines: Vec<(String, String)>,
    /// What came of the body.
    pub body: Vec<u8>,
    /// Whether the body came to an end that cannot be mistaken.
    pub whole: bool,
}

impl Answer {
    /// The values of all lines of a field, in order.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let lines = self.lines.iter().filter(|(own, _)| own == name);
        lines.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a field that must be there exactly once.
    ///
    /// # Panics
    ///
    /// If it is not.
    pub fn value(&self, name: &str) -> &str {
        match self.values(name)[..] {
            [value] => value,
            ref values => panic!("{name}: {values:?} in {self:?}"),
        }
    }

    /// The challenges, in order.
    pub fn challenges(&self) -> Vec<&str> {
        self.values("www-authenticate")
    }

    /// Reads everything that came on a connection of HTTP/1.1 until it was closed. None if that is
    /// no answer. Interim answers are passed over.
    pub fn read(octets: &[u8], head_request: bool) -> Option<Self> {
        let end = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = str::from_utf8(octets.get(..end)?).ok()?;
        let rest = octets.get(end + 4..)?;
        let mut lines = head.split("\r\n");
        let status: u16 = lines
            .next()?
            .strip_prefix("HTTP/1.")?
            .get(2..5)?
            .parse()
            .ok()?;
        if (100..200).contains(&status) {
            return Self::read(rest, head_request);
        }
        let lines = lines
            .map(|line| {
                let (name, value) = line.split_once(':')?;
                Some((name.to_ascii_lowercase(), value.trim().to_owned()))
            })
            .collect::<Option<Vec<_>>>()?;
        let mut answer = Self {
            status,
            lines,
            body: rest.to_vec(),
            whole: false,
        };
        if head_request {
            answer.whole = rest.is_empty();
        } else if !answer.values("transfer-encoding").is_empty() {
            answer.body.clear();
            answer.whole = answer.read_chunks(rest).is_some();
        } else if let [length] = answer.values("content-length")[..] {
            answer.whole = length.parse() == Ok(rest.len());
        }
        Some(answer)
    }

    fn read_chunks(&mut self, mut rest: &[u8]) -> Option<()> {
        loop {
            let end = rest.windows(2).position(|two| two == b"\r\n")?;
            let size = usize::from_str_radix(str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
            rest = rest.get(end + 2..)?;
            if size == 0 {
                // The trailer section, up to the empty line.
                return rest.ends_with(b"\r\n").then_some(());
            }
            let available = size.min(rest.len());
            self.body.extend_from_slice(&rest[..available]);
            rest = rest.get(size + 2..)?;
        }
    }
}
