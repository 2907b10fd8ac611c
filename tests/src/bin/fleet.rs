//! A process of a fleet: many clients that share one session with those of other processes.
//!
//! `fleet CONFIGURATION CLIENTS` reads commands from standard input, a line each. All clients carry one out at once, and when
//! all have done so, a line of JSON is printed: how many have got a token (`got`), the different tokens (`tokens`), and how
//! often each error has occurred (`errors`). The tokens are the rig's and worth nothing.
//!
//! | command | what each client does |
//! |---|---|
//! | `get` | gets a token |
//! | `pass SECONDS` | moves the clock of this process, and gets no token |

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufRead as _, Write as _},
    process::ExitCode,
    time::Duration,
};

use authn::{
    Credentials, Error, Loader,
    time::{Clock, ManualClock},
};
use authn_providers as _;
use serde_json::json;
use tokio::{runtime, task::JoinSet};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The test shows it; a failed write would change nothing.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: fleet CONFIGURATION CLIENTS";
    let file = arguments.next().ok_or(usage)?;
    let count: usize = arguments.next().ok_or(usage)?.parse()?;
    let clock = ManualClock::new();
    let load = |_| Loader::new().file(&file).clock(Clock::custom(clock.clone())).load();
    let clients = (0..count).map(load).collect::<Result<Vec<Credentials>, Error>>()?;
    let runtime = runtime::Builder::new_current_thread().build()?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = match line.split_once(' ') {
            None if line == "get" => runtime.block_on(get(&clients)),
            Some(("pass", seconds)) => {
                clock.advance(Duration::from_secs(seconds.parse()?));
                json!({})
            }
            _ => return Err(format!("no such command: {line}").into()),
        };
        let mut output = io::stdout().lock();
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

/// Has each client get a token, all at once.
async fn get(clients: &[Credentials]) -> serde_json::Value {
    let mut tasks = JoinSet::new();
    for client in clients {
        let client = client.clone();
        tasks.spawn(async move {
            let token = client.token().await?;
            Ok::<_, Error>(token.secret().to_owned())
        });
    }
    let (mut got, mut tokens, mut errors) = (0, BTreeSet::new(), BTreeMap::<String, usize>::new());
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(Ok(token)) => {
                got += 1;
                tokens.insert(token);
            }
            Ok(Err(error)) => *errors.entry(error.to_string()).or_default() += 1,
            Err(panic) => *errors.entry(panic.to_string()).or_default() += 1,
        }
    }
    json!({ "got": got, "tokens": tokens, "errors": errors })
}
