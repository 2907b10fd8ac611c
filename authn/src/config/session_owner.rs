//! Whose a stored session is: its server, client and user, as far as plain options tell.

use super::{
    Class,
    visibility::{Checked, Visibility},
};
use crate::{
    options::{Field, Item, Type, View},
    store::Owner,
};

/// The options that name a client.
const CLIENT: [&str; 2] = ["client_id", "consumer_key"];
/// The options that name a user.
const USER: [&str; 2] = ["expected_username", "username"];

/// Returns whose the sessions of a provider's table are. Only values that `config show` shows are part of it.
pub(super) fn of(
    profile: Option<&str>,
    provider: &str,
    item: &Item,
    visibility: Visibility<'_>,
) -> Owner {
    let first = |keys: &[&str]| keys.iter().find_map(|key| shown(item, visibility, key));
    let addresses = visibility.fields().into_iter().filter(|field| field.value_type() == Type::Url);
    let addresses: Vec<&str> = addresses.map(Field::key).collect();
    Owner {
        profile: profile.map(str::to_owned),
        provider: provider.to_owned(),
        // The first one is the server's own; those of its endpoints come later.
        server: first(&addresses),
        client: first(&CLIENT),
        user: first(&USER),
    }
}

fn shown(item: &Item, visibility: Visibility<'_>, key: &str) -> Option<String> {
    let visibility = visibility.child(key);
    if visibility.class() != Class::Plain {
        return None;
    }
    match visibility.shown(item.get(&[key])?, Checked::Unread) {
        View::Text(text) => Some(text),
        _ => None,
    }
}
