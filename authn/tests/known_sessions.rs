//! Stored sessions as they are listed and ended without the options that they belong to.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod rotating;

use std::fs;

use authn::{
    Loader,
    config::KnownStore,
    store::{KnownSession, StoreKey},
};
use rotating::{Bench, token};

/// The store of a program that knows no option of any provider.
fn store(bench: &Bench) -> KnownStore {
    let environment = authn::Environment::empty().state_directory(bench.folder.path());
    let stores = Loader::new().environment(environment).read().stores();
    stores.into_iter().find(|store| store.name() == "file").unwrap()
}

async fn sessions(bench: &Bench) -> Vec<KnownSession> {
    store(bench).sessions().await.unwrap()
}

/// Stores a session of the options.
async fn stored(bench: &Bench, options: &str) {
    bench.server.live.lock().unwrap().insert("r0".to_owned());
    bench.server.used.lock().unwrap().clear();
    token(&bench.loader(&format!("refresh_token = 'r0'\n{options}")).load().unwrap()).await;
}

#[tokio::test]
async fn a_session_says_whose_it_is() {
    let bench = Bench::new();
    let options = "url = 'https://login.example.com/realms/a'\nclient_id = 'cli'\n\
                   username = 'ann'\n[profile.work]";
    bench.server.live.lock().unwrap().insert("r0".to_owned());
    let loader = bench.loader(&format!("refresh_token = 'r0'\n{options}"));
    token(&loader.profile("work").load().unwrap()).await;
    let found = sessions(&bench).await;
    let [session] = &*found else { panic!("{found:?}") };
    assert_eq!((session.profile(), session.provider()), (Some("work"), "rotating"));
    assert_eq!(session.server(), Some("https://login.example.com/realms/a"));
    assert_eq!((session.client(), session.user()), (Some("cli"), Some("ann")));
    assert!(session.has_refresh_token() && session.expires_at().is_some());
    assert_eq!(session.id().len(), 8);
}

#[tokio::test]
async fn a_session_of_options_that_have_changed_is_listed_and_ended() {
    let bench = Bench::new();
    stored(&bench, "audience = 'old'").await;
    let old = sessions(&bench).await.remove(0);
    stored(&bench, "audience = 'new'").await;
    let both = sessions(&bench).await;
    assert_eq!(both.len(), 2);
    assert_ne!(both[0].id(), both[1].id());
    let tokens = || fs::read_dir(bench.folder.path().join("authn/tokens")).unwrap();
    let holds = |word: &str| {
        tokens().any(|file| fs::read_to_string(file.unwrap().path()).unwrap().contains(word))
    };
    assert!(holds("\"t1\"") && holds("\"t2\""));
    store(&bench).forget(old.key()).await.unwrap();
    let left = sessions(&bench).await;
    assert_eq!(left.len(), 1);
    assert_ne!(left[0].id(), old.id());
    assert!(!holds("\"t1\"") && holds("\"t2\""));
    store(&bench).forget(&StoreKey::new("there-is-none")).await.unwrap();
    assert_eq!(sessions(&bench).await.len(), 1);
}

#[tokio::test]
async fn all_sessions_are_ended_also_those_that_can_not_be_read() {
    let bench = Bench::new();
    for audience in ["one", "two", "three"] {
        stored(&bench, &format!("audience = '{audience}'")).await;
    }
    fs::write(bench.document(), "{\"refresh_token\":\"r1\"").unwrap();
    assert_eq!(sessions(&bench).await.len(), 2);
    assert_eq!(store(&bench).forget_all().await.unwrap().len(), 2);
    assert_eq!(sessions(&bench).await.len(), 0);
    for path in bench.files() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("_token"), "{} {text}", path.display());
    }
    assert_eq!(store(&bench).forget_all().await.unwrap().len(), 0);
    stored(&bench, "audience = 'one'").await;
    assert_eq!(sessions(&bench).await.len(), 1, "the next login is stored");
}

#[tokio::test]
async fn a_session_of_an_earlier_version_is_listed_as_far_as_its_key_says() {
    let bench = Bench::new();
    stored(&bench, "client_id = 'cli'").await;
    let text = fs::read_to_string(bench.document()).unwrap();
    let owner = text.split(",\"owner\":{").nth(1).unwrap().split('}').next().unwrap();
    let without = text.replace(&format!(",\"owner\":{{{owner}}}"), "");
    fs::write(bench.document(), &without).unwrap();
    let session = sessions(&bench).await.remove(0);
    assert_eq!((session.profile(), session.provider()), (None, "rotating"));
    assert_eq!((session.server(), session.client(), session.user()), (None, None, None));
    // It is still used, and says more when it is next saved.
    let process = bench.loader("refresh_token = 'r0'\nclient_id = 'cli'").load().unwrap();
    assert_eq!(token(&process).await, "t1");
    bench.expire();
    assert_eq!(token(&process).await, "t2");
    assert_eq!(sessions(&bench).await[0].client(), Some("cli"));
}
