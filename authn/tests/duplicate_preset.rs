//! Two linked presets of one name, which would make it a matter of chance which one is used.

use authn::{Environment, Loader, Registry, config::ProblemCode};

mod one {
    authn::preset!("twice", "title = 'One'\nprovider = 'asking'\nsource = ''");
}

mod other {
    authn::preset!("twice", "title = 'Other'\nprovider = 'asking'\nsource = ''");
}

#[test]
fn two_presets_of_one_name_are_an_error_that_names_both_places() {
    for registry in [Registry::linked(), Registry::builder().build()] {
        let error = registry.expect_err("two presets have one name").to_string();
        assert!(error.contains("two presets are named `twice`"), "{error}");
        for line in [":6:5", ":10:5"] {
            assert!(error.contains(&format!("duplicate_preset.rs{line}")), "{error}");
        }
    }
    let config = Loader::new().environment(Environment::empty()).read();
    let codes: Vec<_> = config.problems().iter().map(authn::config::Problem::code).collect();
    assert!(codes.contains(&ProblemCode::DuplicatePreset), "{codes:?}");
}
