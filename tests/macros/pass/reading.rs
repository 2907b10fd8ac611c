//! The generated code reads each field by its key, and tells all that is wrong at once.

use std::time::Duration;

use authn::{Context, Credentials, Environment, Loader, Result, SecretString, Token};

/// Returns a token that says what was read.
#[authn::token_provider("reading")]
struct CorpSts {
    /// Machine key.
    #[shorthand]
    _key: SecretString,
    /// Region.
    r#type: Option<String>,
    /// Tries.
    #[default(3)]
    tries: u8,
    /// Pause between tries.
    #[default(Duration::from_secs(5))]
    pause: Duration,
    /// The subject.
    #[provider]
    subject: Option<Credentials>,
    __attempts: u32,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, context: &Context) -> Result<Token> {
        self.ready(context).ok_or_else(authn::Error::no_token)
    }

    fn ready(&self, _: &Context) -> Option<Token> {
        let (key, kind) = (self._key.expose(), self.r#type.as_deref().unwrap_or("none"));
        let (tries, pause, attempts) = (self.tries, self.pause.as_secs(), self.__attempts);
        let subject = self.subject.as_ref().and_then(Credentials::try_token);
        let subject = subject.as_ref().map_or("nobody", Token::secret);
        Token::new(format!("{}.{kind}.{tries}.{pause}.{attempts}.{subject}", &*key)).ok()
    }
}

fn load(table: &str) -> Result<Credentials> {
    let text = format!("[credentials]\ndomain = \"api.example.com\"\n{table}");
    Loader::new().environment(Environment::empty()).defaults(&text).load()
}

fn token(table: &str) -> String {
    load(table).unwrap().try_token().unwrap().secret().to_owned()
}

pub(crate) fn main() {
    assert_eq!(token("reading = 'k'"), "k.none.3.5.0.nobody");
    let full = "[credentials.reading]\nkey = 'k'\ntype = 't'\ntries = 7\npause = '1m'\n\
                [credentials.reading.subject.reading]\nkey = 's'";
    assert_eq!(token(full), "k.t.7.60.0.s.none.3.5.0.nobody");

    let wrong = "[credentials.reading]\ntries = 'many'\npause = 'long'\nattempts = 1\n_key = 'k'";
    let error = load(wrong).unwrap_err();
    let mut keys: Vec<_> = error.problems().iter().filter_map(|one| one.key()).collect();
    keys.sort_unstable();
    let expected = ["_key", "attempts", "key", "pause", "tries"];
    assert_eq!(keys, expected.map(|key| format!("credentials.reading.{key}")));
}
