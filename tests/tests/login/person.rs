//! A user with a browser on this machine: opens links, pastes answers, and sees the progress.

use std::{
    fmt,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use authn::{
    Environment, Error, Login, LoginMethod, Result, SecretString,
    prompt::{Link, Progress, Prompt, Question, UserCode},
};
use authn_tests::rig::{self, Rig};

pub(crate) type Follow = dyn Fn(&str) + Send + Sync;
pub(crate) type Paste = dyn Fn(&str, usize) -> Option<String> + Send + Sync;
pub(crate) type Notice = dyn Fn(&Progress) + Send + Sync;

/// A user who follows the script of a test. A clone is the same user.
#[derive(Clone)]
pub(crate) struct Person(Arc<Inner>);

struct Inner {
    follow: Box<Follow>,
    paste: Option<Box<Paste>>,
    notice: Box<Notice>,
    seen: Mutex<Seen>,
    visits: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct Seen {
    links: Vec<Link>,
    questions: Vec<Question>,
    progress: Vec<Progress>,
}

impl Person {
    /// Runs a function with each link, in the background.
    pub(crate) fn who(follows: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self::new(Box::new(follows), None, Box::new(|_| ()))
    }

    /// Runs a function for each progress of the login.
    pub(crate) fn who_notices(notices: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        Self::new(Box::new(|_| ()), None, Box::new(notices))
    }

    /// Pastes an answer to each question, computed from the link and the number of earlier questions, or cancels.
    pub(crate) fn who_pastes(
        pastes: impl Fn(&str, usize) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self::new(Box::new(|_| ()), Some(Box::new(pastes)), Box::new(|_| ()))
    }

    pub(crate) fn new(follow: Box<Follow>, paste: Option<Box<Paste>>, notice: Box<Notice>) -> Self {
        Self(Arc::new(Inner {
            follow,
            paste,
            notice,
            seen: Mutex::default(),
            visits: Mutex::default(),
        }))
    }

    /// A login that shows its link to them and starts no browser.
    pub(crate) fn login(&self) -> Login {
        self.login_with_browser().without_browser()
    }

    /// A login that may start the configured browser.
    pub(crate) fn login_with_browser(&self) -> Login {
        Login::new(self.clone())
            .with_environment(Environment::empty())
            .with_method(LoginMethod::Browser)
    }

    /// A login whose browser is elsewhere.
    pub(crate) fn login_at_console(&self) -> Login {
        Login::new(self.clone())
            .with_environment(Environment::empty())
            .with_method(LoginMethod::Console)
    }

    /// Waits until they have done everything; a visit that has failed fails the test.
    #[track_caller]
    pub(crate) fn is_done(&self) {
        let visits = std::mem::take(&mut *self.0.visits.lock().unwrap());
        for visit in visits {
            if let Err(panic) = visit.join() {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                panic!("a visit has failed: {}", text.unwrap_or("without a word"));
            }
        }
    }

    pub(crate) fn links(&self) -> Vec<Link> {
        self.0.seen.lock().unwrap().links.clone()
    }

    pub(crate) fn questions(&self) -> Vec<Question> {
        self.0.seen.lock().unwrap().questions.clone()
    }

    pub(crate) fn progress(&self) -> Vec<Progress> {
        self.0.seen.lock().unwrap().progress.clone()
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        let notice = |progress| match progress {
            Progress::Notice(text) => Some(text),
            _ => None,
        };
        self.progress().into_iter().filter_map(notice).collect()
    }
}

impl Prompt for Person {
    fn show_link(&self, link: &Link) {
        self.0.seen.lock().unwrap().links.push(link.clone());
        let (person, url) = (self.clone(), link.url().to_string());
        let visit = thread::spawn(move || (person.0.follow)(&url));
        self.0.visits.lock().unwrap().push(visit);
    }

    fn show_code(&self, code: &UserCode) {
        panic!("a code is shown: {}", code.url());
    }

    async fn ask(&self, question: &Question) -> Result<SecretString> {
        let (link, asked) = {
            let mut seen = self.0.seen.lock().unwrap();
            let asked = seen.questions.len();
            seen.questions.push(question.clone());
            (seen.links.last().map(|link| link.url().to_string()).unwrap_or_default(), asked)
        };
        let Some(paste) = &self.0.paste else { return std::future::pending().await };
        let pasted = paste(&link, asked);
        pasted.map(SecretString::from).ok_or_else(|| Error::cancelled("they gave up"))
    }

    fn progress(&self, progress: &Progress) {
        self.0.seen.lock().unwrap().progress.push(progress.clone());
        (self.0.notice)(progress);
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person")
    }
}

/// The page of a browser.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: http::HeaderMap,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn says(&self, status: u16, words: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.body.contains(words), "{}", self.body);
    }
}

/// Logs in at the server as alice, and returns where it sends the browser.
pub(crate) fn come_back(rig: &str, link: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rig/oidc-provider");
    let run = Command::new("node")
        .args(["approve.mjs", "code", rig, link])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap().trim().to_owned()
}

/// Opens an address.
pub(crate) fn open(url: &str) -> Page {
    page(rig::agent().get(url).call().unwrap())
}

pub(crate) fn page(mut response: http::Response<ureq::Body>) -> Page {
    let body = response.body_mut().read_to_string().unwrap();
    Page { status: response.status().as_u16(), body, headers: response.headers().clone() }
}

/// A user who does all that is asked of them, and sees this page at the end.
pub(crate) fn who_logs_in(rig: &Rig, status: u16, words: &'static str) -> Person {
    let issuer = rig.issuer().to_owned();
    Person::who(move |link| open(&come_back(&issuer, link)).says(status, words))
}
