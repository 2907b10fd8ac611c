//! authn's own rows.

use std::{hint::black_box, time::Duration};

use authn::{
    Context, Credentials, Environment, Loader, Result, Token, TokenProvider, TokenSet, TokenSource,
    blocking, tonic::AuthInterceptor,
};
use authn_providers as _;
use http::{Uri, request::Parts};
use tokio::runtime::Runtime;
use tonic::{GrpcMethod, Request, service::Interceptor as _};

use crate::{measure::finish, references::six_headers, report::Report, token};

const HOST: &str = "api.example.com";
const URL: &str = "https://api.example.com/v1/things";

/// A source that answers at once.
#[derive(Debug)]
struct Ready;

impl TokenSource for Ready {
    async fn request_token(&self, _: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Ok(Token::new(token())?.with_expires_in(Duration::from_hours(1)).into())
    }
}

pub(crate) fn run(report: &mut Report, runtime: &Runtime) -> crate::Outcome {
    let credentials = warm(runtime)?;
    report.row(
        "authn: `token().await`",
        || (),
        |()| {
            black_box(finish(credentials.token()).unwrap());
        },
    );
    report.row(
        "authn: `try_token()`",
        || (),
        |()| {
            black_box(credentials.try_token().unwrap());
        },
    );
    let scoped = credentials.with_scope(&["read", "write"]);
    runtime.block_on(scoped.token())?;
    report.row(
        "authn: `with_scope`, `token().await`",
        || (),
        |()| {
            black_box(finish(scoped.token()).unwrap());
        },
    );
    report.row(
        "authn: a clone for each thread, `token().await`",
        || credentials.clone(),
        |credentials| {
            black_box(finish(credentials.token()).unwrap());
        },
    );
    let blocking = blocking::Credentials::from(credentials.clone());
    report.row(
        "authn: `blocking`, `token()`",
        || (),
        |()| {
            black_box(blocking.token().unwrap());
        },
    );
    authorize(report, "authn: `authorize(&mut parts).await` on a cleared map", &credentials);
    authorize_otherwise(report, &credentials);
    calls(report, &credentials);

    let bearer = configured(&format!("bearer = \"{}\"", token()))?;
    report.row(
        "authn: provider `bearer`, `token().await`",
        || (),
        |()| {
            black_box(finish(bearer.token()).unwrap());
        },
    );
    authorize(report, "authn: provider `bearer`, `authorize(&mut parts).await`", &bearer);
    let basic = configured("basic = { username = \"user\", password = \"password\" }")?;
    authorize(report, "authn: provider `basic`, `authorize(&mut parts).await`", &basic);
    let api_key = configured(&format!("api_key = \"{}\"", token()))?;
    authorize(report, "authn: provider `api_key`, `authorize(&mut parts).await`", &api_key);
    Ok(())
}

/// Measures what most calls are like: the request has no header yet.
fn authorize(report: &mut Report, name: &'static str, credentials: &Credentials) {
    report.row(name, parts, |parts| {
        finish(credentials.authorize(&mut *parts)).unwrap();
        black_box(&*parts);
        parts.headers.clear();
    });
}

/// Measures what is left: a request with the headers that others put there, and one that is refused.
fn authorize_otherwise(report: &mut Report, credentials: &Credentials) {
    report.row(
        "authn: `authorize(&mut parts).await` beside six headers",
        || {
            let mut parts = parts();
            parts.headers = six_headers();
            parts
        },
        |parts| {
            finish(credentials.authorize(&mut *parts)).unwrap();
            black_box(&*parts);
            parts.headers.remove(http::header::AUTHORIZATION);
        },
    );
    report.row(
        "authn: `authorize(&mut parts).await` refused, wrong origin",
        || parts_for("https://other.example.com/v1/things"),
        |parts| {
            black_box(finish(credentials.authorize(&mut *parts)).unwrap_err());
        },
    );
}

/// What a call costs without authn.
pub(crate) const CALL: &str = "reference: tonic, `Request` into parts and back, map cleared";
pub(crate) const INTERCEPTOR: &str = "authn: tonic, `AuthInterceptor` on a cleared map";

/// Measures what a call of gRPC costs: the interceptor beside tonic's own part of it, and the metadata by themselves.
fn calls(report: &mut Report, credentials: &Credentials) {
    let call = || {
        let mut request = Request::new(());
        request.extensions_mut().insert(GrpcMethod::new("shop.Things", "Get"));
        Some(request)
    };
    report.row(CALL, call, |call| {
        let (mut metadata, extensions, ()) = call.take().unwrap().into_parts();
        metadata.clear();
        *call = Some(black_box(Request::from_parts(metadata, extensions, ())));
    });
    let interceptor =
        AuthInterceptor::new(credentials.clone(), Uri::from_static("https://api.example.com"));
    report.row(
        INTERCEPTOR,
        || (interceptor.clone(), call()),
        |(interceptor, call)| {
            let mut request = interceptor.call(call.take().unwrap()).unwrap();
            black_box(&request);
            request.metadata_mut().clear();
            *call = Some(request);
        },
    );
    report.row(
        "authn: `try_metadata()`",
        || (),
        |()| {
            black_box(credentials.try_metadata().unwrap().unwrap());
        },
    );
}

/// Loads credentials as a program does, of a configuration; `text` stands in `[credentials]`.
fn configured(text: &str) -> Result<Credentials> {
    let text = format!("[credentials]\ndomain = \"{HOST}\"\n{text}\n");
    Loader::new().environment(Environment::empty()).defaults(&text).load()
}

/// Makes credentials for the benchmarks' host.
pub(crate) fn bound(provider: impl TokenProvider) -> Result<Credentials> {
    Credentials::builder().provider(provider).domain(HOST).build()
}

/// Makes credentials with a cached token.
pub(crate) fn warm(runtime: &Runtime) -> Result<Credentials> {
    let credentials = bound(authn::Cached::new(Ready))?;
    runtime.block_on(credentials.token())?;
    Ok(credentials)
}

fn parts() -> Parts {
    parts_for(URL)
}

fn parts_for(url: &str) -> Parts {
    http::Request::post(url).body(()).expect("a valid request").into_parts().0
}
