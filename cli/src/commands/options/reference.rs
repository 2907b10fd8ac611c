//! The reference of the configuration's format: all tables with their options, in Markdown and as a man page.

mod blocks;
mod markdown;
mod roff;

use authn::{
    Registry,
    options::Field,
    reference::{TableDescription, describe},
};

use super::{facts, page, variable};
use crate::{app::App, style::prose};
use blocks::Block;

/// The reference of the configuration of an application.
pub(crate) struct Reference {
    blocks: Vec<Block>,
}

impl Reference {
    pub(crate) fn new(app: &App, registry: &Registry) -> Self {
        let mut blocks = blocks::introduction(app, &page::references(registry));
        for table in describe(registry) {
            blocks.push(Block::Section(heading(&table)));
            let doc = prose(&table.doc, usize::MAX);
            blocks.extend(doc.split("\n\n").map(|text| Block::Paragraph(text.to_owned())));
            let option = |(path, field): &(String, &Field)| Block::Option {
                key: path.clone(),
                facts: facts(field, "`"),
                text: page::one_line(&prose(&field.doc(), usize::MAX)),
                variable: variable(app, &table.key_of(path)),
            };
            blocks.extend(table.options.iter().map(option));
        }
        Self { blocks }
    }

    /// Returns the reference in Markdown.
    pub(crate) fn markdown(&self) -> String {
        markdown::of(&self.blocks)
    }

    /// Returns the sections of the man page below its title.
    pub(crate) fn roff(&self) -> String {
        roff::of(&self.blocks)
    }
}

fn heading(table: &TableDescription) -> String {
    match table.key.as_str() {
        "" => "Outside of all tables".to_owned(),
        "profile" => "`[profile.NAME]`".to_owned(),
        key => format!("`[{key}]`"),
    }
}
