//! The requests that register a client, read it, and delete it.

use authn::{
    Context, Error, ErrorKind, Result, SecretString,
    http::{HttpRequest, HttpResponse, StatusCode, header},
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{RegistrationOptions, record::Record};
use crate::token_endpoint::{Address, unavailable};

/// The errors of a registration, with their help (RFC 7591, 3.2.2).
const REFUSALS: [(&str, &str); 5] = [
    ("invalid_client_metadata", "register a client at the server by hand, and set `client_id`"),
    ("invalid_redirect_uri", "set `redirect_uri` or `redirect_port` to what the server allows"),
    ("invalid_software_statement", "correct `software_statement`"),
    ("unapproved_software_statement", "get another `software_statement` for this server"),
    ("invalid_token", "get a new `initial_access_token`"),
];

/// What a client says of itself (RFC 7591, 2).
pub(super) struct Metadata {
    body: serde_json::Value,
    method: &'static str,
}

impl Metadata {
    pub(super) fn new(redirect_uri: &str, grant_types: &[&str], is_public: bool) -> Self {
        let method = if is_public { "none" } else { "client_secret_basic" };
        let mut body = json!({
            "grant_types": grant_types,
            "token_endpoint_auth_method": method,
        });
        if redirect_uri.is_empty() {
            body["redirect_uris"] = json!([]);
            body["response_types"] = json!([]);
        } else {
            body["redirect_uris"] = json!([redirect_uri]);
            body["response_types"] = json!(["code"]);
            let is_web = redirect_uri.starts_with("https:");
            body["application_type"] = json!(if is_web { "web" } else { "native" });
        }
        Self { body, method }
    }

    /// Returns the work that registers the client, as it is kept.
    pub(super) fn work(
        mut self,
        endpoint: Address,
        place: String,
        options: &RegistrationOptions,
        context: &Context,
    ) -> impl Future<Output = Result<SecretString>> + Send + use<> {
        self.body["client_name"] = json!(options.client_name.as_deref().unwrap_or("authn"));
        if let Some(statement) = &options.software_statement {
            self.body["software_statement"] = json!(statement);
        }
        let (context, token) = (context.clone(), options.initial_access_token().cloned());
        async move {
            let request = context.http().post(endpoint.url()).json(&self.body);
            let request = match &token {
                Some(token) => bearer(request, &token.expose()),
                None => request,
            };
            let response = request.send().await?;
            if !response.status().is_success() {
                return Err(refusal(&response, token.is_some()));
            }
            Ok(Record::of(&response, self.method, &place)?.write())
        }
    }
}

/// What a server says of a registered client.
pub(super) enum State {
    /// It knows the client. It may have a new token for later requests.
    Known(Option<Zeroizing<String>>),
    Unknown,
}

/// Reads the client at the server (RFC 7592, 2.1); `None` if that can't be known.
pub(super) async fn read(record: &Record, context: &Context) -> Option<State> {
    let (address, token) = record.management()?;
    let request = bearer(context.http().get(address.url()), token);
    let response = request.send().await.ok()?;
    match response.status() {
        StatusCode::OK => {
            let new = response.member::<Zeroizing<String>>("registration_access_token");
            Some(State::Known(new.ok().flatten().filter(|new| new.as_str() != token)))
        }
        StatusCode::UNAUTHORIZED => Some(State::Unknown),
        _ => None,
    }
}

/// Deletes the client at the server. One that the server does not know is deleted already, and a server that deletes no
/// clients is asked for nothing.
pub(super) async fn delete(record: &Record, context: &Context) -> Result<()> {
    let Some((address, token)) = record.management() else { return Ok(()) };
    let response = bearer(context.http().delete(address.url()), token).send().await?;
    match response.status() {
        status if status.is_success() => Ok(()),
        StatusCode::UNAUTHORIZED
        | StatusCode::NOT_FOUND
        | StatusCode::METHOD_NOT_ALLOWED
        | StatusCode::NOT_IMPLEMENTED => Ok(()),
        status if is_busy(status) => Err(unavailable(&response)),
        status => {
            let (place, said) = (response.place(), response.said());
            let what = said.summary(status.as_u16());
            let message = format!("{place} did not delete the registered client ({what})");
            Err(said.add_to(Error::refused(message).with_help("delete it at the server by hand")))
        }
    }
}

fn bearer(request: HttpRequest, token: &str) -> HttpRequest {
    request.header(header::AUTHORIZATION, &Zeroizing::new(format!("Bearer {token}")))
}

fn is_busy(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

fn refusal(response: &HttpResponse, has_token: bool) -> Error {
    let status = response.status();
    if is_busy(status) {
        return unavailable(response);
    }
    let said = response.said();
    let known = REFUSALS.into_iter().find(|(known, _)| said.code() == Some(*known));
    let help = match known {
        Some((_, help)) => help,
        None if matches!(status.as_u16(), 401 | 403) && !has_token => {
            "set `initial_access_token`, or register a client by hand and set `client_id`"
        }
        None => "register a client at the server by hand, and set `client_id`",
    };
    let what = said.summary(status.as_u16());
    let message = format!("{} did not register a client ({what})", response.place());
    said.add_to(Error::new(ErrorKind::Refused, message).with_help(help))
}
