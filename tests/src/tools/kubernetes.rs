//! An API server of Kubernetes, as far as `kubectl get pods` needs one.

use http::{Request, StatusCode};
use hyper::body::Bytes;
use serde_json::json;

use super::{
    access::Access,
    server::{Answer, Site, json, status},
};

/// A cluster with one pod, `things-0`, in the namespace `default`.
#[derive(Debug)]
pub struct Cluster {
    access: Access,
}

impl Cluster {
    /// Serves the API to whoever has access.
    pub fn new(access: Access) -> Self {
        Self { access }
    }
}

impl Site for Cluster {
    fn answer(&self, request: &Request<Bytes>) -> Answer {
        if let Some(mut refusal) = self.access.refusal(request) {
            *refusal.body_mut() = json!({
                "kind": "Status", "apiVersion": "v1", "status": "Failure",
                "message": "Unauthorized", "reason": "Unauthorized", "code": 401,
            })
            .to_string()
            .into();
            let json = http::HeaderValue::from_static("application/json");
            refusal.headers_mut().insert("content-type", json);
            return refusal;
        }
        json(&match request.uri().path() {
            "/version" => json!({ "major": "1", "minor": "32", "gitVersion": "v1.32.0" }),
            "/api" => json!({ "kind": "APIVersions", "versions": ["v1"] }),
            "/apis" => json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": [] }),
            "/api/v1" => json!({
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1",
                "resources": [{
                    "name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod",
                    "verbs": ["get", "list"],
                }],
            }),
            "/api/v1/namespaces/default/pods" => json!({
                "kind": "PodList", "apiVersion": "v1", "metadata": { "resourceVersion": "1" },
                "items": [{
                    "kind": "Pod", "apiVersion": "v1",
                    "metadata": { "name": "things-0", "namespace": "default" },
                }],
            }),
            _ => return status(StatusCode::NOT_FOUND),
        })
    }
}
