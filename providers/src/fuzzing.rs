//! The functions that the fuzzer calls; see `fuzz/README.md`. They are compiled only for fuzzing and for the tests,
//! which replay the fuzzer's corpus.

use std::time::{Duration, SystemTime};

use authn::{
    Error,
    http::{Said, Sent, StatusCode},
};

#[cfg(feature = "exec")]
use crate::exec::formats::{Fields, Format};
use crate::{
    jws::{KeySet, Signed},
    oauth::id_token::{Expected, Failure},
    token_endpoint::{
        Advice, GrantAdvice, Proof, Received, accepted, device_authorization, grant, pushed_request,
    },
};

/// Longest error text, in bytes. A parser that repeats a part of an answer would exceed it some day.
const LONGEST: usize = 250;
/// Longest part of it that the server says, in bytes: a code, a description and an address.
const SAID: usize = 64 + 4 * 300 + 300 + 50;

/// Parses a body as the answer to a token request, a device authorization request, a pushed authorization request
/// and a revocation, with several statuses.
///
/// # Panics
///
/// If the parser has a fault.
pub fn token_response(body: &[u8]) {
    let grant_advice = GrantAdvice { meaning: "-", help: "-", login_helps: true, guess: None };
    let advice = Advice { client: "-", grant: grant_advice };
    let sent = Sent::default();
    for (status, content_type) in [
        (StatusCode::OK, "application/json"),
        (StatusCode::OK, "application/x-www-form-urlencoded"),
        (StatusCode::BAD_REQUEST, "application/json"),
        (StatusCode::SERVICE_UNAVAILABLE, "text/html"),
    ] {
        let place = "https://server.test";
        let content_type = Some(content_type);
        let (retry_after, hint, tries) = (None, Some("-"), 1);
        let received =
            Received { place, status, content_type, retry_after, sent: &sent, hint, tries, body };
        let granted = grant(&received, &advice, None, Proof::None).map(drop).map_err(Error::from);
        let codes = device_authorization(&received, &advice).map(drop).map_err(Error::from);
        let pushed = pushed_request(&received, &advice).map(drop).map_err(Error::from);
        for result in [granted, codes, pushed, accepted(&received, &advice)] {
            if let Err(error) = result {
                assert!(error.to_string().len() <= LONGEST + SAID, "the error is too long");
            }
        }
    }
}

/// Takes the first line as a secret that was sent, and the rest as what a server says of a refusal.
///
/// # Panics
///
/// If what may be shown has a fragment of the secret, is too long, or has a control character.
pub fn said(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (secret, text) = text.split_once('\n').unwrap_or(("", &text));
    let mut sent = Sent::default();
    sent.add(secret);
    let said = Said::of(&sent, Some(text), Some(text), Some(text));
    let error = said.add_to(Error::refused("-"));
    let shown = error.to_string();
    assert!(shown.len() <= LONGEST + SAID, "what is shown is too long");
    let description = error.server_description().unwrap_or_default();
    assert!(!description.chars().any(char::is_control), "a control character is shown");
    let code = error.server_code().unwrap_or_default();
    if secret.len() < 4 {
        // Within other words it tells nothing.
        let is_part = |letter: char| letter.is_ascii_alphanumeric();
        let is_word = |text: &str| text.split(|letter| !is_part(letter)).any(|word| word == secret);
        let is_shown = secret.chars().all(is_part) && (is_word(description) || is_word(code));
        assert!(secret.is_empty() || !is_shown, "the secret is shown");
        return;
    }
    let secret = secret.as_bytes();
    let shortest = secret.len().min(8);
    for fragment in secret.windows(shortest.max(1)) {
        let is_in = |text: &str| text.as_bytes().windows(fragment.len()).any(|it| it == fragment);
        assert!(!is_in(description), "a fragment of the secret is shown");
        assert!(!is_in(code), "the code is of the secret");
    }
}

/// Keys that the fuzzer's tokens can name, from RFC 7515, A.3, and RFC 8037, A.2.
const KEYS: &str = r#"{"keys":[
    {"kty":"EC","crv":"P-256","kid":"k","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// Parses bytes as an ID token, as the claims of an ID token, and as a key set.
///
/// # Panics
///
/// If a parser has a fault.
pub fn id_token(bytes: &[u8]) {
    drop(KeySet::read(bytes));
    let expected = Expected {
        issuer: "https://i.test",
        client_id: "me",
        nonce: Some("n"),
        max_age: Some(Duration::from_hours(1)),
        now: SystemTime::UNIX_EPOCH + Duration::from_hours(500_000),
    };
    if let Ok(claims) = expected.check(bytes) {
        assert!(!claims.subject().is_empty(), "the token has no subject");
    }
    let Ok(keys) = KeySet::read(KEYS.as_bytes()) else { panic!("the keys are not a key set") };
    let token = String::from_utf8_lossy(bytes);
    let verified = Signed::parse(&token)
        .map_err(Failure::from)
        .and_then(|signed| expected.check(signed.verify(&keys)?));
    if let Err(error) = verified.map_err(Error::from) {
        assert!(error.to_string().len() <= LONGEST, "the error is too long");
    }
}

/// Parses bytes as the output of a command, in each format, of one that succeeds and of one that fails.
///
/// # Panics
///
/// If a parser has a fault.
#[cfg(feature = "exec")]
pub fn exec_output(output: &[u8]) {
    for format in Format::ALL {
        for has_succeeded in [true, false] {
            if let Ok(answer) = format.read(output, has_succeeded, &Fields::default()) {
                assert!(!answer.token().is_empty(), "the token is empty");
            }
        }
    }
}

/// Replays the fuzzer's corpus; see `fuzz/README.md`.
#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    fn replay(corpus: &str, target: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(corpus);
        let mut replayed = 0;
        for entry in fs::read_dir(folder).unwrap() {
            target(&fs::read(entry.unwrap().path()).unwrap());
            replayed += 1;
        }
        assert!(replayed >= 20, "the corpus has only {replayed} inputs");
    }

    #[test]
    fn the_corpus_of_token_responses_panics_nowhere() {
        replay("token_response", super::token_response);
    }

    #[test]
    fn the_corpus_of_what_servers_say_panics_nowhere() {
        replay("said", super::said);
    }

    #[test]
    #[cfg(feature = "exec")]
    fn the_corpus_of_outputs_of_commands_panics_nowhere() {
        replay("exec_output", super::exec_output);
    }

    #[test]
    fn the_corpus_of_id_tokens_panics_nowhere() {
        replay("id_token", super::id_token);
    }
}
