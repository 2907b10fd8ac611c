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
        "too many open files".to_owned()
    } else {
        error.kind().to_string()
    }
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

/// Returns the system's code of an error, or of the one that it wraps: tempfile adds a path to its errors.
#[cfg(unix)]
fn code(error: &io::Error) -> Option<i32> {
    let wrapped = || error.get_ref()?.source()?.downcast_ref::<io::Error>()?.raw_os_error();
    error.raw_os_error().or_else(wrapped)
}

/// Returns whether the process, or the whole system, has too many open files.
fn is_limit_on_files(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;

        let limits = [Errno::MFILE, Errno::NFILE];
        code(error).is_some_and(|code| limits.iter().any(|one| one.raw_os_error() == code))
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_named_also_if_another_error_wraps_it() {
        let plain = io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
        assert_eq!(reason(&plain), "too many open files");
        let wrapping = io::Error::other(Wrapping(plain));
        assert_eq!(reason(&wrapping), "too many open files");
        assert!(limit_help(&wrapping).is_some());
        assert!(limit_help(&io::Error::other("another")).is_none());
    }

    /// An error with a path, such as tempfile's.
    #[derive(Debug)]
    struct Wrapping(io::Error);

    impl std::fmt::Display for Wrapping {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{} at a path", self.0)
        }
    }

    impl std::error::Error for Wrapping {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
}
