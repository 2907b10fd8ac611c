use std::sync::Arc;

use adapters::object_store::{Azure, Google};
use object_store::{
    ObjectStore, ObjectStoreExt as _,
    azure::MicrosoftAzureBuilder,
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
};

use crate::server::{Server, credentials};

async fn read(store: &dyn ObjectStore) -> String {
    let result = store.get(&"a/b".into()).await.unwrap();
    String::from_utf8(result.bytes().await.unwrap().into()).unwrap()
}

#[tokio::test]
async fn a_store_of_azure_has_a_bearer_token() {
    let server = Server::start("Bearer t1", "an object");
    let store = MicrosoftAzureBuilder::new()
        .with_account("account")
        .with_container_name("things")
        .with_endpoint(server.url.clone())
        .with_allow_http(true)
        .with_credentials(Arc::new(Azure(credentials(&server.url))))
        .build()
        .unwrap();
    assert_eq!(read(&store).await, "an object");
    assert_eq!(server.seen(), ["GET /things/a/b"]);
}

#[tokio::test]
async fn a_store_of_google_has_a_bearer_token() {
    let server = Server::start("Bearer t1", "an object");
    let store = GoogleCloudStorageBuilder::new()
        .with_bucket_name("things")
        .with_config(GoogleConfigKey::BaseUrl, &server.url)
        .with_client_options(object_store::ClientOptions::new().with_allow_http(true))
        .with_credentials(Arc::new(Google(credentials(&server.url))))
        .build()
        .unwrap();
    assert_eq!(read(&store).await, "an object");
    assert_eq!(server.seen().len(), 1);
}
