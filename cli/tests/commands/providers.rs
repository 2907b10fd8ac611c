//! `providers`.

use serde_json::Value;

use crate::sandbox::Sandbox;

#[test]
fn linked_providers_are_listed() {
    let stdout = Sandbox::new().run(&["providers"]).done();
    for row in stdout.lines() {
        let cells: Vec<&str> = row.split('\t').collect();
        assert_eq!(cells.len(), 3, "{row}");
        assert_eq!(cells[2], "authn-providers");
        assert!(cells[1].ends_with('.'), "{row}");
    }
    let names: Vec<&str> = stdout.lines().filter_map(|row| row.split('\t').next()).collect();
    assert!(names.contains(&"basic") && names.contains(&"bearer"), "{names:?}");
    assert!(names.is_sorted());
}

#[test]
fn a_provider_is_described_with_its_options() {
    let sandbox = Sandbox::new();
    let stdout = sandbox.run(&["providers", "basic"]).done();
    let rows: Vec<Vec<&str>> = stdout.lines().map(|row| row.split('\t').collect()).collect();
    assert_eq!(
        rows[0][..5],
        ["username", "string", "required", "-", "AUTHN_CREDENTIALS__BASIC__USERNAME"]
    );
    assert_eq!(
        rows[1][..5],
        ["password", "secret", "-", "secret", "AUTHN_CREDENTIALS__BASIC__PASSWORD"]
    );
    assert!(rows.iter().all(|row| row.len() == 6 && !row[5].is_empty()), "{stdout}");
    let stdout = sandbox.run(&["--app", "my-app", "providers", "basic"]).done();
    assert!(stdout.contains("\tMY_APP_CREDENTIALS__BASIC__USERNAME\t"), "{stdout}");
}

#[test]
fn json_is_a_list_even_for_one() {
    let sandbox = Sandbox::new();
    let all: Value = serde_json::from_str(&sandbox.run(&["providers", "--json"]).done()).unwrap();
    let one = sandbox.run(&["providers", "bearer", "--json"]).done();
    let one: Value = serde_json::from_str(&one).unwrap();
    assert_eq!(one.as_array().unwrap().len(), 1);
    assert!(all.as_array().unwrap().contains(&one[0]));
    let provider = &one[0];
    assert_eq!(provider["name"], "bearer");
    assert_eq!(provider["crate"], "authn-providers");
    let (file, line) = provider["location"].as_str().unwrap().rsplit_once(':').unwrap();
    assert!(file.ends_with("bearer.rs") && line.parse::<u32>().is_ok(), "{provider}");
    let token = &provider["options"][0];
    assert_eq!(token["name"], "token");
    assert_eq!(token["type"], "secret");
    assert_eq!(token["required"], true);
    assert_eq!(token["default"], Value::Null);
    assert_eq!(token["secret"], true);
    assert_eq!(token["env"], "AUTHN_CREDENTIALS__BEARER__TOKEN");
    assert!(token["doc"].as_str().is_some_and(|doc| !doc.is_empty()));
    let header = provider["options"].as_array().unwrap().iter();
    let header = header.filter(|option| option["name"] == "header").collect::<Vec<_>>();
    assert_eq!(header[0]["default"], "authorization");
}

#[test]
fn the_schema_describes_a_table() {
    let sandbox = Sandbox::new();
    let schema = sandbox.run(&["providers", "basic", "--json-schema"]).done();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["type"], "object");
    assert!(schema["properties"]["username"].is_object());
    assert_eq!(sandbox.run(&["providers", "--json-schema"]).code, 2);
}

#[test]
fn an_unknown_name_lists_the_linked_providers_and_how_to_link() {
    for arguments in [&["providers", "baisc"][..], &["config", "init", "baisc"]] {
        let outcome = Sandbox::new().run(arguments);
        assert_eq!((outcome.code, &*outcome.stdout), (3, ""));
        for word in ["did you mean `basic`?", "bearer", "use its_crate as _;"] {
            assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
        }
    }
}

#[test]
fn presets_are_listed_with_what_they_need_and_their_pages() {
    let sandbox = Sandbox::new();
    let rows = sandbox.run(&["providers", "--presets"]).done();
    let row = |name: &str| {
        let row = rows.lines().find(|row| row.starts_with(&format!("{name}\t")));
        row.unwrap().split('\t').map(str::to_owned).collect::<Vec<_>>()
    };
    let okta = row("okta");
    let needs = "issuer_url, client_id or client_registration, redirect_uri or redirect_port";
    assert_eq!(okta[1..4], ["oauth", "Okta: login of a user", needs]);
    assert!(okta[4].starts_with("https://developer.okta.com/"), "{okta:?}");
    assert_eq!(row("bitfount")[3], "-");
    let names: Vec<&str> = rows.lines().filter_map(|row| row.split('\t').next()).collect();
    assert!(names.is_sorted() && names.len() >= 14, "{names:?}");
    assert_eq!(sandbox.run(&["providers", "oauth", "--presets"]).done(), rows);
    assert_eq!(sandbox.run(&["providers", "basic", "--presets"]).done(), "");

    let options = sandbox.run(&["providers", "oauth"]).done();
    let option = "\npreset\tstring\t-\t-\tAUTHN_CREDENTIALS__OAUTH__PRESET\t";
    assert!(options.contains(option), "{options}");
    let schema = sandbox.run(&["providers", "oauth", "--json-schema"]).done();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["properties"]["preset"]["type"], "string", "{schema}");

    let json = sandbox.run(&["providers", "--presets", "--json"]).done();
    let json: Value = serde_json::from_str(&json).unwrap();
    let github = json.as_array().unwrap().iter().find(|one| one["name"] == "github").unwrap();
    assert_eq!(github["provider"], "oauth");
    assert_eq!(github["needs"], serde_json::json!(["client_id"]));
    assert_eq!(github["origin"], "preset github");
    assert!(github["source"].as_str().unwrap().starts_with("https://docs.github.com/"));
    assert!(github["checked"].as_str().unwrap().starts_with("20"));
}

#[test]
fn presets_of_the_user_are_listed_and_broken_ones_are_an_error() {
    let sandbox = Sandbox::new();
    let own = "title = \"Ours \\u001b[2J\"\nprovider = 'oauth'\nsource = 'https://git.test/docs'\n[options]\n";
    let path = sandbox.file("home/.config/authn/presets/github.toml", own);
    let rows = sandbox.run(&["providers", "--presets"]).done();
    assert!(rows.contains("github\toauth\tOurs \\u{1b}[2J\t-\thttps://git.test/docs\n"), "{rows}");
    let json = sandbox.run(&["providers", "--presets", "--json"]).done();
    assert!(json.contains(&format!("\"origin\": \"{}:1:1\"", path.display())), "{json}");
    sandbox.file("home/.config/authn/presets/github.toml", "title = 5");
    let outcome = sandbox.run_without_folder(&["providers", "--presets"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("presets/github.toml:1:9"), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("\nokta\t"), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("github\t"), "{}", outcome.stdout);
}
