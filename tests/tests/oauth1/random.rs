//! Random requests are signed as oauthlib signs them.

use std::{collections::BTreeMap, fmt::Write as _};

use authn::{Credentials, Request};
use http::request::Parts;
use serde_json::{Value, json};

use crate::server::{Oauthlib, Server};

const REQUESTS: u32 = 1_000;
const FORM: &str = "application/x-www-form-urlencoded";

/// Random numbers, the same in each run (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn one(&mut self, of: &[&'static str]) -> &'static str {
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
                (_, 1) => write!(encoded, "%{byte:02x}").unwrap(),
                _ => write!(encoded, "%{byte:02X}").unwrap(),
            }
        }
        encoded
    }
}

/// The options of a provider, and what it signs with.
struct Signer {
    credentials: Credentials,
    method: &'static str,
    placement: &'static str,
    id: String,
    token: Option<String>,
    /// The client's secret and the token's; RSA has none.
    secrets: Option<[String; 2]>,
    private_key: Option<String>,
}

impl Signer {
    fn new(random: &mut Random, placement: &'static str, private_key: &str) -> Self {
        // Signing with a key takes long.
        let is_rsa = random.below(25) == 0;
        let of_secrets = ["HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"];
        let method = random.one(if is_rsa { &["RSA-SHA1", "RSA-SHA256"] } else { &of_secrets });
        let mut text = || format!("x{}", random.text());
        let (mut id, secrets) = (text(), (!is_rsa).then(|| [text(), text()]));
        if placement != "header" {
            // oauthlib decodes it twice there.
            id = id.replace('%', "");
        }
        let token = (random.below(3) > 0).then(|| "t0/ken+=".to_owned());
        let mut provider = authn_providers::OAuth1::builder()
            .client_id(&*id)
            .signature_method(method)
            .placement(placement)
            .body_hash(random.below(2) == 0);
        if let Some(token) = &token {
            provider = provider.token(&**token);
        }
        let secrets = secrets.map(|[client, of_token]| {
            [client, if token.is_some() { of_token } else { String::new() }]
        });
        match &secrets {
            Some([client, of_token]) if token.is_some() => {
                provider = provider.client_secret(&**client).token_secret(&**of_token);
            }
            Some([client, _]) => provider = provider.client_secret(&**client),
            None => provider = provider.private_key(private_key),
        }
        let credentials = provider.credentials().origin("*").build().unwrap();
        let private_key = is_rsa.then(|| private_key.to_owned());
        Self { credentials, method, placement, id, token, secrets, private_key }
    }

    /// What both sides of oauthlib have to know.
    fn of_oauthlib(&self, more: &Value) -> Value {
        let secret = |at: usize| self.secrets.as_ref().map(|secrets| secrets[at].as_str());
        let mut request = json!({
            "client_id": self.id,
            "client_secret": secret(0),
            "token": self.token,
            "token_secret": secret(1),
            "private_key": self.private_key,
            "signature_method": self.method,
        });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    }
}

/// A request before and after it is signed.
struct Sent {
    method: &'static str,
    uri: String,
    form: Option<String>,
    parts: Parts,
    body: Vec<u8>,
}

impl Sent {
    async fn new(random: &mut Random, signer: &Signer) -> Self {
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
        let path = random.encoded(&path).replace(['?', '+'], "-");
        let query = random.form();
        let mark = if query.is_empty() { random.one(&["", "?"]) } else { "?" };
        let uri = format!("{host}/{path}{mark}{query}");
        let is_form = signer.placement == "body" || random.below(2) == 0;
        let method = random.one(if is_form { &["POST", "PUT"] } else { &["GET", "DELETE"] });
        let form = is_form.then(|| random.form());

        let mut request = http::Request::builder().method(method).uri(&*uri);
        if is_form {
            request = request.header("content-type", FORM);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let mut body = form.clone().unwrap_or_default().into_bytes();
        let request = Request::from(&mut parts).with_body(&mut body);
        signer.credentials.authorize(request).await.unwrap();
        Self { method, uri, form, parts, body }
    }

    fn header(&self) -> Option<&str> {
        Some(self.parts.headers.get("authorization")?.to_str().unwrap())
    }

    /// The parameters that were added, decoded.
    fn parameters(&self, placement: &str) -> BTreeMap<String, String> {
        let all = match placement {
            "header" => {
                let header = self.header().unwrap().strip_prefix("OAuth ").unwrap();
                header.replace('+', "%2B").replace("\", ", "&").replace("=\"", "=").replace('"', "")
            }
            "query" => self.parts.uri.query().unwrap().to_owned(),
            _ => String::from_utf8(self.body.clone()).unwrap(),
        };
        let url = authn::Url::parse(&format!("http://a.test/?{all}")).unwrap();
        let pairs = url.query_pairs().into_owned();
        pairs.filter(|(name, _)| name.starts_with("oauth_")).collect()
    }
}

#[tokio::test]
async fn random_requests_have_the_signatures_of_oauthlib() {
    let server = Server::start();
    let mut oauthlib = Oauthlib::start();
    let mut random = Random(2026);
    for number in 0..REQUESTS {
        let placement = random.one(&["header", "query", "body"]);
        let signer = Signer::new(&mut random, placement, server.ready("private_key"));
        let sent = Sent::new(&mut random, &signer).await;
        let mut ours = sent.parameters(placement);
        let signature = ours.remove("oauth_signature").unwrap();

        let received = signer.of_oauthlib(&json!({
            "is_received": true,
            "method": sent.method,
            "uri": sent.parts.uri.to_string(),
            "body": sent.form.as_ref().map(|_| str::from_utf8(&sent.body).unwrap()),
            "authorization": sent.header(),
        }));
        assert_eq!(signature, oauthlib.sign(&received), "{number}: {received}");

        if ours.contains_key("oauth_body_hash") {
            // oauthlib's client has none for a request without a body.
            continue;
        }
        let to_send = signer.of_oauthlib(&json!({
            "is_received": false,
            "method": sent.method,
            "uri": sent.uri,
            "body": sent.form.as_ref().filter(|form| !form.is_empty()),
            "content_type": sent.form.as_ref().filter(|form| !form.is_empty()).map(|_| FORM),
            "nonce": ours["oauth_nonce"],
            "timestamp": ours["oauth_timestamp"],
        }));
        assert_eq!(signature, oauthlib.sign(&to_send), "{number}: {to_send}");
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
        "is_received": false, "client_id": "client", "client_secret": server.ready("secret"),
        "token": null, "token_secret": null, "private_key": null, "signature_method": "HMAC-SHA1", "nonce": nonce,
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
