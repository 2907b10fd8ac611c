//! Logins of three steps: by a browser here, on the console, and in a web application.

use authn::{
    Credentials, Environment, ErrorKind, Login, LoginMethod, LoginOutcome, PendingLogin, Url,
    reqwest::Client,
};
use authn_tests::rig::agent;
use tempfile::tempdir;

use crate::{
    person::{Person, open, page},
    server::Server,
};

/// Opens the login page as the user's browser, which agrees. Returns where it is sent.
fn come_back(link: &str) -> String {
    let response = agent().get(link).call().unwrap();
    assert_eq!(response.status(), 302);
    response.headers()["location"].to_str().unwrap().to_owned()
}

/// Opens the login page of a login whose browser does not come back. Returns the code that it shows.
fn shown(link: &str) -> String {
    let page = page(agent().get(link).call().unwrap());
    let url = Url::parse(&format!("http://a.test/?{}", page.body)).unwrap();
    url.query_pairs().find(|(name, _)| name == "oauth_verifier").unwrap().1.into_owned()
}

fn who_logs_in() -> Person {
    Person::who(|link| open(&come_back(link)).says(200, "You are logged in"))
}

async fn status(server: &Server, credentials: &Credentials) -> u16 {
    let client = Client::new(credentials.clone()).unwrap();
    let response = client.get(server.url("/api/a")).send().await;
    response.unwrap_or_else(|error| panic!("{error}")).status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_on_this_machine() {
    let server = Server::start();
    for (method, placement) in
        [("PLAINTEXT", "header"), ("HMAC-SHA1", "query"), ("HMAC-SHA256", "body")]
    {
        let more = format!("signature_method = '{method}'\nplacement = '{placement}'");
        let credentials = server.load(&format!("{}{more}", server.login()));
        let error = credentials.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired);
        let person = who_logs_in();
        let outcome = credentials.login(person.login()).await;
        person.is_done();
        assert_eq!(outcome.unwrap(), LoginOutcome::LoggedIn);
        let token = credentials.token().await.unwrap();
        assert!(token.expires_at().is_none());
        if placement != "body" {
            assert_eq!(status(&server, &credentials).await, 200, "{more}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_private_key() {
    let server = Server::start();
    let secret = format!("client_secret = {:?}\n", server.ready("secret"));
    let key = format!("private_key = '''\n{}'''\n", server.ready("private_key"));
    let options = format!("{}signature_method = 'RSA-SHA1'", server.login().replace(&secret, &key));
    let credentials = server.load(&options);
    let person = who_logs_in();
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();
    assert_eq!(status(&server, &credentials).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_that_the_server_shows_or_the_address() {
    let server = Server::start();
    let address = "callback = 'http://127.0.0.1:8888/back'";
    for (more, paste) in [
        ("", shown as fn(&str) -> String),
        ("callback = 'oob'", |link| format!(" {} ", shown(link))),
        (address, come_back),
        ("callback = 'https://app.test/back?x=y'", come_back),
        (address, |link| {
            let url = Url::parse(&come_back(link)).unwrap();
            url.query_pairs().find(|(name, _)| name == "oauth_verifier").unwrap().1.into_owned()
        }),
    ] {
        let credentials = server.load(&format!("{}{more}", server.login()));
        let person = Person::who_pastes(move |link, _| Some(paste(link)));
        // Without a display it is the way by itself.
        let login = Login::new(person.clone()).with_environment(Environment::empty());
        assert_eq!(credentials.login(login).await.unwrap(), LoginOutcome::LoggedIn);
        assert_eq!(person.questions().len(), 1, "{:?}", person.notices());
        assert_eq!(status(&server, &credentials).await, 200, "{more}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_is_asked_for_again_and_a_wrong_code_refused() {
    let server = Server::start();
    let credentials =
        server.load(&format!("{}callback = 'http://127.0.0.1:8888/'", server.login()));
    let person = Person::who_pastes(|link, asked| {
        Some(match asked {
            0 => String::new(),
            1 => link.to_owned(),
            2 => "http://127.0.0.1:8888/?oauth_token=another&oauth_verifier=a".to_owned(),
            _ => come_back(link),
        })
    });
    credentials.login(person.login_at_console()).await.unwrap();
    let notices = person.notices();
    for (notice, said) in notices.iter().zip(["empty", "no code", "another login"]) {
        assert!(notice.contains(said), "{notices:?}");
    }
    assert_eq!(notices.len(), 3);

    let person = Person::who_pastes(|link, _| {
        come_back(link);
        Some("wr0ngverifier".to_owned())
    });
    let error = credentials.login(person.login_at_console()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(!error.to_string().contains("wr0ngverifier"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_browser_of_this_login_ends_it() {
    let server = Server::start();
    let credentials = server.load(&server.login());
    let person = Person::who(|link| {
        let back = come_back(link);
        let (address, _) = back.split_once('?').unwrap();
        for query in ["", "?oauth_verifier=a", "?oauth_token=another&oauth_verifier=a", "?denied=a"]
        {
            open(&format!("{address}{query}")).says(400, "another login");
        }
        open(&back).says(200, "You are logged in");
    });
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    outcome.unwrap();

    server.set(&[("denies", "")]);
    let person = Person::who(|link| open(&come_back(link)).says(400, "The login failed"));
    let outcome = credentials.login(person.login()).await;
    person.is_done();
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("the consent was denied"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_sound_is_refused() {
    let server = Server::start();
    let credentials = server.load(&server.login());
    let login = || {
        let person = Person::who_pastes(|link, _| Some(shown(link)));
        let credentials = credentials.clone();
        async move { credentials.login(person.login_at_console()).await.unwrap_err() }
    };
    server.set(&[("confirmed", "false")]);
    let error = login().await;
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("did not confirm the callback"), "{error}");
    server.set(&[("confirmed", "true")]);
    for (status, answer, kind, said) in [
        ("401", "oauth_problem=consumer_key_unknown", ErrorKind::Refused, "(consumer_key_unknown)"),
        ("401", "oauth_problem=s3cret", ErrorKind::Refused, "status 401"),
        ("400", "s3cret", ErrorKind::Refused, "status 400"),
        ("503", "s3cret", ErrorKind::Network, "status 503"),
        ("200", "<html>s3cret</html>", ErrorKind::Protocol, "did not confirm"),
        ("200", "oauth_callback_confirmed=true", ErrorKind::Protocol, "without one `oauth_token`"),
        (
            "200",
            "oauth_token=a&oauth_token=b&oauth_token_secret=s3cret&oauth_callback_confirmed=true",
            ErrorKind::Protocol,
            "without one `oauth_token`",
        ),
        (
            "200",
            "oauth_token=a%0Ab&oauth_token_secret=s3cret&oauth_callback_confirmed=true",
            ErrorKind::InvalidToken,
            "",
        ),
    ] {
        server.set(&[("status", status), ("answer", answer)]);
        let error = login().await;
        assert_eq!(error.kind(), kind, "{status} {answer}: {error}");
        let error = error.to_string();
        assert!(error.contains(said) && !error.contains("s3cret"), "{answer}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_a_server_may_be_off() {
    let server = Server::start();
    server.set(&[("clock", "86400")]);
    let credentials = server.load(&server.login());
    let person = Person::who_pastes(|link, _| Some(shown(link)));
    credentials.login(person.login_at_console()).await.unwrap();
    assert_eq!(status(&server, &credentials).await, 200);
    assert_eq!((server.count("/request_token"), server.count("/access_token")), (2, 1));
    assert_eq!(server.count("/api/a"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_outlives_the_program_until_it_is_refused_or_deleted() {
    let (server, folder) = (Server::start(), tempdir().unwrap());
    let load = |more: &str| server.load_in(&format!("{}{more}", server.login()), &folder);
    let login = || Person::who_pastes(|link, _| Some(shown(link))).login_at_console();
    load("").login(login()).await.unwrap();
    assert_eq!(status(&server, &load("")).await, 200);
    // What changes how a request is signed does not change whose token it has.
    let more = "signature_method = 'HMAC-SHA256'\nplacement = 'query'\ncallback = 'oob'";
    assert_eq!(status(&server, &load(more)).await, 200);
    assert_eq!(server.count("/access_token"), 1);
    let credentials = load("");
    // An exchange that nobody needs keeps the token.
    credentials.refresh().await.unwrap();
    assert_eq!(status(&server, &credentials).await, 200);

    server.set(&[("revoke", "")]);
    assert_eq!(status(&server, &credentials).await, 401);
    let error = credentials.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert!(error.to_string().contains("the server refuses the token"), "{error}");

    credentials.login(login()).await.unwrap();
    assert_eq!(status(&server, &credentials).await, 200);
    credentials.logout().await.unwrap();
    for credentials in [&credentials, &load("")] {
        let error = credentials.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRequired);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_application() {
    let server = Server::start();
    let (start, end) = (server.load(&server.login()), server.load(&server.login()));
    let callback = "https://app.test/back";
    let (link, pending) = start.authorization_url(callback).await.unwrap();
    let returned = come_back(link.as_str());
    let text = pending.to_secret();
    let pending = || PendingLogin::from_secret(&text).unwrap();
    let tokens = end.complete(pending(), &returned).await.unwrap();
    end.adopt(tokens).await.unwrap();
    assert_eq!(status(&server, &end).await, 200);
    // The temporary credentials are spent.
    assert_eq!(start.complete(pending(), &returned).await.unwrap_err().kind(), ErrorKind::Refused);

    let (link, pending) = start.authorization_url(callback).await.unwrap();
    let text = pending.to_secret();
    let pending = || PendingLogin::from_secret(&text).unwrap();
    let error = start.complete(pending(), &returned).await.unwrap_err();
    assert!(error.to_string().contains("another login"), "{error}");
    let other = server.load(&server.login().replace("client_id = 'client'", "client_id = 'key'"));
    let error = other.complete(pending(), &come_back(link.as_str())).await.unwrap_err();
    assert!(error.to_string().contains("other credentials"), "{error}");
    let fixed = server.load(&format!("{}callback = 'https://app.test/other'", server.login()));
    assert!(fixed.authorization_url(callback).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn ways_that_do_not_exist_are_refused() {
    let server = Server::start();
    let person = Person::who_pastes(|_, _| None);
    let with = |method| Login::new(person.clone()).with_method(method);
    let credentials = server.load(&server.login());
    let error = credentials.login(with(LoginMethod::Device)).await.unwrap_err();
    assert!(error.to_string().contains("no login by a code on another device"), "{error}");
    for (callback, said) in [
        ("oob", "no browser comes back"),
        ("https://app.test/", "`callback` is not on this machine"),
    ] {
        let credentials = server.load(&format!("{}callback = '{callback}'", server.login()));
        let error = credentials.login(with(LoginMethod::Browser)).await.unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    let configured = server.load(&format!("{}{}", server.client(), server.token()));
    let outcome = configured.login(with(LoginMethod::Console)).await;
    assert_eq!(outcome.unwrap(), LoginOutcome::NotNeeded);
    assert!(server.log().is_empty());
}
