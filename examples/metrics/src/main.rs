//! Serves the metrics of the configured credentials on `http://127.0.0.1:9464/metrics`. Run it with
//! `cargo run -p metrics-example`, and ask for a token by `curl http://127.0.0.1:9464/`.

use std::error::Error;

use metrics_example::{install, router};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Before the first exchange, which would not be recorded otherwise.
    let metrics = install()?;
    let listener = TcpListener::bind("127.0.0.1:9464").await?;
    Ok(axum::serve(listener, router(authn::load()?, metrics)).await?)
}
