//! Random requests are signed as oauthlib signs them.

use std::collections::BTreeMap;

use authn::{Body, Credentials, Request};
use authn_providers as _;
use serde_json::json;

use crate::server::{Oauthlib, Server};

const REQUESTS: u32 = 1_000;

/// Random numbers, the same in each run (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn text(&mut self) -> String {
        const CHARACTERS: &str =
            "abcXYZ019-._~ !\"#$%&'()*+,/:;<=>?@[\\]^`{|}\t\n\u{7f}\u{e4}\u{df}\u{2603}\u{1f600}";
        let characters: Vec<char> = CHARACTERS.chars().collect();
        (0..self.below(9)).map(|_| characters[self.below(characters.len())]).collect()
    }

    /// Pairs in a form's encoding, which has several texts for one value.
    fn form(&mut self) -> String {
        let mut names = vec![self.text(), self.text(), "a".to_owned()];
        let mut form = Vec::new();
        for _ in 0..self.below(6) {
            let name = names[self.below(names.len())].clone();
            names.push(format!("{name}2"));
            let (name, value) = (self.encoded(&name), self.text());
            let value = self.encoded(&value);
            form.push(match self.below(6) {
                0 => name,
                1 => format!("{name}="),
                _ => format!("{name}={value}"),
            });
        }
        form.retain(|pair| !pair.is_empty());
        form.join("&")
    }

    fn encoded(&mut self, text: &str) -> String {
        let mut encoded = String::new();
        for byte in text.bytes() {
            match (byte, self.below(3)) {
                (b' ', 0) => encoded.push('+'),
                (b'~' | b'*' | b'!' | b'(' | b')' | b',' | b'/' | b':' | b'@' | b'?', 0)
                | (b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_', 0 | 1) => {
                    encoded.push(byte.into());
                }
                (_, 1) => encoded.push_str(&format!("%{byte:02x}")),
                _ => encoded.push_str(&format!("%{byte:02X}")),
            }
        }
        encoded
    }
}

/// The parameters of a header, decoded.
fn parameters(header: &str) -> BTreeMap<String, String> {
    let pairs = header.strip_prefix("OAuth ").unwrap().split(", ");
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap());
    let decoded = |text: &str| {
        let form = format!("x={}", text.trim_matches('"').replace('+', "%2B"));
        url_decoded(&form)
    };
    pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect()
}

fn url_decoded(form: &str) -> String {
    let url = authn::Url::parse(&format!("http://a.test/?{form}")).unwrap();
    url.query_pairs().next().unwrap().1.into_owned()
}

fn credentials(random: &mut Random, method: &str) -> (Credentials, [String; 4]) {
    let mut secret = || format!("x{}", random.text());
    let [id, client_secret, token_secret] = [secret(), secret(), secret()];
    let token = "t0/ken+=".to_owned();
    let provider = authn_providers::OAuth1::builder()
        .client_id(&*id)
        .client_secret(&*client_secret)
        .token(&*token)
        .token_secret(&*token_secret)
        .signature_method(method);
    let credentials = provider.credentials().origin("*").build().unwrap();
    (credentials, [id, client_secret, token, token_secret])
}

#[tokio::test]
async fn random_requests_have_the_signatures_of_oauthlib() {
    let mut oauthlib = Oauthlib::start();
    let mut random = Random(2026);
    for number in 0..REQUESTS {
        let method = random.one(&["HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"]);
        let (credentials, [id, client_secret, token, token_secret]) =
            credentials(&mut random, method);
        let host = random.one(&[
            "https://a.test",
            "https://A.Test:443",
            "https://a.test:80",
            "https://a.test:8443",
            "https://user@a.test",
            "http://127.0.0.1:80",
            "http://127.0.0.1:8080",
            "http://[::1]:443",
            "http://[::1]",
        ]);
        let path = random.text();
        let path = random.encoded(&path);
        let query = random.form();
        let mark = if query.is_empty() { random.one(&["", "?"]) } else { "?" };
        let uri = format!("{host}/{}{mark}{query}", path.replace(['?', '+'], "-"));
        let verb = random.one(&["GET", "POST", "PUT", "DELETE"]);
        let form = (verb != "GET").then(|| random.form()).filter(|form| !form.is_empty());
        let kind = form.as_ref().map(|_| "application/x-www-form-urlencoded");

        let mut request = http::Request::builder().method(verb).uri(&*uri);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let body = form.as_deref().map_or(Body::Empty, |form| Body::Bytes(form.as_bytes()));
        credentials.authorize(Request::from(&mut parts).with_known_body(body)).await.unwrap();
        let mut ours = parameters(parts.headers["authorization"].to_str().unwrap());

        let line = json!({
            "client_id": id,
            "client_secret": client_secret,
            "token": token,
            "token_secret": token_secret,
            "signature_method": method,
            "nonce": ours["oauth_nonce"],
            "timestamp": ours["oauth_timestamp"],
            "content_type": kind,
            "uri": uri,
            "method": verb,
            "body": form,
        });
        let theirs = oauthlib.sign(&line);
        assert_eq!(ours.remove("oauth_signature").unwrap(), theirs, "{number}: {line}");
    }
}

#[tokio::test]
async fn the_servers_own_client_is_accepted_too() {
    // So that the server refuses nothing that its own library signs.
    let server = Server::start();
    let mut oauthlib = Oauthlib::start();
    let url = server.url("/api/a?b=c");
    let (nonce, seconds) = ("abcdefghijklmnopqrstuv", std::time::SystemTime::now());
    let timestamp = seconds.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
    let signature = oauthlib.sign(&json!({
        "client_id": "client", "client_secret": server.ready("secret"), "token": null,
        "token_secret": null, "signature_method": "HMAC-SHA1", "nonce": nonce,
        "timestamp": timestamp, "content_type": null, "uri": url, "method": "GET", "body": null,
    }));
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let header = format!(
        "OAuth oauth_consumer_key=\"client\", oauth_nonce=\"{nonce}\", oauth_signature_method=\"HMAC-SHA1\", \
         oauth_timestamp=\"{timestamp}\", oauth_version=\"1.0\", oauth_signature=\"{signature}\""
    );
    let request = authn_tests::rig::agent().get(&url).header("authorization", header);
    assert_eq!(request.call().unwrap().status(), 200);
}
