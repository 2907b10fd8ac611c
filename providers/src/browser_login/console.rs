//! The text that the user pastes: the address that a browser came back to, or only the code.

use authn::{
    Error, Login, Result,
    prompt::{Progress, Question},
};
use url::Url;
use zeroize::Zeroizing;

use super::{Answer, Checks};

/// How often the user is asked.
const TRIES: usize = 5;

/// It describes the address, because the browser usually ends at a page that says that it can't connect.
const LABEL: &str = "address that the browser ends at, even if it can't open it, or the code";

/// Asks until the user pastes an answer to this login.
pub(super) async fn ask(login: &Login, expected: &dyn Checks) -> Result<Zeroizing<String>> {
    for _ in 0..TRIES {
        let answer = login.ask(&Question::new(LABEL)).await?;
        let wrong = match read(&answer.expose(), expected) {
            Ok(Answer::Code(code)) => return Ok(code),
            Ok(Answer::Denied(error) | Answer::Failed(error)) => return Err(error),
            Ok(Answer::Foreign) => {
                "this address belongs to another login; open the link above, and paste the address that it ends at"
            }
            Ok(Answer::Empty) => {
                "this address contains no code; paste the address that the browser shows after you have logged in"
            }
            Err(wrong) => wrong,
        };
        login.progress(&Progress::Notice(wrong.to_owned()));
    }
    Err(Error::login_required(format!(
        "nothing that belongs to this login was pasted {TRIES} times"
    ))
    .with_help("log in again, and open the link that is shown then"))
}

/// Parses a pasted text. A code alone does not show which login it belongs to, but the server issues tokens for it only
/// if it belongs to this login: because of PKCE, or of the temporary credentials of `OAuth` 1.0a.
fn read(pasted: &str, expected: &dyn Checks) -> Result<Answer, &'static str> {
    let pasted = pasted.trim().trim_matches(['"', '\'', '<', '>']);
    if pasted.is_empty() {
        return Err("this is empty; paste the whole address, or the code");
    }
    if let Some(query) = query(pasted, expected.parameters()) {
        return Ok(expected.check(&query));
    }
    if !pasted.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("this is neither an address nor a code; paste the whole address, or the code");
    }
    // A code that is copied out of an address is percent-encoded. No server issues a code with `%`.
    let code = percent_decoded(pasted);
    Ok(Answer::Code(Zeroizing::new(code)))
}

/// Returns the query of an address. The part before the query can be missing.
fn query(pasted: &str, parameters: &[&str]) -> Option<Zeroizing<String>> {
    let is_query = |text: &str| parameters.iter().any(|name| text.contains(&format!("{name}=")));
    let query = match Url::parse(pasted) {
        Ok(url) if pasted.contains("://") || url.query().is_some() => {
            url.query().unwrap_or_default().to_owned()
        }
        _ if is_query(pasted) => {
            pasted.split_once('?').map_or(pasted, |(_, query)| query).to_owned()
        }
        _ => return None,
    };
    Some(Zeroizing::new(query))
}

fn percent_decoded(code: &str) -> String {
    // In a form, `+` is a space, which no code contains.
    let form = format!("code={}", code.replace('+', "%2B"));
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs.next().map(|(_, code)| code.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a state and an issuer.
    struct Expected;

    impl Checks for Expected {
        fn parameters(&self) -> &'static [&'static str] {
            &["code", "state", "error"]
        }

        fn check(&self, query: &str) -> Answer {
            let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
            let get = |wanted: &str| {
                pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.to_string())
            };
            let failed = || Answer::Failed(Error::protocol("wrong").with_help("log in again"));
            match (get("state").as_deref(), get("code"), get("iss").as_deref()) {
                (Some("right"), _, Some("https://j.test")) => failed(),
                (Some("right"), Some(code), _) => Answer::Code(Zeroizing::new(code)),
                (Some("right"), None, _) if get("error").is_some() => failed(),
                (Some("right"), None, _) => Answer::Empty,
                _ => Answer::Foreign,
            }
        }
    }

    fn read(pasted: &str) -> Result<Answer, &'static str> {
        super::read(pasted, &Expected)
    }

    fn code(pasted: &str) -> Option<String> {
        match read(pasted) {
            Ok(Answer::Code(code)) => Some(code.to_string()),
            _ => None,
        }
    }

    #[test]
    fn an_address_or_a_code_is_accepted() {
        for pasted in [
            "http://127.0.0.1:8888/callback?code=4%2Fa-b&state=right",
            "  'http://127.0.0.1:8888/callback?code=4%2Fa-b&state=right&iss=https%3A%2F%2Fi.test' \n",
            "127.0.0.1:8888/callback?state=right&code=4%2Fa-b",
            "localhost:8888/callback?state=right&code=4%2Fa-b",
            "com.example.app:/callback?state=right&code=4/a-b",
            "?code=4/a-b&state=right",
            "code=4/a-b&state=right",
            "4/a-b",
            "4%2Fa-b",
        ] {
            assert_eq!(code(pasted).as_deref(), Some("4/a-b"), "{pasted}");
        }
        assert_eq!(code("a+b==").as_deref(), Some("a+b=="));
    }

    #[test]
    fn other_texts_are_recognized() {
        for pasted in ["", "  ", "two words", "\u{e4}"] {
            assert!(read(pasted).is_err(), "{pasted}");
        }
        for pasted in [
            "http://127.0.0.1:8888/callback?code=a&state=wrong",
            "http://127.0.0.1:8888/callback?code=a",
            "http://127.0.0.1:8888/callback",
            "https://i.test/",
            "code=a",
        ] {
            assert!(matches!(read(pasted), Ok(Answer::Foreign)), "{pasted}");
        }
        let link = "https://i.test/auth?response_type=code&state=right&code_challenge=a";
        assert!(matches!(read(link), Ok(Answer::Empty)));
        for pasted in [
            "http://127.0.0.1/?error=access_denied&state=right",
            "http://127.0.0.1/?code=a&state=right&iss=https://j.test",
        ] {
            assert!(matches!(read(pasted), Ok(Answer::Denied(_) | Answer::Failed(_))), "{pasted}");
        }
    }
}
