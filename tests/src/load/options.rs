use std::time::Duration;

/// What the load is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Options {
    /// How long requests are sent, all routes together. Signing comes on top.
    pub time: Duration,
    /// Requests under way at a time: connections in HTTP/1.1, streams of one connection in HTTP/2.
    pub connections: usize,
    /// What is spoken to the gateway.
    pub protocol: Protocol,
    /// How the report is written.
    pub output: Output,
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// HTTP/1.1, kept alive.
    Http1,
    /// HTTP/2 with prior knowledge.
    Http2,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Options {
    /// Ten seconds with 16 connections.
    pub const DEFAULT: Self = Self {
        time: Duration::from_secs(10),
        connections: 16,
        protocol: Protocol::Http1,
        output: Output::Text,
    };

    /// A moment, to see that it works.
    pub const SMOKE: Self = Self {
        time: Duration::from_millis(20),
        connections: 2,
        ..Self::DEFAULT
    };

    /// Reads a command line.
    ///
    /// # Errors
    ///
    /// How it is to be used.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, &'static str> {
        let mut options = Self::DEFAULT;
        while let Some(argument) = arguments.next() {
            let mut number = |most: u32| {
                let number = arguments.next().and_then(|text| text.parse().ok());
                number
                    .filter(|number| (1..=most).contains(number))
                    .ok_or(USAGE)
            };
            match argument.as_str() {
                "--seconds" => options.time = Duration::from_secs(number(600)?.into()),
                "--connections" => {
                    options.connections = usize::try_from(number(1_000)?).map_err(|_| USAGE)?;
                }
                "--http2" => options.protocol = Protocol::Http2,
                "--json" => options.output = Output::Json,
                "--smoke" => {
                    let Self {
                        time, connections, ..
                    } = Self::SMOKE;
                    options = Self {
                        time,
                        connections,
                        ..options
                    };
                }
                _ => return Err(USAGE),
            }
        }
        Ok(options)
    }

    /// How long one route is driven before the next one is.
    pub(super) fn slice(&self) -> Duration {
        SLICE.min(self.time / 4)
    }
}

const SLICE: Duration = Duration::from_millis(250);

const USAGE: &str = "\
usage: load [--seconds N] [--connections N] [--http2] [--json] [--smoke]

  --seconds N      of load, all routes together: 1 to 600, default 10
  --connections N  requests under way at a time: 1 to 1000, default 16
  --http2          as streams of one connection
  --json           writes one JSON object
  --smoke          a moment only, to see that it works";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, &'static str> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_command_line_is_read() {
        assert_eq!(parse(""), Ok(Options::DEFAULT));
        assert_eq!(parse("--smoke"), Ok(Options::SMOKE));
        let expected = Options {
            time: Duration::from_secs(600),
            connections: 1_000,
            protocol: Protocol::Http2,
            output: Output::Json,
        };
        let line = "--seconds 600 --connections 1000 --http2 --json";
        assert_eq!(parse(line), Ok(expected));
    }

    #[test]
    fn anything_else_is_refused() {
        for line in [
            "--seconds",
            "--seconds 0",
            "--seconds 601",
            "--seconds x",
            "--connections 0",
            "--connections 1001",
            "--http3",
            "10",
        ] {
            assert_eq!(parse(line), Err(USAGE), "{line}");
        }
    }
}
