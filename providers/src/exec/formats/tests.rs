//! Recorded outputs in `cases`, and made-up ones.

use std::{fs, path::PathBuf};

use proptest::prelude::*;
use toml_edit::DocumentMut;

use super::*;

fn folder() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/src/exec/formats/cases").into()
}

fn described(result: Result<Answer, Unusable>) -> String {
    match result {
        Ok(answer) => answer.describe(),
        Err(Unusable::NotFound) => "not found".to_owned(),
        Err(Unusable::Refused) => "refused".to_owned(),
        Err(Unusable::Invalid(what)) => what.to_owned(),
    }
}

/// Each file in `cases` is an output and what is made of it.
#[test]
fn every_case_is_read_as_it_says() {
    for format in Format::ALL {
        let mut count = 0;
        for file in fs::read_dir(folder().join(format.name())).unwrap() {
            let path = file.unwrap().path();
            let case: DocumentMut = fs::read_to_string(&path).unwrap().parse().unwrap();
            let text = |key: &str| case.get(key).map(|value| value.as_str().unwrap());
            let bytes = |value: &toml_edit::Item| -> Vec<u8> {
                let bytes = value.as_array().unwrap().iter();
                bytes.map(|byte| byte.as_integer().unwrap().try_into().unwrap()).collect()
            };
            let output = match (text("output"), case.get("bytes")) {
                (Some(text), None) => text.as_bytes().to_vec(),
                (None, Some(value)) => bytes(value),
                _ => panic!("{} has no output", path.display()),
            };
            let fields = Fields { token: text("token_field"), expiry: text("expiry_field") };
            let has_succeeded = case.get("fails").is_none();
            let read = described(format.read(&output, has_succeeded, &fields));
            let expected = text("expected").xor(text("error")).unwrap();
            assert_eq!(read, expected, "{}", path.display());
            count += 1;
        }
        assert!(count >= 8, "{} has only {count} cases", format.name());
    }
    let folders = fs::read_dir(folder()).unwrap().count();
    assert_eq!(folders, Format::ALL.len(), "a folder of `cases` is not read");
}

fn of_each(output: &[u8]) {
    for format in Format::ALL {
        for has_succeeded in [true, false] {
            let fields = Fields::default();
            if let Ok(answer) = format.read(output, has_succeeded, &fields) {
                assert!(!answer.token().is_empty(), "{}", format.name());
            }
        }
    }
}

/// Something like a document of any of the formats.
fn documents() -> impl Strategy<Value = String> {
    let names = [
        "access_token",
        "accessToken",
        "token",
        "status",
        "credential",
        "headers",
        "Version",
        "version",
        "success",
        "expires_in",
        "expires_on",
        "apiVersion",
        "Secret",
        "AccessKeyId",
        "id_token",
    ];
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("\"abc\"".to_owned()),
        Just("-1e999".to_owned()),
        Just("18446744073709551616".to_owned()),
        "\"[a-z0-9\\-:TZ.]{0,30}\"",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let member = (prop::sample::select(names.to_vec()), inner.clone())
            .prop_map(|(name, value)| format!("\"{name}\":{value}"));
        prop_oneof![
            prop::collection::vec(member, 0..6).prop_map(|all| format!("{{{}}}", all.join(","))),
            prop::collection::vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(output in prop::collection::vec(any::<u8>(), 0..400)) {
        of_each(&output);
    }

    #[test]
    fn any_lines_are_read_or_refused(
        output in "((username|password|authtype|credential|quit|password_expiry_utc)?=?[ -~\\PC]{0,20}\r?\n){0,8}",
    ) {
        of_each(output.as_bytes());
    }

    #[test]
    fn any_document_is_read_or_refused(output in documents()) {
        of_each(output.as_bytes());
    }

    /// A part of an answer is no answer.
    #[test]
    fn a_document_that_is_cut_off_is_refused(length in 0_usize..100) {
        let whole = r#"{"access_token":"abc","token":"abc","accessToken":"abc","expires_in":60,"kind":"ExecCredential"}"#;
        let part = &whole.as_bytes()[..length.min(whole.len() - 1)];
        for format in Format::ALL.iter().filter(|format| !matches!(format, Format::Text | Format::Git)) {
            prop_assert!(format.read(part, true, &Fields::default()).is_err());
        }
    }
}

#[test]
fn an_answer_as_long_as_a_command_may_print_is_read_or_refused() {
    let long = "a".repeat(authn::private::LONGEST_OUTPUT);
    of_each(long.as_bytes());
    of_each(format!("{{\"token\":\"{}\"}}", &long[20..]).as_bytes());
    of_each("[".repeat(authn::private::LONGEST_OUTPUT).as_bytes());
    of_each("a=b\n".repeat(authn::private::LONGEST_OUTPUT / 4).as_bytes());
}
