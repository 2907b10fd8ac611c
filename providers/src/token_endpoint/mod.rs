//! Everything that clients of an authorization server share: its endpoints, the requests, and the parser of answers.
//!
//! - [`address`]: an endpoint or an issuer
//! - [`discovery`]: fetches the server's [`metadata`], which name each [`endpoint`]
//! - [`template`]: the issuer of a server for many tenants
//! - [`form`]: the parameters of a request, and [`request`], the request itself
//! - [`token_kind`]: the type of a token that is exchanged
//! - [`answer`]: an answer, and [`response`], the parser of answers
//! - [`mod@with`]: adds optional members of an answer

mod address;
mod answer;
mod discovery;
mod endpoint;
mod form;
mod metadata;
mod request;
mod response;
pub(crate) mod template;
mod token_kind;
mod with;

pub(crate) use address::{Address, AnyAddress};
pub use answer::TokenResponse;
pub(crate) use discovery::{Discovery, ask_for_metadata, unavailable};
pub(crate) use endpoint::Endpoint;
pub(crate) use form::{Form, JWT_BEARER, TOKEN_EXCHANGE};
pub(crate) use metadata::Metadata;
pub use request::TokenRequest;
pub(crate) use request::{RequestEncoding, RequestMethod, check_shape};
pub(crate) use response::{
    Advice, DeviceAuthorization, ErrorCode, Failure, GrantAdvice, Proof, PushedRequest, Received,
    TokenType, accepted, device_authorization, grant, introspection, pushed_request, user_info,
};
pub(crate) use token_kind::TokenKind;
pub(crate) use with::with;
