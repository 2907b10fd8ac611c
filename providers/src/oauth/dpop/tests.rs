//! Options, and requests to an API with a token that is bound to a key.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    sync::mpsc,
    thread,
    time::Duration,
};

use authn::{
    Credentials, ErrorKind, Placement, Reaction, Request, ResponseHead, SecretString, Token,
    TokenSet, Used,
    time::{Clock, ManualClock},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, Method, StatusCode, request::Parts};
use serde_json::{Value, json};

use crate::{
    OAuth,
    jws::{KeyPair, KeyPairAlgorithm},
    oauth::scripted::Scripted,
    testing::{load, load_at, request, wait},
};

const OPTIONS: &str =
    "[credentials.oauth]\nissuer_url = 'https://i.test'\nclient_id = 'c'\nstore = 'memory'\n";
const API: &str = "https://api.example.com/v1/things?page=2";

fn key() -> SecretString {
    KeyPair::generate(KeyPairAlgorithm::Es256).unwrap().as_str().into()
}

fn token() -> Token {
    Token::new("abc").unwrap().with_expires_in(Duration::from_hours(1))
}

/// Credentials that have a bound token.
fn adopted(options: &str, tokens: TokenSet) -> Credentials {
    let credentials = load(&format!("{OPTIONS}{options}")).unwrap();
    wait(credentials.adopt(tokens)).unwrap();
    credentials
}

fn bound() -> Credentials {
    let token = token().with_token_type("DPoP");
    adopted("dpop = true", TokenSet::new(token).with_kept("dpop_key", key()))
}

fn authorized(credentials: &Credentials) -> Parts {
    let mut parts = request(API);
    wait(credentials.authorize(&mut parts)).unwrap();
    parts
}

/// Returns the header and the claims of a proof.
fn proof(parts: &Parts) -> (Value, Value) {
    let proofs: Vec<_> = parts.headers.get_all("dpop").iter().collect();
    assert!(proofs.len() == 1 && proofs[0].is_sensitive());
    let part = |at| {
        let part = proofs[0].to_str().unwrap().split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    (part(0), part(1))
}

#[test]
fn options_that_do_not_fit_are_errors() {
    let problem = |options: &str| {
        let error = load(&format!("{OPTIONS}{options}")).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{options}");
        error.to_string()
    };
    for (options, expected) in [
        ("dpop = 'sometimes'", "dpop"),
        ("dpop = 1", "dpop"),
        ("dpop = true\ndpop_algorithm = 'HS256'", "dpop_algorithm"),
        ("dpop_algorithm = 'ES256'", "`dpop_algorithm` is set, but `dpop` is not"),
        ("dpop = false\ndpop_algorithm = 'ES256'", "`dpop_algorithm` is set, but `dpop` is not"),
        ("dpop = true\nheader = 'x-token'", "`header_prefix`"),
        ("dpop = true\nheader_prefix = 'Token'", "`header_prefix`"),
        ("dpop = 'auto'\nplacement = 'query'", "the place of the token"),
    ] {
        assert!(problem(options).contains(expected), "{options}\n{}", problem(options));
    }
    for options in [
        "dpop = true",
        "dpop = 'true'",
        "dpop = false",
        "dpop = 'auto'\ndpop_algorithm = 'EdDSA'",
        "dpop = true\noverride = true",
        "header = 'x-token'",
    ] {
        assert!(load(&format!("{OPTIONS}{options}")).is_ok(), "{options}");
    }
}

#[test]
fn the_place_of_the_token_can_not_be_set_elsewhere_either() {
    let inner = OPTIONS.replace("[credentials.oauth]", "[credentials.cached.oauth]");
    for (dpop, is_fine) in [("dpop = true", false), ("", true)] {
        let nested = format!("[credentials.cached]\nheader = 'x-token'\n{inner}{dpop}");
        assert_eq!(load(&nested).is_ok(), is_fine, "{dpop}");
    }
    let build = |placement| {
        let builder = OAuth::builder().issuer_url("https://i.test").client_id("c").dpop(true);
        builder.credentials().domain("a.test").placement(placement).build()
    };
    let error = build(Placement::query("access_token")).map(drop).unwrap_err();
    assert!(error.to_string().contains("the place of the token"), "{error}");
    assert!(build(Placement::default().replacing()).is_ok());
}

#[test]
fn a_request_has_the_token_and_a_proof_of_its_own() {
    let credentials = bound();
    let (first, second) = (authorized(&credentials), authorized(&credentials));
    assert_eq!(first.headers["authorization"], "DPoP abc");
    assert!(first.headers["authorization"].is_sensitive());
    let (header, claims) = proof(&first);
    assert_eq!(header["typ"], "dpop+jwt");
    assert_eq!(claims["htu"], "https://api.example.com/v1/things");
    assert_eq!(claims["htm"], "GET");
    // `printf abc | openssl dgst -sha256 -binary | basenc --base64url`
    assert_eq!(claims["ath"], "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    assert_ne!(claims["jti"], proof(&second).1["jti"]);
}

#[test]
fn a_request_that_is_authorised_again_gets_another_proof() {
    let credentials = bound();
    let mut parts = authorized(&credentials);
    let before = proof(&parts).1["jti"].clone();
    parts.method = Method::DELETE;
    wait(credentials.authorize(&mut parts)).unwrap();
    let after = proof(&parts).1;
    assert_eq!(after["htm"], "DELETE");
    assert_ne!(after["jti"], before);
}

#[test]
fn the_callers_own_credential_is_left() {
    for (more, own, expected) in [
        ("", "Bearer mine", "Bearer mine"),
        ("", "DPoP mine", "DPoP mine"),
        ("\noverride = true", "DPoP mine", "DPoP abc"),
    ] {
        let token = token().with_token_type("DPoP");
        let tokens = TokenSet::new(token).with_kept("dpop_key", key());
        let credentials = adopted(&format!("dpop = true{more}"), tokens);
        let mut parts = request(API);
        parts.headers.insert("authorization", own.parse().unwrap());
        wait(credentials.authorize(&mut parts)).unwrap();
        assert_eq!(parts.headers["authorization"], expected);
        assert_eq!(parts.headers.contains_key("dpop"), expected == "DPoP abc");
    }
}

#[test]
fn a_token_is_sent_as_its_type_says() {
    let typed = |name: &str| token().with_token_type(name);
    for (tokens, expected) in [
        (TokenSet::new(typed("dpop")).with_kept("dpop_key", key()), "DPoP abc"),
        (TokenSet::new(token()).with_kept("dpop_key", key()), "DPoP abc"),
        (TokenSet::new(typed("Bearer")).with_kept("dpop_key", key()), "Bearer abc"),
        (TokenSet::new(token()), "Bearer abc"),
    ] {
        for dpop in ["false", "true", "'auto'"] {
            let credentials = adopted(&format!("dpop = {dpop}"), tokens.clone());
            assert_eq!(authorized(&credentials).headers["authorization"], expected, "{dpop}");
        }
    }
}

#[test]
fn a_bound_token_without_its_key_is_an_error() {
    let bound = || TokenSet::new(token().with_token_type("DPoP"));
    for (tokens, expected) in [
        (bound(), "that is missing"),
        (bound().with_kept("dpop_key", "s3cr3t".into()), "can't be read"),
    ] {
        let credentials = adopted("dpop = true", tokens);
        let error = wait(credentials.authorize(&mut request(API))).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains(expected) && !text.contains("s3cr3t"), "{text}");
        assert_eq!(error.kind(), ErrorKind::InvalidToken);
    }
}

/// Authorises a request, and returns the reaction to its answer.
fn reaction(credentials: &Credentials, status: u16, answer: &[(&'static str, &str)]) -> Reaction {
    let mut parts = request(API);
    let mut used = Used::default();
    wait(credentials.authorize(Request::from(&mut parts).with_used(&mut used))).unwrap();
    assert_eq!(used.token().unwrap().secret(), "abc");
    let mut headers = HeaderMap::new();
    for (name, value) in answer {
        headers.append(*name, value.parse().unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    let head = ResponseHead::new(&parts.method, &parts.uri, status, &headers);
    credentials.response(&head, &used)
}

#[test]
fn a_request_is_sent_again_with_a_new_nonce() {
    let nonce = |value| ("dpop-nonce", value);
    let challenge = |value| ("www-authenticate", value);
    let wanted = challenge("DPoP error=\"use_dpop_nonce\"");
    let credentials = bound();
    let sent = || proof(&authorized(&credentials)).1["nonce"].clone();
    assert_eq!(sent(), Value::Null);
    let steps: [(u16, &[_], Reaction, &str); 11] = [
        (401, &[wanted, nonce("n1")], Reaction::Retry, "n1"),
        // The server wants the nonce that it has been sent. Another token would not help.
        (401, &[wanted, nonce("n1")], Reaction::Pass, "n1"),
        (200, &[nonce("n2")], Reaction::Pass, "n2"),
        (404, &[nonce("n3")], Reaction::Pass, "n3"),
        (401, &[nonce("n4")], Reaction::Retry, "n4"),
        (401, &[nonce("n4")], Reaction::Invalidate, "n4"),
        (
            401,
            &[challenge("DPoP error=\"invalid_dpop_proof\""), nonce("n5")],
            Reaction::Retry,
            "n5",
        ),
        // The token must be replaced, and the next proof has the nonce as well.
        (
            401,
            &[challenge("DPoP error=\"invalid_token\""), nonce("n6")],
            Reaction::Invalidate,
            "n6",
        ),
        (400, &[wanted, nonce("n7")], Reaction::Retry, "n7"),
        (401, &[wanted], Reaction::Pass, "n7"),
        (401, &[], Reaction::Invalidate, "n7"),
    ];
    for (number, (status, answer, expected, next)) in (1..).zip(steps) {
        assert_eq!(reaction(&credentials, status, answer), expected, "step {number}");
        assert_eq!(sent(), next, "step {number}");
    }
}

#[test]
fn a_nonce_is_of_one_origin() {
    let credentials = load(&format!("origins = ['https://b.test']\n{OPTIONS}dpop = true")).unwrap();
    let token = token().with_token_type("DPoP");
    wait(credentials.adopt(TokenSet::new(token).with_kept("dpop_key", key()))).unwrap();
    assert_eq!(reaction(&credentials, 200, &[("dpop-nonce", "n1")]), Reaction::Pass);
    let mut elsewhere = request("https://b.test/");
    wait(credentials.authorize(&mut elsewhere)).unwrap();
    assert_eq!(proof(&elsewhere).1.get("nonce"), None);
    assert_eq!(proof(&authorized(&credentials)).1["nonce"], "n1");
}

#[test]
fn a_refused_proof_is_dated_by_the_servers_clock() {
    let manual = ManualClock::new();
    let clock = Clock::custom(manual.clone());
    let options = format!("{OPTIONS}dpop = true");
    let credentials = load_at(&options, clock.clone()).unwrap();
    let token = token().with_token_type("DPoP").without_expiry();
    wait(credentials.adopt(TokenSet::new(token).with_kept("dpop_key", key()))).unwrap();
    let hour = Duration::from_hours(1);
    let date = |ahead: Duration| httpdate::fmt_http_date(clock.now().wall() + ahead);
    let refused = ("www-authenticate", "DPoP error=\"invalid_dpop_proof\"");
    let ahead = || {
        let dated = proof(&authorized(&credentials)).1["iat"].as_i64().unwrap();
        let now = clock.now().wall().duration_since(std::time::UNIX_EPOCH).unwrap();
        dated - i64::try_from(now.as_secs()).unwrap()
    };
    assert_eq!(ahead(), 0);
    // An answer from a cache has the time of another answer.
    let old = date(hour);
    let answer = [refused, ("date", &*old), ("age", "3600")];
    assert_eq!(reaction(&credentials, 401, &answer), Reaction::Pass);
    // A server that takes the proof may name any time.
    assert_eq!(reaction(&credentials, 200, &[("date", &date(hour))]), Reaction::Pass);
    let answer = date(hour);
    let invalid = ("www-authenticate", "DPoP error=\"invalid_token\"");
    assert_eq!(reaction(&credentials, 401, &[invalid, ("date", &answer)]), Reaction::Invalidate);
    assert_eq!(ahead(), 0);
    assert_eq!(reaction(&credentials, 401, &[refused, ("date", &date(hour))]), Reaction::Retry);
    assert!((3599..=3600).contains(&ahead()), "{}", ahead());
    // The same again: the time was not the reason.
    assert_eq!(reaction(&credentials, 401, &[refused, ("date", &date(hour))]), Reaction::Pass);
    // This machine's clock is corrected.
    manual.advance(hour);
    let right = date(Duration::ZERO);
    assert_eq!(reaction(&credentials, 401, &[refused, ("date", &right)]), Reaction::Retry);
    assert!((-1..=0).contains(&ahead()), "{}", ahead());
}

/// A request that a server has received.
struct Received {
    headers: String,
    form: BTreeMap<String, String>,
}

impl Received {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(own, value)| own.eq_ignore_ascii_case(name).then_some(value))
    }

    fn claims(&self) -> Value {
        let part = self.header("dpop").unwrap().split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }
}

/// Starts a server with these answers: the head from the status on, and the body. Returns its address and the requests.
fn server(answers: &'static [(&'static str, &'static str)]) -> (String, mpsc::Receiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/token?tenant=1", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::channel();
    thread::spawn(move || {
        for (head, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let lines = (&mut reader).lines().map(Result::unwrap);
            let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let received = Received { headers: headers.join("\n"), form: BTreeMap::new() };
            let mut form = vec![0; received.header("content-length").unwrap().parse().unwrap()];
            reader.read_exact(&mut form).unwrap();
            let form = url::form_urlencoded::parse(&form).into_owned().collect();
            let length = body.len();
            let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}");
            write!(stream, "{head}\r\n\r\n{body}").unwrap();
            sender.send(Received { form, ..received }).unwrap();
        }
    });
    (address, requests)
}

const GRANTED: (&str, &str) = (
    "200 OK\r\nContent-Type: application/json\r\nDPoP-Nonce: n2",
    r#"{"access_token":"a","token_type":"DPoP","expires_in":60}"#,
);
const WANTED: (&str, &str) = (
    "400 Bad Request\r\nContent-Type: application/json\r\nDPoP-Nonce: n1",
    r#"{"error":"use_dpop_nonce"}"#,
);

/// A client with a signed assertion.
fn signing(address: &str) -> Credentials {
    let options = format!(
        "[credentials.oauth]\nstore = 'memory'\ntoken_endpoint_url = '{address}'\nclient_id = 'c'\n\
         client_secret = '01234567890123456789012345678901'\n\
         token_endpoint_auth_method = 'client_secret_jwt'\ndpop = true"
    );
    load(&options).unwrap()
}

#[test]
fn a_request_is_sent_again_once_with_another_proof() {
    let (address, requests) = server(&[WANTED, GRANTED, GRANTED]);
    let credentials = signing(&address);
    let token = wait(credentials.token()).unwrap();
    let (first, second) = (requests.recv().unwrap(), requests.recv().unwrap());
    assert_eq!(first.claims().get("nonce"), None);
    assert_eq!(second.claims()["nonce"], "n1");
    for claims in [first.claims(), second.claims()] {
        assert_eq!(claims["htu"], address.split('?').next().unwrap());
        assert_eq!((&claims["htm"], claims.get("ath")), (&Value::from("POST"), None));
    }
    // A server takes neither an assertion nor a proof twice.
    assert_ne!(first.form["client_assertion"], second.form["client_assertion"]);
    assert_ne!(first.claims()["jti"], second.claims()["jti"]);
    let key =
        |request: &Received| request.header("dpop").unwrap().split('.').next().unwrap().to_owned();
    assert_eq!(key(&first), key(&second));
    // The nonce of the last answer, and the same key.
    credentials.invalidate(&token);
    wait(credentials.token()).unwrap();
    let third = requests.recv().unwrap();
    assert_eq!(third.claims()["nonce"], "n2");
    assert_eq!(key(&first), key(&third));
}

#[test]
fn a_server_that_is_never_content_is_asked_twice() {
    const MORE: (&str, &str) = (
        "400 Bad Request\r\nContent-Type: application/json\r\nDPoP-Nonce: n2",
        r#"{"error":"use_dpop_nonce"}"#,
    );
    let (address, requests) = server(&[WANTED, MORE]);
    let error = wait(signing(&address).token()).unwrap_err();
    assert!(error.to_string().contains("use_dpop_nonce"), "{error}");
    assert_eq!(requests.iter().count(), 2);
}

#[test]
fn a_refusal_of_something_else_is_not_repeated() {
    const OTHERS: [(&str, &str); 4] = [
        ("400 Bad Request\r\nDPoP-Nonce: n1", r#"{"error":"invalid_grant"}"#),
        ("400 Bad Request", r#"{"error":"use_dpop_nonce"}"#),
        ("400 Bad Request\r\nDPoP-Nonce: n1", r#"{"error":"invalid_dpop_proof"}"#),
        ("403 Forbidden\r\nDPoP-Nonce: n1", r#"{"error":"use_dpop_nonce"}"#),
    ];
    let (address, requests) = server(&OTHERS);
    for _ in OTHERS {
        let error = wait(signing(&address).token()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    }
    assert_eq!(requests.iter().count(), OTHERS.len());
}

#[test]
fn a_proof_of_the_wrong_time_is_repeated_with_the_servers() {
    const LATE: (&str, &str) = (
        "400 Bad Request\r\nContent-Type: application/json\r\nDate: Wed, 01 Jan 2053 00:00:00 GMT",
        r#"{"error":"invalid_dpop_proof"}"#,
    );
    let (address, requests) = server(&[LATE, GRANTED]);
    wait(signing(&address).token()).unwrap();
    let (first, second) = (requests.recv().unwrap(), requests.recv().unwrap());
    let dated = |request: &Received| request.claims()["iat"].as_u64().unwrap();
    // `date -u -d 2053-01-01 +%s`
    assert!(dated(&first) < 2_619_302_400 && dated(&second).abs_diff(2_619_302_400) < 60);
}

/// Also where nothing but tokens is stored: a process must find the key that a token of any scope was issued for.
#[test]
fn tokens_of_all_scopes_are_bound_to_one_key() {
    let issued = std::sync::atomic::AtomicUsize::new(0);
    let server = Scripted::start(move |_| {
        let number = issued.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let token = format!("t{number}");
        (200, json!({ "access_token": token, "token_type": "DPoP", "expires_in": 3600 }))
    });
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[credentials.oauth]\nstore = 'file'\n\
         token_endpoint_url = '{}'\nclient_id = 'c'\nclient_secret = 's'\ndpop = true\n\
         [stores.file]\ndirectory = '{}'\n",
        server.url,
        folder.path().display()
    );
    let key = |credentials: &Credentials, scope: &str| {
        let parts = authorized(&credentials.with_scope(&[scope]));
        proof(&parts).0["jwk"].clone()
    };
    let credentials = load(&text).unwrap();
    let first = key(&credentials, "a");
    for scope in ["b", "a"] {
        assert_eq!(key(&credentials, scope), first, "{scope}");
        assert_eq!(key(&load(&text).unwrap(), scope), first, "{scope}");
    }
    assert_eq!(server.received().len(), 2);
    assert!(!wait(credentials.status()).unwrap().has_session);
}

#[test]
fn a_question_about_the_user_has_a_proof_of_its_own() {
    let server = Scripted::start(|request| {
        if request.method == "GET" {
            return (502, json!({}));
        }
        (200, json!({ "access_token": "t", "token_type": "DPoP", "expires_in": 600 }))
    });
    let text = format!(
        "[credentials.oauth]\nstore = 'memory'\ntoken_endpoint_url = '{0}'\nuserinfo_endpoint_url = '{0}'\n\
         client_id = 'c'\nclient_secret = 's'\ndpop = true\n",
        server.url
    );
    let credentials = load(&text).unwrap();
    assert!(wait(credentials.user_info()).is_err());
    let asked = server.received();
    assert_eq!(asked.iter().filter(|request| request.method == "GET").count(), 1);
}

#[test]
fn a_refused_proof_costs_no_token() {
    let credentials = bound();
    let challenge = [("www-authenticate", "DPoP error=\"invalid_dpop_proof\"")];
    assert_eq!(reaction(&credentials, 401, &challenge), Reaction::Pass);
    let challenge = [("www-authenticate", "DPoP error=\"invalid_token\"")];
    assert_eq!(reaction(&credentials, 401, &challenge), Reaction::Invalidate);
}
