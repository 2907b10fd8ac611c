//! The reference in Markdown.

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
        text += &match block {
            Block::Part(heading) => format!("## {heading}\n\n"),
            Block::Section(heading) => format!("### `{heading}`\n\n")
                .replace("`Outside of all tables`", "Outside of all tables"),
            Block::Paragraph(paragraph) => format!("{}\n\n", escaped(paragraph)),
            Block::Term(term, meaning) => format!("- **{term}**: {}\n", escaped(meaning)),
            Block::Option { key, facts, text, variable } => {
                format!("- **`{key}`** ({}): {} `{variable}`\n", escaped(facts), escaped(text))
            }
            Block::Toml(code) => format!("```toml\n{code}```\n\n"),
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
