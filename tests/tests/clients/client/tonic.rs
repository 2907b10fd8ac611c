use std::error::Error as _;

use authn::{
    Error, UseCredentials, WithholdToken,
    tonic::{Auth, AuthLayer},
};
use tonic::{
    GrpcMethod, Request, Status,
    client::Grpc,
    metadata::AsciiMetadataKey,
    transport::{Channel, Endpoint},
};
use tower::Layer as _;

use super::{End, failed};
use crate::{
    case::{Sent, Whose},
    grpc::CODES,
    scene::Scene,
    text::Text,
};

pub(crate) struct Connected(Auth<Channel>);

impl Connected {
    pub(super) fn new(scene: &Scene) -> Self {
        let endpoint = Endpoint::from_shared(scene.script().grpc.clone()).unwrap();
        let layer = AuthLayer::new(scene.credentials.clone(), endpoint.uri().clone());
        let layer = layer.step_up(scene.steps_up()).buffer(1024);
        Self(layer.layer(endpoint.connect_lazy()))
    }

    /// The method and the path of the case are not those of the call.
    pub(super) async fn send(&self, scene: &Scene, sent: &Sent) -> End {
        let script = scene.script();
        let parts = match Scene::body(sent) {
            Some(body) => vec![body],
            None => sent.parts.clone(),
        };
        let mut request = Request::new(script.parts::<String>(parts, &script.begun));
        for (name, value) in &sent.headers {
            let name: AsciiMetadataKey = name.parse().unwrap();
            request.metadata_mut().insert(name, value.parse().unwrap());
        }
        let extensions = request.extensions_mut();
        extensions.insert(GrpcMethod::new("shop.Things", "Call"));
        match sent.credentials {
            Whose::Own => None,
            Whose::Withheld => extensions.insert(WithholdToken).map(drop),
            Whose::Other => extensions.insert(UseCredentials(scene.other.clone())).map(drop),
        };
        match call(scene, Grpc::new(self.0.clone()), request).await {
            Ok(text) => End::Answered { status: 200, text },
            Err(status) => of_status(&status),
        }
    }
}

async fn call(
    scene: &Scene,
    mut client: Grpc<Auth<Channel>>,
    request: Request<impl tokio_stream::Stream<Item = String> + Send + 'static>,
) -> Result<String, Status> {
    client.ready().await.map_err(Status::from_error)?;
    let path = http::uri::PathAndQuery::from_static("/shop.Things/Call");
    let mut messages = client.streaming(request, path, Text).await?.into_inner();
    let mut text = String::new();
    while let Some(message) = messages.message().await? {
        text += &message;
        scene.script().read.add_permits(1);
    }
    Ok(text)
}

fn of_status(status: &Status) -> End {
    if let Some(error) = status.source().and_then(|source| source.downcast_ref::<Error>()) {
        return failed(error);
    }
    let code = CODES.iter().find(|(_, code)| *code == status.code());
    let (code, _) = code.unwrap_or_else(|| panic!("{status:?}"));
    End::Answered { status: *code, text: status.message().to_owned() }
}
