//! Format `kubernetes`: the `ExecCredential` of a plugin of kubectl (client.authentication.k8s.io, v1 and v1beta1).

use authn::private::Process;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Answer, Unusable, parsed_object, present};
use crate::exec::time::rfc_3339;

const VERSIONS: [&str; 2] =
    ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential {
    api_version: String,
    kind: String,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<Zeroizing<String>>,
    expiration_timestamp: Option<String>,
}

pub(super) fn ask(process: Process, is_interactive: bool) -> Process {
    let info = serde_json::json!({
        "apiVersion": VERSIONS[0],
        "kind": "ExecCredential",
        "spec": { "interactive": is_interactive },
    });
    process.variable("KUBERNETES_EXEC_INFO", Zeroizing::new(info.to_string()))
}

pub(super) fn read(output: &[u8]) -> Result<Answer, Unusable> {
    let credential: ExecCredential = parsed_object(output)?;
    if credential.kind != "ExecCredential" {
        return Err(Unusable::Invalid("its `kind` is not `ExecCredential`"));
    }
    if !VERSIONS.contains(&credential.api_version.as_str()) {
        return Err(Unusable::Invalid("its `apiVersion` is neither v1 nor v1beta1"));
    }
    let status = credential.status.ok_or(Unusable::Invalid("it has no `status`"))?;
    let token = present(status.token, "its `status` has no `token`")?;
    let expiry = match status.expiration_timestamp.as_deref() {
        None | Some("") => None,
        Some(text) => {
            let invalid = Unusable::Invalid("its `expirationTimestamp` is not RFC 3339");
            Some(rfc_3339(text).ok_or(invalid)?)
        }
    };
    Ok(Answer::new(token).with_expiry(expiry))
}
