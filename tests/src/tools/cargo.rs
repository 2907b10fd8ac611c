//! A registry of cargo: a sparse index, and downloads. The pages "Registry Index" and "Registry Authentication" of the
//! cargo book describe it.

use http::{Request, StatusCode};
use hyper::body::Bytes;
use serde_json::json;

use super::{
    access::Access,
    digest::sha256,
    server::{Answer, Site, content, json, status},
};

/// A registry with one crate, `things` 1.0.0, without dependencies.
#[derive(Debug)]
pub struct Registry {
    package: Vec<u8>,
    access: Access,
}

impl Registry {
    /// Serves the bytes of a `.crate` file.
    pub fn new(package: Vec<u8>, access: Access) -> Self {
        Self { package, access }
    }
}

impl Site for Registry {
    fn answer(&self, request: &Request<Bytes>) -> Answer {
        if let Some(refusal) = self.access.refusal(request) {
            return refusal;
        }
        match request.uri().path() {
            "/index/config.json" => {
                let host = request.headers()["host"].to_str().expect("a host is text");
                json(&json!({ "dl": format!("http://{host}/dl"), "auth-required": true }))
            }
            // The first letters are folders.
            "/index/th/in/things" => {
                let digest = sha256(&self.package);
                json(&json!({
                    "name": "things", "vers": "1.0.0", "deps": [], "features": {},
                    "cksum": digest, "yanked": false,
                }))
            }
            "/dl/things/1.0.0/download" => content("application/gzip", self.package.clone()),
            _ => status(StatusCode::NOT_FOUND),
        }
    }
}
