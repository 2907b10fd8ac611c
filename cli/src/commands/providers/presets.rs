//! `providers --presets`: what is known of services.

use authn::{Entry, config::Preset};
use serde::Serialize;

use crate::{
    app::App,
    exit::{Code, Failure},
    output,
    style::{Table, visible},
};

/// A preset, as in the JSON.
#[derive(Serialize)]
struct Document {
    name: String,
    provider: String,
    title: String,
    source: String,
    checked: Option<String>,
    needs: Vec<String>,
    origin: String,
}

/// Lists the presets of all providers, or of one. Those that can't be read are reported, and the others listed.
pub(super) fn run(app: &App, of: Option<&Entry>, json: bool) -> Result<(), Failure> {
    let (presets, problems) = app.loader().readable_presets()?;
    app.output.problems(&problems);
    list(app, presets, of, json)?;
    if problems.is_empty() { Ok(()) } else { Err(Failure::Silent(Code::Configuration)) }
}

fn list(
    app: &App,
    mut presets: Vec<Preset>,
    of: Option<&Entry>,
    json: bool,
) -> Result<(), Failure> {
    presets.retain(|preset| of.is_none_or(|entry| entry.name() == preset.provider));
    if json {
        let documents: Vec<Document> = presets.into_iter().map(document).collect();
        return Ok(output::json(&documents)?);
    }
    let mut table = Table::new(&["NAME", "PROVIDER", "WHAT", "NEEDS", "PAGE"])
        .giving_way("PAGE")
        .breaking("NEEDS");
    for Preset { name, provider, title, source, needs, .. } in presets {
        let needs = if needs.is_empty() { "-".to_owned() } else { needs.join(", ") };
        table.row([name, visible(&provider), visible(&title), visible(&needs), visible(&source)]);
    }
    Ok(app.output.table(&table)?)
}

fn document(preset: Preset) -> Document {
    let origin = preset.provenance.to_string();
    let Preset { name, provider, title, source, checked, needs, .. } = preset;
    Document { name, provider, title, source, checked, needs, origin }
}
