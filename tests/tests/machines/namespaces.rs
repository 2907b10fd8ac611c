//! A machine without a metadata service says so within a second, and once in a process: in network namespaces of their own,
//! one without a route, and one where packets to the service's address vanish.

use std::{env, fs, process::Command};

use authn::{Environment, Loader};
use authn_providers as _;

/// An interface that has the route to every link-local address, and at whose other end there is no host.
const VANISHING: &str = "ip link add v0 type veth peer name v1 && ip addr add 169.254.0.1/16 dev v0 && \
                         ip link set v0 up && ip link set v1 up && \
                         ip neighbour add 169.254.169.254 lladdr 02:00:00:00:00:01 dev v0";

const PROVIDERS: [&str; 2] = ["gcp_metadata = {}", "azure_managed_identity = { resource = 'r' }"];

/// Finds neither of them, and nothing else.
const WORKLOAD: &str = "workload_identity = { identity_audience = 'a' }";

/// Returns how many connections this namespace has begun (RFC 4022, `tcpActiveOpens`).
fn begun() -> u64 {
    let counters = fs::read_to_string("/proc/self/net/snmp").unwrap();
    let [names, values] =
        &counters.lines().filter(|line| line.starts_with("Tcp:")).collect::<Vec<_>>()[..]
    else {
        panic!("{counters}")
    };
    let mut all = names.split_whitespace().zip(values.split_whitespace());
    all.find(|(name, _)| *name == "ActiveOpens").unwrap().1.parse().unwrap()
}

/// Asks each provider twice, and prints what they say and how many connections were begun.
#[tokio::test]
#[ignore = "it is run by the others, in a namespace"]
async fn inside() {
    for provider in PROVIDERS.into_iter().chain([WORKLOAD]) {
        for _ in 0..2 {
            let before = begun();
            let text = format!("[credentials]\ndomain = 'api.example.com'\n{provider}");
            let loader = Loader::new().environment(Environment::empty()).defaults(&text);
            let error = loader.load().unwrap().token().await.unwrap_err();
            assert!(error.is_not_applicable(), "{error}");
            println!("SAID {} {}", begun() - before, error.message());
        }
    }
}

/// Runs `inside` in a namespace that a script has set up. Returns how many connections were begun and what was said, in order;
/// `None` if this system lets no test make such a namespace.
#[expect(clippy::print_stderr, reason = "the output of the tests must say what was not tested")]
fn run(script: &str) -> Option<Vec<(u64, String)>> {
    let ways: [&[&str]; 2] = [&["--net"], &["--net", "--map-root-user"]];
    let unshare = |way: &[&str], script: &str| {
        let mut command = Command::new("unshare");
        let output =
            command.args(way).args(["sh", "-c", script]).arg(env::current_exe().unwrap()).output();
        output.expect("unshare is missing: run tests/run, which installs it")
    };
    let mut refusals = Vec::new();
    let way = ways.into_iter().find(|way| {
        let output = unshare(way, script);
        refusals.push(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        output.status.success()
    });
    let Some(way) = way else {
        eprintln!("skipped, because this system makes no such network namespace: {refusals:?}");
        return None;
    };
    let script =
        format!("{script} && exec \"$0\" --exact namespaces::inside --ignored --nocapture");
    let output = unshare(way, &script);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let said = text.lines().filter_map(|line| {
        let (count, message) = line.split_once("SAID ")?.1.split_once(' ')?;
        Some((count.parse().unwrap(), message.to_owned()))
    });
    Some(said.collect())
}

fn check(said: &[(u64, String)], why: &str, begun: u64) {
    assert_eq!(said.len(), 2 * PROVIDERS.len() + 2, "{said:?}");
    let (said, of_workload) = said.split_at(2 * PROVIDERS.len());
    for (begun, message) in of_workload {
        assert_eq!(*begun, 0, "what is known is not asked again: {message}");
        // Only some programs are built with `spiffe`.
        let reasons = message.split("; ").filter(|reason| !reason.starts_with("spiffe: "));
        let reasons: Vec<&str> = reasons.collect();
        let [intro, github, gitlab, file, google, azure] = reasons[..] else { panic!("{message}") };
        assert_eq!(intro, "this machine has no identity that is known");
        assert!(github.starts_with("github_actions: the environment variables ACTIONS_ID_TOKEN_"));
        assert_eq!(gitlab, "gitlab: the environment variable ID_TOKEN is not set");
        assert!(
            file.starts_with("file_token: the environment variables AZURE_FEDERATED_TOKEN_FILE")
        );
        assert!(
            google.starts_with("gcp_metadata: Google's metadata service is not at "),
            "{google}"
        );
        assert!(azure.starts_with("azure_managed_identity: Azure's metadata service is not at "));
    }
    for (of, name) in said.chunks(2).zip(["Google's", "Azure's"]) {
        let [(first, one), (second, other)] = of else { panic!("{of:?}") };
        let expected = format!("{name} metadata service is not here: http://169.254.169.254 {why}");
        assert_eq!(*one, expected);
        assert_eq!(*first, begun, "{said:?}");
        assert!(other.ends_with("as was found before"), "{other}");
        assert_eq!(*second, 0, "nothing is sent again: {said:?}");
    }
}

#[test]
fn without_a_route_nothing_is_waited_for() {
    if let Some(said) = run("true") {
        check(&said, "can't be reached (network unreachable)", 0);
    }
}

#[test]
fn where_packets_vanish_the_first_answer_is_waited_for_once() {
    if let Some(said) = run(VANISHING) {
        check(&said, "did not answer within 1s", 1);
    }
}
