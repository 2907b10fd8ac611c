//! An empty value of a provider is an empty table, for every provider without a shorthand.

use authn::{Environment, Loader, Registry, options::Field};
use authn_providers as _;

/// Returns the problems of a configuration without their places.
fn problems(environment: Environment, text: &str, flag: Option<&str>) -> Vec<String> {
    let loader = Loader::new().environment(environment).defaults(text);
    let loader = match flag {
        Some(flag) => loader.set(flag),
        None => loader,
    };
    let config = loader.read();
    let problems = config
        .problems()
        .iter()
        .map(|problem| format!("{} {:?} {}", problem.code(), problem.key(), problem.message()));
    problems.collect()
}

#[test]
fn an_empty_value_means_an_empty_table_for_every_linked_provider() {
    let registry = Registry::linked().expect("a registry");
    let mut without_shorthand = Vec::new();
    for entry in registry.iter() {
        let name = entry.name();
        let origins = "[credentials]\norigins = ['*']";
        let empty = || Environment::empty();
        let table = problems(empty(), &format!("{origins}\n[credentials.{name}]"), None);
        let variable = empty().variable(format!("AUTHN_CREDENTIALS__{}", name.to_uppercase()), "");
        for (layer, found) in [
            ("file", problems(empty(), &format!("{origins}\n{name} = ''"), None)),
            ("variable", problems(variable, origins, None)),
            ("flag", problems(empty(), origins, Some(&format!("credentials.{name}=")))),
        ] {
            if entry.fields().any(Field::is_shorthand) {
                assert!(!found.is_empty(), "{name} in a {layer}: the empty text is the option's");
            } else {
                assert_eq!(found, table, "{name} in a {layer}");
                without_shorthand.push(name);
            }
        }
    }
    assert!(without_shorthand.contains(&"app_service") && without_shorthand.contains(&"oauth"));
}
