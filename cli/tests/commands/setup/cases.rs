//! Each folder of `cli/tests/setup`: before, after, again, undone, and undone after a change elsewhere in the files.

use std::{env, fs, os::unix::fs::PermissionsExt as _};

use super::{Case, Home, Tree, assert_same};

#[test]
fn each_case_is_set_up_once_and_undone_exactly() {
    for case in Case::all() {
        let (name, home) = (&case.name, case.home());
        let before = case.tree("before", &home);
        home.write(&before);
        let folders = home.folders();
        let outcome = case.set_up(&home);
        if let Some(error) = &case.error {
            assert!(outcome.code != 0 && outcome.stderr.contains(error), "{name}: {outcome:?}");
            assert_same(&home.tree(), &before, name);
            assert_eq!(home.folders(), folders, "{name}");
            continue;
        }
        assert_eq!(outcome.code, 0, "{name}: {outcome:?}");
        expect(&case, &home, "after");

        let again = case.set_up(&home);
        assert!(again.stderr.contains("already set up; nothing has changed"), "{name}: {again:?}");
        expect(&case, &home, "after");

        let undone = case.undo(&home);
        assert!(undone.stderr.ends_with("is no longer set up\n"), "{name}: {undone:?}");
        assert!(!undone.stderr.contains("warning"), "{name}: {undone:?}");
        assert_same(&home.tree(), &before, name);
        assert_eq!(home.folders(), folders, "{name}");

        let again = case.undo(&home);
        assert!(again.stderr.contains("is not set up; nothing has changed"), "{name}: {again:?}");
    }
}

#[test]
fn what_was_changed_meanwhile_stays() {
    let mut count = 0;
    for case in Case::all() {
        let home = case.home();
        let changed = case.tree("changed", &home);
        if changed.is_empty() {
            continue;
        }
        count += 1;
        home.write(&case.tree("before", &home));
        assert_eq!(case.set_up(&home).code, 0, "{}", case.name);
        home.write(&changed);
        let undone = case.undo(&home);
        assert_eq!(undone.code, 0, "{}: {undone:?}", case.name);
        assert!(!undone.stderr.contains("warning"), "{}: {undone:?}", case.name);
        expect(&case, &home, "restored");
    }
    assert!(count >= 8, "{count}");
}

#[test]
fn neither_a_file_nor_the_record_has_a_secret() {
    for case in Case::all().iter().filter(|case| case.error.is_none()) {
        let home = case.home();
        home.write(&case.tree("before", &home));
        case.set_up(&home);
        let record = home
            .path()
            .join(".local/state/authn/setup")
            .join(format!("{}.json", case.arguments[0]));
        let text = fs::read_to_string(&record).unwrap();
        let mut all = home.tree();
        all.insert("record".to_owned(), text.into());
        let before = case.tree("before", &home);
        for (path, contents) in all {
            let text = String::from_utf8_lossy(&contents).into_owned();
            assert!(!text.contains("s3cr3t"), "{}: {path}", case.name);
            // What a file of the user's had before is not in the record either.
            assert!(path != "record" || !text.contains("users-own"), "{} {before:?}", case.name);
        }
        assert_eq!(fs::metadata(&record).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// Compares the home folder with a folder of the case, or writes it there.
#[track_caller]
fn expect(case: &Case, home: &Home, folder: &str) {
    let found = home.tree();
    if env::var_os("UPDATE_SETUP").is_some() {
        update(case, home, folder, &found);
    }
    assert_same(&found, &case.tree(folder, home), &format!("{}/{folder}", case.name));
}

fn update(case: &Case, home: &Home, folder: &str, found: &Tree) {
    let folder = case.folder.join(folder);
    let _ = fs::remove_dir_all(&folder);
    for (path, contents) in found {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = String::from_utf8_lossy(contents);
        fs::write(path, text.replace(&home.path().display().to_string(), "{HOME}")).unwrap();
    }
}
