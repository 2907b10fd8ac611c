//! `Client`: the one connection of a process, which is made when it is first needed, and again when it breaks.
//!
//! Every command may be sent twice, because it changes nothing the second time: a save has a tag, and a lease an owner.

use std::{
    path::{Path, PathBuf},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use authn::{Error, Result, SecretString, diagnostic::reason, private::resolve};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use redis::{
    AsyncConnectionConfig, Cmd, ConnectionAddr, ConnectionInfo, FromRedisValue,
    IntoConnectionInfo as _, ProtocolVersion, PushInfo, RedisConnectionInfo, RedisError,
    TlsCertificates, Value,
    aio::MultiplexedConnection,
    cluster::ClusterClientBuilder,
    cluster_async::ClusterConnection,
    cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr},
    from_redis_value,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tokio::{
    sync::{Mutex, RwLock},
    task::spawn_blocking,
    time::timeout,
};

use super::{
    address::{Address, Place},
    failure::{Cause, unreachable},
    messages::Messages,
    resolver::Resolver,
    scripts::Code,
};

/// Largest file of authorities: as large as a whole system's is.
const LARGEST_BUNDLE: u64 = 1024 * 1024;
/// How long an answer is still waited for after its time. A process that was stopped finds both the end of the time and the
/// answer when it goes on.
const LATE: Duration = Duration::from_millis(200);

/// Where the server is, and what it is told.
pub(super) struct Settings {
    pub(super) place: Place,
    pub(super) user: User,
    pub(super) sentinel_user: User,
    pub(super) ca_file: Option<PathBuf>,
    /// Longest time for a connection, and for one command.
    pub(super) timeout: Duration,
    pub(super) prefix: String,
}

/// The user of a server.
pub(super) struct User {
    pub(super) name: Option<String>,
    pub(super) password: Option<SecretString>,
}

/// The connection of one process.
pub(super) struct Client {
    settings: Arc<Settings>,
    pub(super) messages: Arc<Messages>,
    link: Mutex<Option<Link>>,
    /// Held alone while channels are unsubscribed: one of them could be subscribed again meanwhile.
    subscribing: RwLock<()>,
    /// Connections that were tried so far, and how the last one failed.
    tried: AtomicU64,
    failed: std::sync::Mutex<Option<Error>>,
}

/// A connection that works until it is found not to.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) number: u64,
    connection: Connection,
}

#[derive(Clone)]
enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// Which server of a cluster a command goes to.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    /// The master of a key.
    Key(&'a str),
    /// The master of a slot, which is the one server if there is no cluster.
    Slot(u16),
}

impl Client {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            messages: Arc::default(),
            link: Mutex::default(),
            subscribing: RwLock::default(),
            tried: AtomicU64::new(0),
            failed: std::sync::Mutex::default(),
        }
    }

    /// Runs a script on the master of its keys. The server may have forgotten it, such as after a restart.
    pub(super) async fn script<T: FromRedisValue>(
        &self,
        script: &Code,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<T> {
        let target = Target::Key(keys[0]);
        let command = |name: &str, script: &str| {
            let mut command = redis::cmd(name);
            command.arg(script).arg(keys.len()).arg(keys).arg(arguments);
            command
        };
        match self.try_command(target, &command("EVALSHA", &script.hash)).await {
            Err(cause) if cause.is_missing_script() => {
                self.command(target, &command("EVAL", script.text)).await
            }
            result => result.and_then(read).map_err(|cause| self.error(&cause)),
        }
    }

    /// Runs a command.
    pub(super) async fn command<T: FromRedisValue>(
        &self,
        target: Target<'_>,
        command: &Cmd,
    ) -> Result<T> {
        let result = self.try_command(target, command).await;
        result.and_then(read).map_err(|cause| self.error(&cause))
    }

    /// Subscribes to a channel, unless this connection has.
    pub(super) async fn subscribe(&self, channel: &str) -> Result<()> {
        self.leave_idle().await;
        // Nothing is unsubscribed meanwhile.
        let _subscribing = self.subscribing.read().await;
        if self.messages.is_subscribed(channel, self.link().await?.number) {
            return Ok(());
        }
        let subscribed = self.with_link(|connection| connection.subscribe(channel)).await;
        let ((), link) = subscribed.map_err(|cause| self.error(&cause))?;
        self.messages.note_subscribed(channel, link);
        Ok(())
    }

    /// Unsubscribes from channels that nothing waits for, if they are too many. While others subscribe, it can wait.
    async fn leave_idle(&self) {
        let Ok(_alone) = self.subscribing.try_write() else { return };
        let idle = self.messages.idle();
        if !idle.is_empty() {
            // A connection that has broken has no subscriptions.
            let _ = self.with_link(|connection| connection.unsubscribe(&idle)).await;
        }
    }

    fn error(&self, cause: &Cause) -> Error {
        cause.error(&self.settings.place, &self.settings.prefix)
    }

    async fn try_command(&self, target: Target<'_>, command: &Cmd) -> Result<Value, Cause> {
        let done = self.with_link(|connection| connection.send(target, command)).await;
        done.map(|(answer, _)| answer)
    }

    /// Does something by the connection, and once more if that is broken or its server is no longer the master. Returns
    /// the number of the connection, too.
    async fn with_link<T, F: Future<Output = Result<T, RedisError>>>(
        &self,
        work: impl Fn(Connection) -> F,
    ) -> Result<(T, u64), Cause> {
        let mut has_retried = false;
        loop {
            let Link { number, connection } = self.link().await.map_err(Cause::Made)?;
            let cause = match self.limited(work(connection)).await {
                Err(cause) => cause,
                Ok(done) => return Ok((done, number)),
            };
            if cause.ends_connection(&self.settings.place) {
                self.leave(number).await;
            }
            if has_retried || !cause.is_of_connection(&self.settings.place) {
                return Err(cause);
            }
            has_retried = true;
        }
    }

    async fn limited<T>(
        &self,
        work: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, Cause> {
        let mut work = pin!(work);
        let mut done = timeout(self.settings.timeout, work.as_mut()).await;
        if done.is_err() {
            done = timeout(LATE, work).await;
        }
        done.map_err(|_| Cause::Timeout)?.map_err(Cause::Answer)
    }

    /// Returns the connection, and makes one if there is none.
    async fn link(&self) -> Result<Link> {
        let tried = self.tried.load(Ordering::Relaxed);
        let mut link = self.link.lock().await;
        if let Some(link) = &*link {
            return Ok(link.clone());
        }
        // Those that have waited for it fail together: each would wait as long for the same failure.
        let number = self.tried.load(Ordering::Relaxed);
        if number != tried
            && let Some(error) = lock(&self.failed).clone()
        {
            return Err(error);
        }
        let made = self.connect().await;
        self.tried.store(number + 1, Ordering::Relaxed);
        *lock(&self.failed) = made.as_ref().err().cloned();
        let made = Link { number: number + 1, connection: made? };
        *link = Some(made.clone());
        Ok(made)
    }

    async fn connect(&self) -> Result<Connection> {
        let settings = &self.settings;
        // A password can come from a command or another server, whose time is not that of Redis.
        let passwords = [&settings.user.password, &settings.sentinel_user.password];
        for password in passwords.into_iter().flatten() {
            resolve(password).await?;
        }
        let made = timeout(settings.timeout, settings.connect(&self.messages)).await;
        made.unwrap_or_else(|_| Err(self.error(&Cause::Timeout)))
    }

    /// Has the next command make a connection, such as to another master.
    pub(super) async fn renew(&self) {
        *self.link.lock().await = None;
        self.messages.interrupt();
    }

    /// Forgets a connection that is of no use. Another task may have made the next one already.
    async fn leave(&self, number: u64) {
        let mut link = self.link.lock().await;
        if link.as_ref().is_some_and(|link| link.number == number) {
            *link = None;
            self.messages.interrupt();
        }
    }
}

impl Settings {
    async fn connect(&self, messages: &Arc<Messages>) -> Result<Connection> {
        if self.place.is_encrypted() && rustls::crypto::CryptoProvider::get_default().is_none() {
            // As rustls does by itself if a program has one implementation only. Another thread may be faster.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let authorities = match &self.ca_file {
            Some(path) => Some(authorities(path).await?),
            None => None,
        };
        match &self.place {
            Place::Server { address, database } => {
                self.server(address, *database, authorities, messages).await.map(Connection::Server)
            }
            Place::Cluster(nodes) => self.cluster(nodes, authorities, messages).await,
            Place::Sentinels { sentinels, master } => {
                let master = self.master(sentinels, master, authorities.as_deref()).await?;
                self.server(&master, 0, authorities, messages).await.map(Connection::Server)
            }
        }
    }

    async fn server(
        &self,
        address: &Address,
        database: i64,
        authorities: Option<Vec<u8>>,
        messages: &Arc<Messages>,
    ) -> Result<MultiplexedConnection> {
        let listener = listener(messages);
        let config = config(address).set_push_sender(listener);
        let info = info(address, &self.user, database, ProtocolVersion::RESP3);
        let connection = async {
            client(info?, authorities)?.get_multiplexed_async_connection_with_config(&config).await
        };
        connection.await.map_err(|error| Cause::Answer(error).error(&self.place, &self.prefix))
    }

    async fn cluster(
        &self,
        nodes: &[Address],
        authorities: Option<Vec<u8>>,
        messages: &Arc<Messages>,
    ) -> Result<Connection> {
        let made = async {
            let infos = nodes.iter().map(|node| info(node, &self.user, 0, ProtocolVersion::RESP3));
            let infos = infos.collect::<Result<Vec<_>, RedisError>>()?;
            let mut builder = ClusterClientBuilder::new(infos)
                .use_protocol(ProtocolVersion::RESP3)
                .push_sender(listener(messages))
                .async_dns_resolver(Resolver { is_encrypted: self.place.is_encrypted() })
                .connection_timeout(self.timeout)
                .response_timeout(self.timeout)
                .retries(3);
            if let Some(authorities) = authorities.clone() {
                builder = builder.certs(certificates(authorities));
            }
            builder.build()?.get_async_connection().await
        };
        let error = match made.await {
            Ok(connection) => return Ok(Connection::Cluster(connection)),
            Err(error) => error,
        };
        // The reason is hidden in the error of a cluster, so one of the nodes is asked for it.
        for node in nodes {
            self.server(node, 0, authorities.clone(), messages).await?;
        }
        Err(Cause::Answer(error).error(&self.place, &self.prefix))
    }

    /// Asks the sentinels for the master, one after the other.
    async fn master(
        &self,
        sentinels: &[Address],
        master: &str,
        authorities: Option<&[u8]>,
    ) -> Result<Address> {
        // One that does not answer leaves time for the others.
        let share = self.timeout / u32::try_from(sentinels.len() + 1).unwrap_or(u32::MAX);
        let mut failure = None;
        let mut is_unknown = false;
        for sentinel in sentinels {
            let asked = async {
                let info = info(sentinel, &self.sentinel_user, 0, ProtocolVersion::RESP2)?;
                let client = client(info, authorities.map(Into::into))?;
                let mut connection =
                    client.get_multiplexed_async_connection_with_config(&config(sentinel)).await?;
                let mut command = redis::cmd("SENTINEL");
                command.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
                command.query_async::<Option<(String, u16)>>(&mut connection).await
            };
            match timeout(share, asked).await {
                Ok(Ok(Some((host, port)))) => {
                    return Ok(Address::named(host, port, sentinel.is_encrypted()));
                }
                Ok(Ok(None)) => is_unknown = true,
                Ok(Err(error)) => failure = Some(Cause::Answer(error)),
                Err(_) => failure = failure.or(Some(Cause::Timeout)),
            }
        }
        if is_unknown {
            return Err(unreachable(&self.place, "its sentinels know no master of this name")
                .with_help("set `stores.redis.master` to a name that `SENTINEL MASTERS` lists"));
        }
        let failure = failure.unwrap_or(Cause::Timeout).error(&self.place, &self.prefix);
        let error = Error::store(format!("no sentinel can be asked: {}", failure.message()))
            .with_help(failure.help().unwrap_or("start the sentinels").to_owned());
        Err(if failure.is_unreachable() { error.as_unreachable() } else { error })
    }
}

fn config(address: &Address) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        // One deadline for all of it is kept here.
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_dns_resolver(Resolver { is_encrypted: address.is_encrypted() })
}

impl Connection {
    async fn send(mut self, target: Target<'_>, command: &Cmd) -> Result<Value, RedisError> {
        match &mut self {
            Self::Server(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => {
                let node = match target {
                    Target::Key(key) => {
                        SingleNodeRoutingInfo::SpecificNode(Route::with_key(key, SlotAddr::Master))
                    }
                    Target::Slot(slot) => {
                        SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master))
                    }
                };
                let routing = RoutingInfo::SingleNode(node);
                connection.route_command(command.clone(), routing).await?.extract_error()
            }
        }
    }

    async fn subscribe(mut self, channel: &str) -> Result<(), RedisError> {
        match &mut self {
            Self::Server(connection) => connection.subscribe(channel).await,
            Self::Cluster(connection) => connection.subscribe(channel).await,
        }
    }

    async fn unsubscribe(mut self, channels: &[String]) -> Result<(), RedisError> {
        match &mut self {
            Self::Server(connection) => connection.unsubscribe(channels).await,
            Self::Cluster(connection) => connection.unsubscribe(channels).await,
        }
    }
}

fn listener(
    messages: &Arc<Messages>,
) -> impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static {
    let messages = Arc::clone(messages);
    move |info| {
        messages.receive(&info);
        Ok(())
    }
}

fn info(
    address: &Address,
    user: &User,
    database: i64,
    protocol: ProtocolVersion,
) -> Result<ConnectionInfo, RedisError> {
    let to = match address.clone() {
        Address::Host { host, port, tls: true } => {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        }
        Address::Host { host, port, tls: false } => ConnectionAddr::Tcp(host, port),
        Address::Socket(path) => ConnectionAddr::Unix(path),
    };
    // The name of the client's library would need a permission of its own.
    let mut settings = RedisConnectionInfo::default()
        .set_protocol(protocol)
        .set_db(database)
        .set_skip_set_lib_name();
    if let Some(name) = &user.name {
        settings = settings.set_username(name);
    }
    if let Some(password) = &user.password {
        settings = settings.set_password(&*password.expose());
    }
    Ok(to.into_connection_info()?.set_redis_settings(settings))
}

fn client(info: ConnectionInfo, authorities: Option<Vec<u8>>) -> Result<redis::Client, RedisError> {
    match authorities {
        Some(authorities) if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) => {
            redis::Client::build_with_tls(info, certificates(authorities))
        }
        _ => redis::Client::open(info),
    }
}

fn certificates(authorities: Vec<u8>) -> TlsCertificates {
    TlsCertificates { client_tls: None, root_cert: Some(authorities) }
}

/// Reads a file of authorities, which must have at least one, and nothing that would be ignored. Returns them with those of
/// the system: the client of Redis would use the file's alone.
async fn authorities(path: &Path) -> Result<Vec<u8>> {
    let file = path.to_owned();
    let failed = |what: &str| {
        Error::store(format!("the authorities in {} can't be used ({what})", path.display()))
            .with_help("set `stores.redis.ca_file` to a file with certificates in PEM")
    };
    let read = spawn_blocking(move || {
        use std::io::Read as _;
        let mut bytes = Vec::new();
        std::fs::File::open(file)?.take(LARGEST_BUNDLE + 1).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    });
    let bytes = read.await.map_err(|_| failed("the reading failed"))?;
    let bytes = bytes.map_err(|error| failed(&reason(&error)))?;
    if bytes.len() as u64 > LARGEST_BUNDLE {
        return Err(failed("it is larger than 1 MiB"));
    }
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|_| failed("it is not PEM"))?;
        roots.add(certificate).map_err(|_| failed("a certificate is not valid"))?;
    }
    if roots.is_empty() {
        return Err(failed("it has no certificate"));
    }
    // Of a system that has no authorities, those of the file are used.
    let mut of_system = spawn_blocking(rustls_native_certs::load_native_certs)
        .await
        .map_or_else(|_| Vec::new(), |found| found.certs);
    of_system.retain(|certificate| roots.add(certificate.clone()).is_ok());
    Ok(of_system.iter().fold(bytes, |mut all, certificate| {
        let text = STANDARD.encode(certificate);
        all.extend(
            format!("\n-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n").bytes(),
        );
        all
    }))
}

fn read<T: FromRedisValue>(value: Value) -> Result<T, Cause> {
    from_redis_value(value).map_err(|error| Cause::Answer(error.into()))
}

/// Locks what is whole also after a panic.
pub(super) fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
