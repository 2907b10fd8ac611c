//! What the command line costs as a whole process with a stored token, beside the smallest process there is.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{report::Report, token_server};

/// How often each command is run; the fastest run counts.
const RUNS: usize = 200;

/// The program, and what its processes took.
#[derive(Default)]
pub(crate) struct Processes {
    /// Its size in bytes.
    pub(crate) size: u64,
    /// The first one does nothing.
    pub(crate) all: Vec<Process>,
}

/// The fastest runs of one command.
pub(crate) struct Process {
    pub(crate) name: &'static str,
    pub(crate) took: Duration,
}

/// The command of nothing, the first in the list.
pub(crate) const NOTHING: &str = "`/bin/true`";

/// What git writes.
const QUESTION: &[u8] = b"protocol=http\nhost=127.0.0.1:9\n\n";

/// Runs each command with a session in the file store.
pub(crate) fn run(report: &Report) -> Result<Processes, Box<dyn std::error::Error>> {
    if !report.wants("process") {
        return Ok(Processes::default());
    }
    let program = built()?;
    let home = env::temp_dir().join(format!("authn-benches-{}", std::process::id()));
    prepare(&home, &token_server::start()?)?;
    let commands: [(&str, &Path, &[&str]); 4] = [
        (NOTHING, Path::new("/bin/true"), &[]),
        ("`authn token`", &program, &["token"]),
        ("`authn git-credential get`", &program, &["git-credential", "get"]),
        ("`authn kubernetes-exec-credential`", &program, &["kubernetes-exec-credential"]),
    ];
    let mut all = Vec::new();
    // The first one gets the token and stores it.
    once(&program, &["token"], &home)?;
    for (name, program, arguments) in commands {
        let mut took = Duration::MAX;
        for _ in 0..RUNS {
            took = took.min(once(program, arguments, &home)?);
        }
        all.push(Process { name, took });
    }
    fs::remove_dir_all(&home)?;
    Ok(Processes { size: fs::metadata(&program)?.len(), all })
}

/// Builds the program in the profile of what is given away.
fn built() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--profile", "dist", "--package", "authn-cli"])
        .current_dir(&workspace)
        .status()?;
    if !status.success() {
        return Err("the command line could not be built".into());
    }
    Ok(workspace.join("target/dist/authn").canonicalize()?)
}

fn prepare(home: &Path, server: &str) -> std::io::Result<()> {
    let folder = home.join(".config/authn");
    fs::create_dir_all(&folder)?;
    fs::write(
        folder.join("config.toml"),
        format!(
            "[credentials]\norigins = ['http://127.0.0.1:9']\n[credentials.oauth]\ntoken_endpoint_url = \
             '{server}'\nclient_id = 'bench'\nclient_secret.env = 'BENCH_SECRET'\nstore = 'file'\n",
        ),
    )
}

fn once(
    program: &Path,
    arguments: &[&str],
    home: &Path,
) -> Result<Duration, Box<dyn std::error::Error>> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("HOME", home).env("BENCH_SECRET", "secret");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let start = Instant::now();
    let mut child = command.spawn()?;
    // Those that read nothing may have ended.
    let _ = child.stdin.take().map(|mut input| input.write_all(QUESTION));
    let output = child.wait_with_output()?;
    let took = start.elapsed();
    if !output.status.success() {
        return Err(format!("{} {arguments:?} failed", program.display()).into());
    }
    Ok(took)
}
