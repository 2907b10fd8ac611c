//! A user of Python, and an index that gives nothing without a password.

use std::fs;

use authn_tests::tools::{
    access::Access,
    program,
    python::{Index, WHEEL},
    server::Server,
};

use crate::scene::Scene;

/// The files of the one package.
const FILES: [(&str, &str); 4] = [
    ("things.py", "print('the things')\n"),
    ("things-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: things\nVersion: 1.0\n"),
    (
        "things-1.0.dist-info/WHEEL",
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    ),
    (
        "things-1.0.dist-info/RECORD",
        "things.py,,\nthings-1.0.dist-info/METADATA,,\nthings-1.0.dist-info/WHEEL,,\n\
         things-1.0.dist-info/RECORD,,\n",
    ),
];

/// Makes the wheel of the package, and serves it.
pub(crate) fn serve(scene: &Scene, access: &Access) -> Server {
    let wheel = scene.sandbox.work().join(WHEEL);
    if !wheel.exists() {
        for (path, text) in FILES {
            scene.sandbox.file(path, text);
        }
        let python = program::of_python("python");
        let arguments = ["-m", "zipfile", "-c", WHEEL, "things.py", "things-1.0.dist-info"];
        scene.sandbox.run(python, &arguments).success();
        // Python would import the file instead of what is installed.
        fs::remove_file(scene.sandbox.work().join("things.py")).unwrap();
    }
    Server::start(Index::new(fs::read(wheel).unwrap(), access.clone()))
}

/// Where an index would be, as the guide has it, and where it is.
pub(crate) fn places(server: &Server) -> [(&'static str, String); 1] {
    [("https://oauth2@registry.example.com", server.url().replace("://", "://oauth2@"))]
}

/// What is asked of the index, both times with the password.
pub(crate) fn requests() -> [String; 2] {
    ["GET /simple/things/".to_owned(), format!("GET /files/{WHEEL}")]
}

/// Runs a module of an installation.
#[track_caller]
pub(crate) fn assert_installed(scene: &Scene, folder: &str) {
    let python = program::of_python("python");
    let script = format!("cd {folder} && {} -m things", python.display());
    assert_eq!(scene.shell(&script).success(), "the things\n");
}
