//! The end of a user's session at the server, in a browser (OpenID Connect RP-Initiated Logout 1.0).

use std::time::Duration;

use authn::{
    Login, Result, TokenSet, Url,
    prompt::{Link, Progress},
};
use tokio::sync::mpsc;

use super::Call;
use crate::{
    browser_login::{Browser, Browsers},
    token_endpoint::Endpoint,
};

/// How long a browser's command is watched. Most end at once and leave the browser running; one that fails is replaced by
/// the next.
const WATCHED: Duration = Duration::from_secs(5);

/// Returns the address that ends the user's session (2.). A server that gets no hint asks the user.
pub(super) async fn url(
    call: Call<'_>,
    last: Option<&TokenSet>,
    post_logout_redirect_uri: Option<&str>,
) -> Result<Url> {
    let address = call.options.server.endpoint(Endpoint::EndSession, call.context).await?;
    let id_token = last.and_then(TokenSet::id_token).map(|id_token| id_token.expose());
    let client_id = call.options.client.client_id.as_deref().filter(|id| !id.is_empty());
    let mut url = address.url().clone();
    let parameters = [
        ("id_token_hint", id_token.as_deref()),
        ("client_id", client_id),
        ("post_logout_redirect_uri", post_logout_redirect_uri),
    ];
    for (name, value) in parameters {
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    Ok(url)
}

/// Shows the link, and starts a browser as a login does.
pub(super) async fn open(call: Call<'_>, url: &Url, login: &Login) -> Result<()> {
    let configured = call.options.login.browser.as_deref();
    let opens = if configured.is_some() { login.may_open_browser() } else { login.opens_browser() };
    let link = Link::new(url.clone());
    login.show_link(&if opens { link.with_browser() } else { link });
    if !opens {
        return Ok(());
    }
    let clock = call.context.clock();
    let (sender, mut events) = mpsc::unbounded_channel();
    Browsers::of(configured, login).open(url, clock.clone(), move |browser| {
        drop(sender.send(browser));
    });
    // Until no other command is started. The program may end afterwards, and the browser stays.
    let watched = async {
        while let Some(event) = events.recv().await {
            login.progress(&match event {
                Browser::Opened => Progress::BrowserOpened,
                Browser::Failed(why) => Progress::BrowserFailed(why),
            });
        }
    };
    // A browser that is still running was not left by its command.
    let _ = clock.within(WATCHED, watched).await;
    Ok(())
}
