//! A certificate and its key that are replaced on disk while a program runs.

use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

use authn::{
    Credentials, ErrorKind, TokenSet,
    reqwest::Client,
    time::{Clock, ManualClock},
};
use authn_tests::{logs::Logs, rig::Rig};

use super::scene::{at, files, loader, make_renewed, shown, thumbprint};

/// A client whose files a test replaces.
struct Scene {
    rig: Rig,
    folder: tempfile::TempDir,
    manual: ManualClock,
    credentials: Credentials,
    client: Client,
    /// Of the first certificate and of the renewed one.
    thumbprints: [String; 2],
}

impl Scene {
    /// Starts with the first certificate. The files are in a folder that `live` is a link to.
    fn new() -> Self {
        let rig = Rig::start();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        make_renewed(&rig, path);
        for (version, certificate, key) in [
            ("first", rig.key("client.crt"), rig.key("client.key")),
            ("second", path.join("renewed.crt"), path.join("renewed.key")),
        ] {
            fs::create_dir(path.join(version)).unwrap();
            fs::copy(certificate, path.join(version).join("tls.crt")).unwrap();
            fs::copy(key, path.join(version).join("tls.key")).unwrap();
        }
        fs::create_dir(path.join("mounted")).unwrap();
        symlink("mounted", path.join("live")).unwrap();
        let thumbprints = ["first", "second"].map(|version| {
            let of = |file: &str| path.join(version).join(file);
            thumbprint(&of("tls.crt"), &of("tls.key"))
        });
        copy(path, "first", &["tls.crt", "tls.key"]);
        let options = format!(
            "issuer_url = '{}'\nclient_id = 'cc-mtls-san'\n{}",
            rig.issuer(),
            files(&path.join("live/tls.crt"), &path.join("live/tls.key"))
        );
        let manual = ManualClock::new();
        let clock = Clock::custom(manual.clone());
        let credentials = loader(&rig, &options, &[]).clock(clock).load().unwrap();
        let client = Client::new(credentials.clone()).unwrap();
        Self { rig, folder, manual, credentials, client, thumbprints }
    }

    /// Asserts that the API accepts the token, and which of the two certificates it is shown.
    async fn expect_shown(&self, index: usize) {
        let status = self.client.get(at(&self.rig, "/rs/bearer")).send().await.unwrap().status();
        assert_eq!(status, 200);
        let echo = self.client.get(at(&self.rig, "/rs/echo")).send().await.unwrap();
        assert_eq!(shown(echo).await.as_deref(), Some(&*self.thumbprints[index]));
    }
}

/// Overwrites files that are in use.
fn copy(folder: &Path, version: &str, names: &[&str]) {
    for name in names {
        fs::copy(folder.join(version).join(name), folder.join("live").join(name)).unwrap();
    }
}

/// Replaces the files by renaming new ones.
fn rename(folder: &Path, version: &str) {
    for name in ["tls.key", "tls.crt"] {
        let new = folder.join("live").join("new");
        fs::copy(folder.join(version).join(name), &new).unwrap();
        fs::rename(new, folder.join("live").join(name)).unwrap();
    }
}

/// Replaces the folder by renaming a link, as Kubernetes does.
fn swap(folder: &Path, version: &str) {
    symlink(version, folder.join("next")).unwrap();
    fs::rename(folder.join("next"), folder.join("live")).unwrap();
}

#[tokio::test]
async fn new_files_are_used_by_the_next_exchange_and_by_apis_with_its_token() {
    let scene = Scene::new();
    let folder = scene.folder.path();
    let overwrite: fn(&Path, &str) =
        |folder, version| copy(folder, version, &["tls.crt", "tls.key"]);
    scene.expect_shown(0).await;
    let mut exchanges = 1;
    for (replace, version, last, now) in [
        (overwrite, "second", 0, 1),
        (rename, "first", 1, 0),
        (swap, "second", 0, 1),
        (swap, "first", 1, 0),
    ] {
        replace(folder, version);
        // The token that there is stays with its certificate.
        scene.expect_shown(last).await;
        scene.credentials.refresh().await.unwrap();
        exchanges += 1;
        scene.expect_shown(now).await;
        let of_client = [("client", "cc-mtls-san"), ("status", "200")];
        assert_eq!(scene.rig.count(&of_client), exchanges, "no token was refused");
    }
}

#[tokio::test]
async fn a_reload_uses_new_files() {
    let scene = Scene::new();
    scene.expect_shown(0).await;
    swap(scene.folder.path(), "second");
    scene.credentials.reload().await.unwrap();
    scene.expect_shown(1).await;
}

/// As after a restart with a stored token. The API refuses it, because it is bound to another certificate.
#[tokio::test]
async fn a_token_that_was_issued_for_unknown_files_is_replaced() {
    let scene = Scene::new();
    let token = scene.credentials.token().await.unwrap();
    swap(scene.folder.path(), "second");
    scene.credentials.reload().await.unwrap();
    scene.credentials.adopt(TokenSet::new(token)).await.unwrap();
    scene.expect_shown(1).await;
    let of_client = [("client", "cc-mtls-san"), ("status", "200")];
    assert_eq!(scene.rig.count(&of_client), 2);
}

#[tokio::test]
async fn half_a_rotation_breaks_nothing_and_is_logged() {
    let logs = Logs::of_process();
    for half in ["tls.crt", "tls.key"] {
        let scene = Scene::new();
        scene.expect_shown(0).await;
        let start = logs.len();
        copy(scene.folder.path(), "second", &[half]);
        scene.credentials.refresh().await.unwrap();
        scene.expect_shown(0).await;
        let logged = logs.text(start);
        assert!(logged.contains("the last client certificate is used"), "{logged}");
        let key = fs::read_to_string(scene.folder.path().join("second/tls.key")).unwrap();
        assert!(!logged.contains(key.lines().nth(1).unwrap()), "the key is shown");

        scene.manual.advance(Duration::from_mins(5));
        let error = scene.credentials.refresh().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        let says = "`certificate` and `certificate_key`: the key belongs to another certificate";
        assert!(error.to_string().contains(says), "{error}");

        copy(scene.folder.path(), "second", &["tls.crt", "tls.key"]);
        scene.manual.advance(Duration::from_hours(1));
        scene.expect_shown(1).await;
    }
}
