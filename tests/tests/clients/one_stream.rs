//! A connection with room for one stream, whose server refuses a call at once and still reads its messages: the call is
//! sent once more on the same connection, although it has not ended its messages.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use authn::{Credentials, Token, from_fn, tonic::AuthLayer};
use http::{Request, uri::PathAndQuery};
use http_body_util::BodyExt as _;
use tokio_stream::StreamExt as _;
use tonic::{
    Response, Status, Streaming,
    body::Body,
    client::Grpc,
    server::Grpc as Server,
    transport::{Endpoint, server::TcpIncoming},
};
use tower::{Layer as _, service_fn};

use crate::text::Text;

/// Bounds a test that would not end.
const LONG: Duration = Duration::from_secs(30);

async fn serve(listener: TcpListener) {
    let incoming = TcpIncoming::from(tokio::net::TcpListener::from_std(listener).unwrap());
    let service = service_fn(|request: Request<Body>| async {
        if request.headers()["authorization"] == "Bearer t1" {
            let mut messages = request.into_body();
            tokio::spawn(async move { while let Some(Ok(_)) = messages.frame().await {} });
            return Ok::<_, Infallible>(Status::unauthenticated("another one").into_http());
        }
        let call = service_fn(|request: tonic::Request<Streaming<String>>| async {
            let first = request.into_inner().message().await?.unwrap();
            Ok(Response::new(tokio_stream::once(Ok::<_, Status>(first))))
        });
        Ok(Server::new(Text).streaming(call, request).await)
    });
    let server = tonic::transport::Server::builder().max_concurrent_streams(1);
    server.serve_with_incoming(service, incoming).await.unwrap();
}

#[tokio::test]
async fn a_call_is_sent_once_more_on_a_connection_with_one_stream() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let endpoint = Endpoint::from_shared(endpoint).unwrap();
    tokio::spawn(serve(listener));

    let count = AtomicUsize::new(0);
    let source = from_fn(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        async move { Token::new(format!("t{number}")) }
    });
    let origin = endpoint.uri().clone();
    let credentials = Credentials::builder().source(source).origin(&origin.to_string());
    let layer = AuthLayer::new(credentials.build().unwrap(), origin);
    let mut client = Grpc::new(layer.layer(endpoint.connect_lazy()));

    let call = async {
        client.ready().await.unwrap();
        let messages = tokio_stream::once("one".to_owned()).chain(tokio_stream::pending());
        let path = PathAndQuery::from_static("/shop.Things/Call");
        let answers = client.streaming(tonic::Request::new(messages), path, Text).await;
        answers.unwrap().into_inner().message().await.unwrap().unwrap()
    };
    let answer = tokio::time::timeout(LONG, call).await.expect("the second sending has a stream");
    assert_eq!(answer, "one");
}
