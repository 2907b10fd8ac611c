//! The responses of servers, and their results.

use authn::ErrorKind;
use authn_tests::rig::Rig;
use serde_json::json;

use super::{client, load};

#[tokio::test]
async fn unusual_token_responses_have_the_documented_result() {
    let rig = Rig::start();
    let token = |id: &str| {
        let more = "client_secret = 'secret'\ntoken_endpoint_auth_method = 'client_secret_post'";
        let credentials = load(&rig, &client(&rig, id, more));
        async move { credentials.token().await }
    };
    for good in [
        "q-string_expires",
        "q-no_expires",
        "q-null_expires",
        "q-float_expires",
        "q-lower_type",
        "q-extra",
        "q-slack",
        "q-github",
        "q-form",
        "q-no_type",
    ] {
        let token = token(good).await.unwrap_or_else(|error| panic!("{good}: {error}"));
        let expires = token.expires_at().is_some();
        assert_eq!(expires, !matches!(good, "q-no_expires" | "q-null_expires"), "{good}");
    }
    for (bad, kind, says) in [
        ("q-html_500", ErrorKind::Network, "status 502"),
        ("q-huge", ErrorKind::Protocol, "more than 1 MiB"),
        ("q-bad_json", ErrorKind::Protocol, "ends too early"),
        ("q-empty_token", ErrorKind::Protocol, "access token"),
    ] {
        let error = token(bad).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{bad}: {error}");
        assert!(error.to_string().contains(says), "{bad}: {error}");
    }
}

#[tokio::test]
async fn faults_of_a_server_have_messages_that_help() {
    let rig = Rig::start();
    let options = client(&rig, "cc-basic", "client_secret = 's3cr3t'");
    for (fault, kind, says) in [
        (json!({ "status": 500 }), ErrorKind::Network, "try again later"),
        (
            json!({ "status": 429, "headers": { "retry-after": "7" } }),
            ErrorKind::Refused,
            "status 429",
        ),
        (json!({ "drop": true }), ErrorKind::Network, "connection"),
        (
            json!({ "status": 307, "headers": { "location": "/elsewhere" } }),
            ErrorKind::Protocol,
            "redirect",
        ),
        (
            json!({ "status": 200, "body": "<html>s3cr3t</html>", "headers": { "content-type": "text/html" } }),
            ErrorKind::Protocol,
            "answered with HTML (text/html) instead",
        ),
        (
            json!({ "status": 400, "body": "{\"error\":\"s3cr3t\",\"error_description\":\"s3cr3t\"}",
                    "headers": { "content-type": "application/json" } }),
            ErrorKind::Refused,
            "status 400",
        ),
        (
            json!({ "status": 401, "body": "{\"error\":\"invalid_client\"}",
                    "headers": { "content-type": "application/json" } }),
            ErrorKind::Refused,
            "`client_secret`",
        ),
    ] {
        rig.faults(&json!([fault]));
        let error = load(&rig, &options).token().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{fault}: {error}");
        assert!(error.to_string().contains(says), "{fault}: {error}");
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
        let retry_after = error.retry_after().map(|wait| wait.as_secs());
        assert_eq!(retry_after, fault["headers"]["retry-after"].is_string().then_some(7));
    }
}
