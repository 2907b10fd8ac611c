//! The whole way in one program: from a configuration file to an authorised request, and what happens
//! when the token expires. Run it with `cargo run -p quickstart`.
//!
//! A real program is steps 3 to 5 without the talking: `authn::load()`, a client, requests.

#![expect(clippy::print_stdout, reason = "it tells a story on the terminal")]

mod server;

use std::{
    error::Error,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use authn::{
    Environment, Loader, Token,
    config::{Config, Provenance},
    reqwest::Client,
};
// The providers that come with authn. Naming the crate once is what links them.
use authn_providers as _;
use reqwest::{StatusCode, header};
use server::Server;
use tokio::time::sleep;

/// What a user would export. Every option has a variable.
const VARIABLE: (&str, &str) = ("AUTHN_CREDENTIALS__OAUTH__SCOPE", "notes:read");

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::Builder::new().prefix("authn-quickstart-").tempdir()?;

    let server = start_a_server().await?;
    let file = write_a_configuration(folder.path(), &server)?;
    let config = read_it(&file)?;
    let (client, first) = get_a_token(&config).await?;
    call_the_api(&client, &server).await?;
    let_the_token_expire(&client, &server, &first).await?;
    meet_a_stranger(&client, &server).await?;

    // Waits for whatever is under way; a service does this when it shuts down.
    client.credentials().close().await;
    println!("\nThat's all. The README says how to do the same with your own server.");
    Ok(())
}

async fn start_a_server() -> Result<Server> {
    let server = Server::start().await?;
    step(1, "A server to talk to");
    say(&format!("An authorization server and an API are at {}.", server.origin()));
    say("The server's tokens live for 3 seconds.");
    Ok(server)
}

/// Writes what a user would write. The secret stands in a file of its own, which only its owner can read.
fn write_a_configuration(folder: &Path, server: &Server) -> Result<PathBuf> {
    let secret = folder.join("client-secret");
    write_private(&secret, server.client_secret())?;
    let text = format!(
        r#"[credentials]
domain = "{domain}"
scheme = "http" # for loopback alone; the default is https

[credentials.oauth]
issuer_url = "{issuer}"
client_id = "{client_id}"
client_secret = {{ file = '{secret}' }}
"#,
        domain = server.origin().trim_start_matches("http://"),
        issuer = server.origin(),
        client_id = Server::CLIENT_ID,
        secret = secret.display(),
    );
    let file = folder.join("config.toml");
    fs::write(&file, &text)?;

    let (name, value) = VARIABLE;
    step(2, "A configuration");
    say(&format!("The file {}", file.display()));
    show(&text);
    say(&format!("and the variable {name}={value}"));
    say("are all that a user writes. The program itself names no server and no client.");
    Ok(file)
}

/// Reads the layers. A program of yours calls `authn::load()` instead; this one leaves out your own files
/// and variables, so that it tells everybody the same story.
fn read_it(file: &Path) -> Result<Config> {
    let (name, value) = VARIABLE;
    let environment = Environment::empty().variable(name, value);
    let config = Loader::new().environment(environment).file(file).read();

    step(3, "What is in force");
    say("Files and environment are merged; each value knows where it comes from, and no secret");
    say("is shown. `authn config show` prints the same of your configuration.");
    let (defaults, set): (Vec<_>, Vec<_>) = config
        .settings()
        .into_iter()
        .partition(|setting| matches!(setting.provenance, Provenance::Default));
    let mut table = String::new();
    for setting in &set {
        // The folder is the same for all.
        let provenance = setting.provenance.to_string();
        let provenance = provenance.rsplit('/').next().unwrap_or(&provenance);
        writeln!(table, "{:33}{:27}{provenance}", setting.key, setting.shown().to_string())?;
    }
    show(&table);
    say(&format!("{} more options are at their defaults.", defaults.len()));
    Ok(config)
}

async fn get_a_token(config: &Config) -> Result<(Client, Token)> {
    let credentials = config.credentials()?;
    let asked = Instant::now();
    let token = credentials.token().await?;

    step(4, "A token");
    say(&format!("The provider in force is `{}`.", config.provider().unwrap_or("none")));
    say(&format!("It found the token endpoint and got a token in {:.0?}.", asked.elapsed()));
    say(&format!("Its scope is {:?}. Printed, it is {token:?}.", token.scope().unwrap_or("")));
    Ok((Client::new(credentials)?, token))
}

async fn call_the_api(client: &Client, server: &Server) -> Result<()> {
    step(5, "Requests");
    for _ in 0..2 {
        get(client, &format!("{}/notes", server.origin())).await?;
    }
    say(&format!("Tokens that the server has issued: {}.", server.issued()));
    Ok(())
}

async fn let_the_token_expire(client: &Client, server: &Server, first: &Token) -> Result<()> {
    step(6, "The token expires");
    let left = first.expires_at().and_then(|at| at.duration_since(SystemTime::now()).ok());
    let left = left.unwrap_or_default();
    say(&format!("Waiting {:.1} s until the server refuses it …", left.as_secs_f32()));
    sleep(left).await;
    let url = format!("{}/notes", server.origin());
    let status = loop {
        // By hand, and with the client's own credentials withheld.
        let authorization = format!("Bearer {}", first.secret());
        let by_hand =
            client.get(&url).withhold_token().header(header::AUTHORIZATION, authorization);
        let status = by_hand.send().await?.status();
        if status != StatusCode::OK {
            break status;
        }
        sleep(Duration::from_millis(50)).await;
    };
    say(&format!("The first token, sent by hand: {status}"));
    get(client, &url).await?;
    say(&format!("Tokens that the server has issued: {}.", server.issued()));
    Ok(())
}

async fn meet_a_stranger(client: &Client, server: &Server) -> Result<()> {
    step(7, "Another origin gets no token");
    let sent = client.get(server.stranger()).send().await;
    let error = sent.err().ok_or("a request to a stranger was authorised")?;
    say(&format!("GET {}/: {error}", server.stranger()));
    say("And if the API redirects there, the token stays behind:");
    get(client, &format!("{}/moved", server.origin())).await
}

/// Sends a request as any program does: nothing here is about tokens.
async fn get(client: &Client, url: &str) -> Result<()> {
    let response = client.get(url).send().await?;
    let status = response.status();
    say(&format!("GET {url}: {status}, {:?}", response.text().await?));
    Ok(())
}

fn step(number: u8, title: &str) {
    println!("\n{number}. {title}");
}

fn say(text: &str) {
    println!("   {text}");
}

/// Prints lines apart from the story.
fn show(lines: &str) {
    println!();
    for line in lines.lines() {
        println!("{}", format!("       {line}").trim_end());
    }
    println!();
}

/// Writes a file that nobody else can read. authn refuses a secret's file that others can.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?.write_all(text.as_bytes())?)
}
