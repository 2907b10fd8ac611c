//! What a server gives only to this machine is searched for in all that is shown, told and logged, whatever fails.

use authn::{Credentials, conformance::Canary, reqwest::Client};
use authn_tests::{logs::Logs, rig::agent};

use crate::{person::Person, server::Server};

/// Logs in and sends requests, and returns what is shown of that.
async fn shown(server: &Server, credentials: &Credentials) -> String {
    let person = Person::who_pastes(|link, _| {
        let mut page = agent().get(link).call().unwrap();
        Some(page.body_mut().read_to_string().unwrap())
    });
    let login = credentials.login(person.login_at_console()).await;
    let (token, status) = (credentials.token().await, credentials.status().await);
    let mut shown = vec![format!("{login:?} {token:?} {status:?} {credentials:?}")];
    let client = Client::new(credentials.clone()).unwrap();
    for path in ["/api/a", "/nowhere"] {
        let response = client.post(server.url(path)).form(&[("a", "b")]).send().await;
        shown.push(match response {
            Ok(response) => format!("{response:?}"),
            Err(error) => format!("{error} {error:?} {error:#?}"),
        });
    }
    shown.push(format!("{:?} {:?}", person.progress(), person.questions()));
    shown.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_login_is_shown() {
    let logs = Logs::of_process();
    let server = Server::start();
    let canary = Canary::new();
    let secret = canary.as_str();
    for (status, answer) in [
        (None, String::new()),
        (Some("200"), format!("oauth_token={secret}&oauth_token_secret={secret}")),
        (
            Some("200"),
            format!(
                "oauth_token={secret}%20&oauth_token_secret={secret}&oauth_callback_confirmed=true"
            ),
        ),
        (Some("200"), format!("oauth_callback_confirmed={secret}")),
        (Some("401"), format!("oauth_problem={secret}&oauth_token={secret}")),
        (Some("500"), format!("<html>{secret}</html>")),
    ] {
        for placement in ["header", "query", "body"] {
            server.set(&[("secret", secret)]);
            if let Some(status) = status {
                server.set(&[("status", status), ("answer", &answer)]);
            }
            let client = server
                .login()
                .replace(&format!("{:?}", server.ready("secret")), &format!("{secret:?}"));
            let options =
                format!("{client}placement = '{placement}'\nsignature_method = 'PLAINTEXT'");
            let start = logs.len();
            let shown = shown(&server, &server.load(&options)).await;
            let logged = logs.text(start);
            assert!(!logged.is_empty());
            for text in [&shown, &logged] {
                assert_eq!(canary.find_in(text.as_bytes()), None, "{placement} {answer}\n{text}");
            }
            // The secrets that the server made up.
            for entry in server.log().iter().filter_map(|entry| entry["authorization"].as_str()) {
                let secret =
                    entry.split("oauth_signature=\"").nth(1).unwrap().trim_end_matches('"');
                let token_secret = secret.split("%26").nth(1).unwrap_or_default();
                if !token_secret.is_empty() {
                    assert!(!shown.contains(token_secret) && !logged.contains(token_secret));
                }
            }
        }
    }
}
