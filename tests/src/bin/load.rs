//! Drives the gateway's binary: an open route and a bound one in turn, side by side.
//!
//! `cargo run --release -p keybound-tests --bin load`

use std::process::ExitCode;

use keybound_tests::load::{self, Options, Output};

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    let report = load::run(&options);
    match options.output {
        Output::Text => print!("{report}"),
        Output::Json => println!("{}", serde_json::json!(report)),
    }
    match report.errors() {
        0 => ExitCode::SUCCESS,
        // A refused request is cheap: the figures mean nothing.
        errors => {
            eprintln!("{errors} answers were not 200");
            ExitCode::FAILURE
        }
    }
}
