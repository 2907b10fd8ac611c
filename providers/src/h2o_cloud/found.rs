//! `Found`: what variables and the file of H2O's command line say, where the options say nothing.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use authn::{Environment, Error, Result, SecretSource, SecretString, provider::Touched};

use super::{
    H2oCloud,
    cli_file::{CONFIG, CliFile, CliFilePath, OfFile},
    place::{self, Place},
};

/// The variables with the address of the discovery service and with that of the environment, in this order.
const DISCOVERY: &str = "H2O_CLOUD_DISCOVERY";
const ENVIRONMENT: &str = "H2O_CLOUD_ENVIRONMENT";

/// Looks for what the options leave open. The variables do not change, and the file is read again for each exchange.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    /// What the options or a variable name.
    place: Option<Place>,
    /// Whether the options have what the discovery service says, so that it is not asked.
    is_given: bool,
    client: String,
    token: Token,
    /// `None` if nothing of the file is needed, or if there is none.
    file: Option<CliFilePath>,
    /// The variables that are set and used.
    variables: Vec<String>,
    found: Arc<Mutex<Found>>,
}

/// Where to look for the first refresh token.
#[derive(Clone, Debug)]
enum Token {
    /// In the options, or not needed.
    Configured,
    Variable(SecretString),
    /// In the file, if it is anywhere.
    File,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Where the discovery service is; `None` if the options have what it says.
    pub(super) place: Option<Place>,
    first: First,
}

/// The first refresh token, where it is not an option.
#[derive(Clone, Debug, Default)]
enum First {
    #[default]
    Configured,
    Variable(SecretString),
    File(OfFile),
    Absent(Error),
}

/// How errors name the environment of the file.
const ENDPOINT_OF_FILE: &str = "`Endpoint` of the file of H2O's command line";

/// Returns the error of a file whose values can't be used.
fn unusable(why: &str, client: &str) -> Error {
    let name = variable(client);
    Error::not_applicable(format!("the file of H2O's command line {why}")).with_help(format!(
        "set `environment` to that of the file if it is the right one, set {name}, or run `h2o config setup`"
    ))
}

/// Returns the variable with the refresh token of a client.
fn variable(client: &str) -> String {
    format!("H2O_CLOUD_CLIENT_{}_TOKEN", client.to_uppercase())
}

impl Lookup {
    /// Finds the variables and the path of the file.
    pub(super) fn new(options: &H2oCloud, environment: &Environment) -> Result<Self> {
        let is_given = options.discovery.is_some();
        let mut variables = Vec::new();
        let place = match options.place()? {
            None if !is_given => named_place(environment, &mut variables)?,
            place => place,
        };
        let name = variable(&options.client);
        let token = match environment.get(&name) {
            _ if options._refresh_token.is_some() => Token::Configured,
            Some(token) => {
                variables.push(name);
                Token::Variable(token.into())
            }
            None => Token::File,
        };
        let is_complete = is_given || (place.is_some() && !matches!(token, Token::File));
        let file = match &options.config_file {
            None if is_complete => None,
            configured => file(configured.as_deref(), environment, &mut variables)?,
        };
        let client = options.client.clone();
        Ok(Self { place, is_given, client, token, file, variables, found: Arc::default() })
    }

    /// Finds what says where the discovery service is.
    pub(super) fn of_place(environment: &Environment) -> Result<Self> {
        let mut variables = Vec::new();
        let place = named_place(environment, &mut variables)?;
        let file = match &place {
            Some(_) => None,
            None => file(None, environment, &mut variables)?,
        };
        let (client, found) = (String::new(), Arc::default());
        Ok(Self {
            place,
            is_given: false,
            client,
            token: Token::Configured,
            file,
            variables,
            found,
        })
    }

    /// Reads the file, if it is needed.
    pub(super) fn look(&self) -> Result<Found> {
        let file = self.file.as_ref().map(CliFilePath::read).transpose()?.unwrap_or_default();
        let place = match &self.place {
            None if !self.is_given => {
                let endpoint = file.endpoint().map_err(|why| unusable(&why, &self.client))?;
                let endpoint = endpoint.ok_or_else(place::unknown)?;
                Some(Place::of_environment(endpoint, ENDPOINT_OF_FILE)?)
            }
            place => place.clone(),
        };
        let first = match &self.token {
            Token::Configured => First::Configured,
            Token::Variable(token) => First::Variable(token.clone()),
            Token::File => self.of_file(&file, place.as_ref()).unwrap_or_else(First::Absent),
        };
        Ok(Found { place, first })
    }

    fn of_file(&self, file: &CliFile, place: Option<&Place>) -> Result<First> {
        let name = variable(&self.client);
        let Some(place) = place else {
            let message = format!(
                "there is no refresh token of the client: neither `refresh_token` nor the variable {name} is set, \
                 and the file of H2O's command line is not read with `discovery`"
            );
            return Err(Error::not_applicable(message).with_help(format!("set {name}")));
        };
        let found = file.token(&self.client, place).map_err(|why| unusable(&why, &self.client))?;
        found.map(First::File).ok_or_else(|| {
            Error::not_applicable(format!(
                "there is no refresh token of the client: neither the variable {name} nor the file of H2O's command line has one"
            ))
            .with_help(format!("set {name}, or run `h2o config setup`"))
        })
    }

    /// Returns what was found last.
    pub(super) fn found(&self) -> Found {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the variables and the file that it reads.
    pub(super) fn touches(&self) -> impl Iterator<Item = Touched> {
        let variables = self.variables.iter().cloned().map(Touched::Variable);
        let file = self.file.as_ref().map(|file| Touched::File(file.path().display().to_string()));
        variables.chain(file)
    }
}

/// Returns the discovery service that a variable names.
fn named_place(environment: &Environment, variables: &mut Vec<String>) -> Result<Option<Place>> {
    let what = |name: &str| format!("the variable {name}");
    let (name, place) = match (environment.get(DISCOVERY), environment.get(ENVIRONMENT)) {
        (Some(address), _) => (DISCOVERY, Place::at(address, &what(DISCOVERY))?),
        (None, Some(address)) => (ENVIRONMENT, Place::of_environment(address, &what(ENVIRONMENT))?),
        (None, None) => return Ok(None),
    };
    variables.push(name.to_owned());
    Ok(Some(place))
}

/// Returns the path of the file.
fn file(
    configured: Option<&Path>,
    environment: &Environment,
    variables: &mut Vec<String>,
) -> Result<Option<CliFilePath>> {
    if configured.is_none() && environment.get(CONFIG).is_some() {
        variables.push(CONFIG.to_owned());
    }
    CliFilePath::find(configured, environment)
}

/// The text is what tells sessions apart: the first refresh token. Without one it is the address of the discovery service.
impl SecretSource for Lookup {
    fn secret(&self, _target: &str) -> Result<SecretString> {
        let found = self.look()?;
        let text = match found.first() {
            Ok(Some(token)) => token.clone(),
            _ => found.place.as_ref().map_or("", Place::as_str).into(),
        };
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(text)
    }
}

impl Found {
    /// Returns the first refresh token; `None` if it is an option.
    pub(super) fn first(&self) -> Result<Option<&SecretString>> {
        match &self.first {
            First::Configured => Ok(None),
            First::Variable(token) | First::File(OfFile { token, .. }) => Ok(Some(token)),
            First::Absent(error) => Err(error.clone()),
        }
    }

    /// Fails if the refresh token is that of another client in the file.
    pub(super) fn check_client(&self, client: &str, client_id: &str) -> Result<()> {
        match &self.first {
            First::File(OfFile { client: (key, id), .. }) if id != client_id => {
                let why = format!(
                    "has a token of another client: its `{key}` is not that of the environment's client"
                );
                Err(unusable(&why, client))
            }
            _ => Ok(()),
        }
    }
}
