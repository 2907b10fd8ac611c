//! What every client of an authorization server shares: where its endpoints are, what is sent to them, and what
//! their answers mean.
//!
//! - [`address`]: an endpoint or an issuer; [`discovery`]: where the endpoints are
//! - [`form`]: the form of a request
//! - [`response`]: the one parser of answers
//! - [`mod@with`]: what an answer may leave out

mod address;
mod discovery;
mod form;
mod response;
mod with;

pub(crate) use address::{Address, AnyAddress};
pub(crate) use discovery::{Discovery, Endpoint, Metadata, ask_for_metadata, unavailable};
pub(crate) use form::Form;
pub(crate) use response::{
    Advice, DeviceAuthorization, ErrorCode, Failure, GrantAdvice, Received, accepted,
    device_authorization, grant,
};
pub(crate) use with::with;
