//! Starts the service and its downstream, sends requests as two users, and prints the results.

#![expect(clippy::print_stdout, reason = "it tells what happens")]

use std::{error::Error, net::SocketAddr};

use app_service::{TOKEN_PREFIX, client, configuration, credentials, downstream, router, serve};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = serve(downstream()).await?;
    println!("1. An API listens on http://{api}. It answers no request without a token.\n");

    let text = configuration(api);
    let client = client(credentials(&text)?)?;
    let service = serve(router(client.clone(), api)).await?;
    println!("2. A service that calls it listens on http://{service}. Its whole configuration:\n");
    text.lines().for_each(|line| println!("     {line}"));
    println!("\n   Read, without secrets: {:?}\n", client.credentials());

    println!("3. Two users ask the service at the same time, each with a token of their own:\n");
    let (alice, bob) = tokio::try_join!(ask(service, Some("alice")), ask(service, Some("bob")))?;
    println!("     alice  {alice}\n     bob    {bob}\n");

    println!("4. Somebody asks without a token:\n");
    println!("     {}\n", ask(service, None).await?);

    println!("5. The service itself calls the API outside of an incoming request:\n");
    match client.get(format!("http://{api}/name")).send().await {
        Ok(response) => println!("     {}", response.status()),
        Err(error) => println!("     {error}"),
    }
    Ok(())
}

/// Sends a request like a user, with a client that does not use authn.
async fn ask(service: SocketAddr, user: Option<&str>) -> reqwest::Result<String> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut request = client.get(format!("http://{service}/"));
    if let Some(user) = user {
        request = request.header("X-Foundry-AccessToken", format!("{TOKEN_PREFIX}{user}"));
    }
    let response = request.send().await?;
    Ok(format!("{}: {}", response.status(), response.text().await?))
}
