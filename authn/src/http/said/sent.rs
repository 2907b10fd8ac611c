//! `Sent`: what was sent with a request, and which parts of it are secret. Of the query, the body and the sensitive headers,
//! each text that is not known to be public is secret; so are a user and a password in the address.

use std::fmt;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderMap, header};
use serde_json::Value;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

/// The parameters that are not secret: those whose values configurations show, and those that name what is asked for
/// (RFC 6749, 7521, 7591, 8693, 8707, 9396).
const PUBLIC: [&str; 41] = [
    "acr_values",
    "actor_token_type",
    "application_type",
    "audience",
    "authorization_details",
    "client_assertion_type",
    "client_id",
    "client_name",
    "client_uri",
    "code_challenge",
    "code_challenge_method",
    "contacts",
    "display",
    "dpop_jkt",
    "federation_rule_id",
    "grant_type",
    "grant_types",
    "jwks_uri",
    "login_hint",
    "logo_uri",
    "max_age",
    "organization_id",
    "policy_uri",
    "post_logout_redirect_uris",
    "prompt",
    "redirect_uri",
    "redirect_uris",
    "requested_token_type",
    "requested_token_use",
    "resource",
    "response_mode",
    "response_type",
    "response_types",
    "scope",
    "service_account_id",
    "subject_token_type",
    "token_endpoint_auth_method",
    "token_type_hint",
    "ui_locales",
    "username",
    "workspace_id",
];

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What was sent to a server with a request. It is wiped on drop as far as its parts allow it.
#[derive(Clone, Default)]
#[doc(hidden)]
pub struct Sent {
    url: Option<Url>,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
    others: Vec<Zeroizing<String>>,
}

impl Sent {
    pub(in crate::http) fn request(url: Url, headers: HeaderMap, body: Zeroizing<Vec<u8>>) -> Self {
        Self { url: Some(url), headers, body, others: Vec::new() }
    }

    /// Adds a secret that the server knows for another reason than the request, such as one of its answer.
    pub fn add(&mut self, secret: &str) {
        self.others.push(Zeroizing::new(secret.to_owned()));
    }

    /// Returns all that is secret.
    pub fn secrets(&self) -> Vec<Zeroizing<String>> {
        let mut secrets = self.others.clone();
        let mut add = |secret: &str| secrets.push(Zeroizing::new(secret.to_owned()));
        if let Some(url) = &self.url {
            add(url.username());
            add(url.password().unwrap_or_default());
            of_form(url.query().unwrap_or_default().as_bytes(), &mut add);
        }
        for (name, value) in &self.headers {
            if value.is_sensitive() {
                let value = String::from_utf8_lossy(value.as_bytes());
                let is_scheme = name == header::AUTHORIZATION;
                match value.split_once(' ').filter(|_| is_scheme) {
                    Some((scheme, value)) => of_authorization(scheme, value.trim(), &mut add),
                    None => add(&value),
                }
            }
        }
        self.add_body(&mut add);
        secrets
    }

    fn add_body(&self, add: &mut impl FnMut(&str)) {
        let media_type = self.headers.get(header::CONTENT_TYPE);
        match media_type.and_then(|value| value.to_str().ok()) {
            _ if self.body.is_empty() => {}
            Some("application/x-www-form-urlencoded") => of_form(&self.body, add),
            Some("application/json") => match serde_json::from_slice(&self.body) {
                Ok(Value::Object(members)) => {
                    let secret = members.iter().filter(|(name, _)| !is_public(name));
                    secret.for_each(|(_, value)| of_json(value, add));
                }
                Ok(value) => of_json(&value, add),
                Err(_) => add(&String::from_utf8_lossy(&self.body)),
            },
            _ => add(&String::from_utf8_lossy(&self.body)),
        }
    }
}

fn is_public(name: &str) -> bool {
    PUBLIC.binary_search(&name).is_ok()
}

fn of_form(form: &[u8], add: &mut impl FnMut(&str)) {
    for (name, value) in form_urlencoded::parse(form) {
        if !is_public(&name) {
            add(&value);
        }
    }
}

fn of_json(value: &Value, add: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => add(text),
        Value::Array(values) => values.iter().for_each(|value| of_json(value, add)),
        Value::Object(members) => members.values().for_each(|value| of_json(value, add)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Adds the credentials of an `Authorization` header. Those of Basic are an identifier, which is public, and a secret, both of
/// which can be encoded as a form (RFC 7617, 2; RFC 6749, 2.3.1).
fn of_authorization(scheme: &str, value: &str, add: &mut impl FnMut(&str)) {
    add(value);
    if !scheme.eq_ignore_ascii_case("basic") {
        return;
    }
    let decoded = BASE64.decode(value).map(Zeroizing::new).unwrap_or_default();
    let pair = String::from_utf8_lossy(&decoded);
    if let Some((_, secret)) = pair.split_once(':') {
        add(secret);
        // With one name, so that the text is one value, whichever characters are in it.
        let form = format!("x={}", secret.replace('&', "%26"));
        form_urlencoded::parse(form.as_bytes()).for_each(|(_, value)| add(&value));
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_public_names_are_sorted() {
        assert!(PUBLIC.is_sorted());
    }

    #[test]
    fn every_part_is_secret_that_is_not_known_to_be_public() {
        let form = "application/x-www-form-urlencoded";
        let json = "application/json";
        for (query, authorization, media_type, body, expected) in [
            ("", "Bearer t k", form, "", &["t k"][..]),
            ("", "Basic aWQ6YSUyQmI=", form, "", &["aWQ6YSUyQmI=", "a%2Bb", "a+b"]),
            ("", "Basic aWQ6YSZi", form, "", &["aWQ6YSZi", "a&b", "a&b"]),
            ("", "alone", form, "client_id=i&client_secret=a+b%26&code=c", &["alone", "a b&", "c"]),
            ("scope=s&token=q", "DPoP t", form, "unknown=u", &["q", "t", "u"]),
            ("", "", json, r#"{"scope":"s","a":[{"b":"c"},1],"client_id":"i"}"#, &["c"]),
            ("", "", json, r#"["a"]"#, &["a"]),
            ("", "", json, "{", &["{"]),
            ("", "", "text/plain", "client_id=i", &["client_id=i"]),
        ] {
            let url = Url::parse(&format!("https://i.test/path?{query}")).ok();
            let mut headers = HeaderMap::new();
            let mut value = HeaderValue::from_str(authorization).unwrap();
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(media_type).unwrap());
            let body = Zeroizing::new(body.as_bytes().to_vec());
            let sent = Sent { url, headers, body, others: Vec::new() };
            let secrets = sent.secrets();
            let found: Vec<_> = secrets.iter().map(|it| it.as_str()).collect();
            let found: Vec<_> = found.into_iter().filter(|it| !it.is_empty()).collect();
            assert_eq!(found, expected, "{body:?}", body = sent.body);
        }
    }
}
