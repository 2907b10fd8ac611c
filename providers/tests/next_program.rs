//! The tokens that a short-lived program stores for the next one, without being told to.

#![cfg(all(feature = "oauth", feature = "exec", feature = "jwt", feature = "cached"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{fs, path::Path};

use authn::{Environment, ErrorKind, Loader, testing::TokenServer};
use authn_providers as _;

/// A program of a user with this state directory; without one, it has none.
fn program(state: Option<&Path>, options: &str) -> Loader {
    let environment = Environment::empty();
    let environment = match state {
        Some(state) => environment.state_directory(state),
        None => environment,
    };
    Loader::new()
        .environment(environment)
        .short_lived()
        .defaults(&format!("[credentials]\norigins = ['*']\n{options}"))
}

fn client(server: &TokenServer, options: &str) -> String {
    let url = server.url("/token");
    format!("[credentials.oauth]\ntoken_endpoint_url = '{url}'\nclient_id = 'client'\n{options}\n")
}

async fn token(loader: Loader) -> String {
    loader.load().unwrap().token().await.unwrap().secret().to_owned()
}

#[tokio::test]
async fn the_next_program_uses_the_token_that_was_fetched() {
    let server = TokenServer::start().unwrap();
    let state = tempfile::tempdir().unwrap();
    let with_secret = |secret: &str| client(&server, &format!("client_secret = '{secret}'"));

    let first = token(program(Some(state.path()), &with_secret("one"))).await;
    assert_eq!(token(program(Some(state.path()), &with_secret("one"))).await, first);
    assert_eq!(server.token_requests().len(), 1);
    // Another client has another token.
    assert_ne!(token(program(Some(state.path()), &with_secret("two"))).await, first);
    assert_eq!(server.token_requests().len(), 2);

    // A token that was refused is not used by the next program.
    let credentials = program(Some(state.path()), &with_secret("one")).load().unwrap();
    let refused = credentials.token().await.unwrap();
    credentials.invalidate(&refused);
    assert_ne!(credentials.token().await.unwrap().secret(), refused.secret());
    let requests = server.token_requests().len();
    credentials.logout().await.unwrap();
    let _ = token(program(Some(state.path()), &with_secret("one"))).await;
    assert_eq!(server.token_requests().len(), requests + 1, "a logout deletes it");
}

#[tokio::test]
async fn a_token_that_is_another_one_elsewhere_is_not_stored() {
    let server = TokenServer::start().unwrap();
    let secret = "client_secret = 's'";
    let exec = "[credentials.exec]\ncommand = ['printenv', 'PATH']\n";
    let exchange = |subject: &str| {
        let grant = "grant_type = 'token_exchange'";
        client(&server, &format!("{secret}\n{grant}\n{subject}"))
    };
    let of_command = exchange("[credentials.oauth.subject.exec]\ncommand = ['printf', 'abc']");
    let of_user = exchange(&format!(
        "[credentials.oauth.subject.oauth]\ntoken_endpoint_url = '{}'\nclient_id = 'c'\n\
         refresh_token = 'r'",
        server.url("/token")
    ));
    let in_memory = client(&server, &format!("{secret}\nstore = 'memory'"));
    for (options, store) in [
        (exec.to_owned(), "memory"),
        (of_command, "memory"),
        (of_user, "memory"),
        (in_memory, "memory"),
        (exchange("[credentials.oauth.subject]\nbearer = 'abc'"), "file"),
        (client(&server, secret), "file"),
    ] {
        let state = tempfile::tempdir().unwrap();
        let loader = program(Some(state.path()), &options);
        assert_eq!(loader.load().unwrap().store().as_deref(), Some(store), "{options}");
        // A program that goes on keeps its tokens in memory.
        let environment = Environment::empty().state_directory(state.path());
        let lasting = Loader::new().environment(environment);
        let lasting = lasting.defaults(&format!("[credentials]\norigins = ['*']\n{options}"));
        assert_eq!(lasting.load().unwrap().store().as_deref(), Some("memory"), "{options}");
    }
}

#[tokio::test]
async fn a_token_that_can_not_be_stored_is_used() {
    let server = TokenServer::start().unwrap();
    let options = client(&server, "client_secret = 's'");

    let without = program(None, &options);
    assert_eq!(without.clone().load().unwrap().store().as_deref(), Some("memory"));
    let _ = token(without).await;

    // A file where the folder should be.
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("state");
    fs::write(&blocked, "").unwrap();
    let _ = token(program(Some(&blocked), &options)).await;
    assert_eq!(server.token_requests().len(), 2);

    // If it was configured, it is an error.
    let told = client(&server, "client_secret = 's'\nstore = 'file'");
    let error = program(Some(&blocked), &told).load().unwrap().token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert_eq!(server.token_requests().len(), 2, "nothing was sent");
}
