use ::reqwest::Body;
use authn::reqwest::{Client, Error, Result};

use super::{End, failed};
use crate::{
    case::{Sent, Whose},
    scene::Scene,
};

pub(super) fn client(scene: &Scene) -> Client {
    Client::new(scene.credentials.clone()).unwrap().step_up(scene.steps_up())
}

pub(super) async fn send(client: &Client, scene: &Scene, sent: &Sent) -> End {
    let mut request = client.request(sent.method.parse().unwrap(), scene.url(sent));
    for (name, value) in &sent.headers {
        request = request.header(name, value);
    }
    if let Some(body) = body(scene, sent) {
        request = request.body(body);
    }
    request = match sent.credentials {
        Whose::Own => request,
        Whose::Withheld => request.withhold_token(),
        Whose::Other => request.use_credentials(&scene.other),
    };
    end(scene, request.send().await).await
}

pub(super) fn body(scene: &Scene, sent: &Sent) -> Option<Body> {
    if sent.parts.is_empty() {
        return Scene::body(sent).map(Body::from);
    }
    let script = scene.script();
    Some(Body::wrap(script.body(sent.parts.clone(), &script.begun)))
}

pub(super) async fn end(scene: &Scene, response: Result<::reqwest::Response>) -> End {
    let mut response = match response {
        Ok(response) => response,
        Err(error) => return of_error(&error),
    };
    let status = response.status().as_u16();
    let mut text = Vec::new();
    while let Some(part) = response.chunk().await.unwrap() {
        text.extend_from_slice(&part);
        scene.script().read.add_permits(1);
    }
    End::Answered { status, text: String::from_utf8(text).unwrap() }
}

pub(super) fn of_error(error: &Error) -> End {
    match error {
        Error::Authorization(error) => failed(error),
        Error::Redirect(_) => End::Failed("Redirect".to_owned()),
        error => End::Failed(format!("{error:?}")),
    }
}
