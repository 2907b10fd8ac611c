//! The spans of an exchange and a login: where they are in a trace, and that the guide lists all of them.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    fmt::Write as _,
    fs,
    path::Path,
    sync::{Mutex, Once},
    time::Duration,
};

use authn::{
    Context, Credentials, Environment, InteractiveSource, Loader, Login, Result, SecretString,
    Token, TokenSet, TokenSource,
    conformance::Canary,
    prompt::{Link, Progress, Prompt, Question, UserCode},
    testing::{TokenServer, settled},
    time::{Clock, ManualClock},
};
use authn_providers as _;
use authn_tests::document::Document;
use proc_macro2::{TokenStream, TokenTree};
use syn::visit_mut::VisitMut;
use tracing::{
    Instrument as _, Subscriber,
    field::{Field, Visit},
    info_span,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context as LayerContext, SubscriberExt as _},
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

/// A span of this process.
#[derive(Clone, Debug)]
struct Seen {
    id: Id,
    name: &'static str,
    parent: Option<&'static str>,
    follows: Option<&'static str>,
    fields: Fields,
}

#[derive(Clone, Debug, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Seen {
    fn field(&self, name: &str) -> &str {
        self.fields.0.get(name).map_or("", String::as_str)
    }
}

/// The spans since they were last taken. Exchanges run on the framework's thread, so one subscriber sees all.
static SPANS: Mutex<Vec<Seen>> = Mutex::new(Vec::new());

struct Collector;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let span = context.span(id).unwrap();
        let (name, parent) = (span.name(), span.parent().map(|parent| parent.name()));
        SPANS.lock().unwrap().push(Seen { id: id.clone(), name, parent, follows: None, fields });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: LayerContext<'_, S>) {
        change(id, |span| values.record(&mut span.fields));
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: LayerContext<'_, S>) {
        let cause = context.span(follows).map(|cause| cause.name());
        change(id, |span| span.follows = cause);
    }
}

/// Changes the newest span of an identifier, which is used again after its end.
fn change(id: &Id, change: impl FnOnce(&mut Seen)) {
    let mut spans = SPANS.lock().unwrap();
    if let Some(span) = spans.iter_mut().rfind(|span| span.id == *id) {
        change(span);
    }
}

fn collect() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| tracing_subscriber::registry().with(Collector).init());
}

/// Takes the spans of the crates of this workspace, and those of the test itself.
fn taken() -> Vec<Seen> {
    const OURS: [&str; 5] = ["exchange", "login", "discovery", "store", "HTTP request"];
    let mut spans = std::mem::take(&mut *SPANS.lock().unwrap());
    spans.retain(|span| OURS.contains(&span.name) || span.name.ends_with(" of the test"));
    spans
}

/// Returns the spans of a name.
fn named<'a>(spans: &'a [Seen], name: &str) -> Vec<&'a Seen> {
    spans.iter().filter(|span| span.name == name).collect()
}

/// Returns the names of the parents of the spans of a name.
fn parents(spans: &[Seen], name: &str) -> BTreeSet<Option<&'static str>> {
    named(spans, name).iter().map(|span| span.parent).collect()
}

/// A provider whose login looks where it is in a trace.
#[authn::token_provider("traced_desk", cached, login)]
struct TracedDesk {}

impl TokenSource for TracedDesk {
    async fn request_token(&self, context: &Context, _: Option<&TokenSet>) -> Result<TokenSet> {
        Err(context.login_required("no user is logged in"))
    }
}

impl InteractiveSource for TracedDesk {
    async fn login(&self, _: &Context, _: &Login) -> Result<Option<TokenSet>> {
        let _here = info_span!("login of the test");
        Ok(Some(Token::new("of-a-user")?.with_expires_in(Duration::from_mins(10)).into()))
    }
}

#[derive(Debug)]
struct Silent;

impl Prompt for Silent {
    fn show_link(&self, _: &Link) {}

    fn show_code(&self, _: &UserCode) {}

    async fn ask(&self, _: &Question) -> Result<SecretString> {
        Err(authn::Error::cancelled("no user is here"))
    }

    fn progress(&self, _: &Progress) {}
}

/// Returns a token, asked for within a span of the test.
async fn call(credentials: &Credentials) -> Result<Token> {
    credentials.token().instrument(info_span!("call of the test")).await
}

// One test, because the spans are those of the whole process.
#[tokio::test]
async fn spans_cross_the_threads_and_hold_no_secret() {
    collect();
    let (server, clock) = (TokenServer::start().unwrap(), ManualClock::new());
    let (folder, canary) = (tempfile::tempdir().unwrap(), Canary::new());
    server.set_lifetime(Duration::from_mins(10));
    let text = format!(
        "[profile.prod.credentials]\norigins = ['*']\n\
         [profile.prod.credentials.oauth]\nissuer_url = '{}'\nclient_id = 'reader'\n\
         client_secret = '{}'\nstore = 'file'\n\
         [profile.users.credentials]\norigins = ['*']\ntraced_desk = {{}}\n",
        server.issuer_url(),
        canary.as_str()
    );
    let load = |profile| {
        let environment = Environment::empty().state_directory(folder.path());
        let loader = Loader::new().environment(environment).clock(Clock::custom(clock.clone()));
        loader.defaults(&text).profile(profile).load().unwrap()
    };
    let credentials = load("prod");

    // A caller waits: everything is a part of its call.
    assert_eq!(call(&credentials).await.unwrap().secret(), "access-1");
    let spans = taken();
    assert_eq!(parents(&spans, "exchange"), [Some("call of the test")].into());
    assert_eq!(parents(&spans, "store"), [Some("exchange")].into());
    assert_eq!(parents(&spans, "discovery"), [Some("exchange")].into());
    assert_eq!(parents(&spans, "HTTP request"), [Some("discovery"), Some("exchange")].into());
    let exchange = named(&spans, "exchange")[0];
    let names = ["authn.provider", "authn.profile", "authn.reason", "error.type"];
    assert_eq!(names.map(|name| exchange.field(name)), ["oauth", "prod", "First", ""]);
    let requests = named(&spans, "HTTP request");
    let request = requests.iter().find(|request| request.parent == Some("exchange")).unwrap();
    let names = ["http.request.method", "otel.name", "server.address", "http.response.status_code"];
    assert_eq!(names.map(|name| request.field(name)), ["POST", "POST", "127.0.0.1", "200"]);
    assert!(server.issuer_url().ends_with(&format!(":{}", request.field("server.port"))));
    let mut shown = format!("{spans:?}");

    // No caller waits: the exchange follows from the call that has noticed the refresh point.
    clock.advance(Duration::from_mins(9));
    assert_eq!(call(&credentials).await.unwrap().secret(), "access-1");
    settled(&credentials).await;
    let spans = taken();
    let exchange = named(&spans, "exchange")[0];
    assert_eq!((exchange.parent, exchange.follows), (None, Some("call of the test")));
    assert_eq!(exchange.field("authn.reason"), "Expiring");
    assert_eq!(parents(&spans, "HTTP request"), [Some("exchange")].into());
    write!(shown, "{spans:?}").unwrap();

    // A failure has its kind, and that of a request its status.
    clock.advance(Duration::from_mins(20));
    server.answer_next(503, canary.as_str());
    call(&credentials).await.unwrap_err();
    let spans = taken();
    assert_eq!(named(&spans, "exchange")[0].field("error.type"), "network");
    assert_eq!(named(&spans, "HTTP request")[0].field("error.type"), "503");
    write!(shown, "{spans:?}").unwrap();

    // A login runs on a thread of its own.
    let users = load("users");
    let login = users.login(Login::new(Silent)).instrument(info_span!("page of the test"));
    login.await.unwrap();
    let spans = taken();
    assert_eq!(parents(&spans, "login"), [Some("page of the test")].into());
    assert_eq!(parents(&spans, "login of the test"), [Some("login")].into());
    assert!(parents(&spans, "store").contains(&Some("login")));
    write!(shown, "{spans:?}").unwrap();

    assert_eq!(canary.find_in(shown.as_bytes()), None, "{shown}");
    for secret in ["access-", "refresh-", "of-a-user", "/token"] {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
}

/// A span in the sources or in the guide: name, level and fields.
type Span = (String, String, Vec<String>);

/// The spans that the macros of `tracing` make in a file, and the steps: events that are no warnings.
#[derive(Default)]
struct Macros(Vec<Span>, Steps);

/// The messages and the fields of events.
#[derive(Debug, Default, PartialEq)]
struct Steps {
    messages: BTreeSet<String>,
    fields: BTreeSet<String>,
}

impl VisitMut for Macros {
    fn visit_macro_mut(&mut self, call: &mut syn::Macro) {
        let name = call.path.segments.last().unwrap().ident.to_string();
        if let Some(level) = name.strip_suffix("_span") {
            let (name, fields) = read(call.tokens.clone());
            self.0.push((name, level.to_owned(), fields));
        } else if ["info", "debug", "trace"].contains(&&*name) {
            self.1.read(call.tokens.clone());
        }
    }
}

/// Returns the name and the fields of a span's macro.
fn read(tokens: TokenStream) -> (String, Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |token: &TokenTree, wanted: char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted);
    let (mut name, mut fields) = (None, Vec::new());
    for argument in tokens.split(|token| is(token, ',')).filter(|tokens| !tokens.is_empty()) {
        let text = |tokens: &[TokenTree]| {
            tokens.iter().map(|token| token.to_string().replace('"', "")).collect::<String>()
        };
        match argument.iter().position(|token| is(token, '=')) {
            Some(end) => fields.push(text(&argument[..end])),
            None if argument.len() == 1 => name = Some(text(argument)),
            None => assert_eq!(argument[0].to_string(), "parent"),
        }
    }
    (name.unwrap(), fields)
}

impl Steps {
    /// Adds the message and the fields of an event's macro. A message that is chosen is in its arguments.
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is = |token: &TokenTree, wanted: char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted);
        for argument in tokens.split(|token| is(token, ',')).filter(|tokens| !tokens.is_empty()) {
            match argument.iter().position(|token| is(token, '=')) {
                Some(end) => {
                    let name: String = argument[..end].iter().map(ToString::to_string).collect();
                    self.fields.insert(name.replace("r#", ""));
                }
                None => self.messages.extend(literals(argument)),
            }
        }
    }
}

/// Returns the texts in an argument, also in its blocks, without those that only format another one.
fn literals(tokens: &[TokenTree]) -> Vec<String> {
    let of = |token: &TokenTree| match token {
        TokenTree::Group(group) => literals(&group.stream().into_iter().collect::<Vec<_>>()),
        TokenTree::Literal(literal) => {
            let text = literal.to_string().trim_matches('"').to_owned();
            if text.contains('{') { Vec::new() } else { vec![text] }
        }
        _ => Vec::new(),
    };
    tokens.iter().flat_map(of).collect()
}

/// Adds the spans of a folder of sources.
fn add_sources(folder: &Path, macros: &mut Macros) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_sources(&path, macros);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            macros.visit_file_mut(&mut syn::parse_file(&text).unwrap());
        }
    }
}

/// Returns the rows of a table of the guide, with the cells of each.
fn table(name: &str) -> Vec<[String; 3]> {
    let guide = Document::read("docs/metrics.md");
    let (_, rest) = guide.text().split_once(&format!("<!-- {name} -->\n")).unwrap();
    let (table, _) = rest.split_once(&format!("<!-- /{name} -->")).unwrap();
    let row = |row: &str| {
        let cells: Vec<String> = row.split('|').map(|cell| cell.trim().replace('`', "")).collect();
        [1, 2, 3].map(|cell| cells[cell].clone())
    };
    table.lines().skip(2).map(row).collect()
}

/// Returns what the macros of `tracing` make in the sources.
fn macros() -> Macros {
    let mut macros = Macros::default();
    for folder in ["authn/src", "providers/src"] {
        add_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder), &mut macros);
    }
    macros
}

fn list(cell: &str) -> impl Iterator<Item = String> {
    cell.split(", ").map(str::to_owned)
}

#[test]
fn the_guide_lists_every_span_and_no_other() {
    let row = |[name, level, fields]: [String; 3]| (name, level, list(&fields).collect());
    let documented: BTreeSet<Span> = table("spans").into_iter().map(row).collect();
    assert_eq!(macros().0.into_iter().collect::<BTreeSet<_>>(), documented);
}

#[test]
fn the_guide_lists_every_step_and_its_fields() {
    let mut documented = Steps::default();
    for [names, level, fields] in table("events") {
        if level != "warn" {
            documented.messages.extend(list(&names));
        }
        documented.fields.extend(list(&fields).filter(|field| field.contains('.')));
    }
    let mut steps = macros().1;
    // Of a warning.
    steps.fields.insert("authn.token.usable".to_owned());
    assert_eq!(steps, documented);
}
