//! `explain`: what would be added to a request and why, without any secret and without sending anything.

mod document;
mod page;
mod reading;
mod verdict;

use http::Method;

use self::{document::Document, reading::Reading, verdict::Sent};
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
    protocols::{Address, address, choose_from, has_none},
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
    let url = address::url("URL", &arguments.url)?;
    let target = arguments.redirect_to.as_deref();
    let target = target.map(|target| address::url("--redirect-to", target)).transpose()?;
    let loader = app.loader().explaining();
    let chosen = choose_from(app, &loader, &Address::of(url.clone())?)?;
    let config = chosen.map_or_else(|| loader.read(), |chosen| chosen.config);
    if arguments.assert_no_credentials && has_none(&config) {
        output::message("no credentials are for this URL, so none would be sent");
        return Ok(());
    }
    let credentials = config.credentials()?;
    let reading = Reading::new(app, &config, &credentials, &url, &arguments.method, target);
    let document = Document::new(&reading);
    if arguments.json {
        output::json(&document)?;
    } else {
        app.output.table(&page::table(&document, &reading, &app.output))?;
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
