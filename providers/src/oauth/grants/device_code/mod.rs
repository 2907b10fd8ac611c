//! A code that the user types in at the server, on any device (RFC 8628).
//!
//! The server issues two codes. The user types in the first one. With the second one this program polls for the tokens,
//! as often as [`pace`] says, until the user has approved the login.
//!
//! No browser is started here. The user's browser is on another device, and the user compares the code with the one
//! that the server shows there. That comparison protects against approving another user's login (RFC 8628, 5.4).

mod pace;
#[cfg(test)]
mod tests;

use std::time::Duration;

use authn::{
    Context, Error, ErrorKind, Login, Result, TokenSet,
    prompt::{Progress, UserCode},
    time::Moment,
};

use self::pace::Pace;
use crate::{
    oauth::Call,
    token_endpoint::{
        DeviceAuthorization, Endpoint, ErrorCode, Failure, Form, GrantAdvice, Received,
        device_authorization, with,
    },
};

pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Shortest time between two requests for the tokens, whatever the server's interval is.
const MIN_WAIT: Duration = Duration::from_secs(1);

/// Logs the user in by a code.
///
/// If the server does not allow that for the client and `or_by_console` is set, notifies the user and returns `None`.
pub(in crate::oauth) async fn login(
    call: Call<'_>,
    login: &Login,
    or_by_console: bool,
) -> Result<Option<TokenSet>> {
    // Cancelling this loses nothing: an unused code expires.
    let failure = match login.unless_cancelled(request_codes(call)).await? {
        Ok(codes) => return poll(call, login, &codes).await.map(Some),
        Err(failure) => failure,
    };
    let not_allowed = not_allowed(&failure);
    if !or_by_console || not_allowed.is_none() {
        return Err(not_allowed.unwrap_or(failure.error));
    }
    login.progress(&Progress::Notice(
        "the server does not let the client log in by a code, so the login continues with a link; \
         set `grant_type = \"authorization_code\"` to start with the link"
            .to_owned(),
    ));
    Ok(None)
}

/// When the polling ends, and why.
struct Deadline {
    moment: Moment,
    /// Whether the code expires then. Otherwise `login_timeout` ends.
    code_expires: bool,
}

/// Requests the two codes (RFC 8628, 3.1).
async fn request_codes(call: Call<'_>) -> Result<DeviceAuthorization, Failure> {
    let mut form = Form::default();
    // Servers of OpenID Connect take these here too, and others ignore them.
    call.options.authorization.ask_for_user(&mut form);
    call.options.request.ask_for(&mut form, call.scopes(), call.context)?;
    let advice = GrantAdvice {
        meaning: "",
        help: "check the client's permissions at the server, and the server's log",
        login_helps: false,
        guess: None,
    };
    let endpoint = Endpoint::DeviceAuthorization;
    let (response, advice) = call.post(endpoint, form, advice).await?;
    let codes = device_authorization(&Received::from(&response), &advice);
    codes.inspect_err(|failure| call.note(failure))
}

/// Returns the error if the server does not let the client start such a login, or `None` for any other failure.
fn not_allowed(failure: &Failure) -> Option<Error> {
    let check = match failure.code {
        Some(
            ErrorCode::UnauthorizedClient
            | ErrorCode::InvalidRequest
            | ErrorCode::UnsupportedGrantType,
        ) => "",
        _ if failure.is_of_client => "check `client_id` and the client's authentication, ",
        _ => return None,
    };
    let code = failure.code.map(|code| format!(" ({})", code.name())).unwrap_or_default();
    Some(
        Error::refused(format!("the server does not let the client log in by a code{code}"))
            .with_help(format!(
                "{check}allow the client the device grant at the server, or log in with `--console`"
            )),
    )
}

fn user_code(codes: &DeviceAuthorization, received: Moment) -> UserCode {
    let code = UserCode::new(&codes.user_code, codes.verification_uri.clone())
        .with_received_at(received.wall());
    let code = with(code, codes.verification_uri_complete.clone(), UserCode::with_complete_url);
    let code = with(code, codes.interval, UserCode::with_interval);
    with(code, codes.expires_in, UserCode::with_lifetime)
}

/// Shows the code, and polls for the tokens until the server issues them or the login fails (RFC 8628, 3.4 and 3.5).
async fn poll(call: Call<'_>, login: &Login, codes: &DeviceAuthorization) -> Result<TokenSet> {
    let (context, timeout) = (call.context, call.options.login.timeout());
    let clock = context.clock();
    let left = codes.expires_in.map_or(timeout, |lifetime| lifetime.min(timeout));
    let received = clock.now();
    let end = Deadline {
        moment: received.plus(left),
        code_expires: codes.expires_in.is_some_and(|lifetime| lifetime <= timeout),
    };
    login.show_code(&user_code(codes, received));
    login.progress(&Progress::Waiting { left });
    let mut pace = Pace::new(codes.interval);
    let mut last_failure = None;
    let mut is_reported = false;
    loop {
        let left = end.moment.after(clock.now());
        let is_last = pace.wait() >= left;
        let wait = if is_last { end.last_wait(left, &pace) } else { Some(pace.wait()) };
        tracing::debug!(
            authn.wait = wait.unwrap_or(left).as_secs_f64(),
            "next request for the login"
        );
        login.unless_cancelled(clock.sleep(wait.unwrap_or(left))).await?;
        if wait.is_none() || (!is_last && end.moment.reached(clock.now())) {
            return Err(last_failure.unwrap_or_else(|| end.error(context)));
        }
        // This is not cancelled, because the server issues the tokens only once.
        let failure = match redeem(call, codes).await {
            Ok(grant) => return Ok(grant),
            Err(failure) => failure,
        };
        let retry_after = failure.error.retry_after();
        let is_temporary = is_temporary_failure(&failure);
        match failure.code {
            Some(ErrorCode::AuthorizationPending) => pace.pending(retry_after),
            Some(ErrorCode::SlowDown) => pace.slow_down(retry_after),
            Some(ErrorCode::AccessDenied) => return Err(denied()),
            Some(ErrorCode::ExpiredToken) => return Err(expired(context)),
            _ if is_temporary => pace.failed(retry_after),
            _ => return Err(failure.error),
        }
        if is_temporary && !is_reported {
            let text = format!("the request is repeated until the code expires: {}", failure.error);
            login.progress(&Progress::Notice(text));
            is_reported = true;
        }
        last_failure = is_temporary.then_some(failure.error);
    }
}

/// Requests the tokens once. The HTTP client repeats the request only if it was never sent.
async fn redeem(call: Call<'_>, codes: &DeviceAuthorization) -> Result<TokenSet, Failure> {
    let mut form = Form::of_grant(GRANT_TYPE);
    form.add("device_code", &codes.device_code.expose());
    call.options.request.ask_for_resource(&mut form, call.context)?;
    let help = call.context.login_help();
    let meaning = "the code is no longer valid";
    call.redeem(form, GrantAdvice { meaning, help: &help, login_helps: true, guess: None }).await
}

/// Returns whether the request can be repeated: the server can't be reached, fails, or limits the rate of requests.
fn is_temporary_failure(failure: &Failure) -> bool {
    let is_answer =
        matches!(failure.code, Some(ErrorCode::AuthorizationPending | ErrorCode::SlowDown));
    let is_busy = matches!(failure.error.kind(), ErrorKind::Network | ErrorKind::Refused);
    !is_answer && !failure.is_refusal && is_busy
}

impl Deadline {
    /// Returns the wait before a last request, which is sent before the interval ends so that a late approval is not
    /// missed. A code that expires is used a second before that.
    ///
    /// Returns `None` if the previous request was just now, or if the server asked for a longer wait.
    fn last_wait(&self, left: Duration, pace: &Pace) -> Option<Duration> {
        if !pace.is_undelayed() {
            return None;
        }
        let before = if self.code_expires { MIN_WAIT } else { Duration::ZERO };
        left.checked_sub(before).filter(|wait| *wait >= MIN_WAIT)
    }

    fn error(&self, context: &Context) -> Error {
        if self.code_expires {
            return expired(context);
        }
        context.login_required("the login was not approved within `login_timeout`")
    }
}

fn expired(context: &Context) -> Error {
    context.login_required("the code expired before the login was approved")
}

fn denied() -> Error {
    Error::refused("the login was denied on the page where the code was entered")
        .with_help("log in again and approve it")
}
