use authn::{
    Error, UseCredentials, WithholdToken,
    tower::{Auth, AuthLayer, BoxError, BufferBody, CloneBody, ReplayBody, SendOnce},
};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower::{Layer as _, Service, ServiceExt as _};

use super::{End, failed};
use crate::{
    case::{Replay, Sent, Whose},
    scene::Scene,
    server::Parts,
};

type Hyper<B> = Client<HttpConnector, B>;

/// A client for each kind of body.
pub(crate) struct Connected {
    whole: Auth<Hyper<Full<Bytes>>, CloneBody>,
    streamed: Auth<Hyper<ReplayBody<Parts>>, BufferBody>,
    once: Auth<Hyper<Parts>, SendOnce>,
}

impl Connected {
    pub(super) fn new(scene: &Scene) -> Self {
        let layer = AuthLayer::new(scene.credentials.clone()).step_up(scene.steps_up());
        Self {
            whole: layer.layer(hyper()),
            streamed: layer.clone().buffer_body(1024).layer(hyper()),
            once: layer.send_once().layer(hyper()),
        }
    }

    pub(super) async fn send(&self, scene: &Scene, sent: &Sent) -> End {
        let mut request = Request::builder().method(&*sent.method).uri(scene.url(sent));
        for (name, value) in &sent.headers {
            request = request.header(name, value);
        }
        request = match sent.credentials {
            Whose::Own => request,
            Whose::Withheld => request.extension(WithholdToken),
            Whose::Other => request.extension(UseCredentials(scene.other.clone())),
        };
        if sent.parts.is_empty() {
            let body = Scene::body(sent).unwrap_or_default();
            return end(scene, self.whole.clone(), request.body(Full::from(body)).unwrap()).await;
        }
        let script = scene.script();
        let request = request.body(script.body(sent.parts.clone(), &script.begun)).unwrap();
        match sent.replay {
            Replay::Buffer => end(scene, self.streamed.clone(), request).await,
            Replay::Once => end(scene, self.once.clone(), request).await,
        }
    }
}

fn hyper<B>() -> Hyper<B>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Client::builder(TokioExecutor::new()).build_http()
}

async fn end<C, B>(scene: &Scene, mut client: C, request: Request<B>) -> End
where
    C: Service<Request<B>, Response = Response<Incoming>, Error = BoxError>,
{
    let response = match client.ready().await.unwrap().call(request).await {
        Ok(response) => response,
        Err(error) => return failed(error.downcast_ref::<Error>().expect("an error of authn")),
    };
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        text.extend_from_slice(&frame.unwrap().into_data().unwrap());
        scene.script().read.add_permits(1);
    }
    End::Answered { status, text: String::from_utf8(text).unwrap() }
}
