//! The client's certificate (RFC 8705): read again for each exchange, and remembered for the tokens that are bound to it.
//!
//! A rotation replaces two files, the certificate and its key, and an exchange can find one of them replaced and the
//! other not, or half a file. For a while, the last pair that fitted is used then.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use authn::{
    Error, Result, SecretString, Token, Used,
    http::ClientIdentity,
    time::{Clock, Moment},
};
use aws_lc_rs::digest::{SHA256, digest};

use crate::jws::{NOT_A_PATH, is_path};

/// How long the last pair is used while the files do not fit. A rotation takes seconds. A mistake must not go unnoticed
/// until the old certificate expires.
const GRACE: Duration = Duration::from_mins(5);

/// Most tokens whose certificates are remembered. A token is refused with another certificate, and then replaced.
const MOST: usize = 16;

/// The certificates of one client. A clone shares them.
#[derive(Clone, Default)]
pub(super) struct Certificates(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The last pair that fitted.
    current: Option<ClientIdentity>,
    /// After a reload, the old client and the new one share it: an exchange of either issues tokens for both.
    issued: Arc<Mutex<Issued>>,
    /// Since when the files do not fit.
    unfit_since: Option<Moment>,
}

/// The last tokens, by their digests, with the certificates that they were issued for. The newest is first.
type Issued = VecDeque<(Vec<u8>, ClientIdentity)>;

/// The options that name a certificate and its key.
#[derive(Clone)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: SecretString,
}

impl Certificates {
    /// Reads the files when the configuration is loaded. It may block.
    pub(super) fn load(&self, files: &Files) -> Result<()> {
        let key = files.key.expose();
        if is_path(&key) {
            return Err(Error::configuration("`certificate_key` is a path, and not a key in PEM")
                .with_help(NOT_A_PATH));
        }
        let identity = ClientIdentity::read_file(&files.certificate, &files.key).map_err(place)?;
        self.state().current = Some(identity);
        Ok(())
    }

    /// Reads the files for an exchange. The key is that of the last resolution of its reference.
    pub(super) async fn read(&self, files: &Files, clock: &Clock) -> Result<ClientIdentity> {
        let read = ClientIdentity::read_file_aside(&files.certificate, &files.key).await;
        let mut state = self.state();
        match read {
            Ok(identity) => {
                state.unfit_since = None;
                state.current = Some(identity.clone());
                Ok(identity)
            }
            Err(error) => state.bridge(place(error), &files.certificate, clock.now()),
        }
    }

    /// Remembers that a token was issued for a certificate.
    pub(super) fn note(&self, token: &Token, identity: ClientIdentity) {
        let issued = Arc::clone(&self.state().issued);
        let mut issued = lock(&issued);
        issued.push_front((name(token), identity));
        issued.truncate(MOST);
    }

    /// Remembers what an older client remembers of its tokens.
    pub(super) fn continue_from(&self, older: &Self) {
        let issued = Arc::clone(&older.state().issued);
        self.state().issued = issued;
    }

    /// Returns the certificate that a token was issued for. If it is not known, such as for a token of another process, it
    /// is the current one.
    pub(super) fn of(&self, used: &Used) -> Option<ClientIdentity> {
        let state = self.state();
        let current = state.current.as_ref()?;
        let issued = lock(&state.issued);
        let is_current = |(_, of): &(_, ClientIdentity)| of.thumbprint() == current.thumbprint();
        if !issued.iter().all(is_current)
            && let Some(name) = used.token().map(name)
            && let Some((_, of)) = issued.iter().find(|(of, _)| *of == name)
        {
            return Some(of.clone());
        }
        Some(current.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// Returns the last pair that fitted, unless the files have not fitted for too long.
    fn bridge(&mut self, error: Error, path: &Path, now: Moment) -> Result<ClientIdentity> {
        let since = *self.unfit_since.get_or_insert(now);
        match &self.current {
            Some(last) if !since.plus(GRACE).reached(now) => {
                tracing::warn!(
                    certificate = %path.display(),
                    problem = error.message(),
                    "the last client certificate is used, because the new files do not fit yet"
                );
                Ok(last.clone())
            }
            _ => Err(error),
        }
    }
}

fn name(token: &Token) -> Vec<u8> {
    digest(&SHA256, token.secret().as_bytes()).as_ref().to_vec()
}

fn place(error: Error) -> Error {
    error.at("`certificate` and `certificate_key`")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use authn::{ErrorKind, time::ManualClock};

    use super::*;
    use crate::testing::wait;

    /// Two clients, each with a certificate that it has signed itself.
    const CLIENTS: [[&str; 2]; 2] = [[ONE, KEY_OF_ONE], [TWO, KEY_OF_TWO]];
    const ONE: &str = "-----BEGIN CERTIFICATE-----
MIIBOjCB7aADAgECAhQ1djLqHDCK7Kd7j9WpKrO/r/HcNTAFBgMrZXAwEjEQMA4G
A1UEAwwHY2xpZW50MTAgFw0yNjExMjkwODA1MzBaGA8yMTI2MTEwNTA4MDUzMFow
EjEQMA4GA1UEAwwHY2xpZW50MTAqMAUGAytlcAMhABm/RAlphM3+hUG6wWfcO5bI
UIaqMLa2ywxcOK1wMWbho1MwUTAdBgNVHQ4EFgQUoozB+G5ZYNPgOudcliyXqNRI
KTwwHwYDVR0jBBgwFoAUoozB+G5ZYNPgOudcliyXqNRIKTwwDwYDVR0TAQH/BAUw
AwEB/zAFBgMrZXADQQDAq1oZL7J6VjdIMHEMGue34sanlSrPM7yBiuF8JiujaAH6
c0uRjCddSYwNO3dwCSg3ILwpRKsLJ2NWd+gUEZ8I
-----END CERTIFICATE-----
";
    const KEY_OF_ONE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
    const TWO: &str = "-----BEGIN CERTIFICATE-----
MIIBOjCB7aADAgECAhRDuXpNqC09CmzABH7hOtir5tyFFDAFBgMrZXAwEjEQMA4G
A1UEAwwHY2xpZW50MjAgFw0yNjExMjkwODA1MzBaGA8yMTI2MTEwNTA4MDUzMFow
EjEQMA4GA1UEAwwHY2xpZW50MjAqMAUGAytlcAMhAMg9AjpMDvrYUa15O2nnYPeg
4VUA6qA2DKLNzndNJm0Ko1MwUTAdBgNVHQ4EFgQUhnE38V1Ggi+553eKfocJpqMP
6dQwHwYDVR0jBBgwFoAUhnE38V1Ggi+553eKfocJpqMP6dQwDwYDVR0TAQH/BAUw
AwEB/zAFBgMrZXADQQALrCFTwPtwdz5P8DI2MgsRZM4Ty9ccKtw3Cv7BIXn6TvyK
OQvq6gcJdnWSETzXn8Q+R7SNPGA2g1WfcDmQw4sB
-----END CERTIFICATE-----
";
    const KEY_OF_TWO: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIHxbYkGydGrSmvxOpfbLE0TNr/3Pa70JLUfh0NQhtcx1
-----END PRIVATE KEY-----
";
    const THUMBPRINTS: [&str; 2] = [
        "pgQ9hoIJfp6QWIUz8Lqg7m7v-P5zNk8SPyE0iouonhA",
        "Eqj3SUToImUaE2pLGBr-kru8BdNiCC_EsQFV9G6qDbs",
    ];

    /// A client whose files change.
    struct Scene {
        folder: tempfile::TempDir,
        certificates: Certificates,
        manual: ManualClock,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let scene =
                Self { folder, certificates: Certificates::default(), manual: ManualClock::new() };
            scene.write(CLIENTS[0][0]);
            scene.certificates.load(&scene.files(KEY_OF_ONE)).unwrap();
            scene
        }

        fn write(&self, certificate: &str) {
            fs::write(self.folder.path().join("client.crt"), certificate).unwrap();
        }

        fn files(&self, key: &str) -> Files {
            Files { certificate: self.folder.path().join("client.crt"), key: key.into() }
        }

        /// Returns the thumbprint of the pair of an exchange.
        fn read(&self, key: &str) -> Result<String> {
            let clock = Clock::custom(self.manual.clone());
            let read = wait(self.certificates.read(&self.files(key), &clock));
            read.map(|identity| identity.thumbprint().to_owned())
        }

        /// Returns the thumbprint of the certificate that is shown with a token.
        fn of(&self, token: &str) -> String {
            let mut used = Used::default();
            let (mut parts, ()) =
                http::Request::get("https://a.test/").body(()).unwrap().into_parts();
            let mut request = authn::Request::from(&mut parts).with_used(&mut used);
            request.bearer(&Token::new(token).unwrap()).unwrap();
            self.certificates.of(&used).unwrap().thumbprint().to_owned()
        }

        fn note(&self, token: &str, [certificate, key]: [&str; 2]) {
            let identity = ClientIdentity::from_pem(certificate, &key.into()).unwrap();
            self.certificates.note(&Token::new(token).unwrap(), identity);
        }
    }

    #[test]
    fn the_last_pair_is_used_while_the_files_do_not_fit_but_not_for_long() {
        let half = &TWO[..TWO.len() / 2];
        for (certificate, key) in
            [(TWO, KEY_OF_ONE), (ONE, KEY_OF_TWO), (half, KEY_OF_TWO), ("", KEY_OF_ONE)]
        {
            let scene = Scene::new();
            assert_eq!(scene.read(KEY_OF_ONE).unwrap(), THUMBPRINTS[0]);
            scene.manual.advance(GRACE);
            scene.write(certificate);
            assert_eq!(scene.read(key).unwrap(), THUMBPRINTS[0]);
            scene.manual.advance(GRACE.saturating_sub(Duration::from_millis(1)));
            assert_eq!(scene.read(key).unwrap(), THUMBPRINTS[0]);
            scene.manual.advance(Duration::from_millis(1));
            let error = scene.read(key).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(
                error.message().starts_with("`certificate` and `certificate_key`: "),
                "{error}"
            );
            // Once both are there, the new pair is used, and the time starts anew with the next rotation.
            scene.write(TWO);
            assert_eq!(scene.read(KEY_OF_TWO).unwrap(), THUMBPRINTS[1]);
            scene.write(ONE);
            assert_eq!(scene.read(KEY_OF_TWO).unwrap(), THUMBPRINTS[1]);
        }
    }

    #[test]
    fn a_pair_that_never_fitted_is_an_error_at_once() {
        let scene = Scene::new();
        let unread = Certificates::default();
        let clock = Clock::custom(scene.manual.clone());
        let error = wait(unread.read(&scene.files(KEY_OF_TWO), &clock)).unwrap_err();
        assert!(error.message().contains("the key belongs to another certificate"), "{error}");
        assert!(unread.of(&Used::default()).is_none());
    }

    #[test]
    fn a_token_stays_with_its_certificate() {
        let scene = Scene::new();
        scene.note("first", CLIENTS[0]);
        scene.write(TWO);
        scene.read(KEY_OF_TWO).unwrap();
        // Between the two, the exchange for the next token has begun.
        assert_eq!(scene.of("first"), THUMBPRINTS[0]);
        scene.note("second", CLIENTS[1]);
        assert_eq!(scene.of("first"), THUMBPRINTS[0]);
        assert_eq!(scene.of("second"), THUMBPRINTS[1]);
        assert_eq!(scene.of("of_another_process"), THUMBPRINTS[1]);
        for number in 0..MOST {
            scene.note(&format!("t{number}"), CLIENTS[1]);
        }
        assert_eq!(scene.of("first"), THUMBPRINTS[1], "old ones are forgotten");
    }

    #[test]
    fn a_token_stays_with_its_certificate_when_a_reload_makes_another_client() {
        let (old, new) = (Scene::new(), Scene::new());
        old.note("before", CLIENTS[0]);
        new.write(TWO);
        new.read(KEY_OF_TWO).unwrap();
        new.certificates.continue_from(&old.certificates);
        // An exchange of the old client can end after the reload.
        old.note("meanwhile", CLIENTS[0]);
        new.note("after", CLIENTS[1]);
        for (token, number) in [("before", 0), ("meanwhile", 0), ("after", 1), ("other", 1)] {
            assert_eq!(new.of(token), THUMBPRINTS[number], "{token}");
        }
    }
}
