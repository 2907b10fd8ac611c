//! No token of a nested provider in any log or error, also not if all goes well.

use authn::ErrorKind;
use authn_tests::{logs::Logs, rig::Rig};

use crate::{exchange, load, of_user, signing, token_of};

#[tokio::test]
async fn no_nested_token_is_logged_or_shown() {
    let logs = Logs::of_process();
    let rig = Rig::start();
    let subject = token_of(&rig, "alice").await;
    let actor = token_of(&rig, "bob").await;
    let start = logs.len();
    let mut shown = String::new();
    let mut secrets = vec![subject.clone(), actor.clone()];
    for (table, is_fine) in [
        (exchange(&rig, &format!("subject.jwt = '{subject}'\nactor.bearer = '{actor}'")), true),
        (exchange(&rig, &format!("subject = {}", of_user(&rig, "bob"))), true),
        (
            exchange(&rig, &format!("subject.jwt = '{subject}'\naudience = 'urn:rig:forbidden'")),
            false,
        ),
        (
            exchange(&rig, &format!("subject.jwt = '{subject}'\nactor.bearer = 'n0t-a-t0ken'")),
            false,
        ),
        (
            format!(
                "[credentials.oauth]\nissuer_url = '{}'\nclient_id = 'cc-pkjwt'\n\
                 token_endpoint_auth_method = 'client_assertion'\nassertion = {}",
                rig.issuer(),
                signing(&rig, "cc-pkjwt", "rsa.pem", "rsa-1")
            ),
            true,
        ),
        (
            format!(
                "[credentials.oauth]\nissuer_url = '{}'\nclient_id = 'sa'\ngrant_type = 'jwt_bearer'\n\
                 assertion.bearer = '{subject}'",
                rig.issuer()
            ),
            false,
        ),
    ] {
        let credentials = load(&rig, &table);
        match credentials.token().await {
            Ok(token) => {
                assert!(is_fine, "{table}");
                secrets.push(token.secret().to_owned());
            }
            Err(error) => {
                assert!(!is_fine && error.kind() == ErrorKind::Refused, "{table}\n{error}");
                shown.extend([error.to_string(), format!("{error:?}")]);
            }
        }
        shown.extend([format!("{credentials:?}"), format!("{:?}", credentials.status().await)]);
        credentials.close().await;
    }
    secrets.extend(["n0t-a-t0ken", "wonderland", "p@ss w%rd"].map(str::to_owned));
    shown.push_str(&logs.text(start));
    assert!(logs.len() > start, "the exchanges were logged");
    for secret in secrets {
        // Of a JWT the signature alone would do.
        let end = secret.rsplit('.').next().unwrap();
        assert!(!shown.contains(end), "{end}");
    }
}
