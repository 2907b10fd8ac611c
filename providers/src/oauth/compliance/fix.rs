//! `Fix`: a fix that a configuration has chosen by its name.

use std::{fmt, sync::LazyLock};

use authn::{Result, Show, View};
use serde::{Deserialize, Deserializer, de};

use super::{Compliance, registered};
use crate::{
    named::{Kind, Named, names},
    token_endpoint::{Endpoint, TokenRequest, TokenResponse},
};

const FIXES: Kind = Kind { singular: "fix", plural: "fixes" };

/// A fix.
#[derive(Clone, Copy)]
pub(in crate::oauth) struct Fix(&'static Named<dyn Compliance>);

/// The requests that a fix changes, with their answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::oauth) enum Answered {
    Access,
    Refresh,
    Revocation,
}

impl Answered {
    /// Returns the kind of a request; `None` if no fix changes such a request.
    pub(in crate::oauth) fn of(request: &TokenRequest) -> Option<Self> {
        match request.endpoint() {
            Endpoint::Token if request.parameter("grant_type") == Some("refresh_token") => {
                Some(Self::Refresh)
            }
            Endpoint::Token => Some(Self::Access),
            Endpoint::Revocation => Some(Self::Revocation),
            _ => None,
        }
    }
}

impl Fix {
    /// Fails if another crate registers a fix of the same name.
    pub(in crate::oauth) fn check(self) -> Result<()> {
        FIXES.find(self.0.name(), registered()).map(drop)
    }

    /// Changes a request before it is sent.
    pub(in crate::oauth) fn before(
        self,
        answered: Option<Answered>,
        request: &mut TokenRequest,
    ) -> Result<()> {
        match answered {
            Some(Answered::Access) => self.0.value().access_token_request(request),
            Some(Answered::Refresh) => self.0.value().refresh_token_request(request),
            Some(Answered::Revocation) => self.0.value().revoke_token_request(request),
            None => Ok(()),
        }
    }

    /// Changes an answer before it is parsed.
    pub(in crate::oauth) fn after(
        self,
        answered: Option<Answered>,
        response: &mut TokenResponse,
    ) -> Result<()> {
        match answered {
            Some(Answered::Access) => self.0.value().access_token_response(response),
            Some(Answered::Refresh) => self.0.value().refresh_token_response(response),
            Some(Answered::Revocation) => self.0.value().revoke_token_response(response),
            None => Ok(()),
        }
    }
}

fn all_names() -> &'static [&'static str] {
    static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| names(registered()));
    &NAMES
}

impl<'de> Deserialize<'de> for Fix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Fix;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a fix")
            }

            fn visit_enum<A: de::EnumAccess<'de>>(self, access: A) -> Result<Fix, A::Error> {
                let (name, variant) = access.variant::<String>()?;
                de::VariantAccess::unit_variant(variant)?;
                let fix = registered().find(|fix| fix.name() == name);
                fix.map(Fix).ok_or_else(|| de::Error::unknown_variant(&name, all_names()))
            }
        }
        deserializer.deserialize_enum("Fix", all_names(), Visitor)
    }
}

impl Show for Fix {
    fn show(&self) -> View {
        View::text(self.0.name())
    }
}
