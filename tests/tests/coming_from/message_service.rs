//! A message service: a server of gRPC that notes the metadata of each call.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use tonic::{
    Request, Status,
    metadata::MetadataMap,
    service::interceptor::InterceptedService,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::{
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

/// A server on a free port of the loopback interface. It says of itself that it serves.
pub(crate) struct MessageService {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<MetadataMap>>>,
}

impl MessageService {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<MetadataMap>>>::default();
        let noted = Arc::clone(&seen);
        thread::spawn(move || serve(listener, noted));
        Self { url, seen }
    }

    /// Returns the values of a name, in the order of the calls that had it.
    pub(crate) fn metadata(&self, name: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let values = seen.iter().filter_map(|metadata| metadata.get(name)?.to_str().ok());
        values.map(str::to_owned).collect()
    }
}

fn serve(listener: TcpListener, noted: Arc<Mutex<Vec<MetadataMap>>>) {
    let note = move |request: Request<()>| {
        noted.lock().unwrap().push(request.metadata().clone());
        Ok::<_, Status>(request)
    };
    let health = HealthServer::new(HealthService::from_health_reporter(HealthReporter::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        listener.set_nonblocking(true).unwrap();
        let incoming = TcpIncoming::from(tokio::net::TcpListener::from_std(listener).unwrap());
        let service = InterceptedService::new(health, note);
        Server::builder().serve_with_incoming(service, incoming).await.unwrap();
    });
}
