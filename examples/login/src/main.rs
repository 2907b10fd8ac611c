//! A program that asks its user to log in, but only if a login is required.
//!
//! ```text
//! login-example https://api.example.com/v1/things
//! ```
//!
//! The user interface of a login is a [`Prompt`] of the program: here four short functions for a terminal.
//! `authn_cli::TerminalPrompt` is a complete one, with a QR code, a countdown and no echo of secrets.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

use std::{env, io, io::IsTerminal as _, process::ExitCode};

use authn::{
    Credentials, Error, ErrorKind, Login, Result, SecretString,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    reqwest::Client,
};
use authn_providers as _; // links the built-in providers

/// Shows links and codes on standard error, and asks for values that are not secret.
#[derive(Debug)]
struct Plain;

impl Prompt for Plain {
    fn show_link(&self, link: &Link) {
        eprintln!("Log in at {}", link.url());
    }

    fn show_code(&self, code: &UserCode) {
        eprintln!("Enter {} at {}", code.code(), code.url());
    }

    async fn ask(&self, question: &Question) -> Result<SecretString> {
        let label = question.label();
        // Reading without echo takes more code: see `TerminalPrompt`.
        if question.is_secret() || !io::stdin().is_terminal() {
            return Err(Error::login_required(format!("can't ask for the {label} here")));
        }
        eprintln!("{label}:");
        let line = tokio::task::spawn_blocking(|| io::stdin().lines().next()).await;
        let line = line.ok().flatten().and_then(io::Result::ok);
        line.map(SecretString::from).ok_or_else(|| Error::cancelled("the login was cancelled"))
    }

    fn progress(&self, progress: &Progress) {
        match progress {
            Progress::BrowserFailed(why) => eprintln!("Open it yourself: {why}"),
            Progress::Notice(text) => eprintln!("{text}"),
            _ => {}
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(url) = env::args().nth(1) else {
        eprintln!("usage: login-example URL");
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

async fn get(url: &str) -> Result<String, Box<dyn std::error::Error>> {
    let credentials = authn::load()?;
    log_in_if_needed(&credentials).await?;
    let response = Client::new(credentials)?.get(url).send().await?;
    Ok(format!("{}\n{}", response.status(), response.text().await?))
}

/// Gets a token, or asks the user to log in.
async fn log_in_if_needed(credentials: &Credentials) -> Result<()> {
    match credentials.token().await {
        Err(error) if error.kind() == ErrorKind::LoginRequired => {
            credentials.login(Login::new(Plain)).await.map(drop)
        }
        Err(error) if error.kind() == ErrorKind::NoToken => Ok(()), // such as `api_key`, which has no tokens
        other => other.map(drop),
    }
}
