//! The server's answer, which the browser brings back (RFC 6749, 4.1.2), and its checks.

use authn::{Error, ErrorKind};
use zeroize::Zeroizing;

use crate::browser_login::{Answer, Checks, Parameters};

/// The values that an answer to this login must contain.
pub(super) struct Expected {
    pub(super) state: Zeroizing<String>,
    /// The server's issuer identifier, or `None` if only endpoints are configured.
    pub(super) issuer: Option<String>,
    /// Whether the server promises to name its issuer (RFC 9207, 3).
    pub(super) must_name_issuer: bool,
}

impl Checks for Expected {
    fn parameters(&self) -> &'static [&'static str] {
        &["code", "state", "error"]
    }

    fn check(&self, query: &str) -> Answer {
        let answer = Parameters::parse(query);
        if !answer.have("state", &self.state) {
            return Answer::Foreign;
        }
        if let Err(error) = answer.check() {
            return Answer::Failed(error);
        }
        if let (Some(named), Some(issuer)) = (answer.get("iss"), &self.issuer)
            && named != issuer
        {
            return Answer::Failed(
                Error::protocol("the answer is from another server than the one that was asked")
                    .with_help("check `issuer_url` and `issuer`, and log in again"),
            );
        }
        // The error comes first: an answer with an error is not a grant, even if it contains a code.
        if let Some(code) = answer.get("error") {
            let error = refusal(code);
            return if code == DENIED { Answer::Denied(error) } else { Answer::Failed(error) };
        }
        let Some(code) = answer.get("code") else { return Answer::Empty };
        if self.must_name_issuer && answer.get("iss").is_none() {
            return Answer::Failed(
                Error::protocol(
                    "the answer does not name its issuer, although the server's metadata promise that \
                     (RFC 9207)",
                )
                .with_help("log in again"),
            );
        }
        Answer::Code(Zeroizing::new(code.to_owned()))
    }
}

const DENIED: &str = "access_denied";

/// Error codes that a server can send instead of a code, with their help (RFC 6749, 4.1.2.1; OpenID Connect Core,
/// 3.1.2.6; RFC 8707, 2; RFC 9101, 6; RFC 9396, 5). Only these are shown, because any other code could contain anything.
const REFUSALS: [(&str, &str); 17] = [
    (DENIED, "log in again and agree, or ask the server's administrator for access"),
    ("account_selection_required", "change or remove `prompt`"),
    ("consent_required", "change or remove `prompt`"),
    ("interaction_required", "change or remove `prompt`"),
    ("invalid_authorization_details", "check `authorization_details`"),
    (
        "invalid_request",
        "check the options and the server's log; the server may require \
         `pushed_authorization_request` or `request_object`",
    ),
    (
        "invalid_request_object",
        "check `private_key`, `key_id`, `algorithm` and `jwt_header`, and this machine's clock",
    ),
    ("invalid_request_uri", "log in again, and open the link sooner"),
    ("invalid_scope", "check `scope`"),
    ("invalid_target", "check `resource` and `audience`"),
    ("login_required", "change or remove `prompt`"),
    ("request_not_supported", "set `request_object = \"never\"`"),
    ("server_error", "try again later"),
    ("temporarily_unavailable", "try again later"),
    ("unauthorized_client", "check `client_id` and the client's permissions at the server"),
    (
        "unmet_authentication_requirements",
        "check `acr_values` and `claims`, and log in with a method that meets them",
    ),
    ("unsupported_response_type", "choose another `grant_type`"),
];

fn refusal(code: &str) -> Error {
    let known = REFUSALS.into_iter().find(|(known, _)| *known == code);
    let (code, help) = known.unwrap_or(("a code of its own", "check the server's log"));
    let (kind, what) = match code {
        DENIED => (ErrorKind::Refused, "the consent was denied"),
        "server_error" | "temporarily_unavailable" => {
            (ErrorKind::Network, "the server can't log in any user now")
        }
        "unsupported_response_type" => {
            (ErrorKind::Refused, "the server issues no codes to this client")
        }
        _ => (ErrorKind::Refused, "the server refused the login"),
    };
    Error::new(kind, format!("{what} ({code})")).with_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Expected {
        Expected {
            state: Zeroizing::new("right".to_owned()),
            issuer: Some("https://i.test".to_owned()),
            must_name_issuer: true,
        }
    }

    fn error(answer: Answer) -> Error {
        match answer {
            Answer::Failed(error) | Answer::Denied(error) => error,
            _ => panic!("it did not fail"),
        }
    }

    #[test]
    fn a_code_is_of_this_login_and_of_this_server() {
        let answer =
            expected().check("code=4%2F0Ab%2B&state=right&iss=https%3A%2F%2Fi.test&more=1");
        assert!(matches!(answer, Answer::Code(code) if *code == "4/0Ab+"));
        let unnamed = Expected { must_name_issuer: false, ..expected() };
        assert!(matches!(unnamed.check("state=right&code=a"), Answer::Code(_)));
        let nameless = Expected { issuer: None, ..expected() };
        assert!(matches!(nameless.check("state=right&code=a&iss=b"), Answer::Code(_)));
    }

    #[test]
    fn an_answer_without_the_state_is_not_of_this_login() {
        for query in [
            "",
            "code=a",
            "code=a&state=",
            "code=a&state=righ",
            "code=a&state=right2",
            "code=a&state=wrong&iss=https%3A%2F%2Fi.test",
            "error=access_denied&state=wrong",
            "code=a&State=right",
        ] {
            assert!(matches!(expected().check(query), Answer::Foreign), "{query}");
        }
    }

    #[test]
    fn an_answer_that_is_not_sound_ends_the_login() {
        let iss = "iss=https%3A%2F%2Fi.test";
        for (query, said) in [
            (format!("code=a&code=b&state=right&{iss}"), "twice"),
            (format!("code=a&state=right&state=right&{iss}"), "twice"),
            (format!("code=a&state=wrong&state=right&{iss}"), "twice"),
            (format!("code=a&state=right&{iss}&{iss}"), "twice"),
            (format!("error=access_denied&error=access_denied&state=right&{iss}"), "twice"),
            ("code=a&state=right".to_owned(), "does not name its issuer"),
            ("code=a&state=right&iss=".to_owned(), "does not name its issuer"),
            ("code=a&state=right&iss=https%3A%2F%2Fi.test%2F".to_owned(), "another server"),
            (
                "error=server_error&state=right&iss=https%3A%2F%2Fj.test".to_owned(),
                "another server",
            ),
        ] {
            let error = error(expected().check(&query));
            assert_eq!(error.kind(), ErrorKind::Protocol, "{query}");
            assert!(error.to_string().contains(said), "{query}: {error}");
        }
        assert!(matches!(expected().check("state=right&code="), Answer::Empty));
    }

    #[test]
    fn an_error_is_the_error_and_only_known_ones_are_repeated() {
        for (code, kind, said) in [
            ("access_denied", ErrorKind::Refused, "the consent was denied (access_denied)"),
            ("unauthorized_client", ErrorKind::Refused, "`client_id`"),
            ("invalid_scope", ErrorKind::Refused, "`scope`"),
            ("invalid_target", ErrorKind::Refused, "`resource`"),
            ("invalid_request", ErrorKind::Refused, "(invalid_request)"),
            ("invalid_authorization_details", ErrorKind::Refused, "`authorization_details`"),
            ("invalid_request_object", ErrorKind::Refused, "`key_id`"),
            ("invalid_request_uri", ErrorKind::Refused, "open the link sooner"),
            ("request_not_supported", ErrorKind::Refused, "`request_object = \"never\"`"),
            ("unsupported_response_type", ErrorKind::Refused, "`grant_type`"),
            ("login_required", ErrorKind::Refused, "`prompt`"),
            ("interaction_required", ErrorKind::Refused, "`prompt`"),
            ("consent_required", ErrorKind::Refused, "`prompt`"),
            ("account_selection_required", ErrorKind::Refused, "`prompt`"),
            ("server_error", ErrorKind::Network, "later"),
            ("temporarily_unavailable", ErrorKind::Network, "later"),
            ("s3cret", ErrorKind::Refused, "a code of its own"),
        ] {
            let query = format!("error={code}&error_description=s3cret&code=s3cret&state=right");
            let answer = expected().check(&query);
            assert_eq!(matches!(answer, Answer::Denied(_)), code == "access_denied");
            let error = error(answer);
            assert_eq!(error.kind(), kind, "{code}");
            assert!(error.to_string().contains(said), "{code}: {error}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
