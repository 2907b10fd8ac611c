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
