//! AWS's Security Token Service, which checks who signed a request: "Signature Version 4" of AWS's documentation.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, StatusCode};
use hyper::body::Bytes;
use sha2::{Sha256, digest::Output};

use super::{
    digest::{hex, sha256},
    server::{Answer, Site, authorization, content, status},
};

/// The keys of a user, and the one service that is there for them.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The identifier of the key.
    pub identifier: String,
    /// The key itself.
    pub secret: String,
    /// The token that belongs to a temporary key.
    pub session_token: String,
}

impl Site for Keys {
    fn answer(&self, request: &Request<Bytes>) -> Answer {
        let is_query = request.body().starts_with(b"Action=GetCallerIdentity&");
        if !is_query || self.signature(request).is_none() {
            return status(StatusCode::FORBIDDEN);
        }
        content(
            "text/xml",
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/things</Arn>\
             <UserId>THINGS</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
             <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>\
             </GetCallerIdentityResponse>",
        )
    }
}

impl Keys {
    /// Returns the signature of a request, if it is that of these keys.
    fn signature(&self, request: &Request<Bytes>) -> Option<String> {
        let header = |name: &str| request.headers().get(name)?.to_str().ok();
        if header("x-amz-security-token")? != self.session_token {
            return None;
        }
        let parts = authorization(request)?.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let parts: BTreeMap<&str, &str> =
            parts.split(", ").filter_map(|part| part.split_once('=')).collect();
        let scope = parts.get("Credential")?.strip_prefix(&self.identifier)?.strip_prefix('/')?;
        let signed = *parts.get("SignedHeaders")?;
        let headers: Option<Vec<String>> = signed
            .split(';')
            .map(|name| header(name).map(|value| format!("{name}:{}\n", value.trim())))
            .collect();
        let canonical = format!(
            "{}\n{}\n\n{}\n{signed}\n{}",
            request.method(),
            request.uri().path(),
            headers?.concat(),
            sha256(request.body())
        );
        let date = header("x-amz-date")?;
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()));
        let first = format!("AWS4{}", self.secret).into_bytes();
        let key = scope.split('/').fold(first, |key, part| mac(&key, part).to_vec());
        let signature = hex(&mac(&key, &text));
        (parts.get("Signature") == Some(&&*signature)).then_some(signature)
    }
}

fn mac(key: &[u8], text: &str) -> Output<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes()
}
