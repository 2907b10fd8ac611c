//! The checks that help a user find a problem: the health of stores, the need for a login, the files of `[http]`.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{fs, path::Path};

use authn::{
    Context, Environment, Error, ErrorKind, InteractiveSource, Loader, Login, Result,
    SessionPolicy, TokenSet, TokenSource,
    config::{KnownStore, Severity},
};

/// Has tokens for those who have logged in.
#[authn::token_provider("personal", cached, login)]
struct Personal {}

impl TokenSource for Personal {
    async fn request_token(&self, context: &Context, _last: Option<&TokenSet>) -> Result<TokenSet> {
        Err(context.login_required("no user is logged in"))
    }
}

impl InteractiveSource for Personal {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        Ok(None)
    }

    fn session(&self) -> SessionPolicy<'_> {
        SessionPolicy::None
    }
}

/// Needs no login.
#[authn::token_provider("impersonal", cached)]
struct Impersonal {}

impl TokenSource for Impersonal {
    async fn request_token(
        &self,
        _context: &Context,
        _last: Option<&TokenSet>,
    ) -> Result<TokenSet> {
        Err(Error::no_token())
    }
}

fn loader(text: &str) -> Loader {
    Loader::new().environment(Environment::empty()).defaults(text)
}

fn store(folder: &Path) -> KnownStore {
    let text = format!("[stores.file]\ndirectory = '{}'\n", folder.display());
    let known = loader(&text).read().stores();
    known.into_iter().find(|known| known.name() == "file").unwrap()
}

/// Returns the problems of a store: severity, message and help.
async fn faults(folder: &Path) -> Vec<(Severity, String, String)> {
    let found = store(folder).examine().await;
    let found = found.iter().map(|problem| {
        let short = |text: &str| text.replace(&folder.display().to_string(), "F");
        (problem.severity(), short(problem.message()), short(problem.help().unwrap_or_default()))
    });
    found.collect()
}

#[tokio::test]
async fn a_missing_store_is_no_problem_and_is_not_created() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("state/authn/tokens");
    assert_eq!(faults(&folder).await, []);
    assert!(fs::read_dir(home.path()).unwrap().next().is_none());
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_folder_that_cannot_be_written_to_is_a_problem() {
    let found = faults(Path::new("/proc/nowhere/tokens")).await;
    let [(Severity::Error, fault, way_out)] = found.as_slice() else { panic!("{found:?}") };
    assert!(fault.starts_with("/proc can't be written to ("), "{fault}");
    assert!(way_out.contains("stores.file.directory"), "{way_out}");
}

#[tokio::test]
#[cfg(unix)]
async fn files_open_to_other_users_and_files_set_aside_are_reported_with_a_command() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("to kens");
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir(&folder).unwrap();
    mode(&folder, 0o700);
    let write = |name: &str, bits| {
        fs::write(folder.join(name), r#"{"version":1,"revision":1}"#).unwrap();
        mode(&folder.join(name), bits);
    };
    write("a.json", 0o600);
    write("a.lock", 0o600);
    assert_eq!(faults(&folder).await, []);
    write(".fingerprint-key", 0o644);
    write("a.json", 0o640);
    write("a.corrupt", 0o600);
    write("b.newer", 0o600);
    let text = |text: &str| text.to_owned();
    let quoted = |command: &str, name: &str| format!("`{command} 'F{name}'`");
    assert_eq!(
        faults(&folder).await,
        [
            (
                Severity::Error,
                text("F/.fingerprint-key can be accessed by other users"),
                quoted("chmod 600", "/.fingerprint-key"),
            ),
            (
                Severity::Warning,
                text("F/a.corrupt is a session that was set aside, because it was damaged"),
                quoted("rm", "/a.corrupt") + ", once you don't need it",
            ),
            (
                Severity::Error,
                text("F/a.json can be accessed by other users"),
                quoted("chmod 600", "/a.json"),
            ),
            (
                Severity::Warning,
                text("F/b.newer is a session that was set aside, because a later version wrote it"),
                quoted("rm", "/b.newer") + ", once you don't need it",
            ),
        ]
    );
    assert!(folder.join("a.json").is_file(), "examining sets nothing aside");

    mode(&folder.join("a.json"), 0o600);
    mode(&folder.join(".fingerprint-key"), 0o600);
    fs::remove_file(folder.join("a.corrupt")).unwrap();
    fs::remove_file(folder.join("b.newer")).unwrap();
    mode(&folder, 0o755);
    assert_eq!(faults(&folder).await, []);
    mode(&folder, 0o770);
    let fault = text("F is writable by other users");
    assert_eq!(faults(&folder).await, [(Severity::Error, fault, quoted("chmod go-w", ""))]);
}

#[test]
fn a_provider_that_needs_a_login_names_the_command() {
    let read = |text| loader(text).profile("work").read();
    let personal = read("[profile.work.credentials.personal]");
    assert!(personal.credentials().unwrap().needs_login());
    assert_eq!(personal.login_command(), "authn login --profile work");
    let impersonal = read("[profile.work.credentials.impersonal]");
    assert!(!impersonal.credentials().unwrap().needs_login());
}

#[test]
fn a_file_of_authorities_is_checked_when_it_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let checked = || {
        let text = format!("[credentials.impersonal]\n[http]\nca_file = '{}'\n", path.display());
        loader(&text).load().and_then(|credentials| credentials.check_http())
    };
    for (contents, words) in
        [(None, "can't be read"), (Some(""), "no certificate"), (Some("s3cr3t"), "no certificate")]
    {
        if let Some(contents) = contents {
            fs::write(&path, contents).unwrap();
        }
        let error = checked().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains("s3cr3t"), "{error}");
    }
    assert!(loader("[credentials.impersonal]").load().unwrap().check_http().is_ok());
}

#[tokio::test]
async fn a_file_that_is_no_session_is_reported_before_a_save_sets_it_aside() {
    for name in ["a.json", ".fingerprint-key"] {
        for (contents, why) in [
            (&b""[..], "it was damaged"),
            (b"{", "it was damaged"),
            (b"\xff", "it was damaged"),
            (br#"{"version":1}"#, "it was damaged"),
            (br#"{"version":99,"revision":1}"#, "a later version wrote it"),
        ] {
            let home = tempfile::tempdir().unwrap();
            let path = home.path().join(name);
            fs::write(&path, contents).unwrap();
            #[cfg(unix)]
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .unwrap();
            let found = faults(home.path()).await;
            let [(Severity::Warning, fault, help)] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!(*fault, format!("F/{name} is not used, because {why}"));
            assert!(!help.is_empty());
            assert_eq!(fs::read(&path).unwrap(), contents, "examining sets nothing aside");
        }
    }
}
