//! Servers of Redis, for one test each: alone, in a cluster, or with a replica and sentinels.
//!
//! A server listens on a free port of this machine, keeps nothing on the disk unless a test asks for it, and ends with the
//! test. A service of Redis that the system runs is not used.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::waiting::until;

/// How often a server is started that finds its port taken meanwhile.
const TRIES: usize = 5;

/// A running server. It is killed when this is dropped, or when the thread that has started it ends.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    port: u16,
    options: Vec<String>,
    /// `None` while it is stopped by [`kill`](Self::kill).
    child: Option<Child>,
    certificates: Option<PathBuf>,
    /// For `redis-cli`.
    password: Option<String>,
}

impl Server {
    /// Starts one.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one with further options, such as `["--maxmemory", "2mb"]`. With `--requirepass`, the password is used for
    /// what a test asks it.
    pub fn with(options: &[&str]) -> Self {
        Self::started(options, None)
    }

    /// Starts one that speaks TLS only, with the files `server.crt`, `server.key` and `ca.crt` of a folder.
    pub fn with_tls(certificates: &Path, options: &[&str]) -> Self {
        Self::started(options, Some(certificates.to_owned()))
    }

    fn started(options: &[&str], certificates: Option<PathBuf>) -> Self {
        let folder = tempfile::Builder::new().prefix("authn-redis-").tempdir();
        let position = options.iter().position(|option| *option == "--requirepass");
        let mut server = Self {
            folder: folder.expect("a temporary folder"),
            port: 0,
            options: options.iter().map(ToString::to_string).collect(),
            child: None,
            certificates,
            password: position.map(|position| options[position + 1].to_owned()),
        };
        for _ in 0..TRIES {
            server.port = free_port();
            server.run();
            if server.is_ready() {
                return server;
            }
        }
        panic!("redis-server does not start: {}", server.log());
    }

    /// Starts it again after [`kill`](Self::kill), at the same port and with the same folder.
    pub fn restart(&mut self) {
        self.run();
        assert!(self.is_ready(), "redis-server does not start again: {}", self.log());
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("redis-server can be killed");
            child.wait().expect("redis-server has ended");
        }
    }

    /// Stops it, so that it answers nothing, until [`go_on`](Self::go_on).
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    /// The port at which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address for the option `url`.
    pub fn url(&self) -> String {
        let scheme = if self.certificates.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Its folder, with what it has saved to the disk.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Runs a command by `redis-cli`, and returns its output without the line's end.
    pub fn ask(&self, command: &[&str]) -> String {
        let output = self.cli(command).output().expect("redis-cli can be started");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Returns a command that runs `redis-cli` at this server.
    pub fn cli(&self, arguments: &[&str]) -> Command {
        let mut cli = Command::new("redis-cli");
        cli.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        if let Some(folder) = &self.certificates {
            cli.arg("--tls").arg("--cacert").arg(folder.join("ca.crt"));
        }
        if let Some(password) = &self.password {
            cli.env("REDISCLI_AUTH", password);
        }
        cli.args(arguments);
        cli
    }

    fn run(&mut self) {
        let port = self.port.to_string();
        // `setpriv` lets it end with the test, however that ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "redis-server"]);
        let sentinel = self.folder.path().join("sentinel.conf");
        if sentinel.exists() {
            command.arg(sentinel).arg("--sentinel");
        }
        command.args(["--bind", "127.0.0.1", "--daemonize", "no", "--logfile", "log", "--dir"]);
        command.arg(self.folder.path());
        match &self.certificates {
            None => drop(command.args(["--port", &port])),
            Some(folder) => {
                command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
                for (option, file) in [
                    ("--tls-cert-file", "server.crt"),
                    ("--tls-key-file", "server.key"),
                    ("--tls-ca-cert-file", "ca.crt"),
                ] {
                    command.arg(option).arg(folder.join(file));
                }
            }
        }
        if !self.options.iter().any(|option| option == "--save" || option == "--sentinel") {
            command.args(["--save", ""]);
        }
        command.args(self.options.iter().filter(|option| *option != "--sentinel"));
        command.current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn();
        self.child = Some(child.expect("redis-server is installed: run `tests/run`"));
    }

    /// Waits until it answers; `false` if it has ended.
    fn is_ready(&mut self) -> bool {
        until("redis-server", || {
            let child = self.child.as_mut().expect("it was started");
            if child.try_wait().expect("the state of redis-server").is_some() {
                return Some(false);
            }
            let answer = self.ask(&["PING"]);
            let is_there = ["PONG", "NOAUTH", "LOADING"].iter().any(|word| answer.contains(word));
            // Another server may have the port.
            let is_own = || {
                self.log().contains("Ready to accept connections")
                    || self.log().contains("Sentinel ID")
            };
            (is_there && is_own()).then_some(true)
        })
    }

    fn signal(&self, signal: &str) {
        let child = self.child.as_ref().expect("redis-server runs");
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill can be started").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A cluster of three masters, and their replicas.
#[derive(Debug)]
pub struct Cluster(Vec<Server>);

impl Cluster {
    /// Starts one without replicas, and waits until it serves all slots.
    pub fn start() -> Self {
        Self::with_replicas(0)
    }

    /// Starts one whose masters have as many replicas each, and waits until these have all data.
    pub fn with_replicas(replicas: usize) -> Self {
        let nodes: Vec<Server> = (0..3 + 3 * replicas)
            .map(|_| {
                let bus = free_port().to_string();
                Server::with(&[
                    "--cluster-enabled",
                    "yes",
                    "--cluster-port",
                    &bus,
                    "--cluster-node-timeout",
                    "2000",
                ])
            })
            .collect();
        let addresses: Vec<String> =
            nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]).args(&addresses).arg("--cluster-yes");
        create.args(["--cluster-replicas", &replicas.to_string()]);
        let output = create.output().expect("redis-cli can be started");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "the cluster can't be made: {text}");
        until("the cluster", || {
            let is_ok = |node: &Server| node.ask(&["CLUSTER", "INFO"]).contains("cluster_state:ok");
            let is_up = |node: &&Server| {
                node.ask(&["INFO", "replication"]).contains("master_link_status:up")
            };
            let has_all = nodes.iter().filter(is_up).count() == 3 * replicas;
            (has_all && nodes.iter().all(is_ok)).then_some(())
        });
        Self(nodes)
    }

    /// Its nodes.
    pub fn nodes(&self) -> &[Server] {
        &self.0
    }

    /// Kills the masters that a condition holds for.
    pub fn kill(&mut self, condition: impl Fn(&Server) -> bool) {
        let is_it = |node: &Server| node.ask(&["ROLE"]).starts_with("master") && condition(node);
        // Nothing is asked any more once one of them is gone.
        let places: Vec<usize> = (0..self.0.len()).filter(|n| is_it(&self.0[*n])).collect();
        for place in places {
            self.0[place].kill();
        }
    }

    /// Waits until replicas have replaced all masters that were killed.
    pub fn wait_for_failover(&self) {
        until("the failover", || {
            let running: Vec<&Server> = self.0.iter().filter(|node| node.child.is_some()).collect();
            let is_ok =
                |node: &&Server| node.ask(&["CLUSTER", "INFO"]).contains("cluster_state:ok");
            let masters = running.iter().filter(|node| node.ask(&["ROLE"]).starts_with("master"));
            (masters.count() == 3 && running.iter().all(is_ok)).then_some(())
        });
    }

    /// The addresses for the option `nodes`, in TOML.
    pub fn urls(&self) -> String {
        list(&self.0)
    }
}

/// A master with a replica, and three sentinels that watch them as `mymaster`.
#[derive(Debug)]
pub struct Watched {
    /// The server that is the master at the start.
    pub master: Server,
    /// The server that becomes it.
    pub replica: Server,
    sentinels: Vec<Server>,
}

impl Watched {
    /// Starts them, and waits until the sentinels know each other and the replica has all data.
    pub fn start() -> Self {
        let master = Server::start();
        let port = master.port().to_string();
        let replica = Server::with(&["--replicaof", "127.0.0.1", &port]);
        until("the replica", || {
            replica.ask(&["INFO", "replication"]).contains("master_link_status:up").then_some(())
        });
        let sentinels: Vec<Server> = (0..3).map(|_| Server::sentinel(master.port())).collect();
        until("the sentinels", || {
            let knows_all = |sentinel: &Server| {
                let state = sentinel.ask(&["INFO", "sentinel"]);
                state.contains("status=ok") && state.contains("slaves=1,sentinels=3")
            };
            sentinels.iter().all(knows_all).then_some(())
        });
        Self { master, replica, sentinels }
    }

    /// Has the sentinels make the replica the master, which takes some time.
    pub fn fail_over(&self) {
        assert_eq!(self.sentinels[0].ask(&["SENTINEL", "FAILOVER", "mymaster"]), "OK");
    }

    /// Waits until the sentinels have made the replica the master.
    pub fn wait_for_failover(&self) {
        let port = self.replica.port().to_string();
        until("the failover", || {
            let names_it = |sentinel: &Server| {
                let command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"];
                sentinel.ask(&command).lines().nth(1) == Some(&port)
            };
            let is_master = self.replica.ask(&["ROLE"]).starts_with("master");
            (is_master && self.sentinels.iter().all(names_it)).then_some(())
        });
    }

    /// The addresses for the option `sentinels`, in TOML.
    pub fn urls(&self) -> String {
        list(&self.sentinels)
    }
}

impl Server {
    fn sentinel(master: u16) -> Self {
        let folder = tempfile::Builder::new().prefix("authn-redis-").tempdir();
        let folder = folder.expect("a temporary folder");
        let text = format!(
            "sentinel monitor mymaster 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds mymaster 1000\n\
             sentinel failover-timeout mymaster 5000\n"
        );
        fs::write(folder.path().join("sentinel.conf"), text).expect("a configuration");
        let mut sentinel = Self {
            folder,
            port: free_port(),
            options: vec!["--sentinel".to_owned()],
            child: None,
            certificates: None,
            password: None,
        };
        sentinel.restart();
        sentinel
    }
}

/// Makes an authority and a certificate for `127.0.0.1` and `localhost` in a folder, for [`Server::with_tls`].
pub fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let output =
            Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
        let output = output.expect("openssl is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n").expect("a file");
    openssl(&format!(
        "req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=test-authority"
    ));
    openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=redis"));
    openssl(
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
    );
}

fn list(servers: &[Server]) -> String {
    let urls: Vec<String> = servers.iter().map(|server| format!("'{}'", server.url())).collect();
    format!("[{}]", urls.join(", "))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
