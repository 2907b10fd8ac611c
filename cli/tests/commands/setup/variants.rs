//! Every case again with files of another form: whatever the files are like, an undo leaves what was there.

use std::{fs, os::unix::fs::symlink};

use super::{Case, Home, Tree, assert_same};

type Form = (&'static str, fn(&str) -> Option<String>);

const FORMS: [Form; 5] = [
    ("carriage returns", |text| Some(text.replace("\r\n", "\n").replace('\n', "\r\n"))),
    ("no end of the last line", |text| Some(text.trim_end().to_owned())),
    ("a byte order mark", |text| Some(format!("\u{feff}{text}"))),
    ("empty", |_| Some(String::new())),
    ("absent", |_| None),
];

#[test]
fn files_of_every_form_are_restored() {
    for case in Case::all() {
        for (form, change) in FORMS {
            let home = case.home();
            let before: Tree = case
                .tree("before", &home)
                .into_iter()
                .filter_map(|(path, text)| {
                    Some((path, change(str::from_utf8(&text).unwrap())?.into()))
                })
                .collect();
            home.write(&before);
            let name = format!("{}: {form}", case.name);
            let outcome = case.set_up(&home);
            if outcome.code == 0 {
                assert!(home.tree() != before, "{name}");
                let again = case.set_up(&home);
                assert!(again.stderr.contains("already set up"), "{name} {again:?}");
                let undone = case.undo(&home);
                assert!(
                    undone.code == 0 && !undone.stderr.contains("warning"),
                    "{name} {undone:?}"
                );
            } else {
                assert_ne!(outcome.stderr, "", "{name}");
            }
            assert_same(&home.tree(), &before, &name);
        }
    }
}

#[test]
fn carriage_returns_are_those_of_the_file() {
    for case in Case::all().iter().filter(|case| case.error.is_none()) {
        let home = case.home();
        let before: Tree = case
            .tree("before", &home)
            .into_iter()
            .map(|(path, text)| {
                (path, String::from_utf8(text).unwrap().replace('\n', "\r\n").into())
            })
            .collect();
        home.write(&before);
        assert_eq!(case.set_up(&home).code, 0, "{}", case.name);
        for path in before.keys() {
            let text = fs::read_to_string(home.path().join(path)).unwrap();
            assert_eq!(
                text.matches('\n').count(),
                text.matches("\r\n").count(),
                "{} {text:?}",
                case.name
            );
        }
    }
}

#[test]
fn a_linked_file_stays_a_link() {
    for case in Case::all().iter().filter(|case| case.error.is_none()) {
        let home = case.home();
        let before = case.tree("before", &home);
        let linked = |path: &str| home.path().join("dotfiles").join(path.replace('/', "-"));
        for (path, contents) in &before {
            let (path, target) = (home.path().join(path), linked(path));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(&target, contents).unwrap();
            symlink(&target, &path).unwrap();
        }
        let start = home.tree();
        assert_eq!(case.set_up(&home).code, 0, "{}", case.name);
        for path in before.keys() {
            assert_eq!(fs::read_link(home.path().join(path)).unwrap(), linked(path));
        }
        assert_eq!(case.undo(&home).code, 0, "{}", case.name);
        assert_same(&home.tree(), &start, &case.name);
    }
}

#[test]
fn of_a_read_only_file_nothing_is_written_at_all() {
    for case in Case::all().iter().filter(|case| case.error.is_none()) {
        let home: Home = case.home();
        let before = case.tree("before", &home);
        if before.is_empty() {
            continue;
        }
        home.write(&before);
        for path in before.keys() {
            let path = home.path().join(path);
            let mut permissions = fs::metadata(&path).unwrap().permissions();
            permissions.set_readonly(true);
            fs::set_permissions(&path, permissions).unwrap();
        }
        let (tree, folders) = (home.tree(), home.folders());
        let outcome = case.set_up(&home);
        assert_eq!(outcome.code, 1, "{} {outcome:?}", case.name);
        assert!(outcome.stderr.contains(" is read-only\nhelp: make it writable"), "{outcome:?}");
        assert_same(&home.tree(), &tree, &case.name);
        assert_eq!(home.folders(), folders, "{}", case.name);
        assert!(!home.path().join(".local/state/authn/setup").exists(), "{}", case.name);
    }
}
