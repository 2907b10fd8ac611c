//! Tokens that are bound to a key (`DPoP`, RFC 9449): a thief of the token can't use it without the key.
//!
//! - [`key`]: the key of a session, which is kept with its tokens
//! - [`proof`]: what is signed with it for each request
//! - [`servers`]: the nonces and the clocks of servers
//! - [`answer`]: answers that ask for another proof

mod answer;
mod key;
mod proof;
mod servers;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use authn::{
    Context, Error, Issued, Placement, Reaction, Request, ResponseHead, Result, SecretString,
    TokenSet, Used,
    http::{HttpResponse, header::HeaderName},
};

use self::{
    answer::Refusal,
    key::Keys,
    proof::{Proof, Target, shifted},
    servers::Servers,
};
use super::server::Server;
use crate::{
    choice::choice,
    jws::KeyPairAlgorithm,
    token_endpoint::{self, Endpoint, TokenRequest},
};

pub(super) use key::{KEPT, SessionKey};
pub(super) use proof::Sent;

/// The header of a proof (RFC 9449, 4.1).
const PROOF: HeaderName = HeaderName::from_static("dpop");

/// The type of a token that is bound to a key, and its scheme (RFC 9449, 5 and 7.1).
const SCHEME: &str = "DPoP";

/// Most seconds between two clocks that are taken to agree.
const TOLERANCE: i64 = 5;

choice! {
    /// Whether tokens are bound to a key.
    enum Use {
        Never = "false",
        Always = "true",
        Auto = "auto",
    }
}

/// The options of tokens that are bound to a key, and what is known of servers. A clone shares that.
#[derive(Clone, authn::Options)]
#[expect(clippy::struct_field_names, reason = "they are the options' names")]
pub(super) struct Dpop {
    /// Whether tokens are bound to a key that this program makes for each session, so that a stolen token can't be used
    /// (RFC 9449). With `auto` they are if the server's metadata say that it can. The key is stored with the session.
    #[default(Use::Never)]
    dpop: Use,
    /// Algorithm of the key. Unset, it is `ES256`. A session keeps the key that it has.
    dpop_algorithm: Option<KeyPairAlgorithm>,
    __keys: Arc<Keys>,
    /// A nonce of the authorization server is not one of an API at the same address.
    __authorization: Arc<Servers>,
    __apis: Arc<Servers>,
}

impl Dpop {
    /// Checks that the options fit each other, and the place of the token.
    pub(super) fn validate(&self, context: &Context) -> Result<()> {
        if self.dpop == Use::Never {
            return match self.dpop_algorithm {
                Some(_) => Err(Error::configuration("`dpop_algorithm` is set, but `dpop` is not")
                    .with_help("remove it, or set `dpop = true`")),
                None => Ok(()),
            };
        }
        let usual = [Placement::default(), Placement::default().replacing()];
        if context.placement().is_none_or(|placement| usual.contains(placement)) {
            return Ok(());
        }
        Err(Error::configuration(
            "`dpop` is set, and so is the place of the token, but a token that is bound to a key has its own (RFC 9449, 7.1)",
        )
        .with_help("remove `placement`, `header`, `header_prefix` and `query_parameter`, or `dpop`"))
    }

    /// Returns the key of an exchange: the one that the session has kept, or else a new one. `None` if no key is used.
    pub(super) async fn key(
        &self,
        server: &Server,
        context: &Context,
        kept: Option<&SecretString>,
    ) -> Result<Option<Arc<SessionKey>>> {
        if self.dpop == Use::Never {
            return Ok(None);
        }
        if let Some(kept) = kept {
            return self.__keys.parsed(kept).map(Some);
        }
        let algorithm = self.dpop_algorithm.unwrap_or(KeyPairAlgorithm::Es256);
        let taken = server.proof_algorithms(context).await?;
        let is_taken =
            taken.as_ref().map(|taken| taken.iter().any(|name| name == algorithm.name()));
        match (self.dpop, is_taken) {
            (Use::Auto, None | Some(false)) => Ok(None),
            (_, Some(false)) => Err(Error::configuration(format!(
                "the server's metadata do not name `dpop_algorithm` {}",
                algorithm.name()
            ))
            .with_help("set `dpop_algorithm` to one of `dpop_signing_alg_values_supported` there")),
            (_, None | Some(true)) => {
                SessionKey::generate(algorithm).map(|key| Some(self.__keys.add(key)))
            }
        }
    }

    /// Adds a proof to a request to the authorization server, if the endpoint takes one.
    pub(super) fn prove(
        &self,
        request: &mut TokenRequest,
        key: Option<&SessionKey>,
        context: &Context,
    ) -> Result<Option<Sent>> {
        let takes =
            matches!(request.endpoint(), Endpoint::Token | Endpoint::PushedAuthorizationRequest);
        let Some(key) = key.filter(|_| takes) else { return Ok(None) };
        let target = Target::of(request.url().as_str()).ok_or_else(no_target)?;
        let ask = Ask { method: request.method(), target: &target, token: None, ahead: 0 };
        let (proof, sent) = ask.prove(key, &self.__authorization, context)?;
        request.set_header(PROOF.as_str(), &proof);
        Ok(Some(sent))
    }

    /// Takes the nonce of an answer of the authorization server. Returns whether the server wants another proof before it
    /// looks at the rest of the request, so that the request can be sent once more.
    pub(super) fn wants_another(
        &self,
        sent: &Sent,
        response: &HttpResponse,
        context: &Context,
    ) -> bool {
        let nonce = response.header(&answer::NONCE);
        let is_news = nonce
            .is_some_and(|nonce| self.__authorization.take_nonce(&sent.origin, nonce, Some(sent)));
        let Some(refusal) = Refusal::of_token_endpoint(response) else { return false };
        let now = context.clock().now().wall();
        let is_late =
            response.date().is_some_and(|date| self.__authorization.take_date(sent, date, now));
        match refusal {
            Refusal::Nonce => is_news,
            Refusal::Proof => is_late,
            Refusal::Token | Refusal::Unknown => false,
        }
    }

    /// Returns which tokens an answer can have.
    pub(super) fn expected(&self, key: Option<&SessionKey>) -> token_endpoint::Proof {
        match (key, self.dpop) {
            (None, _) => token_endpoint::Proof::None,
            (Some(_), Use::Always) => token_endpoint::Proof::Required,
            (Some(_), Use::Never | Use::Auto) => token_endpoint::Proof::Offered,
        }
    }

    /// Adds the credential to a request to an API: the token, and a proof if it is bound to a key.
    pub(super) fn authorize(
        &self,
        request: &mut Request<'_>,
        issued: &Issued,
        context: &Context,
    ) -> Result<()> {
        let token = issued.token();
        if !is_bound(issued) {
            return request.bearer(token);
        }
        let value = format!("{SCHEME} {}", token.secret());
        let present = request.headers().get(http::header::AUTHORIZATION);
        // A request that is authorised again gets another proof for the same token.
        let is_own = present.is_some_and(|present| present.as_bytes() == value.as_bytes());
        if request.is_authorized() && !is_own {
            return Ok(());
        }
        let key = issued.kept(KEPT).ok_or_else(|| {
            Error::invalid_token("the token is bound to a key (DPoP) that is missing").with_help(
                "log in again, and keep `dpop_key` of the token set if the program stores tokens itself",
            )
        })?;
        let key = self.__keys.parsed(key)?;
        let target = Target::of(&request.uri().to_string()).ok_or_else(no_target)?;
        let session = issued.server_clock_ahead().unwrap_or_default();
        let ask = Ask {
            method: request.method().as_str(),
            target: &target,
            token: Some(token.secret()),
            // Within the tolerance, the slowness of the server explains it.
            ahead: if session.abs() > TOLERANCE { session } else { 0 },
        };
        let (proof, sent) = ask.prove(&key, &self.__apis, context)?;
        request.replace_header(http::header::AUTHORIZATION, value)?;
        request.replace_header(PROOF, proof)?;
        request.note(sent);
        Ok(())
    }

    /// Takes the nonce of an API's answer, and asks for another request if the API wants another proof.
    pub(super) fn response(
        &self,
        head: &ResponseHead<'_>,
        used: &Used,
        context: &Context,
    ) -> Reaction {
        let sent = used.note::<Sent>();
        if self.dpop == Use::Never && sent.is_none() {
            return Reaction::Pass;
        }
        let Some(target) = Target::of(&head.uri().to_string()) else { return Reaction::Pass };
        let nonce = head.header(answer::NONCE.as_str());
        let is_news =
            nonce.is_some_and(|nonce| self.__apis.take_nonce(&target.origin, nonce, sent));
        let Some(refusal) = Refusal::of_api(head) else { return Reaction::Pass };
        // A server that has checked the token has taken the proof, or will not look at it.
        let date = answer::date(head).zip(sent).filter(|_| refusal != Refusal::Token);
        let is_late = date.is_some_and(|(date, sent)| {
            self.__apis.take_date(sent, date, context.clock().now().wall())
        });
        let retries = match refusal {
            // Only what differs from what was sent can have been the reason.
            Refusal::Nonce | Refusal::Unknown => is_news && sent.is_some(),
            Refusal::Proof => is_news || is_late,
            Refusal::Token => false,
        };
        match refusal {
            _ if retries => Reaction::Retry,
            // Another token would be refused, too.
            Refusal::Nonce | Refusal::Proof if sent.is_some() => Reaction::Keep,
            _ => Reaction::Pass,
        }
    }

    /// Returns the places in which credentials are set besides that of the token.
    pub(super) fn placements(&self) -> Vec<Placement> {
        match self.dpop {
            Use::Never => Vec::new(),
            Use::Always | Use::Auto => vec![Placement::header(PROOF, "")],
        }
    }
}

/// Keeps the key of an exchange with its tokens: for requests, and for the refresh token, which can be bound to it (RFC
/// 9449, 5).
pub(super) fn keep(tokens: TokenSet, key: Option<&SessionKey>) -> TokenSet {
    let is_bare = !is_bound_type(tokens.token().token_type())
        && tokens.refresh_token().is_none()
        && tokens.failure().is_none();
    match key.filter(|_| !is_bare) {
        Some(key) => tokens.with_signing_secret(KEPT, key.text().clone()),
        None => tokens,
    }
}

/// A proof that a server has not seen yet.
struct Ask<'a> {
    method: &'a str,
    target: &'a Target,
    token: Option<&'a str>,
    /// By how many seconds the server's clock is ahead, if the server has not shown it.
    ahead: i64,
}

impl Ask<'_> {
    fn prove(
        &self,
        key: &SessionKey,
        servers: &Servers,
        context: &Context,
    ) -> Result<(String, Sent)> {
        let Self { method, target, token, ahead } = *self;
        let known = servers.get(&target.origin);
        let now = context.clock().now().wall();
        let ahead = known.ahead.unwrap_or(ahead);
        let nonce = known.nonce.as_deref();
        let proof = Proof { method, target, token, nonce, at: shifted(now, ahead) };
        let sent =
            Sent { origin: Arc::clone(&target.origin), nonce: known.nonce.clone(), at: now, ahead };
        Ok((proof.sign(key)?, sent))
    }
}

/// Returns whether a token is bound to a key. A program that has stored a key but no type means that it is.
fn is_bound(issued: &Issued) -> bool {
    match issued.token().token_type() {
        None => issued.kept(KEPT).is_some(),
        some => is_bound_type(some),
    }
}

fn is_bound_type(token_type: Option<&str>) -> bool {
    token_type.is_some_and(|name| name.eq_ignore_ascii_case(SCHEME))
}

fn no_target() -> Error {
    Error::configuration("a request without a host can't be proved (DPoP)")
        .with_help("use the whole address of the request")
}
