use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use crate::config::{Config, LoadError};
use crate::serve::{self, SiteFailure, provider};

/// What to check.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Write one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Outcome {
    valid: bool,
    errors: Vec<Finding>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Finding {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    message: String,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let loaded = load(&args.config);
    if args.json {
        let outcome = Outcome::new(&loaded);
        let code = if outcome.valid {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
        // Texts and numbers always serialise.
        println!("{}", serde_json::to_string(&outcome).unwrap_or_default());
        return code;
    }
    match loaded {
        Ok(config) => {
            for warning in &config.warnings {
                println!("warning: {warning}");
            }
            let file = args.config.display();
            let (listeners, issuers) = (config.listeners.len(), config.issuers.len());
            let routes = config.routes.len();
            println!(
                "{file}: valid; {listeners} listener(s), {issuers} issuer(s), {routes} route(s)"
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Outcome {
    fn new(loaded: &Result<Config, Invalid>) -> Self {
        match loaded {
            Ok(config) => Self {
                valid: true,
                errors: Vec::new(),
                warnings: config.warnings.iter().map(ToString::to_string).collect(),
            },
            Err(error) => Self {
                valid: false,
                errors: error.findings(),
                warnings: Vec::new(),
            },
        }
    }
}

/// Everything that `serve` does before it uses the network.
fn load(file: &Path) -> Result<Config, Invalid> {
    let config = Config::load(file, &*provider()).map_err(Invalid::Load)?;
    match serve::check(&config) {
        Ok(()) => Ok(config),
        Err(error) => Err(Invalid::Site(file.to_owned(), error)),
    }
}

/// Why `serve` would not start.
enum Invalid {
    Load(LoadError),
    Site(PathBuf, SiteFailure),
}

impl Invalid {
    fn findings(&self) -> Vec<Finding> {
        match self {
            Self::Load(LoadError::Unreadable { path, error }) => vec![Finding::of(path, error)],
            Self::Load(LoadError::Invalid(errors)) => errors
                .iter()
                .map(|error| Finding {
                    line: Some(error.line),
                    column: Some(error.column),
                    ..Finding::of(&error.file, &error.problem)
                })
                .collect(),
            Self::Site(path, error) => vec![Finding::of(path, error)],
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => error.fmt(f),
            Self::Site(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl Finding {
    fn of(file: &Path, message: &dyn fmt::Display) -> Self {
        Self {
            file: file.display().to_string(),
            line: None,
            column: None,
            message: message.to_string(),
        }
    }
}
