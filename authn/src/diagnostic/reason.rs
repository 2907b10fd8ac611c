//! Why an operation of the system failed, in words.

use std::io;

/// Returns why an operation on a file, a folder or a terminal failed, without its path.
///
/// ```
/// use std::io;
///
/// let error = io::Error::from(io::ErrorKind::PermissionDenied);
/// assert_eq!(authn::diagnostic::reason(&error), "permission denied");
/// ```
pub fn reason(error: &io::Error) -> String {
    if is_limit_on_files(error) {
        return "too many open files".to_owned();
    }
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::Other => "the system does not say why".to_owned(),
        // A kind without a name of its own. The text of the system has no path.
        kind if kind.to_string() == "uncategorized error" => of_system(error),
        kind => kind.to_string(),
    }
}

fn of_system(error: &io::Error) -> String {
    let Some(code) = error.raw_os_error() else { return "the system does not say why".to_owned() };
    let text = io::Error::from_raw_os_error(code).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}

/// Returns what helps against a failure that has nothing to do with the file or the folder.
///
/// ```
/// use std::io;
///
/// let error = io::Error::from(io::ErrorKind::NotFound);
/// let help = authn::diagnostic::limit_help(&error).unwrap_or("check the path");
/// assert_eq!(help, "check the path");
/// ```
pub fn limit_help(error: &io::Error) -> Option<&'static str> {
    is_limit_on_files(error).then_some("raise the limit with `ulimit -n`")
}

/// Fails if a runtime can't open its files. tokio panics then if it listens to signals.
///
/// ```
/// authn::diagnostic::check_limit_on_files()?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn check_limit_on_files() -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::net::UnixStream;

        // A runtime needs 2 for its events, 3 for its signals, and one more.
        let _probe = [UnixStream::pair()?, UnixStream::pair()?, UnixStream::pair()?];
    }
    Ok(())
}

/// Returns whether the process, or the whole system, has too many open files.
fn is_limit_on_files(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;

        let limits = [Errno::MFILE, Errno::NFILE];
        error.raw_os_error().is_some_and(|code| limits.iter().any(|one| one.raw_os_error() == code))
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}
