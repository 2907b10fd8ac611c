//! What the program keeps of a browser: two encrypted cookies, which any instance with the same key can read.

use std::time::SystemTime;

use authn::{Error, PendingLogin, Result, SecretString};
use axum::extract::FromRef;
use axum_extra::extract::cookie::{Cookie, Key, PrivateCookieJar, SameSite};

use crate::{App, user::User};

/// How the cookies are set.
#[derive(Clone, Copy)]
pub(crate) struct Cookies {
    /// Whether browsers send them over https alone: always, except to a program on the user's own machine.
    pub(crate) are_secure: bool,
}

/// Derives the key of the cookies from a configured text.
pub(crate) fn key(text: &SecretString) -> Result<Key> {
    const SHORTEST: usize = 32;
    let text = text.expose();
    if text.len() < SHORTEST {
        return Err(Error::configuration("the key of the cookies is shorter than 32 bytes"));
    }
    Ok(Key::derive_from(text.as_bytes()))
}

impl FromRef<App> for Key {
    fn from_ref(app: &App) -> Self {
        app.cookie_key.clone()
    }
}

impl Cookies {
    /// Adds the cookie of a login, until it expires. A second login of the same browser replaces the first.
    pub(crate) fn with_login(
        self,
        jar: PrivateCookieJar,
        pending: &PendingLogin,
    ) -> PrivateCookieJar {
        let mut cookie = self.cookie("login", pending.to_secret().expose().to_string());
        let left = pending.valid_until().duration_since(SystemTime::now()).unwrap_or_default();
        cookie.set_max_age(left.try_into().ok());
        jar.add(cookie)
    }

    /// Removes the cookie of a login, and returns the login.
    pub(crate) fn take_login(
        self,
        jar: PrivateCookieJar,
    ) -> (PrivateCookieJar, Result<PendingLogin>) {
        let text = jar.get(&self.name("login")).map(|cookie| cookie.value().into());
        let pending =
            text.ok_or_else(|| Error::login_required("no login was started in this browser"));
        let pending = pending.and_then(|text: SecretString| PendingLogin::from_secret(&text));
        (jar.remove(self.cookie("login", String::new())), pending)
    }

    /// Adds the cookie of a user who has logged in, until the browser is closed.
    pub(crate) fn with_user(self, jar: PrivateCookieJar, user: &User) -> PrivateCookieJar {
        jar.add(self.cookie("session", user.to_text()))
    }

    pub(crate) fn user(self, jar: &PrivateCookieJar) -> Option<User> {
        User::from_text(jar.get(&self.name("session"))?.value())
    }

    pub(crate) fn without_user(self, jar: PrivateCookieJar) -> PrivateCookieJar {
        jar.remove(self.cookie("session", String::new()))
    }

    /// No script can read it, and other sites lead browsers here with it only by links, as the authorization server does.
    fn cookie(self, name: &str, value: String) -> Cookie<'static> {
        Cookie::build((self.name(name), value))
            .path("/")
            .http_only(true)
            .secure(self.are_secure)
            .same_site(SameSite::Lax)
            .build()
    }

    /// With the prefix `__Host-`, browsers accept the cookie from this very host alone. An attacker at another host of the
    /// same domain could otherwise set that of their own login.
    fn name(self, name: &str) -> String {
        format!("{}{name}", if self.are_secure { "__Host-" } else { "" })
    }
}
