//! The command line with a provider whose login follows the script of a test.
//!
//! Its option `steps` is a list of words with arguments. At each step `gate`, the login waits until the test, which
//! listens at `address`, lets it continue, like a wait for the user. `exchange` waits like a request to a server, and
//! `unheard` asks for a secret until then.

use std::{
    future::pending,
    io,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use authn::{
    Claims, Context, Error, InteractiveSource, Login, Result, Token, TokenSet, TokenSource, Url,
    prompt::{Link, Progress, Question, UserCode},
};
use tokio::{io::AsyncReadExt as _, net::TcpStream};

fn main() -> ExitCode {
    authn_cli::main()
}

/// Logs in by steps.
#[authn::token_provider("staged", cached, login)]
pub struct Staged {
    /// The steps of the login.
    steps: Vec<String>,
    /// The address where the test listens.
    address: Option<String>,
    /// The user who logs in, as named by the server.
    user: Option<String>,
}

impl TokenSource for Staged {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Err(context.login_required("no user is logged in"))
    }
}

impl InteractiveSource for Staged {
    fn needs_login(&self) -> bool {
        self.steps.iter().all(|step| step != "none")
    }

    async fn login(&self, _: &Context, login: &Login) -> Result<Option<TokenSet>> {
        for step in &self.steps {
            let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
            match word {
                "none" => return Ok(None),
                "link" => login.show_link(&link(rest)),
                "browser" => login.show_link(&link(rest).with_browser()),
                "code" => login.show_code(&code(rest)),
                "ask" => keep(&login.ask(&question(rest)).await?),
                "secret" => keep(&login.ask(&question(rest).secret()).await?),
                "unheard" => {
                    let asked = question(rest).secret();
                    tokio::select! {
                        answer = login.ask(&asked) => keep(&answer?),
                        () = self.pass() => {}
                    }
                }
                "other" => login.progress(&Progress::OtherLogin),
                "opened" => login.progress(&Progress::BrowserOpened),
                "failed" => login.progress(&Progress::BrowserFailed(rest.to_owned())),
                "notice" => login.progress(&Progress::Notice(rest.to_owned())),
                "exchanging" => login.progress(&Progress::Exchanging),
                "waiting" => {
                    let left = Duration::from_secs(rest.parse().unwrap_or(0));
                    login.progress(&Progress::Waiting { left });
                }
                "gate" => login.unless_cancelled(self.pass()).await?,
                "exchange" => self.pass().await,
                "refused" => {
                    let (message, help) = rest.split_once("; ").unwrap_or((rest, "try again"));
                    return Err(Error::refused(message).with_help(help.to_owned()));
                }
                _ => return Err(Error::configuration(format!("there is no step `{word}`"))),
            }
        }
        let end = SystemTime::now() + Duration::from_hours(1);
        let grant = TokenSet::new(Token::new("staged")?.with_expires_at(end));
        Ok(Some(match &self.user {
            Some(user) => grant.with_claims(Claims::new([("sub".to_owned(), user.clone())])),
            None => grant,
        }))
    }
}

impl Staged {
    /// Waits until the test has accepted the connection and closed it.
    async fn pass(&self) {
        let passed: io::Result<usize> = async {
            let mut gate = TcpStream::connect(self.address.as_deref().unwrap_or_default()).await?;
            gate.read(&mut [0]).await
        }
        .await;
        if passed.is_err() {
            pending::<()>().await;
        }
    }
}

fn url(text: &str) -> Url {
    let example = || Url::parse("https://idp.example.com/").ok();
    let url = Url::parse(text).ok().or_else(example);
    url.unwrap_or_else(|| unreachable!("the example is an address"))
}

fn link(text: &str) -> Link {
    Link::new(url(text))
}

/// Returns a code, the address to enter it at, and the address that contains it.
fn code(text: &str) -> UserCode {
    let mut words = text.split(' ');
    let mut word = || words.next().unwrap_or_default();
    let code = UserCode::new(word(), url(word()));
    match word() {
        "" => code,
        complete => code.with_complete_url(url(complete)),
    }
}

/// Returns a question: a label, and after `@` the page.
fn question(text: &str) -> Question {
    match text.split_once(" @ ") {
        Some((label, page)) => Question::new(label).with_page(url(page)),
        None => Question::new(text),
    }
}

/// Copies an answer like a grant, and never shows it.
fn keep(answer: &authn::SecretString) {
    drop(answer.clone());
}
