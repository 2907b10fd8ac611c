use std::io::Read as _;

use authn::blocking::reqwest::{Client, Response};

use super::{
    End,
    reqwest::{body, of_error},
};
use crate::{
    case::{Sent, Whose},
    scene::Scene,
};

/// It has no option for more scopes, so cases with them do not hold.
pub(super) fn client(scene: &Scene) -> Client {
    Client::new(scene.credentials.clone().into()).unwrap()
}

pub(super) async fn send(client: Client, scene: &Scene, sent: &Sent) -> End {
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
        Whose::Other => request.use_credentials(&scene.other.clone().into()),
    };
    let response = match tokio::task::spawn_blocking(move || request.send()).await.unwrap() {
        Ok(response) => response,
        Err(error) => return of_error(&error),
    };
    let status = response.status().as_u16();
    let text = read(response, scene).await;
    End::Answered { status, text }
}

/// Reads a body part by part.
async fn read(mut response: Response, scene: &Scene) -> String {
    let mut text = String::new();
    loop {
        let (next, part) = tokio::task::spawn_blocking(move || {
            let mut part = vec![0; 1024];
            let length = response.read(&mut part).unwrap();
            part.truncate(length);
            (response, part)
        })
        .await
        .unwrap();
        if part.is_empty() {
            return text;
        }
        response = next;
        text += str::from_utf8(&part).unwrap();
        scene.script().read.add_permits(1);
    }
}
