//! `Compliance`: what is changed in requests and answers for a server that deviates from the specifications.

mod fix;

use authn::Result;

use crate::{
    named::Named,
    token_endpoint::{TokenRequest, TokenResponse},
};

pub(super) use fix::{Answered, Fix};

/// A fix for an authorization server that deviates from the specifications: up to six changes, of the requests before they
/// are sent, and of their answers before they are parsed.
///
/// [`compliance!`](crate::compliance) registers it under a name, which the option `compliance` of `oauth` lists. An answer
/// is parsed leniently without any fix: a lifetime as a text, a form instead of JSON, or an error with the status 200 need
/// none.
///
/// ```
/// use authn::Result;
/// use authn_providers::{Compliance, TokenRequest, TokenResponse};
///
/// /// The token is in `data`, and a refresh must name the client.
/// struct Wrapped;
///
/// impl Compliance for Wrapped {
///     fn refresh_token_request(&self, request: &mut TokenRequest) -> Result<()> {
///         request.set_parameter("client_name", "reports");
///         Ok(())
///     }
///
///     fn access_token_response(&self, response: &mut TokenResponse) -> Result<()> {
///         let data = response.json().and_then(|mut body| body.remove("data"));
///         if let Some(serde_json::Value::Object(data)) = data {
///             response.set_json(&data);
///         }
///         Ok(())
///     }
///
///     fn refresh_token_response(&self, response: &mut TokenResponse) -> Result<()> {
///         self.access_token_response(response)
///     }
/// }
///
/// authn_providers::compliance!("wrapped", Wrapped);
/// ```
pub trait Compliance: Send + Sync + 'static {
    /// Changes a request that exchanges anything but a refresh token. The client's authentication is added afterwards.
    fn access_token_request(&self, request: &mut TokenRequest) -> Result<()> {
        let _ = request;
        Ok(())
    }

    /// Changes the answer to such a request.
    fn access_token_response(&self, response: &mut TokenResponse) -> Result<()> {
        let _ = response;
        Ok(())
    }

    /// Changes a request that exchanges a refresh token. The client's authentication is added afterwards.
    fn refresh_token_request(&self, request: &mut TokenRequest) -> Result<()> {
        let _ = request;
        Ok(())
    }

    /// Changes the answer to such a request.
    fn refresh_token_response(&self, response: &mut TokenResponse) -> Result<()> {
        let _ = response;
        Ok(())
    }

    /// Changes a request that revokes a token. The client's authentication is added afterwards.
    fn revoke_token_request(&self, request: &mut TokenRequest) -> Result<()> {
        let _ = request;
        Ok(())
    }

    /// Changes the answer to such a request.
    fn revoke_token_response(&self, response: &mut TokenResponse) -> Result<()> {
        let _ = response;
        Ok(())
    }
}

/// Registers a [`Compliance`] under a name.
#[macro_export]
macro_rules! compliance {
    ($name:literal, $value:expr) => {
        $crate::named!($crate::Compliance, $name, $value);
    };
}

authn::private::inventory::collect!(Named<dyn Compliance>);

/// Returns the fixes that are registered.
fn registered() -> impl Iterator<Item = &'static Named<dyn Compliance>> + Clone {
    authn::private::inventory::iter::<Named<dyn Compliance>>.into_iter()
}
