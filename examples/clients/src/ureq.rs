//! ureq 3, without an asynchronous runtime.
//!
//! A middleware of ureq can't send a request twice, and sees neither redirects nor where they lead. So this is an agent around
//! ureq's own: it authorises a request, passes the answer to the provider, and sends the request once more if that asks for it.

use std::{error::Error, fmt};

use authn::{Reaction, Request, ResponseHead, Used, blocking::Credentials};
use ureq::{AsSendBody, Body, http::Response};

/// Sends authorised requests.
pub struct Agent {
    agent: ureq::Agent,
    credentials: Credentials,
}

impl Agent {
    /// Creates an agent. It follows no redirects: ureq would take a credential along that is not in `Authorization`.
    pub fn new(credentials: Credentials) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        Self { agent: config.build().into(), credentials }
    }

    /// Sends a request, whose body is in memory.
    pub fn run<B>(&self, request: http::Request<B>) -> Result<Response<Body>, Box<dyn Error>>
    where
        B: AsSendBody + Clone + Send + 'static,
    {
        let again = request.clone();
        let (response, reaction, used) = self.sent(request, &self.credentials)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let credentials = match reaction {
            Reaction::Invalidate => {
                used.token().into_iter().for_each(|token| self.credentials.invalidate(token));
                self.credentials.clone()
            }
            Reaction::Retry => self.credentials.clone(),
            Reaction::RetryWithScopes(scopes) => self.credentials.with_scope(&scopes),
            _ => return Ok(response),
        };
        // Once more, and no more. If there is no other credential, the caller gets the server's own answer.
        match self.sent(again, &credentials) {
            Ok((response, ..)) => Ok(response),
            Err(error) if error.is::<authn::Error>() => Ok(response),
            Err(error) => Err(error),
        }
    }

    fn sent<B>(
        &self,
        mut request: http::Request<B>,
        credentials: &Credentials,
    ) -> Result<(Response<Body>, Reaction, Used), Box<dyn Error>>
    where
        B: AsSendBody + Send + 'static,
    {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let mut used = Used::default();
        credentials.authorize(Request::from(&mut request).with_used(&mut used))?;
        let response = self.agent.run(request)?;
        let head = ResponseHead::new(&method, &uri, response.status(), response.headers());
        let reaction = credentials.response(&head, &used);
        Ok((response, reaction, used))
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}
