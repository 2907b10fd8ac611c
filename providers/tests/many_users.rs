//! One server program with the sessions of many users: nobody gets the token of another, and nobody is logged out.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{collections::HashMap, time::Duration};

use authn::{
    Credentials, Environment,
    testing::TokenServer,
    time::{Clock, ManualClock},
};
use authn_providers::OAuth;
use tempfile::TempDir;
use tokio::task::JoinSet;

const USERS: usize = 200;

/// A server program with the store `file`.
struct Program {
    server: TokenServer,
    clock: ManualClock,
    folder: TempDir,
}

impl Program {
    fn new() -> Self {
        let server = TokenServer::start().unwrap();
        server.set_lifetime(Duration::from_mins(10));
        (0..USERS).for_each(|user| server.accept_refresh_token(&first(user)));
        Self { server, clock: ManualClock::new(), folder: tempfile::tempdir().unwrap() }
    }

    /// Returns the credentials of one user, as the program makes them when the user comes with a session of its own.
    fn credentials(&self, user: usize) -> Credentials {
        OAuth::builder()
            .token_endpoint_url(self.server.url("/token"))
            .client_id("web")
            .refresh_token(first(user))
            .store("file")
            .credentials()
            .origin(&self.server.url(""))
            .environment(Environment::empty().state_directory(self.folder.path()))
            .clock(Clock::custom(self.clock.clone()))
            .build()
            .unwrap()
    }

    /// Lets every user make two calls at once, and returns their tokens.
    async fn serve(&self, users: &[Credentials]) -> Vec<String> {
        let mut calls = JoinSet::new();
        for (user, credentials) in users.iter().enumerate() {
            for _ in 0..2 {
                let credentials = credentials.clone();
                calls.spawn(async move { (user, credentials.token().await.unwrap()) });
            }
        }
        let mut tokens = vec![String::new(); users.len()];
        while let Some(call) = calls.join_next().await {
            let (user, token) = call.unwrap();
            let known = &mut tokens[user];
            assert!(known.is_empty() || known == token.secret(), "one user has two tokens");
            token.secret().clone_into(known);
        }
        tokens
    }

    /// Returns whose each access token is, by the refresh tokens that were sent for it.
    fn owners(&self) -> HashMap<String, usize> {
        let mut sessions: HashMap<String, usize> =
            (0..USERS).map(|user| (first(user), user)).collect();
        let mut owners = HashMap::new();
        for (number, request) in self.server.token_requests().iter().enumerate() {
            let user = sessions.remove(request.parameter("refresh_token").unwrap()).unwrap();
            sessions.insert(format!("refresh-{}", number + 1), user);
            owners.insert(format!("access-{}", number + 1), user);
        }
        owners
    }
}

fn first(user: usize) -> String {
    format!("of-user-{user}")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_users_keep_their_sessions_in_files_over_rotations_and_a_restart() {
    let program = Program::new();
    let start = || (0..USERS).map(|user| program.credentials(user)).collect::<Vec<_>>();
    let mut users = start();
    for round in 1..=4 {
        let tokens = program.serve(&users).await;
        let owners = program.owners();
        for (user, token) in tokens.iter().enumerate() {
            assert_eq!(owners[token], user, "round {round}");
        }
        assert_eq!(program.server.token_requests().len(), round * USERS, "one exchange each");
        program.clock.advance(Duration::from_mins(11));
        if round == 2 {
            // Everything in memory is gone. The first refresh tokens are long spent.
            users = start();
        }
    }
}
