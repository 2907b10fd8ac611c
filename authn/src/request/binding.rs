//! The options of `[credentials]` itself, beside the providers' tables.

use crate::{Options, Origins, Validation, options::Origin};

/// Where requests may be authorised, and by which provider.
#[derive(Options)]
#[options(validate = Self::check)]
pub(crate) struct Binding {
    /// Host of the API, with an optional port; requests to it are authorised.
    pub(crate) domain: Option<String>,
    /// Scheme of the API; `http` for the loopback interface alone.
    #[default("https".to_owned())]
    scheme: String,
    /// Further origins to authorise: `https://host[:port]`, `https://*.host`, or `*` for any.
    origins: Option<Vec<Origin>>,
    /// Name of the provider, where there are tables of several.
    pub(crate) provider: Option<String>,
}

impl Binding {
    fn check(&self, problems: &mut Validation) {
        self.bind(problems);
    }

    /// Returns the origins to which requests may be authorised.
    pub(crate) fn origins(&self) -> Origins {
        self.bind(&mut Validation::new())
    }

    fn bind(&self, problems: &mut Validation) -> Origins {
        let mut origins = Origins::none();
        if self.scheme != "https" && self.scheme != "http" {
            problems.at("scheme").error("expected `https` or `http`", "leave it out for `https`");
        } else if let Some(domain) = &self.domain {
            match origins.clone().and(&format!("{}://{domain}", self.scheme)) {
                Ok(all) => origins = all,
                Err(_) if domain.contains("://") => {
                    let message = "give the host alone, without `https://`";
                    problems.at("domain").error(message, "set `scheme` for another scheme");
                }
                Err(error) => {
                    let message = format!("this is no host: {error}");
                    problems.at("domain").error(message, "write a host, and a port if need be");
                }
            }
        }
        for origin in self.origins.iter().flatten() {
            match origins.clone().and(origin) {
                Ok(all) => origins = all,
                Err(error) => problems
                    .at("origins")
                    .error(error.to_string(), "write each as `https://host[:port]`"),
            }
        }
        origins
    }
}
