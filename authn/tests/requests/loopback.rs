//! `localhost` is the loopback interface, whatever it resolves to elsewhere.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    sync::Arc,
};

use ::reqwest::{
    ClientBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
};
use authn::{
    Context, Credentials, Result, Token, TokenSet, TokenSource, Url, conformance::Canary,
    reqwest::Client,
};

use crate::{server::Server, urls::Fixed};

/// Another address of this machine, which stands for another machine.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Resolves every name to one address, as a name server that lies does.
struct Lying(SocketAddr);

impl Resolve for Lying {
    fn resolve(&self, _: Name) -> Resolving {
        let address: Addrs = Box::new([self.0].into_iter());
        Box::pin(async move { Ok(address) })
    }
}

fn client(url: &str, builder: ClientBuilder) -> Client {
    let credentials = Credentials::builder().provider(Fixed(Canary::new())).origin(url);
    Client::from_builder(builder, credentials.build().unwrap()).unwrap()
}

#[tokio::test]
async fn a_builder_cannot_resolve_localhost_elsewhere() {
    let server = Server::start(|_| (200, String::new()));
    let port = server.url.parse::<Url>().unwrap().port().unwrap();
    let elsewhere = SocketAddr::new(ELSEWHERE, port);
    // Not every system has a second loopback address.
    let Ok(listener) = TcpListener::bind(elsewhere) else { return };
    let other = Server::of(listener, |_| (200, String::new()));
    let builder = ::reqwest::Client::builder;
    for host in ["localhost", "LOCALHOST"] {
        for builder in [
            builder().resolve("localhost", elsewhere),
            builder().resolve_to_addrs("localhost", &[elsewhere, elsewhere]),
            builder().dns_resolver(Arc::new(Lying(elsewhere))),
        ] {
            let url = format!("http://{host}:{port}");
            let response = client(&url, builder).get(&url).send().await.unwrap();
            assert_eq!(response.remote_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
            assert!(server.requests().pop().unwrap().header("authorization").is_some());
            assert!(other.requests().is_empty(), "nothing is sent elsewhere");
        }
    }
}

/// Sends a token request.
#[derive(Debug)]
struct Exchanging(Url);

impl TokenSource for Exchanging {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        context.http().post(&self.0).form(&[("a", "1")]).send().await?.success()?;
        Ok(Token::new("abc")?.into())
    }
}

/// A server may listen on one of the two alone, and a system may know only the other.
#[tokio::test]
async fn localhost_is_the_address_of_either_family() {
    for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let Ok(listener) = TcpListener::bind((address, 0)) else { continue };
        let server = Server::of(listener, |_| (200, String::new()));
        let port = server.url.parse::<Url>().unwrap().port().unwrap();
        let url = format!("http://localhost:{port}");
        let credentials = Credentials::builder().provider(Fixed(Canary::new())).origin(&url);
        let client = Client::new(credentials.build().unwrap()).unwrap();
        let response = client.get(&url).send().await.unwrap();
        assert_eq!(response.remote_addr().unwrap().ip(), address);
        let source = Exchanging(url.parse().unwrap());
        let credentials = Credentials::builder().source(source).origin("*").build().unwrap();
        assert_eq!(credentials.token().await.unwrap().secret(), "abc");
        assert_eq!(server.requests().pop().unwrap().body, "a=1");
    }
}
