//! The generated code needs no prelude.

#![no_implicit_prelude]

/// Mints tokens.
#[::authn::token_provider("corp_sts", cached)]
struct CorpSts {
    /// Address.
    #[shorthand]
    url: ::std::string::String,
    /// Key.
    _key: ::std::option::Option<::authn::SecretString>,
    /// Tries.
    #[default(3)]
    tries: u8,
    /// The subject.
    #[provider]
    subject: ::std::vec::Vec<::authn::Credentials>,
    __attempts: ::std::sync::atomic::AtomicU32,
}

impl ::authn::TokenSource for CorpSts {
    async fn request_token(
        &self,
        _: &::authn::Context,
        _: ::std::option::Option<&::authn::Grant>,
    ) -> ::authn::Result<::authn::Grant> {
        ::std::unreachable!()
    }
}

fn main() {}
