//! A layer that the program adds from a provider of figment.

use std::{fmt, slice};

use figment::{
    Figment, Metadata, Profile, Provider, Source,
    value::{Dict, Map, Value as FigmentValue},
};
use zeroize::Zeroizing;

use super::{Layer, LayerName, SourceState, layer::too_deep, merge::number};
use crate::{
    diagnostic::{Problem, ProblemCode, Provenance},
    options::{Entries, Item, MAX_NESTING, Value},
};

/// The data of a provider of figment, read once.
#[derive(Clone)]
pub(crate) struct ProgramLayer {
    metadata: Metadata,
    layer: Result<(Entries, Vec<(String, Entries)>), Failure>,
}

/// Why the data of a provider can't be used.
#[derive(Clone)]
enum Failure {
    /// The provider failed. Its error is dropped, because its text could contain a value.
    Unread,
    /// A value is nested too deeply.
    TooDeep(Provenance),
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
        let data = figment.data().map_err(|_| Failure::Unread);
        let layer = data.and_then(|data| split_profiles(&figment, data));
        Self { metadata, layer }
    }

    /// Returns the layer. If the provider failed, the problem names the provider and doesn't repeat its error.
    pub(crate) fn layer(&self, problems: &mut Vec<Problem>) -> Layer {
        let (base, profiles) = match self.layer.clone() {
            Ok(layer) => layer,
            Err(failure) => {
                problems.push(match failure {
                    Failure::TooDeep(provenance) => too_deep(provenance),
                    Failure::Unread => Problem::error(
                        ProblemCode::Layer,
                        "a layer that the program adds can't be read",
                    )
                    .with_provenance(provenance(&self.metadata, &Profile::Default, &[]))
                    .with_help("check the provider that the program passes to `Loader::layer`"),
                });
                return Layer::empty(LayerName::Layer, None, SourceState::Failed);
            }
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
) -> Result<(Entries, Vec<(String, Entries)>), Failure> {
    let mut base = Entries::new();
    let mut profiles = Vec::new();
    // `default` comes before `global`, which wins over it.
    for (profile, dict) in data {
        let entries = ProfileValues { figment, profile: &profile }.entries(dict, &[], 1)?;
        if profile.is_custom() {
            profiles.push((profile.as_str().to_string(), entries));
        } else {
            overlay(&mut base, entries);
        }
    }
    Ok((base, profiles))
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
    fn entries(&self, dict: Dict, path: &[String], level: usize) -> Result<Entries, Failure> {
        let mut entries = Entries::new();
        for (key, figment_value) in dict {
            let path = [path, slice::from_ref(&key)].concat();
            let item = self.item(figment_value, &path, level)?;
            entries.extend(item.map(|item| (key, item)));
        }
        Ok(entries)
    }

    /// Converts a value at this level, counted from 1. The `null` of JSON is no value.
    fn item(
        &self,
        figment_value: FigmentValue,
        path: &[String],
        level: usize,
    ) -> Result<Option<Item>, Failure> {
        let metadata = self.figment.get_metadata(figment_value.tag()).cloned().unwrap_or_default();
        if level > MAX_NESTING {
            return Err(Failure::TooDeep(provenance(&metadata, self.profile, path)));
        }
        let value = match figment_value {
            FigmentValue::String(_, text) => Value::Text(Zeroizing::new(text)),
            FigmentValue::Char(_, character) => Value::Text(Zeroizing::new(character.into())),
            FigmentValue::Bool(_, value) => Value::Boolean(value),
            FigmentValue::Num(_, num) => number(num),
            FigmentValue::Empty(..) => return Ok(None),
            FigmentValue::Dict(_, dict) => Value::Table(self.entries(dict, path, level + 1)?),
            FigmentValue::Array(_, array) => {
                let item = |value| self.item(value, path, level + 1).transpose();
                Value::Array(array.into_iter().filter_map(item).collect::<Result<_, _>>()?)
            }
        };
        Ok(Some(Item::new(value, provenance(&metadata, self.profile, path))))
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
