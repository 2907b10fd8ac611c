//! A private registry of Terraform's modules: its "Remote Service Discovery" and "Module Registry Protocol".

use http::{HeaderValue, Request, StatusCode};
use hyper::body::Bytes;
use serde_json::json;

use super::{
    access::Access,
    server::{Answer, Site, content, json, status},
};

/// A registry with one module, `acme/things/null` 1.0.0.
#[derive(Debug)]
pub struct Modules {
    archive: Vec<u8>,
    access: Access,
}

impl Modules {
    /// Serves the bytes of a `.tar.gz` file.
    pub fn new(archive: Vec<u8>, access: Access) -> Self {
        Self { archive, access }
    }
}

impl Site for Modules {
    fn answer(&self, request: &Request<Bytes>) -> Answer {
        let path = request.uri().path();
        // Terraform downloads without the token: an archive's address is often one of another host.
        if path == "/archive/things.tar.gz" {
            return content("application/gzip", self.archive.clone());
        }
        if let Some(refusal) = self.access.refusal(request) {
            return refusal;
        }
        match path {
            "/.well-known/terraform.json" => json(&json!({ "modules.v1": "/modules/" })),
            "/modules/acme/things/null/versions" => {
                json(&json!({ "modules": [{ "versions": [{ "version": "1.0.0" }] }] }))
            }
            "/modules/acme/things/null/1.0.0/download" => {
                let mut answer = status(StatusCode::NO_CONTENT);
                let archive = HeaderValue::from_static("/archive/things.tar.gz");
                answer.headers_mut().insert("x-terraform-get", archive);
                answer
            }
            _ => status(StatusCode::NOT_FOUND),
        }
    }
}
