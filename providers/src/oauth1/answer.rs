//! The server's answer, which the browser brings back (RFC 5849, 2.2), and its checks.

use authn::Error;
use zeroize::Zeroizing;

use super::{exchange::known_problem, signing::TOKEN};
use crate::browser_login::{Answer, Checks, Parameters};

/// A server of the protocol says so by an address of its own; widespread is this parameter, with the token.
const DENIED: &str = "denied";
const VERIFIER: &str = "oauth_verifier";
const PROBLEM: &str = "oauth_problem";

/// What an answer to this login must contain: the temporary token, which only the server and this program know.
pub(super) struct Expected {
    pub(super) token: Zeroizing<String>,
}

impl Checks for Expected {
    fn parameters(&self) -> &'static [&'static str] {
        &[TOKEN, VERIFIER, DENIED]
    }

    fn check(&self, query: &str) -> Answer {
        let answer = Parameters::parse(query);
        let is_denied = answer.have(DENIED, &self.token);
        if !answer.have(TOKEN, &self.token) && !is_denied {
            return Answer::Foreign;
        }
        if let Err(error) = answer.check() {
            return Answer::Failed(error);
        }
        // The refusal comes first: an answer with one is none, even if it contains a verifier.
        if is_denied {
            return Answer::Denied(denied());
        }
        match (answer.get(PROBLEM), answer.get(VERIFIER)) {
            (Some("permission_denied" | "user_refused"), _) => Answer::Denied(denied()),
            (Some(problem), _) => Answer::Failed(failed(problem)),
            (None, Some(verifier)) => Answer::Code(Zeroizing::new(verifier.to_owned())),
            (None, None) => Answer::Empty,
        }
    }
}

fn denied() -> Error {
    Error::refused("the consent was denied").with_help("log in again and agree")
}

fn failed(problem: &str) -> Error {
    let (code, help) =
        known_problem(problem).unwrap_or(("a code of its own", "check the server's log"));
    Error::refused(format!("the server refused the login ({code})")).with_help(help)
}

#[cfg(test)]
mod tests {
    use authn::ErrorKind;

    use super::*;

    fn check(query: &str) -> Answer {
        Expected { token: Zeroizing::new("t+1".to_owned()) }.check(query)
    }

    #[test]
    fn the_verifier_is_of_this_login() {
        let answer = check("oauth_token=t%2B1&oauth_verifier=v%2F1&more=1");
        assert!(matches!(answer, Answer::Code(code) if *code == "v/1"));
        for query in [
            "",
            "oauth_verifier=v",
            "oauth_token=&oauth_verifier=v",
            "oauth_token=t+1&oauth_verifier=v",
            "oauth_token=other&oauth_verifier=v",
            "denied=other",
            "oauth_problem=user_refused",
        ] {
            assert!(matches!(check(query), Answer::Foreign), "{query}");
        }
        for query in ["oauth_token=t%2B1", "oauth_token=t%2B1&oauth_verifier="] {
            assert!(matches!(check(query), Answer::Empty), "{query}");
        }
    }

    #[test]
    fn a_refusal_ends_the_login_and_only_known_ones_are_repeated() {
        let ours = "oauth_token=t%2B1&oauth_verifier=s3cret";
        for (query, is_denied, kind, said) in [
            ("denied=t%2B1".to_owned(), true, ErrorKind::Refused, "the consent was denied"),
            (
                format!("{ours}&oauth_problem=user_refused"),
                true,
                ErrorKind::Refused,
                "the consent was denied",
            ),
            (
                format!("{ours}&oauth_problem=token_expired"),
                false,
                ErrorKind::Refused,
                "(token_expired)",
            ),
            (
                format!("{ours}&oauth_problem=s3cret"),
                false,
                ErrorKind::Refused,
                "a code of its own",
            ),
            (format!("{ours}&oauth_verifier=b"), false, ErrorKind::Protocol, "twice"),
            (format!("{ours}&oauth_token=t%2B1"), false, ErrorKind::Protocol, "twice"),
        ] {
            let answer = check(&query);
            assert_eq!(matches!(answer, Answer::Denied(_)), is_denied, "{query}");
            let (Answer::Denied(error) | Answer::Failed(error)) = answer else {
                panic!("{query} did not fail")
            };
            assert_eq!(error.kind(), kind, "{query}");
            let error = error.to_string();
            assert!(error.contains(said) && !error.contains("s3cret"), "{query}: {error}");
        }
    }
}
