//! The example's program, as instances behind a reverse proxy, and a browser without scripts for them.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, Stdio},
    thread,
};

use authn_tests::{
    browser::Browser,
    command::{Sandbox, binary},
    rig::{Rig, agent},
};

/// Two instances that share a key and a folder of sessions. Of a browser, one serves all but the callback.
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) sandbox: Sandbox,
    instances: Vec<Instance>,
}

struct Instance {
    program: Child,
    address: String,
    log: PathBuf,
}

impl Site {
    pub(crate) fn start(rig: &Rig, client: &str) -> Self {
        Self::start_for(rig, client, None)
    }

    /// Starts it for browsers that see it at another address, if there is one.
    pub(crate) fn start_for(rig: &Rig, client: &str, public_url: Option<&str>) -> Self {
        let sandbox = Sandbox::new();
        let origin = rig.issuer();
        let config = format!(
            "[credentials]\norigins = ['{origin}']\n\
             [credentials.oauth]\nissuer_url = '{origin}'\n{client}\nscope = 'openid offline_access read'\n\
             [profile.login.credentials.oauth]\ngrant_type = 'authorization_code'\nprompt = 'consent'\n"
        );
        sandbox.file(sandbox.config().join("authn/config.toml"), config);
        let key = sandbox.file("key", "a key of more than thirty-two bytes\n");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let start = |name| {
            let log = sandbox.work().join(name);
            let mut command = sandbox.command(binary("web-login"));
            command
                .env("LISTEN", "127.0.0.1:0")
                .env("PUBLIC_URL", public_url.unwrap_or(&url))
                .env("API_URL", rig.resource_url("/rs/bearer"))
                .env("COOKIE_KEY_FILE", &key)
                .env("LOG", "debug")
                .stdout(Stdio::piped())
                .stderr(fs::File::create(&log).unwrap());
            let mut program = command.spawn().unwrap();
            let mut line = String::new();
            BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
            let address = line.trim().strip_prefix("listening on http://").map(str::to_owned);
            let address =
                address.unwrap_or_else(|| panic!("{}", fs::read_to_string(&log).unwrap()));
            Instance { program, address, log }
        };
        let instances = vec![start("first.log"), start("second.log")];
        let [first, second] =
            [&instances[0], &instances[1]].map(|instance| instance.address.clone());
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (first, second) = (first.clone(), second.clone());
                thread::spawn(move || forward(connection, &first, &second));
            }
        });
        Self { url, sandbox, instances }
    }

    /// Everything that the instances have logged.
    pub(crate) fn logs(&self) -> Vec<String> {
        self.instances.iter().map(|one| fs::read_to_string(&one.log).unwrap()).collect()
    }

    /// The sessions in the store, as text.
    pub(crate) fn sessions(&self) -> Vec<String> {
        let folder = self.sandbox.state().join("authn/tokens");
        let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
        files
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .map(|path| fs::read_to_string(path).unwrap())
            .collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for instance in &mut self.instances {
            let _ = instance.program.kill();
            let _ = instance.program.wait();
        }
    }
}

/// Sends one request on: that of the callback to the second instance, all others to the first.
fn forward(mut browser: TcpStream, first: &str, second: &str) {
    let mut head = Vec::new();
    let mut reader = BufReader::new(browser.try_clone().unwrap());
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head).unwrap_or_default() == 0 {
            return;
        }
    }
    let text = String::from_utf8(head).unwrap();
    let is_callback = text.split(' ').nth(1).is_some_and(|path| path.starts_with("/callback?"));
    let mut instance = TcpStream::connect(if is_callback { second } else { first }).unwrap();
    // No request has a body. The answer ends with the connection.
    let head = text.lines().filter(|line| !line.to_lowercase().starts_with("connection:"));
    let head: String =
        head.filter(|line| !line.is_empty()).flat_map(|line| [line, "\r\n"]).collect();
    write!(instance, "{head}Connection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    instance.read_to_end(&mut answer).unwrap();
    let _ = browser.write_all(&answer);
    let _ = browser.shutdown(Shutdown::Both);
}

/// A browser without scripts. Its user follows links by hand.
#[derive(Default)]
pub(crate) struct Visitor {
    pub(crate) cookies: BTreeMap<String, String>,
    /// Everything that the site has sent, apart from the cookies.
    pub(crate) seen: String,
}

pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) body: String,
    pub(crate) set_cookies: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Visitor {
    pub(crate) fn get(&mut self, url: &str) -> Page {
        let request = agent().get(url).header("cookie", self.cookie());
        self.page(request.call().unwrap())
    }

    pub(crate) fn post(&mut self, url: &str) -> Page {
        let request = agent().post(url).header("cookie", self.cookie());
        self.page(request.send_empty().unwrap())
    }

    /// Opens the login, and returns where the server sends the user. The address is opened without this browser's cookies
    /// first, which changes nothing.
    pub(crate) fn come_back(&mut self, site: &Site, user: &Browser) -> String {
        let page = self.get(&format!("{}/login", site.url));
        assert_eq!(page.status, 303, "{}", page.body);
        let report = user.open(&page.location);
        assert_eq!(report["status"], 400, "{report}");
        report["location"].as_str().unwrap().to_owned()
    }

    fn cookie(&self) -> String {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    fn page(&mut self, mut response: http::Response<ureq::Body>) -> Page {
        let header = |name| {
            let values = response.headers().get_all(name).iter();
            values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (set_cookies, location) = (header("set-cookie"), header("location").concat());
        for cookie in &set_cookies {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_string().unwrap();
        self.seen.extend([&*location, "\n", &body, "\n"]);
        Page { status, location, body, set_cookies, headers }
    }
}
