//! A server of gRPC for the cases: each call is a stream of texts in both directions.

use std::{convert::Infallible, net::TcpListener, sync::Arc};

use http::Request;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Response, Status, Streaming,
    body::Body,
    server::Grpc,
    transport::{Server, server::TcpIncoming},
};
use tower::service_fn;

use crate::{
    server::{Got, Script, UNEXPECTED},
    text::Text,
};

/// The codes of gRPC that mean what a status of HTTP does in the cases.
pub(crate) const CODES: [(u16, Code); 7] = [
    (401, Code::Unauthenticated),
    (402, Code::ResourceExhausted),
    (403, Code::PermissionDenied),
    (500, Code::Internal),
    (499, Code::Cancelled),
    (503, Code::Unavailable),
    (UNEXPECTED, Code::DataLoss),
];

pub(crate) async fn serve(listener: TcpListener, script: Arc<Script>) {
    let incoming = TcpIncoming::from(tokio::net::TcpListener::from_std(listener).unwrap());
    let service = service_fn(move |request: Request<Body>| {
        let script = Arc::clone(&script);
        async move {
            let path = request.uri().path().to_owned();
            let call =
                service_fn(move |request| answer(request, path.clone(), Arc::clone(&script)));
            Ok::<_, Infallible>(Grpc::new(Text).streaming(call, request).await)
        }
    });
    Server::builder().serve_with_incoming(service, incoming).await.unwrap();
}

async fn answer(
    request: tonic::Request<Streaming<String>>,
    target: String,
    script: Arc<Script>,
) -> Result<Response<ReceiverStream<Result<String, Status>>>, Status> {
    let (metadata, _, mut messages) = request.into_parts();
    let mut body = String::new();
    while let Some(message) = messages.message().await? {
        if body.is_empty() {
            script.begun.add_permits(1);
        }
        body += &message;
    }
    let (method, headers) = ("POST".to_owned(), metadata.into_headers());
    let answer = script.answer(Got { at: "api", method, target, headers, body });
    if answer.hangs {
        std::future::pending::<()>().await;
    }
    let code = CODES.iter().find(|(status, _)| *status == answer.status).map(|(_, code)| *code);
    if let Some(code) = code {
        let mut status = Status::new(code, answer.text);
        for (name, value) in &answer.headers {
            let name: tonic::metadata::AsciiMetadataKey =
                name.to_ascii_lowercase().parse().unwrap();
            status.metadata_mut().insert(name, value.parse().unwrap());
        }
        return Err(status);
    }
    assert!((200..300).contains(&answer.status), "{} has no code", answer.status);
    let parts = if answer.parts.is_empty() { vec![answer.text] } else { answer.parts };
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let mut parts = script.parts::<String>(parts, &script.read);
    tokio::spawn(async move {
        while let Some(part) = tokio_stream::StreamExt::next(&mut parts).await {
            if sender.send(Ok(part)).await.is_err() {
                return;
            }
        }
    });
    Ok(Response::new(ReceiverStream::new(receiver)))
}
