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
    #[flatten]
    server: Server,
    /// The role.
    role: ::std::option::Option<Role>,
    __attempts: ::std::sync::atomic::AtomicU32,
}

/// The server.
#[derive(::authn::Options)]
#[options(default, validate = Server::check)]
struct Server {
    /// Region.
    #[default(::std::string::String::new())]
    region: ::std::string::String,
    /// Token.
    _token: ::std::option::Option<::authn::SecretString>,
}

impl Server {
    fn check(&self, _: &mut ::authn::Validation) {}
}

/// The role.
#[derive(::authn::Options)]
struct Role {
    /// Name.
    name: ::std::string::String,
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
