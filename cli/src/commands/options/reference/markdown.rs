//! The reference in Markdown.

use std::fmt::Write as _;

use super::Block;

const START: &str = "\
# Configuration

<!-- This page is generated: `authn options --markdown` prints it. -->

";

pub(super) fn of(blocks: &[Block]) -> String {
    let mut text = START.to_owned();
    let mut is_list = false;
    for block in blocks {
        let is_item = matches!(block, Block::Term(..) | Block::Option { .. });
        if is_list && !is_item {
            text.push('\n');
        }
        is_list = is_item;
        // Writing to a string can't fail.
        let _ = match block {
            Block::Part(heading) => write!(text, "## {heading}\n\n"),
            Block::Section(heading) => write!(text, "### {heading}\n\n"),
            Block::Paragraph(paragraph) => write!(text, "{}\n\n", escaped(paragraph)),
            Block::Term(term, meaning) => writeln!(text, "- **{term}**: {}", escaped(meaning)),
            Block::Option { key, facts, text: meaning, variable } => {
                let (facts, meaning) = (escaped(facts), escaped(meaning));
                writeln!(text, "- **`{key}`** ({facts}): {meaning} `{variable}`")
            }
            Block::Toml(code) => write!(text, "```toml\n{code}```\n\n"),
        };
    }
    text.trim_end().to_owned() + "\n"
}

/// Escapes what is no code and would be markup.
fn escaped(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(index, part)| match index % 2 {
        0 => part.replace('<', "\\<").replace('_', "\\_").replace('*', "\\*"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}
