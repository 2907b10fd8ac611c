//! `login URL`: finds out what an API needs, asks whether to log in there, and saves that as a profile.
//!
//! The API and its metadata are strangers. What they say is shown, and nothing is sent to the server that they name before
//! the user has agreed. The profile is written after the login, as a whole, so a login that ends early changes no file.

use authn::{
    ConfigWriter, ErrorKind, Url,
    config::{Config, Provenance, Setting},
};
use authn_providers::{FoundResource, discover_resource};

use super::{Ways, check_terminal, log_in};
use crate::{
    app::App,
    ask,
    commands::text,
    exit::{Code, Failure, code_of},
    output,
    program::has_only,
    style::{home, plain, short, visible},
    waiting,
};

/// How often the user is asked for a name.
const TRIES: u32 = 3;

/// The option of the resource, by which its profile is found.
const OPTION: &str = "credentials.oauth.resource_url";

/// The option, and the options, that a profile for an API must not inherit.
const DOMAIN: &str = "credentials.domain";
const INHERITED: &str = "credentials.oauth.";

pub(super) fn run(app: &App, url: &str, ways: &Ways) -> Result<(), Failure> {
    let url = parse(url)?;
    let config = app.loader().without_profile().read();
    if let Some(profile) = known(app, &config, &url)? {
        return again(app, &profile, ways);
    }
    check_terminal(&app.command_line(&format!("login {}", quoted(&url))), ways)?;
    check_base(&config)?;
    let found = waiting::query(discover_resource(url.as_str(), config.http()))
        .map_err(|failure| not_found(app, &url, failure))?;
    output::write(&shown(&found));
    let name = name(app, &config, &url)?;
    let mut writer = app.loader().writer()?;
    set(&mut writer, &name, &found, &url, config.provider().is_some())?;
    let path = short(writer.path(), home().as_deref());
    // The texts of strangers must not look like something else.
    let lines: String =
        writer.difference().lines().flat_map(|line| [visible(line), "\n".to_owned()]).collect();
    let edited = app.loader().profile(&name).edited(&writer).read();
    let credentials = waiting::credentials(&edited, |problem| app.output.problems([problem]))?;
    output::write(&format!("\nThis is added to {path}:\n\n{lines}\n"));
    if !waiting::answer(|| ask::confirm("Log in there, and save this profile?", false))? {
        return Err(Failure::new(Code::Interrupted, "the login was cancelled")
            .with_help("nothing was sent to the authorization server, and nothing was saved"));
    }
    log_in(app, &edited, &credentials, ways)?;
    if let Err(error) = writer.write() {
        let message =
            format!("you are logged in, but the profile was not saved: {}", error.message());
        return Err(Failure::new(Code::Other, message).with_help(format!(
            "add the lines above to {path}, or run `{}`",
            app.command_line_of(&name, "logout --revoke")
        )));
    }
    output::message(&format!(
        "The profile `{name}` was saved. `{}` prints a token.",
        app.command_line_of(&name, "token")
    ));
    Ok(())
}

fn parse(text: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).ok().filter(Url::has_host);
    let is_one = |url: &Url| {
        matches!(url.scheme(), "https" | "http")
            && url.username().is_empty()
            && url.password().is_none()
    };
    url.filter(is_one).ok_or_else(|| {
        Failure::new(Code::Usage, "this is not the address of an API")
            .with_help("write it like `https://api.example.com/mcp`, without a user")
    })
}

/// Fails if a new profile would inherit options that are for another server, or that bind its token to another origin.
fn check_base(config: &Config) -> Result<(), Failure> {
    let settings = config.settings();
    let is_set = |setting: &&Setting| !matches!(setting.provenance, Provenance::Default);
    let is_in_the_way =
        |setting: &&Setting| setting.key == DOMAIN || setting.key.starts_with(INHERITED);
    let Some(setting) = settings.iter().filter(is_set).find(is_in_the_way) else { return Ok(()) };
    let message = format!(
        "each profile inherits `{}` ({}), which is not for this API",
        plain(&setting.key),
        setting.provenance
    );
    Err(Failure::new(Code::Configuration, message).with_help(
        "move `[credentials]` and its tables to a profile, such as `[profile.work.credentials]`, and set \
         `default_profile = \"work\"`",
    ))
}

/// Returns a URL as a word of a command line.
fn quoted(url: &Url) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ":/._-".contains(c);
    if url.as_str().chars().all(is_plain) {
        url.to_string()
    } else {
        format!("'{}'", url.as_str().replace('\'', "%27"))
    }
}

/// Returns the failure of a search for the server, for a user who has typed an address and has no configuration.
fn not_found(app: &App, url: &Url, failure: Failure) -> Failure {
    let Failure::Authn(error) = failure else { return failure };
    let host = url.host_str().unwrap_or_default();
    let message = match error.message() {
        message if message.contains(host) => message.to_owned(),
        message => format!("{host}: {message}"),
    };
    let help = match error.kind() {
        ErrorKind::Protocol if message.contains("with a redirect") => {
            "use the address that it redirects to, if that is one of the same API".to_owned()
        }
        ErrorKind::Protocol => format!(
            "check the address; if it is right, ask those who run the API where its users log in, and start with \
             `{}`",
            app.command_line("config init oauth")
        ),
        _ => error.help().unwrap_or("check the address").to_owned(),
    };
    Failure::new(code_of(&error), message).with_help(help)
}

/// Returns the profile that has this resource already.
fn known(app: &App, config: &Config, url: &Url) -> Result<Option<String>, Failure> {
    let has_it = |name: &str| {
        let settings = app.loader().profile(name).read().settings();
        text(&settings, OPTION).is_some_and(|own| Url::parse(own).is_ok_and(|own| own == *url))
    };
    let Some(asked) = &app.global.profile else {
        return Ok(config.profiles().iter().find(|name| has_it(name)).cloned());
    };
    if !config.profiles().contains(asked) {
        return Ok(None);
    }
    if has_it(asked) {
        return Ok(Some(asked.clone()));
    }
    Err(Failure::new(Code::Usage, format!("the profile `{}` is for something else", plain(asked)))
        .with_help("choose another name with `--profile`"))
}

/// Logs in with the profile that has the resource.
fn again(app: &App, profile: &str, ways: &Ways) -> Result<(), Failure> {
    output::message(&format!("The profile `{}` has this resource.", plain(profile)));
    let config = app.loader().profile(profile).read();
    let credentials = waiting::credentials(&config, |problem| app.output.problems([problem]))?;
    log_in(app, &config, &credentials, ways)
}

/// Returns what was found, for the user to judge.
fn shown(found: &FoundResource) -> String {
    let scopes = match found.scopes.as_slice() {
        [] => "(those that the server chooses)".to_owned(),
        scopes => scopes.join(" "),
    };
    let mut rows = vec![("resource", found.resource.as_str())];
    rows.extend(found.name.as_deref().map(|name| ("calls itself", name)));
    rows.extend([
        ("authorization server", found.issuer.as_str()),
        ("scopes", &scopes),
        ("client", "the server is asked to register one (RFC 7591)"),
    ]);
    let line = |(label, value): &(&str, &str)| format!("  {label:<21} {}\n", visible(value));
    rows.iter().map(line).collect()
}

/// Returns the name of the new profile: that of `--profile`, or else what the user chooses.
fn name(app: &App, config: &Config, url: &Url) -> Result<String, Failure> {
    if let Some(name) = &app.global.profile {
        return checked(name, config);
    }
    let host = url.host_str().unwrap_or_default();
    let words = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = host.chars().map(words).collect();
    let name = name.trim_matches('-').to_owned();
    let is_free = |name: &String| !config.profiles().contains(name);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or_default();
    let mut tries = 1;
    loop {
        let free = free.clone();
        let name = waiting::answer(move || ask::text("\nName of the profile", &free))?;
        match checked(&name, config) {
            Err(failure) if tries < TRIES => {
                failure.report(&app.output);
            }
            result => return result,
        }
        tries += 1;
    }
}

fn checked(name: &str, config: &Config) -> Result<String, Failure> {
    let is_path = name.chars().all(|c| c == '.');
    let (what, help) = if is_path || name.starts_with('-') || !has_only(name, "-_.") {
        (
            "can't be the name of a profile",
            "use only letters, digits, `-`, `_` and `.`, and a letter or a digit first",
        )
    } else if config.profiles().iter().any(|profile| profile == name) {
        ("is the name of another profile", "choose another name")
    } else {
        return Ok(name.to_owned());
    };
    Err(Failure::new(Code::Usage, format!("`{}` {what}", plain(name))).with_help(help))
}

/// Sets the profile. It names the server that the user has agreed to, so that no other one is used later.
fn set(
    writer: &mut ConfigWriter,
    name: &str,
    found: &FoundResource,
    url: &Url,
    has_provider: bool,
) -> authn::Result<()> {
    let key = |option: &str| format!("profile.\"{name}\".credentials.{option}");
    if has_provider {
        writer.set(&key("provider"), "oauth")?;
    }
    writer.set(&key("origins"), [url.origin().ascii_serialization()])?;
    writer.set(&key("oauth.resource_url"), &found.resource)?;
    writer.set(&key("oauth.issuer"), &found.issuer)?;
    writer.set(&key("oauth.client_registration"), "dynamic")?;
    if !found.scopes.is_empty() {
        writer.set(&key("oauth.scope"), &found.scopes)?;
    }
    Ok(())
}
