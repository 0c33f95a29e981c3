use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use crate::config::{Config, LoadError};
use crate::serve::provider;

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
    let loaded = Config::load(&args.config, provider().algorithms());
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
    fn new(loaded: &Result<Config, LoadError>) -> Self {
        match loaded {
            Ok(config) => Self {
                valid: true,
                errors: Vec::new(),
                warnings: config.warnings.iter().map(ToString::to_string).collect(),
            },
            Err(error) => Self {
                valid: false,
                errors: findings(error),
                warnings: Vec::new(),
            },
        }
    }
}

fn findings(error: &LoadError) -> Vec<Finding> {
    match error {
        LoadError::Unreadable { path, kind } => vec![Finding {
            file: path.display().to_string(),
            line: None,
            column: None,
            message: kind.to_string(),
        }],
        LoadError::Invalid(errors) => errors
            .iter()
            .map(|error| Finding {
                file: error.file.display().to_string(),
                line: Some(error.line),
                column: Some(error.column),
                message: error.problem.to_string(),
            })
            .collect(),
    }
}
