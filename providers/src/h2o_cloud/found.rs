//! `Found`: what variables and the file of H2O's command line say, where the options say nothing.

use authn::{Environment, Error, Result, SecretSource, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    H2oCloud,
    cli_file::{CliFile, CliFilePath},
    place::{self, Place},
};

/// The variables with the address of the discovery service and with that of the environment, in this order.
const DISCOVERY: &str = "H2O_CLOUD_DISCOVERY";
const ENVIRONMENT: &str = "H2O_CLOUD_ENVIRONMENT";

/// Looks for what the options leave open. The variables do not change, and the file is read again for each exchange.
#[derive(Debug)]
pub(super) struct Lookup {
    place: Option<Place>,
    token: Option<SecretString>,
    /// `None` if nothing of the file is needed, or if there is none.
    file: Option<CliFilePath>,
}

/// What was found. As a text it is a secret, which tells sessions apart.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Found {
    place: Option<Place>,
    /// The refresh token in the variable.
    token: Option<Zeroizing<String>>,
    file: CliFile,
}

/// Returns the variable with the refresh token of a client.
pub(super) fn variable(client: &str) -> String {
    format!("H2O_CLOUD_CLIENT_{}_TOKEN", client.to_uppercase())
}

impl Lookup {
    /// Finds the variables and the path of the file.
    pub(super) fn new(options: &H2oCloud, environment: &Environment) -> Result<Self> {
        let has_place = options.environment.is_some()
            || options.discovery_address.is_some()
            || options.discovery.is_some();
        let place = if has_place { None } else { named_place(environment)? };
        let has_token = options._refresh_token.is_some();
        let token = environment.get(&variable(&options.client)).filter(|_| !has_token);
        let token = token.map(SecretString::from);
        let is_complete = (has_place || place.is_some()) && (has_token || token.is_some());
        let file = match &options.config_file {
            None if is_complete => None,
            configured => CliFilePath::find(configured.as_deref(), environment)?,
        };
        Ok(Self { place, token, file })
    }

    /// Finds what says where the discovery service is.
    pub(super) fn of_place(environment: &Environment) -> Result<Self> {
        let place = named_place(environment)?;
        let file = match &place {
            Some(_) => None,
            None => CliFilePath::find(None, environment)?,
        };
        Ok(Self { place, token: None, file })
    }

    /// Reads the file, if it is needed.
    pub(super) fn look(&self) -> Result<Found> {
        let mut file = self.file.as_ref().map(CliFilePath::read).transpose()?.unwrap_or_default();
        if self.token.is_some() {
            // A session is not of tokens that are not used.
            file.forget_tokens();
        }
        let token = self.token.as_ref().map(|token| Zeroizing::new(token.expose().to_owned()));
        Ok(Found { place: self.place.clone(), token, file })
    }
}

/// Returns the discovery service that a variable names.
fn named_place(environment: &Environment) -> Result<Option<Place>> {
    let what = |name: &str| format!("the variable {name}");
    match (environment.get(DISCOVERY), environment.get(ENVIRONMENT)) {
        (Some(address), _) => Place::at(address, &what(DISCOVERY)).map(Some),
        (None, Some(address)) => Place::of_environment(address, &what(ENVIRONMENT)).map(Some),
        (None, None) => Ok(None),
    }
}

impl SecretSource for Lookup {
    fn secret(&self, _target: &str) -> Result<SecretString> {
        // Members with text can always be written.
        let text = Zeroizing::new(serde_json::to_string(&self.look()?).unwrap_or_default());
        Ok(text.as_str().into())
    }
}

impl Found {
    /// Reads the text that [`Lookup`] has made.
    pub(super) fn read(secret: &SecretString) -> Result<Self> {
        serde_json::from_str(&secret.expose()).map_err(|_| {
            Error::internal("what was found of H2O AI Cloud can't be read").with_help("report it")
        })
    }

    /// Returns where the discovery service is: what a variable says, or else the environment of the file.
    pub(super) fn place(&self) -> Result<Place> {
        match (&self.place, &self.file.endpoint) {
            (Some(place), _) => Ok(place.clone()),
            (None, Some(endpoint)) => {
                Place::of_environment(endpoint, "`Endpoint` of the file of H2O's command line")
            }
            (None, None) => Err(place::unknown()),
        }
    }

    /// Returns the first refresh token of a client. The file's tokens are only for the file's environment.
    pub(super) fn token_of(
        &self,
        client_id: &str,
        environment: Option<&str>,
    ) -> Option<SecretString> {
        if let Some(token) = &self.token {
            return Some(token.as_str().into());
        }
        let (endpoint, environment) = (self.file.endpoint.as_deref()?, environment?);
        place::is_same(endpoint, environment).then(|| self.file.token_of(client_id)).flatten()
    }
}
