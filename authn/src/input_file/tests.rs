use std::fs;

use super::*;

const ALL: [Rules; 4] = [Rules::Session, Rules::Secret, Rules::Configuration, Rules::Certificates];

/// A reader of some bytes that records where it reads them to.
struct Recorder<'a> {
    rest: &'a [u8],
    buffers: Vec<(usize, usize)>,
}

impl Read for Recorder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.buffers.push((buffer.as_ptr().addr(), buffer.len()));
        let part = buffer.len().min(1000);
        self.rest.read(&mut buffer[..part])
    }
}

#[test]
fn a_file_of_the_stated_size_is_read_into_one_buffer() {
    for size in [0, 1, 4096, 8193, 100_000] {
        let bytes = vec![b'x'; size];
        let mut recorder = Recorder { rest: &bytes, buffers: Vec::new() };
        let read = read_whole(&mut recorder, size, 1 << 20).unwrap().unwrap();
        assert_eq!(*read, bytes);
        let start = read.as_ptr().addr();
        for (at, length) in recorder.buffers {
            assert_eq!(at + length, start + size + 1, "{size}");
        }
    }
}

#[test]
fn the_limit_applies_whatever_size_is_stated() {
    for stated in [0, 1, 9999, 10_000, usize::MAX] {
        let bytes = vec![b'x'; 10_001];
        assert!(read_whole(&bytes[..], stated, 10_000).unwrap().is_none(), "{stated}");
        let bytes = read_whole(&bytes[1..], stated, 10_000).unwrap().unwrap();
        assert_eq!(bytes.len(), 10_000, "{stated}");
        assert!(read_whole(io::repeat(0), stated, 10_000).unwrap().is_none(), "{stated}");
    }
}

#[test]
fn a_byte_order_mark_is_not_part_of_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for (bytes, expected) in [
        (&b"\xEF\xBB\xBFabc"[..], Some("abc")),
        (b"\xEF\xBB\xBF", Some("")),
        (b"abc\xEF\xBB\xBF", Some("abc\u{feff}")),
        (b"\xEF\xBB", None),
        (b"\xFE\xFFa", None),
    ] {
        fs::write(&path, bytes).unwrap();
        let text = read_text(&path, Rules::Certificates);
        assert_eq!(text.as_ref().map(|text| text.as_str()).ok(), expected);
    }
}

#[cfg(unix)]
#[test]
fn what_is_not_a_regular_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for path in [&pipe, &socket, folder.path(), Path::new("/dev/zero"), Path::new("/dev/null")] {
        for rules in ALL {
            assert_eq!(read(path, rules).err().unwrap().reason, Reason::NotAFile, "{path:?}");
            assert_eq!(open(path, rules).err().unwrap().reason, Reason::NotAFile, "{path:?}");
            if rules != Rules::Session {
                let link = folder.path().join("link");
                std::os::unix::fs::symlink(path, &link).unwrap();
                assert_eq!(read(&link, rules).err().unwrap().reason, Reason::NotAFile, "{path:?}");
                fs::remove_file(link).unwrap();
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_states_no_size_is_read_up_to_the_limit() {
    let path = Path::new("/proc/self/pagemap");
    assert_eq!(fs::metadata(path).unwrap().len(), 0);
    for rules in [Rules::Configuration, Rules::Certificates] {
        assert!(read(path, rules).is_err(), "{rules:?}");
    }
    assert!(!read(Path::new("/proc/self/status"), Rules::Configuration).unwrap().bytes.is_empty());
}

#[cfg(unix)]
#[test]
fn only_a_session_must_not_be_a_link() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&path, "abc").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    symlink("file", &link).unwrap();
    for rules in ALL {
        assert_eq!(read(&path, rules).unwrap().bytes.as_slice(), b"abc");
        let refusal = read(&link, rules).err().map(|refusal| refusal.clause);
        let expected = (rules == Rules::Session).then_some("is a symbolic link");
        assert_eq!(refusal.as_deref(), expected, "{rules:?}");
    }
    // The rights to the target are checked, not those to the link.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    for rules in [Rules::Secret, Rules::Configuration, Rules::Certificates] {
        assert_eq!(read(&link, rules).err().unwrap().reason, Reason::Access, "{rules:?}");
    }
}

/// The owner of a file can only be changed by root, which tests usually are in a container.
#[cfg(unix)]
#[test]
fn files_of_another_user_are_taken_or_refused_by_their_purpose() {
    use std::os::unix::fs::{PermissionsExt as _, chown};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "abc").unwrap();
    if chown(&path, Some(12345), Some(12345)).is_err() {
        println!("not tested: this needs root");
        return;
    }
    for (mode, rules, expected) in [
        (0o644, Rules::Secret, None),
        (0o664, Rules::Secret, Some("is writable by other users")),
        (0o644, Rules::Certificates, None),
        (0o644, Rules::Configuration, Some("belongs to another user")),
        (0o600, Rules::Session, Some("belongs to another user")),
    ] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let refusal = read(&path, rules).err().map(|refusal| refusal.clause);
        assert_eq!(refusal.as_deref(), expected, "{rules:?} {mode:o}");
    }
    // A file of the user that its group can write, which is not the user's own group.
    chown(&path, Some(rustix::process::geteuid().as_raw()), None).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    let warning = read(&path, Rules::Configuration).unwrap().warning.expect("a warning");
    assert_eq!(warning.help, format!("`chmod g-w {}`", path.display()));
}
