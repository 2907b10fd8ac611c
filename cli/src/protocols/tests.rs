//! Properties of the parsers, and of the answers that tools read.

use proptest::{collection::vec, prelude::*};

use super::{Address, check_input, git::Attributes};

/// Words of the protocols, so that most inputs get beyond the first check.
const WORDS: &[&str] = &[
    "protocol=",
    "host=",
    "path=",
    "username=",
    "password=",
    "credential=",
    "capability[]=",
    "authtype",
    "https",
    "http",
    "git.example.com",
    "[::1]",
    ":8000",
    "ann",
    "@",
    "/",
    "\\",
    "?",
    "#",
    "%40",
    "=",
    "\n",
    "\r",
    "\0",
    " ",
    "ü",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\"v\":1",
    "\"kind\":\"get\"",
    "\"uri\":",
    "\"registry\":",
    "\"index-url\":",
    "sparse+",
    "https://",
    "\"apiVersion\":\"client.authentication.k8s.io/v1\"",
    "\"spec\":",
    "\"cluster\":",
    "\"server\":",
    "get",
    "--mode",
    "creds",
];

fn texts() -> impl Strategy<Value = String> {
    vec(prop::sample::select(WORDS), 0..24).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        check_input(&bytes);
    }

    #[test]
    fn any_words_are_read_or_refused(text in texts()) {
        check_input(text.as_bytes());
    }

    #[test]
    fn git_gets_an_answer_for_the_host_that_it_names(
        host in "[a-z0-9.-]{1,20}(:[1-9][0-9]{0,3})?|\\[[0-9a-f:]{2,20}\\]", path in "[^\n\0]{0,20}",
    ) {
        let input = format!("protocol=https\nhost={host}\npath={path}\n\n");
        let Ok(asked) = Attributes::parse(input.as_bytes()) else { return Err(TestCaseError::fail("refused")) };
        // Not each text of these letters is a host.
        if let Ok(Some(address)) = asked.address() {
            let url = authn::Url::parse(&format!("https://{host}/")).unwrap();
            let uri = &address.uris()[0];
            prop_assert_eq!(uri.host(), url.host_str());
            prop_assert_eq!(uri.port_u16(), url.port());
            prop_assert_eq!(uri.path(), "/");
        }
    }

    #[test]
    fn no_part_of_a_password_decides_where_it_goes(password in "[^\n\0]{0,40}") {
        let input = format!("protocol=https\nhost=git.example.com\npassword={password}\n\n");
        let address = Attributes::parse(input.as_bytes()).unwrap().address().unwrap().unwrap();
        prop_assert_eq!(address.uris()[0].to_string(), "https://git.example.com/");
    }

    #[test]
    fn a_host_is_the_same_with_and_without_a_scheme(host in "[a-z]{1,10}\\.[a-z]{1,5}(:[1-9][0-9]{0,3})?") {
        let bare = Address::of_host(&host).unwrap();
        let whole = Address::of_url(&format!("https://{host}")).unwrap();
        prop_assert_eq!(&bare.uris()[0], &whole.uris()[0]);
        prop_assert_eq!(bare.uris().len(), 2);
    }
}

#[test]
fn an_address_is_one_of_a_server_for_http() {
    for text in [
        "",
        " ",
        "ftp://a.test",
        "https://",
        "https:///x",
        "https://a test",
        "https://a.test\n",
        "\0",
        "a\tb",
    ] {
        assert!(Address::of_url(text).is_err() && Address::of_host(text).is_err(), "{text:?}");
    }
    assert!(Address::of_url(&format!("https://a.test/{}", "x".repeat(9000))).is_err());
    let address = Address::of_url("https://ann%40corp:secret@a.test/x#y").unwrap();
    assert_eq!(address.username(), Some("ann@corp"));
    assert_eq!(address.uris()[0].to_string(), "https://a.test/x");
    let address = address.with_username(Some("eve"));
    assert_eq!(address.username(), Some("ann@corp"), "the address says it itself");
}
