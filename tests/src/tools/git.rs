//! git's own server, `git http-backend`, which is a CGI program (RFC 3875).

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use http::{Request, Response};
use hyper::body::Bytes;

use super::{
    access::Access,
    server::{Answer, Site},
};

/// The repositories in a folder, which can be cloned, fetched and pushed to.
#[derive(Debug)]
pub struct Repositories {
    folder: PathBuf,
    access: Access,
}

impl Repositories {
    /// Serves the repositories in a folder.
    pub fn new(folder: &Path, access: Access) -> Self {
        Self { folder: folder.to_owned(), access }
    }

    fn command(&self, request: &Request<Bytes>) -> Command {
        let header = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let mut command = Command::new("git");
        command.arg("http-backend");
        // Nothing of this machine's configuration of git.
        command.env("HOME", &self.folder).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env_remove("XDG_CONFIG_HOME");
        command.env("GIT_PROJECT_ROOT", &self.folder).env("GIT_HTTP_EXPORT_ALL", "1");
        command.env("PATH_INFO", request.uri().path());
        command.env("QUERY_STRING", request.uri().query().unwrap_or_default());
        command.env("REQUEST_METHOD", request.method().as_str());
        command.env("CONTENT_TYPE", header("content-type"));
        command.env("CONTENT_LENGTH", request.body().len().to_string());
        command.env("HTTP_CONTENT_ENCODING", header("content-encoding"));
        command.env("GIT_PROTOCOL", header("git-protocol"));
        // A push is accepted only of a user.
        command.env("REMOTE_USER", "test");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Site for Repositories {
    fn answer(&self, request: &Request<Bytes>) -> Answer {
        if let Some(refusal) = self.access.refusal(request) {
            return refusal;
        }
        let mut child = self.command(request).spawn().expect("git can be started");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        let output = thread::scope(|scope| {
            // The program may end without reading its input.
            scope.spawn(move || stdin.write_all(request.body()));
            child.wait_with_output().expect("the program's output")
        });
        let said = String::from_utf8_lossy(&output.stderr);
        response(&output.stdout).unwrap_or_else(|| panic!("git http-backend: {said}"))
    }
}

/// Reads the response of a CGI program.
fn response(output: &[u8]) -> Option<Answer> {
    const END: &[u8] = b"\r\n\r\n";
    let end = output.windows(END.len()).position(|window| window == END)?;
    let head = std::str::from_utf8(&output[..end]).ok()?;
    let mut response = Response::builder();
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(": ")?;
        response = match name {
            "Status" => response.status(value.split(' ').next()?),
            _ => response.header(name, value),
        };
    }
    response.body(output[end + END.len()..].to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_of_a_program_is_read() {
        let answer = response(b"Status: 404 Not Found\r\nA: b\r\n\r\nthe\r\n\r\nbody").expect("it");
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (404, &b"the\r\n\r\nbody"[..]));
        assert_eq!(answer.headers()["a"], "b");
        assert!(response(b"no head").is_none());
    }
}
