//! The exec plugin of kubectl and client-go (`client.authentication.k8s.io`, versions `v1` and `v1beta1`).

use std::{env, time::SystemTime};

use serde::{Deserialize, Serialize};

use super::{
    address::Address,
    answer::{Answer, token},
    chosen::{active, choose},
    input,
};
use crate::{
    app::App,
    exit::{Code, Failure},
    output,
    style::time,
};

/// The variable with the request.
const REQUEST: &str = "KUBERNETES_EXEC_INFO";

const VERSIONS: [&str; 2] =
    ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/// The arguments of `kubernetes-exec-credential`.
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("kubernetes.txt"))]
pub(crate) struct Arguments {}

/// What kubectl passes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    api_version: String,
    kind: Option<String>,
    #[serde(default)]
    spec: Spec,
}

#[derive(Debug, Default, Deserialize)]
struct Spec {
    /// It is there if the kubeconfig has `provideClusterInfo: true`.
    cluster: Option<Cluster>,
}

#[derive(Debug, Deserialize)]
struct Cluster {
    server: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Credential<'a> {
    api_version: &'a str,
    kind: &'static str,
    status: Status<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_timestamp: Option<String>,
}

pub(crate) fn run(app: &App, _: &Arguments) -> Result<(), Failure> {
    let asked = asked()?;
    let version = asked.as_ref().map_or(VERSIONS[0], |asked| &asked.api_version);
    let server = asked.as_ref().and_then(|asked| asked.spec.cluster.as_ref());
    let Some(Cluster { server }) = server else {
        // The kubeconfig alone decides where it is sent, as with a token in the kubeconfig.
        let token = token(&active(app)?)?;
        return print(version, token.secret(), token.expires_at());
    };
    let Some(chosen) = choose(app, &Address::of_url(server)?)? else { return Err(nothing()) };
    let answer = Answer::get(&chosen)?;
    print(version, answer.bearer()?, answer.expires_at)
}

fn print(version: &str, token: &str, expires_at: Option<SystemTime>) -> Result<(), Failure> {
    let expiration_timestamp = expires_at.and_then(time::rfc_3339);
    let status = Status { token, expiration_timestamp };
    Ok(output::json(&Credential { api_version: version, kind: "ExecCredential", status })?)
}

fn asked() -> Result<Option<Asked>, Failure> {
    match env::var_os(REQUEST) {
        None => Ok(None),
        Some(text) => Asked::parse(text.as_encoded_bytes()).map(Some),
    }
}

impl Asked {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.len() as u64 > input::LIMIT {
            return Err(input::invalid("it is longer than 64 KiB"));
        }
        let asked: Self = input::object(bytes)?;
        if asked.kind.as_deref().is_some_and(|kind| kind != "ExecCredential") {
            return Err(input::invalid("its `kind` is not `ExecCredential`"));
        }
        if !VERSIONS.contains(&asked.api_version.as_str()) {
            return Err(input::invalid("its `apiVersion` is not known here")
                .with_help(format!("set `apiVersion: {}` in the kubeconfig", VERSIONS[0])));
        }
        Ok(asked)
    }
}

fn nothing() -> Failure {
    Failure::new(Code::Configuration, "no profile is for this cluster").with_help(
        "add the cluster's address to `credentials.origins` of the profile, or call another program in the kubeconfig",
    )
}
