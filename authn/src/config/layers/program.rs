//! A layer that the program adds from a provider of figment.

use std::{fmt, slice};

use figment::{
    Figment, Metadata, Profile, Provider, Source,
    value::{Dict, Map, Value as FigmentValue},
};
use zeroize::Zeroizing;

use super::{Layer, LayerName, SourceState, merge::number};
use crate::{
    diagnostic::{Problem, ProblemCode, Provenance},
    options::{Entries, Item, Value},
};

/// The data of a provider of figment, read once.
#[derive(Clone)]
pub(crate) struct ProgramLayer {
    metadata: Metadata,
    /// `None` if the provider failed. Its error is dropped, because its text could contain a value.
    layer: Option<(Entries, Vec<(String, Entries)>)>,
}

impl fmt::Debug for ProgramLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgramLayer").field("name", &self.metadata.name).finish_non_exhaustive()
    }
}

impl ProgramLayer {
    /// Reads the data of a provider.
    pub(crate) fn new(provider: &impl Provider) -> Self {
        let metadata = provider.metadata();
        // A `Figment` knows which of its providers each value is from.
        let figment = Figment::from(provider);
        let layer = figment.data().ok().map(|data| split_profiles(&figment, data));
        Self { metadata, layer }
    }

    /// Returns the layer. If the provider failed, the problem names the provider and doesn't repeat its error.
    pub(crate) fn layer(&self, problems: &mut Vec<Problem>) -> Layer {
        let Some((base, profiles)) = self.layer.clone() else {
            let problem =
                Problem::error(ProblemCode::Layer, "a layer that the program adds can't be read")
                    .with_provenance(provenance(&self.metadata, &Profile::Default, &[]))
                    .with_help("check the provider that the program passes to `Loader::layer`");
            problems.push(problem);
            return Layer::empty(LayerName::Layer, None, SourceState::Failed);
        };
        let mut layer = Layer::empty(LayerName::Layer, None, SourceState::Read);
        layer.fill(base, problems);
        layer.profiles.extend(profiles);
        layer
    }
}

/// Splits the data of a provider into the base, which is `default` and `global`, and the profiles.
fn split_profiles(
    figment: &Figment,
    data: Map<Profile, Dict>,
) -> (Entries, Vec<(String, Entries)>) {
    let mut base = Entries::new();
    let mut profiles = Vec::new();
    // `default` comes before `global`, which wins over it.
    for (profile, dict) in data {
        let entries = ProfileValues { figment, profile: &profile }.entries(dict, &[]);
        if profile.is_custom() {
            profiles.push((profile.as_str().to_string(), entries));
        } else {
            overlay(&mut base, entries);
        }
    }
    (base, profiles)
}

/// Overrides values with others. Tables are merged.
fn overlay(base: &mut Entries, over: Entries) {
    for (key, item) in over {
        match (base.get_mut(&key).map(|item| &mut item.value), item) {
            (Some(Value::Table(base)), Item { value: Value::Table(over), .. }) => {
                overlay(base, over);
            }
            (_, item) => {
                base.insert(key, item);
            }
        }
    }
}

/// The values of one profile.
struct ProfileValues<'a> {
    figment: &'a Figment,
    profile: &'a Profile,
}

impl ProfileValues<'_> {
    fn entries(&self, dict: Dict, path: &[String]) -> Entries {
        let item = |(key, figment_value): (String, _)| {
            let item = self.item(figment_value, &[path, slice::from_ref(&key)].concat());
            item.map(|item| (key, item))
        };
        dict.into_iter().filter_map(item).collect()
    }

    /// Converts a value. The `null` of JSON is no value.
    fn item(&self, figment_value: FigmentValue, path: &[String]) -> Option<Item> {
        let metadata = self.figment.get_metadata(figment_value.tag()).cloned().unwrap_or_default();
        let value = match figment_value {
            FigmentValue::String(_, text) => Value::Text(Zeroizing::new(text)),
            FigmentValue::Char(_, character) => Value::Text(Zeroizing::new(character.into())),
            FigmentValue::Bool(_, value) => Value::Boolean(value),
            FigmentValue::Num(_, num) => number(num),
            FigmentValue::Empty(..) => return None,
            FigmentValue::Dict(_, dict) => Value::Table(self.entries(dict, path)),
            FigmentValue::Array(_, array) => {
                Value::Array(array.into_iter().filter_map(|one| self.item(one, path)).collect())
            }
        };
        Some(Item::new(value, provenance(&metadata, self.profile, path)))
    }
}

/// Returns the provenance of a value, from the metadata of its provider.
fn provenance(metadata: &Metadata, profile: &Profile, path: &[String]) -> Provenance {
    let file = metadata.source.as_ref().and_then(Source::file_path);
    let source = match (&metadata.source, file) {
        (_, Some(path)) => format!(" {}", path.display()),
        (Some(source), None) => format!(" {source}"),
        (None, None) => String::new(),
    };
    let key = if path.is_empty() {
        String::new()
    } else {
        format!(": {}", metadata.interpolate(profile, path))
    };
    Provenance::Layer {
        place: format!("{}{source}{key}", metadata.name),
        file: file.map(ToOwned::to_owned),
    }
}
