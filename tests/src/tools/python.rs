//! An index of Python packages: the "Simple repository API" of the Python packaging specifications.

use http::{Request, StatusCode};
use hyper::body::Bytes;

use super::{
    access::Access,
    server::{Answer, Site, content, status},
};

/// The name of the one file.
pub const WHEEL: &str = "things-1.0-py3-none-any.whl";

/// An index with one package, `things` 1.0, whose wheel has no dependencies.
#[derive(Debug)]
pub struct Index {
    wheel: Vec<u8>,
    access: Access,
}

impl Index {
    /// Serves the bytes of a wheel.
    pub fn new(wheel: Vec<u8>, access: Access) -> Self {
        Self { wheel, access }
    }
}

impl Site for Index {
    fn answer(&self, request: &Request<Bytes>) -> Answer {
        if let Some(refusal) = self.access.refusal(request) {
            return refusal;
        }
        match request.uri().path() {
            "/simple/things/" => {
                content("text/html", format!("<a href=\"/files/{WHEEL}\">{WHEEL}</a>"))
            }
            path if path.strip_prefix("/files/") == Some(WHEEL) => {
                content("application/zip", self.wheel.clone())
            }
            _ => status(StatusCode::NOT_FOUND),
        }
    }
}
