use authn::{UseCredentials, WithholdToken, reqwest::Client};

use super::{
    End,
    reqwest::{body, end},
};
use crate::{
    case::{Sent, Whose},
    scene::Scene,
};

pub(super) async fn send(client: &Client, scene: &Scene, sent: &Sent) -> End {
    let mut request = http::Request::builder().method(&*sent.method).uri(scene.url(sent));
    for (name, value) in &sent.headers {
        request = request.header(name, value);
    }
    request = match sent.credentials {
        Whose::Own => request,
        Whose::Withheld => request.extension(WithholdToken),
        Whose::Other => request.extension(UseCredentials(scene.other.clone())),
    };
    let request = request.body(body(scene, sent).unwrap_or_default()).unwrap();
    end(scene, client.execute(request.try_into().unwrap()).await).await
}
