//! The options of `[credentials]` itself, besides the tables of the providers.

use serde::Deserialize;

use crate::{
    Options, Origins, Validation,
    diagnostic::{Problem, ProblemCode},
    options::Origin,
    origins::MALFORMED,
};

/// Which requests may be authorised, and by which provider.
#[derive(Options)]
#[options(validate = Self::check)]
pub(crate) struct Binding {
    /// Host of the API, with an optional port; requests to it are authorised.
    #[needed]
    pub(crate) domain: Option<String>,
    /// Scheme of the API; `http` only for the loopback interface.
    #[default(Scheme::Https)]
    scheme: Scheme,
    /// Further origins to authorise: `https://host[:port]`, `https://*.host`, or `*` for any.
    origins: Option<Vec<Origin>>,
    /// Name of the provider, if several have a table.
    pub(crate) provider: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scheme {
    Https,
    Http,
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
        if let Some(domain) = &self.domain {
            let scheme = match self.scheme {
                Scheme::Https => "https",
                Scheme::Http => "http",
            };
            match origins.clone().and(&format!("{scheme}://{domain}")) {
                Ok(all) => origins = all,
                Err(_) if domain.contains("://") => {
                    let help = "write the host alone, without `https://`, and set `scheme` for another scheme";
                    problems.at("domain").error("expected a host, and this is a URL", help);
                }
                Err(error) if error.message() != MALFORMED => {
                    problems.at("domain").error(error.message(), error.help().unwrap_or_default());
                }
                Err(_) => {
                    let help = "write it as `host` or `host:port`";
                    problems.at("domain").error("expected a host, with an optional port", help);
                }
            }
        }
        for (index, origin) in self.origins.iter().flatten().enumerate() {
            match origins.clone().and(origin) {
                Ok(all) => origins = all,
                Err(error) => {
                    let help = error.help().unwrap_or("write each as `https://host[:port]`");
                    problems.at(format!("origins.{index}")).error(error.message(), help);
                }
            }
        }
        origins
    }
}

/// Returns the problem of credentials that are bound to no origin.
pub(crate) fn unbound() -> Problem {
    let message = "no request can be authorised, because the credentials are bound to no origin";
    Problem::warning(ProblemCode::NoOrigins, message)
        .with_key("credentials.domain")
        .with_help("set `credentials.domain` or `credentials.origins`")
}
