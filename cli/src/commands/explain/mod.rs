//! `explain`: what would be added to a request and why, without any secret and without sending anything.

mod document;
mod page;
mod reading;
mod verdict;

use authn::{Url, config::ProblemCode};
use http::Method;

use self::{document::Document, reading::Reading, verdict::Sent};
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
};

/// The arguments of `explain`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("../explain.txt"))]
pub(crate) struct Arguments {
    /// URL of the request
    url: String,

    /// Method of the request
    #[arg(long, default_value = "GET")]
    method: Method,

    /// Show what a redirect to this URL would drop
    #[arg(long, value_name = "URL")]
    redirect_to: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Fail if credentials would or could be sent, for CI
    #[arg(long)]
    assert_no_credentials: bool,
}

pub(super) fn run(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let url = parse(&arguments.url, "the URL")?;
    let target = arguments.redirect_to.as_deref();
    let target = target.map(|target| parse(target, "the value of `--redirect-to`")).transpose()?;
    let config = app.loader().explaining().read();
    let credentials = match config.credentials() {
        Err(_) if arguments.assert_no_credentials && configures_none(&config) => {
            output::message("no credentials are configured, so none would be sent");
            return Ok(());
        }
        credentials => credentials?,
    };
    let reading = Reading::new(app, &config, &credentials, &url, &arguments.method, target);
    let document = Document::new(&reading);
    if arguments.json {
        output::json(&document)?;
    } else {
        app.output.table(&page::table(&document, &reading))?;
    }
    if arguments.assert_no_credentials && document.sends() != Sent::No {
        let message = match document.sends() {
            Sent::Yes => "credentials would be sent",
            _ => "credentials could be sent",
        };
        return Err(Failure::new(Code::Other, message)
            .with_help("use another profile, or bind the credentials to other origins"));
    }
    Ok(())
}

/// Returns whether all that is wrong is that no credentials are configured.
fn configures_none(config: &authn::config::Config) -> bool {
    let mut problems = config.problems().iter();
    problems.all(|problem| {
        matches!(problem.code(), ProblemCode::NoCredentials | ProblemCode::NoProvider)
    })
}

fn parse(text: &str, what: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).ok().filter(Url::has_host);
    url.filter(|url| url.as_str().parse::<http::Uri>().is_ok()).ok_or_else(|| {
        Failure::new(Code::Usage, format!("{what} is not a URL"))
            .with_help("write it like `https://api.example.com/path`")
    })
}
