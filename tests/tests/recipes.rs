//! `docs/recipes.md`: each recipe is run as its scheduler, its service manager or its container would run it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use authn_tests::{
    command::{Outcome, Sandbox, binary},
    document::Document,
    rig::Rig,
};
use serde_json::Value;

/// The client of the rig whose secret is [`SECRET`].
const CLIENT: &str = "cc-basic";
const SECRET: &str = "secret";

/// The program that the recipes run: it asks the API of the rig, whose URL is in its folder.
const PROGRAM: &str = "#!/bin/sh\nset -eu\ncurl --fail --silent --output /dev/null \
                       -H \"Authorization: Bearer $AUTHN_TOKEN\" \"$(cat \"${0%/*}/api\")\"\n";

/// A machine with `authn`, a program that needs its token, and a server.
struct Machine {
    rig: Rig,
    sandbox: Sandbox,
}

impl Machine {
    fn new() -> Self {
        let (rig, sandbox) = (Rig::start(), Sandbox::new());
        let machine = Self { rig, sandbox };
        fs::create_dir(machine.programs()).unwrap();
        symlink(binary("authn"), machine.programs().join("authn")).unwrap();
        for name in ["things-sync", "sync.sh"] {
            let program = machine.sandbox.file(machine.programs().join(name), PROGRAM);
            fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        machine
            .sandbox
            .file(machine.programs().join("api"), machine.rig.resource_url("/rs/bearer"));
        machine
    }

    fn programs(&self) -> PathBuf {
        self.sandbox.root().join("bin")
    }

    /// Writes the secret as the recipe has it. Returns its path.
    fn secret(&self) -> PathBuf {
        let file = self.sandbox.file("jobs", SECRET);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
        file
    }

    /// Writes the configuration of the recipes for this machine, with the line of the secret or without it.
    fn configuration(&self, path: impl AsRef<Path>, with_secret: bool) -> PathBuf {
        let document = recipes();
        let text = document.blocks("toml")[0];
        let lines = text.lines().filter(|line| with_secret || !line.starts_with("client_secret"));
        let text = lines.collect::<Vec<_>>().join("\n");
        let api = self.rig.issuer().strip_prefix("http://").unwrap();
        let text = text
            .replace("\"api.example.com\"", &format!("\"{api}\"\nscheme = \"http\""))
            .replace("https://idp.example.com", self.rig.issuer())
            .replace("\"jobs\"", &format!("\"{CLIENT}\""))
            .replace("/run/secrets/jobs", &self.secret().display().to_string());
        self.sandbox.file(path, text)
    }

    /// Runs a line of a shell with these variables and no others.
    fn run(&self, line: &str, variables: &[(&str, &str)]) -> Outcome {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).env_clear().current_dir(self.programs());
        command.envs(variables.iter().copied());
        Outcome::of(command.output().unwrap())
    }

    /// The search path of a machine on which `authn` is installed.
    fn path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.programs().display())
    }

    fn home(&self) -> String {
        self.sandbox.home().display().to_string()
    }

    /// Checks that the API was asked with a token, once.
    fn check(&self, outcome: Outcome) {
        outcome.success();
        let asked = self.rig.api_log();
        let statuses: Vec<_> = asked.iter().map(|request| &request["status"]).collect();
        assert_eq!(statuses, [200], "{asked:?}");
    }
}

fn recipes() -> Document {
    Document::read("docs/recipes.md")
}

/// Returns the block after a comment with its name.
fn block(name: &str) -> String {
    let document = recipes();
    let (_, rest) = document.text().split_once(&format!("<!-- {name} -->\n```")).expect(name);
    let (_, rest) = rest.split_once('\n').unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&block(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the words of a list as a line of a shell.
fn line(words: &Value) -> String {
    words
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_script() {
    let machine = Machine::new();
    machine.configuration(machine.sandbox.config().join("authn/config.toml"), true);
    let (api, resource) = (machine.rig.issuer(), machine.rig.resource_url("/rs/bearer"));
    let text = recipes().text().to_owned();
    let scripts = text.split("<!-- run -->\n```sh\n").skip(1);
    let scripts: Vec<_> = scripts.map(|rest| rest.split_once("```").unwrap().0).collect();
    let [request, mask] = scripts[..] else { panic!("{scripts:?}") };
    let request = request
        .replace("https://api.example.com/v1/things", &resource)
        .replace("https://api.example.com/", api);
    let (path, home) = (machine.path(), machine.home());
    let config = machine.sandbox.config().display().to_string();
    let variables = [("PATH", &*path), ("HOME", &*home), ("XDG_CONFIG_HOME", &*config)];
    machine.check(machine.run(&request, &variables));
    // The second command takes the stored token.
    let said = machine.run(mask, &variables).success();
    assert!(said.starts_with("::add-mask::") && said.len() > 40, "{said}");
    assert_eq!(machine.rig.count(&[("grant", "client_credentials")]), 1);
}

#[test]
fn cron() {
    let machine = Machine::new();
    let home = machine.home();
    machine.configuration(machine.sandbox.home().join(".config/authn/config.toml"), true);
    let table =
        block("crontab").replace("/usr/local/bin", &machine.programs().display().to_string());
    let (mut variables, mut jobs) = (vec![("HOME", home.as_str()), ("LOGNAME", "alice")], 0);
    for entry in table.lines() {
        if let Some((name, value)) = entry.split_once('=').filter(|(name, _)| !name.contains(' ')) {
            variables.push((name, value));
            continue;
        }
        let command = entry.splitn(6, ' ').nth(5).unwrap();
        machine.check(machine.run(command, &variables));
        jobs += 1;
    }
    assert_eq!(jobs, 1);
    let check = recipes()
        .blocks("sh")
        .into_iter()
        .find(|text| text.starts_with("env -i"))
        .unwrap()
        .to_owned();
    let check = check.replace("/usr/local/bin", &machine.programs().display().to_string());
    let said = machine.run(&check, &[("HOME", &home), ("PATH", "/usr/bin:/bin")]);
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
}

#[test]
fn systemd() {
    let machine = Machine::new();
    let folder = machine.sandbox.root().display().to_string();
    let config = machine.configuration("authn.toml", false);
    let unit = block("things-sync.service")
        .replace("/usr/local/bin", &machine.programs().display().to_string())
        .replace("/etc/things/authn.toml", &config.display().to_string());
    let service = machine.sandbox.file("units/things-sync.service", &unit);
    let timer = machine.sandbox.file("units/things-sync.timer", block("things-sync.timer"));
    let mut verify = Command::new("systemd-analyze");
    let verified = verify.args(["verify", "--man=no"]).args([&service, &timer]).output();
    let verified = verified.expect("systemd-analyze is missing: run tests/run, which installs it");
    let said = Outcome::of(verified);
    assert!(said.code == 0 && !said.stderr.contains("things-sync"), "{}", said.stderr);

    let of = |key: &str| {
        let lines = unit.lines().filter_map(move |line| line.strip_prefix(key)?.strip_prefix('='));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let credential = of("LoadCredential").remove(0);
    let (name, _) = credential.split_once(':').unwrap();
    let credentials = machine.sandbox.root().join("credentials");
    let secret = machine.sandbox.file(credentials.join(name), SECRET);
    fs::set_permissions(secret, fs::Permissions::from_mode(0o400)).unwrap();
    let state = format!("/var/lib/{}", of("StateDirectory").remove(0));
    let variables: Vec<String> = of("Environment")
        .iter()
        .map(|pair| pair.replace("%d", &credentials.display().to_string()))
        .map(|pair| pair.replace(&state, &folder))
        .collect();
    let mut variables: Vec<_> =
        variables.iter().map(|pair| pair.split_once('=').unwrap()).collect();
    variables.push(("PATH", "/usr/bin:/bin"));
    machine.check(machine.run(&of("ExecStart").remove(0), &variables));
    let stored = machine.sandbox.root().join("authn/tokens");
    assert!(fs::read_dir(stored).unwrap().next().is_some(), "the next run needs no exchange");
}

#[test]
fn github_actions() {
    let machine = Machine::new();
    machine.configuration(machine.programs().join("authn.toml"), false);
    let workspace = machine.programs().display().to_string();
    let workflow = yaml("workflow");
    let job = &workflow["jobs"]["sync"];
    let variables: Vec<_> = job["env"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            let value = value.as_str().unwrap().replace("${{ github.workspace }}", &workspace);
            (name.clone(), value.replace("${{ secrets.JOBS_SECRET }}", SECRET))
        })
        .collect();
    let step = job["steps"].as_array().unwrap().iter().find_map(|step| step["run"].as_str());
    in_job(&machine, &variables, step.unwrap());
}

#[test]
fn gitlab() {
    let machine = Machine::new();
    machine.configuration(machine.programs().join("authn.toml"), false);
    let workspace = machine.programs().display().to_string();
    let job = &yaml("pipeline")["sync"];
    let variables = job["variables"].as_object().unwrap().iter();
    let value = |value: &Value| {
        value
            .as_str()
            .unwrap()
            .replace("$CI_PROJECT_DIR", &workspace)
            .replace("$JOBS_SECRET", SECRET)
    };
    let variables: Vec<_> = variables.map(|(name, text)| (name.clone(), value(text))).collect();
    in_job(&machine, &variables, job["script"][0].as_str().unwrap());
}

/// Runs a step of a job; and once more with an empty secret, as in the pipeline of a fork.
fn in_job(machine: &Machine, variables: &[(String, String)], step: &str) {
    let (path, home) = (machine.path(), machine.home());
    let mut all = vec![("PATH", path.as_str()), ("HOME", home.as_str())];
    all.extend(variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    machine.check(machine.run(step, &all));
    let (name, _) = all.pop().unwrap();
    all.push((name, ""));
    let empty = machine.run(step, &all);
    assert_eq!(empty.code, 3, "{}", empty.stderr);
    assert!(empty.stderr.contains(name) && empty.stderr.contains("empty"), "{}", empty.stderr);
}

#[test]
fn docker() {
    let machine = Machine::new();
    let compose = yaml("compose.yaml");
    let service = &compose["services"]["sync"];
    let config = machine.configuration("authn.toml", true);
    let place = compose["services"]["sync"]["configs"][0]["target"].as_str().unwrap();
    assert_eq!(service["environment"]["AUTHN_CONFIG"], place);
    let secret = service["secrets"][0].as_str().unwrap();
    assert!(compose["secrets"][secret].is_object());
    assert!(recipes().blocks("toml")[0].contains(&format!("/run/secrets/{secret}")));
    // The container's user has no home.
    let (path, config) = (machine.path(), config.display().to_string());
    let command = line(&service["command"]);
    machine.check(machine.run(&command, &[("PATH", &path), ("AUTHN_CONFIG", &config)]));
    let image = block("Dockerfile");
    let step = image.split_once("required=true").unwrap().1.replace("\\\n", "");
    assert!(
        step.trim().starts_with("AUTHN_CONFIG=/etc/things/authn.toml authn exec -- "),
        "{step}"
    );
}

#[test]
fn kubernetes() {
    let machine = Machine::new();
    let job = yaml("sync.yaml");
    let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    // What is mounted where, as the names of the volumes tell.
    let mounted = |volume: &str| {
        let mounts = container["volumeMounts"].as_array().unwrap();
        let mount = mounts.iter().find(|mount| mount["name"] == volume).unwrap();
        mount["mountPath"].as_str().unwrap()
    };
    for volume in pod["volumes"].as_array().unwrap() {
        mounted(volume["name"].as_str().unwrap());
    }
    let config = machine.configuration("authn.toml", false).display().to_string();
    let secret = machine.secret().display().to_string();
    let variables: Vec<(&str, String)> = container["env"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| {
            let value = variable["value"].as_str().unwrap();
            let value = value.replace(&format!("{}/authn.toml", mounted("configuration")), &config);
            let value = value.replace(&format!("{}/jobs", mounted("secret")), &secret);
            (variable["name"].as_str().unwrap(), value)
        })
        .collect();
    let path = machine.path();
    let mut all = vec![("PATH", path.as_str())];
    all.extend(variables.iter().map(|(name, value)| (*name, value.as_str())));
    machine.check(machine.run(&line(&container["command"]), &all));
}
