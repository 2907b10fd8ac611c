//! Which options go together. Options that are not used are refused.

use authn::{Result, Url, Validation};

use super::{OAuth1, Where, login::OUT_OF_BAND, method::Secrets};
use crate::token_endpoint::Address;

pub(super) fn validate(options: &OAuth1) -> Result<()> {
    let mut problems = Validation::new();
    if options.client_id.is_empty() {
        problems.at("client_id").error("it is empty", "set it to the consumer key");
    }
    if let Err(error) = options.method() {
        problems
            .at("signature_method")
            .error(error.message(), error.help().unwrap_or("choose another method"));
    }
    secrets(options, &mut problems);
    addresses(options, &mut problems);
    if options.realm.as_ref().is_some_and(|realm| !realm.bytes().all(is_visible)) {
        let help = "write it as the server names it";
        problems.at("realm").error("expected visible ASCII and spaces", help);
    }
    if options.realm.is_some() && options.placement != Where::Header {
        let help = "remove it, or set `placement = \"header\"`";
        problems.at("realm").error("it is set, but only a header has a realm", help);
    }
    problems.finish()
}

fn is_visible(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}

fn secrets(options: &OAuth1, problems: &mut Validation) {
    let is_set = |secret: Option<&authn::SecretString>| secret.is_some_and(|of| !of.is_empty());
    let client_secret = is_set(options._client_secret.as_ref());
    let token = is_set(options._token.as_ref());
    let token_secret = is_set(options._token_secret.as_ref());
    let private_key = options._private_key.as_ref();
    let reference = "set it, preferably to a reference like `{ file = \"/run/secrets/name\" }`";
    match Secrets::of(&options.signature_method) {
        Secrets::Shared => {
            if !client_secret {
                problems.at("client_secret").error("this signature method needs it", reference);
            }
            if private_key.is_some() {
                let help = "remove it, or set `signature_method` to `RSA-SHA1` or `RSA-SHA256`";
                problems.at("private_key").error("this signature method does not use it", help);
            }
            if token && !token_secret {
                problems.at("token_secret").error("this signature method needs it", reference);
            }
        }
        Secrets::Private => {
            for (key, is_set) in [("client_secret", client_secret), ("token_secret", token_secret)]
            {
                if is_set {
                    problems.at(key).error("this signature method does not use it", "remove it");
                }
            }
            match private_key.map(|key| options.__parsed_key.of(&key.expose())) {
                None => {
                    problems.at("private_key").error("this signature method needs it", reference);
                }
                Some(Err(error)) => {
                    let help = error.help().unwrap_or("set it to another key");
                    problems.at("private_key").error(error.message(), help);
                }
                Some(Ok(_)) => {}
            }
        }
        Secrets::Any => {}
    }
    if token_secret && !token {
        problems.at("token_secret").error("it is set without `token`", "set both, or neither");
    }
    if token && options.is_login() {
        let help = "remove it and `token_secret`, or remove the addresses of the login";
        problems.at("token").error("it is set, although a user logs in", help);
    }
}

fn addresses(options: &OAuth1, problems: &mut Validation) {
    let all = [
        ("request_token_url", &options.request_token_url),
        ("authorization_url", &options.authorization_url),
        ("access_token_url", &options.access_token_url),
    ];
    let is_login = all.iter().any(|(_, address)| address.is_some());
    for (key, address) in all {
        match address.as_ref().map(|address: &Address| authn::http::check(address.url(), false)) {
            None if is_login => {
                let help = "set it, or remove the other addresses of the login";
                problems.at(key).error("a login needs it", help);
            }
            Some(Err(error)) => {
                let help = error.help().unwrap_or("set it to an `https` address");
                problems.at(key).error(error.message(), help);
            }
            None | Some(Ok(())) => {}
        }
    }
    match options.callback.as_deref() {
        Some(_) if !is_login => {
            let help = "remove it, or set the three addresses of the login";
            problems.at("callback").error("it is set, although no user logs in", help);
        }
        Some(text) if text != OUT_OF_BAND && Url::parse(text).is_err() => {
            problems.at("callback").error("it is not an address", "set it to a URL or to `oob`");
        }
        _ => {}
    }
}
