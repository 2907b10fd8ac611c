//! The options of `[credentials]` itself, beside the providers' tables.

use crate::{
    Origins, Show,
    options::{Field, FromTable, Table},
};

pub(crate) const FIELDS: &[Field] = &[
    Field::plain::<Option<String>>(
        "domain",
        &["Host of the API, with an optional port; requests to it are authorised."],
    ),
    Field::plain::<String>(
        "scheme",
        &["Scheme of the API; `http` for the loopback interface alone."],
    )
    .with_default(|| SCHEME.show(), "https"),
    Field::plain::<Option<Vec<String>>>(
        "origins",
        &["Further origins to authorise: `https://host[:port]`, `https://*.host`, or `*` for any."],
    ),
    Field::plain::<Option<String>>(
        "provider",
        &["Name of the provider, where there are tables of several."],
    ),
];

const SCHEME: &str = "https";

/// Where requests may be authorised.
pub(crate) struct Binding {
    pub(crate) domain: Option<String>,
    pub(crate) origins: Origins,
}

impl FromTable for Binding {
    const FIELDS: &'static [Field] = FIELDS;

    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let domain = table.plain::<Option<String>>("domain");
        let scheme = table.plain_or("scheme", || SCHEME.to_owned());
        let list = table.plain::<Option<Vec<String>>>("origins");
        let provider = table.plain::<Option<String>>("provider");
        let (domain, scheme, list) = (domain?, scheme?, list?);
        provider?;
        let mut origins = Origins::none();
        let mut complete = true;
        if scheme != "https" && scheme != "http" {
            table.refuse::<()>("scheme", "expected `https` or `http`");
            complete = false;
        } else if let Some(domain) = &domain {
            match origins.clone().and(&format!("{scheme}://{domain}")) {
                Ok(all) => origins = all,
                Err(error) => {
                    let message = format!("this is no host: {error}");
                    let message = if domain.contains("://") {
                        "give the host alone, without `https://`"
                    } else {
                        &message
                    };
                    table.refuse::<()>("domain", message);
                    complete = false;
                }
            }
        }
        for origin in list.iter().flatten() {
            match origins.clone().and(origin) {
                Ok(all) => origins = all,
                Err(error) => {
                    table.refuse::<()>("origins", &error.to_string());
                    complete = false;
                }
            }
        }
        complete.then_some(Self { domain, origins })
    }
}
