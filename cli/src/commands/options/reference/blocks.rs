//! The parts of the reference, and what it says before the tables.

use crate::app::App;

/// A part of the reference. Text between backticks is code.
pub(super) enum Block {
    /// The heading of a part of the whole.
    Part(&'static str),
    /// The heading of a table.
    Section(String),
    Paragraph(String),
    /// A term and its meaning.
    Term(String, String),
    Option {
        key: String,
        facts: String,
        text: String,
        variable: String,
    },
    /// A configuration.
    Toml(&'static str),
}

const EXAMPLE: &str = "\
[credentials]
domain = \"api.example.com\"

[credentials.oauth]
issuer_url = \"https://idp.example.com\"
client_id = \"things-reader\"
client_secret = { file = \"/run/secrets/client\" }

[http]
timeout = \"10s\"

[profile.staging.credentials]
domain = \"staging.example.com\"
";

/// The types of values, and how each is written.
const TYPES: [(&str, &str); 9] = [
    ("boolean", "`true` or `false`."),
    ("integer, number", "Without quotes. The limits of an integer are with its option."),
    (
        "string",
        "In quotes. The path of a file or folder may start with `~/`; in a file of the configuration, a relative path is relative to that file.",
    ),
    ("URL", "A string with a scheme, such as `\"https://idp.example.com\"`."),
    (
        "duration",
        "A string with units, the longest first: `d`, `h`, `m`, `s`, `ms`, such as `\"1h30m\"`; or a whole number of seconds.",
    ),
    ("one of", "A string that is one of the words."),
    ("list", "Values in brackets, or one string with the values separated by commas or spaces."),
    ("map", "A table with keys of your own."),
    (
        "table, provider",
        "A table; the one of a provider contains one table, which is named like the provider.",
    ),
];

/// Returns what the reference says before the tables.
pub(super) fn introduction(app: &App, references: &str) -> Vec<Block> {
    let [init, check, show, set] =
        ["config init PROVIDER", "config check", "config show", "config set KEY VALUE"]
            .map(|command| app.command_line(command));
    let (prefix, name) = (app.variable(""), &app.name);
    let domain = app.variable("CREDENTIALS__DOMAIN");
    let mut blocks = vec![
        Block::Paragraph(format!(
            "A configuration is a file in TOML. `{init}` prints one to start from, `{set}` changes one value, `{check}` \
             reports mistakes, and `{show}` lists the active values and where each is from."
        )),
        Block::Toml(EXAMPLE),
        Block::Part("Sources"),
        Block::Paragraph(format!(
            "The sources are `/etc/{name}/config.toml`, the user's `~/.config/{name}/config.toml`, the project's \
             `.{name}.toml` once it is trusted, the file of `{prefix}CONFIG` or `--config`, the environment, and `--set`. A \
             later source overrides an earlier one, option by option. `[profile.NAME]` of a source overrides the rest of that \
             source if the profile is active. A list, and the reference of a secret, is replaced as a whole."
        )),
        Block::Paragraph(format!(
            "Each option has an environment variable: `{prefix}` and the key in capitals, with two underscores for each dot, such as \
             `{domain}`. A variable holds a list or a table as a value of TOML."
        )),
        Block::Part("Types"),
    ];
    blocks.extend(TYPES.map(|(term, text)| Block::Term(term.to_owned(), text.to_owned())));
    blocks.push(Block::Term("secret".to_owned(), references.to_owned()));
    blocks.push(Block::Part("Tables"));
    blocks
}
