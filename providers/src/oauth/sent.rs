//! The exact requests: every parameter, once, in one place.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    thread::{self, JoinHandle},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::testing::{load, wait};

const ANSWER: &str = r#"{"access_token":"a","token_type":"Bearer","expires_in":60}"#;

/// A received request: the `Authorization` header and the form.
struct Sent {
    authorization: Option<String>,
    form: Vec<(String, String)>,
}

impl Sent {
    /// Returns the form, without the values that differ each time.
    fn stable(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut members = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in &self.form {
            let value = if name == "client_assertion" { "(signed)" } else { value };
            members.entry(name.as_str()).or_default().push(value);
        }
        members
    }
}

/// Starts a server that answers one request. Returns its address and the request.
fn serve() -> (String, JoinHandle<Sent>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/token", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut headers = BTreeMap::new();
        for line in (&mut reader).lines().map(Result::unwrap).take_while(|line| !line.is_empty()) {
            if let Some((name, value)) = line.split_once(": ") {
                headers.insert(name.to_ascii_lowercase(), value.to_owned());
            }
        }
        assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(headers["accept"], "application/json");
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let length = ANSWER.len();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
        write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{ANSWER}").unwrap();
        let form = url::form_urlencoded::parse(&body).into_owned().collect();
        Sent { authorization: headers.remove("authorization"), form }
    });
    (address, server)
}

/// Makes one exchange with these options.
fn sent(options: &str) -> Sent {
    let (address, server) = serve();
    let options = format!(
        "[credentials.oauth]\nstore = 'memory'\ntoken_endpoint_url = '{address}'\n\
         client_id = 'the client'\n{options}"
    );
    wait(load(&options).unwrap().token()).unwrap();
    server.join().unwrap()
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

#[test]
fn a_client_authenticates_in_one_place() {
    let grant = ("grant_type", vec!["client_credentials"]);
    let id = ("client_id", vec!["the client"]);
    let method =
        |name: &str| format!("client_secret = 'a+b'\ntoken_endpoint_auth_method = '{name}'");

    let header = sent(&method("client_secret_basic"));
    assert_eq!(header.authorization, Some(basic("the+client:a%2Bb")));
    assert_eq!(header.stable(), BTreeMap::from([grant.clone()]));

    let raw = sent("client_secret = 'a+b'\nbasic_encoding = 'raw'");
    assert_eq!(raw.authorization, Some(basic("the client:a+b")));

    let form = sent(&method("client_secret_post"));
    assert_eq!(form.authorization, None);
    let secret = ("client_secret", vec!["a+b"]);
    assert_eq!(form.stable(), BTreeMap::from([grant.clone(), id.clone(), secret]));

    let assertion = sent(&method("client_secret_jwt"));
    assert_eq!(assertion.authorization, None);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(
        assertion.stable(),
        BTreeMap::from([
            grant,
            id.clone(),
            ("client_assertion_type", vec![kind]),
            ("client_assertion", vec!["(signed)"]),
        ])
    );

    let public = sent("grant_type = 'password'\nusername = 'u'\npassword = 'p'");
    assert_eq!(public.authorization, None);
    assert_eq!(
        public.stable(),
        BTreeMap::from([
            ("grant_type", vec!["password"]),
            id,
            ("username", vec!["u"]),
            ("password", vec!["p"]),
        ])
    );
}

#[test]
fn all_request_options_are_in_the_form() {
    let sent = sent(
        "refresh_token = 'r=1&2'\nclient_secret = 's'\nscope = ['read', 'write']\naudience = 'api'\n\
         resource = ['https://a.test/', 'https://b.test/']\n\
         parameters = { tenant = 'a&b', requested_subject = 'ü' }",
    );
    assert_eq!(
        sent.stable(),
        BTreeMap::from([
            ("grant_type", vec!["refresh_token"]),
            ("refresh_token", vec!["r=1&2"]),
            ("scope", vec!["read write"]),
            ("audience", vec!["api"]),
            ("resource", vec!["https://a.test/", "https://b.test/"]),
            ("tenant", vec!["a&b"]),
            ("requested_subject", vec!["ü"]),
        ])
    );
}

#[test]
fn nothing_is_requested_that_is_not_configured() {
    let sent = sent("refresh_token = 'r'");
    assert_eq!(
        sent.stable(),
        BTreeMap::from([
            ("grant_type", vec!["refresh_token"]),
            ("refresh_token", vec!["r"]),
            ("client_id", vec!["the client"]),
        ])
    );
}
