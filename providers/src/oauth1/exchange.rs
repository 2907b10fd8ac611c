//! The requests for temporary credentials (RFC 5849, 2.1) and for the token (RFC 5849, 2.3).

use authn::{
    Context, Error, LoginMethod, Result, SecretString, Token, TokenSet, Url,
    http::{HttpResponse, busy},
};
use http::{Uri, header};
use zeroize::Zeroizing;

use super::{
    OAuth1, Where,
    encoding::pairs,
    signing::{Protocol, Signed, SignedBody, Signing, TOKEN, header_value},
};
use crate::token_endpoint::{Address, with};

/// The names under which a session is kept.
const KEPT_TOKEN: &str = "token";
pub(super) const TOKEN_SECRET: &str = "token_secret";

/// Credentials that a server has issued: temporary ones, or a token.
pub(super) struct Credential {
    pub(super) token: Zeroizing<String>,
    pub(super) secret: Zeroizing<String>,
}

impl Credential {
    /// Returns the token that a session has.
    pub(super) fn kept_in(tokens: &TokenSet) -> Option<Self> {
        let kept = |name| Some(Zeroizing::new(tokens.kept(name)?.expose().to_owned()));
        Some(Self { token: kept(KEPT_TOKEN)?, secret: kept(TOKEN_SECRET)? })
    }

    /// Returns the token as the result of an exchange. It has no expiry: the server ends it.
    pub(super) fn into_token_set(self) -> Result<TokenSet> {
        let token = Token::new(&*self.token)?.without_expiry();
        Ok(TokenSet::new(token)
            .with_kept(KEPT_TOKEN, SecretString::from(self.token.as_str()))
            .with_kept(TOKEN_SECRET, SecretString::from(self.secret.as_str())))
    }
}

/// Requests temporary credentials (RFC 5849, 2.1).
pub(super) async fn initiate(
    options: &OAuth1,
    context: &Context,
    callback: &str,
) -> Result<Credential> {
    let request = Exchange {
        options,
        context,
        credential: None,
        more: ("oauth_callback", callback),
        refusal: ("", "check `client_id`, the client's secret or key, and `signature_method`"),
    };
    let (answer, _) = request.send(options.request_token_url.as_ref()).await?;
    // A server of OAuth 1.0, without the `a`, would not check who comes back (RFC 5849, 2.1).
    if answer.get("oauth_callback_confirmed").is_none_or(|confirmed| confirmed != "true") {
        return Err(Error::protocol(format!(
            "{} did not confirm the callback, as OAuth 1.0a demands",
            answer.place
        ))
        .with_help(
            "check `request_token_url`; servers of OAuth 1.0 without the `a` can't be used",
        ));
    }
    answer.credential()
}

/// Requests the token (RFC 5849, 2.3).
pub(super) async fn redeem(
    options: &OAuth1,
    context: &Context,
    temporary: &Credential,
    verifier: &str,
    way: LoginMethod,
) -> Result<TokenSet> {
    let more = ("oauth_verifier", verifier);
    // The server has just accepted the client, so it is the verifier that is refused.
    let refusal = match way {
        LoginMethod::Console => {
            (" with the code that was pasted", "log in again, and paste the whole code")
        }
        _ => (" for the token", "log in again"),
    };
    let request = Exchange { options, context, credential: Some(temporary), more, refusal };
    let (answer, date) = request.send(options.access_token_url.as_ref()).await?;
    Ok(with(answer.credential()?.into_token_set()?, date, TokenSet::with_server_date))
}

struct Exchange<'a> {
    options: &'a OAuth1,
    context: &'a Context,
    credential: Option<&'a Credential>,
    more: (&'static str, &'a str),
    /// What a refusal without a known problem is of, and what helps.
    refusal: (&'static str, &'static str),
}

impl Exchange<'_> {
    /// Sends the request. If it is refused while the clocks differ, it is sent once more with the server's time.
    async fn send(
        &self,
        address: Option<&Address>,
    ) -> Result<(Answer, Option<std::time::SystemTime>)> {
        let address = address.ok_or_else(|| {
            Error::configuration("no user can log in").with_help("set `request_token_url`")
        })?;
        let clock = &self.options.__server_clock;
        let mut response = self.send_once(address.url()).await?;
        let learns = |response: &HttpResponse| {
            response.date().is_some_and(|date| clock.learn(date, self.context.clock()))
        };
        if learns(&response) && response.status().is_client_error() {
            response = self.send_once(address.url()).await?;
        }
        let date = response.date();
        Ok((Answer::of(response, self.refusal)?, date))
    }

    async fn send_once(&self, url: &Url) -> Result<HttpResponse> {
        let Self { options, context, .. } = *self;
        let mut url = url.clone();
        url.set_fragment(None);
        let is_form = options.placement == Where::Body;
        let protocol = self.sign(&url, is_form)?;
        let own = protocol.iter().map(|(name, value)| (*name, value.as_str()));
        if options.placement == Where::Query {
            url.query_pairs_mut().extend_pairs(own.clone());
        }
        // The answer is a form, whatever its content type is.
        let request = context.http().post(&url).header(header::ACCEPT, "*/*");
        let request = match options.placement {
            Where::Header => {
                let value = Zeroizing::new(header_value(&protocol, options.realm.as_deref()));
                request.header(header::AUTHORIZATION, &value)
            }
            Where::Body => request.form(&own.collect::<Vec<_>>()),
            Where::Query => request,
        };
        request.send().await
    }

    fn sign(&self, url: &Url, is_form: bool) -> Result<Protocol> {
        let uri: Uri = url.as_str().parse().map_err(|_| {
            Error::configuration("an address of the server is no URI").with_help("check it")
        })?;
        let signing = Signing {
            options: self.options,
            context: self.context,
            token: self.credential.map(|of| of.token.as_str()),
            token_secret: self.credential.map_or("", |of| of.secret.as_str()),
            more: &[self.more],
        };
        let body = if is_form { SignedBody::Form(b"") } else { SignedBody::Other(Some(b"")) };
        signing.sign(&Signed { method: "POST", uri: &uri, host: None, body })
    }
}

/// The form that a server answers with.
struct Answer {
    place: String,
    members: Vec<(Zeroizing<String>, Zeroizing<String>)>,
}

impl Answer {
    fn of(response: HttpResponse, (what, help): (&'static str, &'static str)) -> Result<Self> {
        let place = response.place().to_owned();
        let members = members(response.bytes());
        let get = |wanted: &str| members.iter().find(|(name, _)| **name == wanted);
        let problem = get("oauth_problem").and_then(|(_, problem)| known_problem(problem));
        if let Some((code, help)) = problem {
            let message = format!("{place} refused the request ({code})");
            return Err(Error::refused(message).with_help(help));
        }
        if response.status().is_client_error() && busy(response.status()).is_none() {
            let status = response.status().as_u16();
            return Err(Error::refused(format!(
                "{place} refused the request{what} (status {status})"
            ))
            .with_help(help));
        }
        response.success()?;
        Ok(Self { place, members })
    }

    /// Returns a member, unless it is there twice.
    fn get(&self, wanted: &str) -> Option<&str> {
        let mut found = self.members.iter().filter(|(name, _)| **name == wanted);
        found.next().filter(|_| found.next().is_none()).map(|(_, value)| value.as_str())
    }

    fn credential(&self) -> Result<Credential> {
        let member = |name: &str| {
            self.get(name).map(|value| Zeroizing::new(value.to_owned())).ok_or_else(|| {
                Error::protocol(format!("{} answered without one `{name}`", self.place))
                    .with_help("check the address")
            })
        };
        let credential =
            Credential { token: member(TOKEN)?, secret: member("oauth_token_secret")? };
        // Before it is used anywhere.
        Token::new(&*credential.token)?;
        Ok(credential)
    }
}

/// Returns the members of a form in UTF-8.
fn members(body: &[u8]) -> Vec<(Zeroizing<String>, Zeroizing<String>)> {
    let text = |bytes| String::from_utf8(bytes).ok().map(Zeroizing::new);
    pairs(body.trim_ascii()).filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

/// Problems that servers report (OAuth Problem Reporting), with their help. Only these are shown, because any other text
/// could contain anything.
const PROBLEMS: [(&str, &str); 15] = [
    ("additional_authorization_required", "log in at the server, and start the login again"),
    ("consumer_key_refused", "check the client's permissions at the server"),
    ("consumer_key_rejected", "check `client_id`, and the client at the server"),
    ("consumer_key_unknown", "check `client_id`"),
    ("nonce_used", "try again"),
    ("parameter_absent", "check the options and the server's documentation"),
    ("parameter_rejected", "check `callback` and the server's documentation"),
    ("permission_denied", "log in again and agree"),
    ("permission_unknown", "log in again and agree"),
    ("signature_invalid", "check the client's secret or key, and `signature_method`"),
    ("signature_method_rejected", "set `signature_method` to one that the server accepts"),
    ("timestamp_refused", "compare this machine's clock with the server's"),
    ("token_expired", "log in again"),
    ("token_rejected", "log in again"),
    ("user_refused", "log in again and agree"),
];

/// Returns a problem that is known, and its help.
pub(super) fn known_problem(code: &str) -> Option<(&'static str, &'static str)> {
    PROBLEMS.into_iter().find(|(known, _)| *known == code)
}
