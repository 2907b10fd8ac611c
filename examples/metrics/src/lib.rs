//! A service whose metrics Prometheus collects from `/metrics`.
//!
//! authn records its metrics with the crate `metrics`, whatever exporter the program installs. This one installs
//! `metrics-exporter-prometheus` without its HTTP server, because the service has one: the path `/metrics` renders what
//! was recorded. `docs/metrics.md` lists the metrics, and what to alert on.

use authn::{Credentials, ErrorKind};
use authn_providers as _;
use axum::{Router, extract::State, http::StatusCode, routing::get};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// The bounds of durations, in seconds. An exchange is cancelled after two minutes.
const DURATIONS: [f64; 12] =
    [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// The bounds of the lifetimes of tokens, in seconds: from a minute to a day.
const LIFETIMES: [f64; 7] = [60.0, 300.0, 900.0, 3600.0, 14_400.0, 43_200.0, 86_400.0];

/// Installs the recorder of this process. Without bounds, a histogram would be rendered as a summary, which can't be
/// added up over the instances of a service.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .with_recommended_naming(true)
        .set_buckets_for_metric(Matcher::Suffix("duration".to_owned()), &DURATIONS)?
        .set_buckets_for_metric(Matcher::Suffix("lifetime".to_owned()), &LIFETIMES)?
        .install_recorder()
}

/// Creates the service: its work is to get a token.
pub fn router(credentials: Credentials, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/", get(work).with_state(credentials))
        .route("/metrics", get(async move || metrics.render()))
}

/// Answers 200 if there is a token. A real service would call another one with it.
async fn work(State(credentials): State<Credentials>) -> StatusCode {
    match credentials.token().await.map_err(|error| error.kind()) {
        Ok(_) => StatusCode::OK,
        Err(ErrorKind::Network) => StatusCode::BAD_GATEWAY,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
