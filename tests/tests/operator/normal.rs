//! Durations and addresses in a log, which differ from run to run.

use serde_json::Value;

/// The fields whose numbers differ from run to run.
const TIMES: [&str; 5] =
    ["timestamp", "authn.duration", "authn.wait", "authn.token.lifetime", "authn.token.refresh_in"];

/// Replaces each duration by `TIME`: `12 ms`, `1.5 s`, `9m59s`.
pub(crate) fn text(text: &str) -> String {
    let mut normal = String::new();
    let mut words = text.split_inclusive([' ', '\n', '(', ')', ',']).peekable();
    while let Some(word) = words.next() {
        let (value, end) = word.split_at(word.trim_end_matches([' ', '\n', '(', ')', ',']).len());
        let is_number = !value.is_empty() && value.chars().all(|c| c.is_ascii_digit() || c == '.');
        let unit = words.peek().filter(|next| {
            end == " " && ["ms", "s"].contains(&next.trim_end_matches([' ', '\n', ')', ',']))
        });
        if let (true, Some(unit)) = (is_number, unit) {
            normal += "TIME";
            normal += unit.trim_start_matches(['m', 's']);
            words.next();
        } else if authn::config::duration::parse(value).is_some() && !is_number {
            normal += "TIME";
            normal += end;
        } else {
            normal += word;
        }
    }
    normal
}

/// Replaces times in the objects of lines.
pub(crate) fn json(text: &str) -> Vec<Value> {
    let line = |line: &str| {
        let mut object: Value = serde_json::from_str(line).unwrap();
        for name in TIMES {
            if let Some(time) = object.get_mut(name) {
                assert!(time.is_f64() || name == "timestamp", "{line}");
                *time = "TIME".into();
            }
        }
        if let Some(port) = object.get_mut("server.port") {
            assert!(port.is_u64(), "{line}");
            *port = "PORT".into();
        }
        object
    };
    text.lines().filter(|line| line.starts_with('{')).map(line).collect()
}

#[test]
fn durations_are_replaced_and_nothing_else() {
    for (line, normal) in [
        ("metadata read: 127.0.0.1:80 (12 ms)\n", "metadata read: 127.0.0.1:80 (TIME)\n"),
        ("valid for 9m59s, renewed in 1h2m\n", "valid for TIME, renewed in TIME\n"),
        ("attempt 2, in 1.5 s, status 503 s3", "attempt 2, in TIME, status 503 s3"),
    ] {
        assert_eq!(text(line), normal);
    }
}
