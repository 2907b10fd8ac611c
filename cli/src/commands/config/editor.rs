//! The user's editor: `VISUAL`, else `EDITOR`, else a usual one. It is started without a shell.

use std::{
    env,
    ffi::OsString,
    io,
    path::{self, Path},
    process::{Command, ExitStatus},
};

use crate::exit::{Code, Failure};

/// The variables that name the editor; the first one that is set wins.
const VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];

/// The editors that are tried if no variable names one.
#[cfg(not(windows))]
const DEFAULTS: [&str; 3] = ["editor", "nano", "vi"];
#[cfg(windows)]
const DEFAULTS: [&str; 1] = ["notepad"];

/// A program and its arguments.
type Words = Vec<String>;

/// Opens a file in the editor, and waits until it is closed.
pub(super) fn open(file: &Path) -> Result<(), Failure> {
    // An absolute path is never mistaken for an option.
    let file = path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let candidates = candidates()?;
    for words in &candidates {
        match start(words, &file) {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => {
                let how = match status.code() {
                    Some(code) => format!("ended with exit code {code}"),
                    None => "was ended by a signal".to_owned(),
                };
                let message = format!("the editor `{}` {how}", words.join(" "));
                return Err(Failure::new(Code::Other, message)
                    .with_help(format!("see its saved changes in {}", file.display())));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(not_started(&candidates, &error)),
        }
    }
    Err(not_started(&candidates, &io::ErrorKind::NotFound.into()))
}

/// Returns whether a variable names an editor, valid or not.
pub(super) fn is_named() -> bool {
    let is_blank = |value: &OsString| value.to_str().is_some_and(|value| value.trim().is_empty());
    VARIABLES.into_iter().filter_map(env::var_os).any(|value| !is_blank(&value))
}

fn start(words: &[String], file: &Path) -> io::Result<ExitStatus> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(io::ErrorKind::NotFound.into());
    };
    Command::new(program).args(arguments).arg(file).status()
}

fn candidates() -> Result<Vec<Words>, Failure> {
    for name in VARIABLES {
        let Some(value) = env::var_os(name) else { continue };
        let words = value.to_str().and_then(split).ok_or_else(|| {
            Failure::new(Code::Usage, format!("{name} does not name an editor that can be started"))
                .with_help(format!(
                    "close each quote, do not end with `\\`, and use UTF-8, such as `{name}='nano -w'`"
                ))
        })?;
        if !words.is_empty() {
            return Ok(vec![words]);
        }
    }
    Ok(DEFAULTS.iter().map(|program| vec![(*program).to_owned()]).collect())
}

fn not_started(tried: &[Words], error: &io::Error) -> Failure {
    let tried: Vec<String> = tried.iter().map(|words| format!("`{}`", words.join(" "))).collect();
    let message =
        format!("no editor could be started ({}); tried {}", error.kind(), tried.join(", "));
    Failure::new(Code::Other, message)
        .with_help("set VISUAL to an installed editor and its options, such as `VISUAL='nano -w'`")
}

/// Splits a text into words like a POSIX shell, without expanding anything: no variable, no `~`, no pattern. On
/// Windows a backslash is an ordinary character, because paths contain it. Returns `None` if a quote is not
/// closed, or nothing follows a backslash.
fn split(text: &str) -> Option<Words> {
    if cfg!(windows) {
        // No variable contains a NUL, so it can replace the backslashes, which must not escape anything.
        let words = shlex::split(&text.replace('\\', "\0"))?;
        return Some(words.iter().map(|word| word.replace('\0', "\\")).collect());
    }
    shlex::split(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(windows))]
    #[test]
    fn every_editor_that_was_tried_is_named() {
        let usual = DEFAULTS.map(|program| vec![program.to_owned()]);
        let failure = not_started(&usual, &io::ErrorKind::NotFound.into());
        let Failure::Message { message, .. } = failure else { panic!("{failure:?}") };
        assert!(message.ends_with("tried `editor`, `nano`, `vi`"), "{message}");
    }

    #[cfg(not(windows))]
    #[test]
    fn words_are_split_like_in_a_shell_without_expansions() {
        for (text, words) in [
            ("vi", &["vi"][..]),
            ("  code --wait\t-n ", &["code", "--wait", "-n"]),
            (r#"'/opt/my editor/e' "a b" c\ d"#, &["/opt/my editor/e", "a b", "c d"]),
            (r#"e "" '' x"y"'z'"#, &["e", "", "", "xyz"]),
            (r#"e "\"\\\$\n" '\'"#, &["e", r#""\$\n"#, r"\"]),
            (
                "e $HOME ~ * `id` $(id) ;id |id",
                &["e", "$HOME", "~", "*", "`id`", "$(id)", ";id", "|id"],
            ),
            ("  ", &[]),
        ] {
            assert_eq!(split(text).unwrap(), words, "{text}");
        }
        for open in ["'a", "\"a", "a\\", "\"a\\"] {
            assert_eq!(split(open), None, "{open}");
        }
    }
}
