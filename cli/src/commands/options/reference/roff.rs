//! The reference as the sections of a man page.

use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::Block;

pub(super) fn of(blocks: &[Block]) -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["DESCRIPTION"]);
    // The name of a variable can be as long as a line, which then can't be filled with blanks.
    roff.control("ad", ["l"]);
    for block in blocks {
        match block {
            Block::Part(heading) => roff.control("SH", [&*heading.to_uppercase()]),
            Block::Section(heading) => roff.control("SS", [heading.trim_matches('`')]),
            Block::Paragraph(text) => roff.control("PP", []).text(inline(text)),
            Block::Term(term, meaning) => {
                roff.control("TP", []).text([bold(term.as_str())]).text(inline(meaning))
            }
            Block::Option { key, facts, text, variable } => {
                let facts = [vec![bold(key.as_str()), roman("  ")], inline(facts)].concat();
                roff.control("TP", []).text(facts).text(inline(text));
                roff.control("br", []).text([roman(variable.as_str())])
            }
            Block::Toml(code) => {
                roff.control("PP", []).control("nf", []);
                for line in code.lines() {
                    roff.text([roman(line)]);
                }
                roff.control("fi", [])
            }
        };
    }
    roff.render()
}

/// Returns a text with its code in bold.
pub(super) fn inline(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate().map(|(index, part)| match index % 2 {
        0 => roman(part),
        _ => bold(part),
    });
    parts.collect()
}
