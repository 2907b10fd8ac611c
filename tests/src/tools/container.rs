//! A registry of container images: the OCI distribution specification, as far as a manifest needs it.

use http::{HeaderValue, Request, StatusCode};
use hyper::body::Bytes;
use serde_json::json;

use super::{
    access::Access,
    digest::sha256,
    server::{Answer, Site, content, status},
};

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &[u8] = b"{}";

/// A registry with one image, `things:1`, without layers.
#[derive(Debug)]
pub struct Images {
    access: Access,
}

impl Images {
    /// Serves the image to whoever has access.
    pub fn new(access: Access) -> Self {
        Self { access }
    }
}

impl Site for Images {
    fn answer(&self, request: &Request<Bytes>) -> Answer {
        let version = HeaderValue::from_static("registry/2.0");
        let mut answer = self.access.refusal(request).unwrap_or_else(|| image(request));
        answer.headers_mut().insert("docker-distribution-api-version", version);
        answer
    }
}

fn image(request: &Request<Bytes>) -> Answer {
    let config = sha256(CONFIG);
    match request.uri().path() {
        "/v2/" => content("application/json", "{}"),
        "/v2/things/manifests/1" => {
            let manifest = json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {
                    "mediaType": "application/vnd.docker.container.image.v1+json",
                    "size": CONFIG.len(),
                    "digest": format!("sha256:{config}"),
                },
                "layers": [],
            });
            content(MANIFEST, manifest.to_string())
        }
        path if path.ends_with(&format!("/blobs/sha256:{config}")) => {
            content("application/octet-stream", CONFIG)
        }
        _ => status(StatusCode::NOT_FOUND),
    }
}
