//! No token of a machine, and no secret of its variables, in any log, error or `Debug`, whether all goes well or not.

use std::{fmt::Write as _, fs, os::unix::fs::PermissionsExt as _};

use authn::{Environment, Loader, conformance::Canary};
use authn_providers as _;
use authn_tests::logs::Logs;

use crate::service;

#[tokio::test]
async fn nothing_of_a_machines_identity_is_logged_or_shown() {
    let logs = Logs::of_process();
    let start = logs.len();
    let (token, variable) = (Canary::new(), Canary::new());
    let answer = format!(
        "{{\"access_token\":\"{0}\",\"value\":\"{0}\",\"expires_in\":\"60\"}}",
        token.as_str()
    );
    let good = "HTTP/1.1 200 OK\r\nmetadata-flavor: Google";
    let services = [
        (service::start(good, answer.clone()), true),
        (
            service::start("HTTP/1.1 403 Forbidden\r\nmetadata-flavor: Google", answer.clone()),
            false,
        ),
        (service::start(good, answer[1..].to_owned()), false),
        (
            service::start(
                good,
                answer.replace(token.as_str(), &format!("{} \\n", token.as_str())),
            ),
            false,
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let mut shown = String::new();
    for (host, is_fine) in services {
        fs::write(
            &file,
            if is_fine { token.as_str().to_owned() } else { format!("{0} {0}", token.as_str()) },
        )
        .unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        // The parts of a JWT: `{}`.
        let of_job = format!("e30.e30.{}", token.as_str());
        let of_job = if is_fine { of_job } else { format!("{of_job}\n{of_job}") };
        let environment = || {
            Environment::empty()
                .variable("ID_TOKEN", &of_job)
                .variable("ACTIONS_ID_TOKEN_REQUEST_URL", format!("http://{host}/token"))
                .variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN", variable.as_str())
                .variable("IDENTITY_ENDPOINT", format!("http://{host}/msi/token"))
                .variable("IDENTITY_HEADER", variable.as_str())
        };
        for provider in [
            format!("file_token = {{ path = '{}' }}", file.display()),
            "gitlab = {}".to_owned(),
            "github_actions = { audience = 'a' }".to_owned(),
            format!("gcp_metadata = {{ host = '{host}' }}"),
            "azure_managed_identity = { resource = 'r' }".to_owned(),
            format!(
                "workload_identity = {{ exchange.token_exchange.token_endpoint_url = 'http://{host}/sts' }}"
            ),
            format!(
                "workload_identity = {{ identity = 'gitlab', exchange.jwt_bearer = {{ token_endpoint_url = \
                 'http://{host}/sts', token_request_encoding = 'json' }} }}"
            ),
            format!(
                "[credentials.workload_identity]\nexchange = 'azure'\nclient_id = 'c'\nscope = 's'\n\
                 token_endpoint_url = 'http://{host}/sts'\npath = '{}'\nidentity = 'file_token'",
                file.display()
            ),
        ] {
            let text = format!("[credentials]\ndomain = 'api.example.com'\n{provider}");
            let loader = Loader::new().environment(environment()).defaults(&text);
            let credentials = loader.load().unwrap();
            match credentials.token().await {
                Ok(given) => {
                    assert!(is_fine, "{provider}");
                    assert!(given.secret().ends_with(token.as_str()), "{provider}");
                    write!(shown, "{given:?}").unwrap();
                }
                Err(error) => {
                    assert!(!is_fine, "{provider}: {error}");
                    assert!(!error.is_not_applicable(), "{provider}: {error}");
                    write!(shown, "{error} {error:?}").unwrap();
                }
            }
            write!(shown, "{credentials:?} {:?}", credentials.status().await).unwrap();
            credentials.close().await;
        }
    }
    shown.push_str(&logs.text(start));
    assert!(shown.contains("exchange ended"), "the exchanges were logged");
    for canary in [token, variable] {
        assert_eq!(canary.find_in(shown.as_bytes()), None);
    }
}
