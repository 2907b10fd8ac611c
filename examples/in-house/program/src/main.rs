//! A program without any code for authentication: the configuration decides it.
//!
//! ```text
//! corp-program https://api.corp.example/v1/things
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

use std::{env, error::Error, process::ExitCode};

// The providers that the configuration can choose: the built-in ones, and the in-house one.
use authn_providers as _;
use corp_sts as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(url) = env::args().nth(1) else {
        eprintln!("usage: corp-program URL");
        return ExitCode::from(2);
    };
    match get(&url).await {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn get(url: &str) -> Result<String, Box<dyn Error>> {
    let client = authn::reqwest::Client::new(authn::load()?)?;
    let response = client.get(url).send().await?;
    Ok(format!("{}\n{}", response.status(), response.text().await?))
}
