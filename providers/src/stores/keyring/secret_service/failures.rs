//! The errors of a Secret Service, each with its own help.
//!
//! Of an error that the service returns, only the name is shown, never the text.

use authn::Error;
use zbus::fdo;

use super::failure;

/// Returns the error of a bus whose address is not known.
pub(super) fn no_bus() -> Error {
    failure("there is no D-Bus session, so there is no keyring").with_help(
        "set DBUS_SESSION_BUS_ADDRESS, start the program with `dbus-run-session`, or choose another `store`",
    )
}

/// Returns the error of a bus that is not on this machine.
pub(super) fn not_local() -> Error {
    failure("DBUS_SESSION_BUS_ADDRESS is not a socket of this machine")
        .with_help("set it to `unix:path=…`, because secrets are sent over no other transport")
}

/// Returns the error of a keyring that a prompt would have to unlock.
pub(super) fn locked() -> Error {
    failure("the keyring is locked").with_help(
        "unlock it in its application or with `gnome-keyring-daemon --unlock`, and try again",
    )
}

/// Returns the error of a service that has no keyring for new items.
pub(super) fn no_default() -> Error {
    failure("the keyring service has no default keyring yet")
        .with_help("create one in its application or with `gnome-keyring-daemon --unlock`")
}

/// Returns the error of a service that does not run.
fn no_service() -> Error {
    failure("no keyring service is running (org.freedesktop.secrets has no owner)").with_help(
        "start one, such as GNOME Keyring, KWallet or KeePassXC, or choose another `store`",
    )
}

/// Returns the error of a call that has failed. `what` is what the service was asked to do.
pub(super) fn of_call(what: &str, error: &zbus::Error) -> Error {
    use fdo::Error as Fdo;
    match error {
        zbus::Error::MethodError(name, ..) if name.as_str().ends_with(".Error.IsLocked") => {
            locked()
        }
        zbus::Error::MethodError(name, ..) => refused(what, name.as_str()),
        zbus::Error::FDO(error) => match &**error {
            Fdo::ServiceUnknown(_)
            | Fdo::NameHasNoOwner(_)
            | Fdo::SpawnServiceNotFound(_)
            | Fdo::SpawnExecFailed(_)
            | Fdo::SpawnChildExited(_)
            | Fdo::SpawnFailed(_) => no_service(),
            Fdo::NoReply(_) | Fdo::Timeout(_) | Fdo::TimedOut(_) | Fdo::Disconnected(_) => {
                failure("the keyring service stopped before it answered")
                    .with_help("restart it, and try again")
            }
            Fdo::LimitsExceeded(_) | Fdo::NoMemory(_) => {
                failure(format!("the keyring did not {what}, because the message is too large"))
                    .with_help("choose another `store`")
            }
            Fdo::AccessDenied(_) | Fdo::AuthFailed(_) => {
                failure(format!("the keyring service was asked to {what}, and access was denied"))
                    .with_help("check the permissions that the sandbox or the bus grants it")
            }
            other => refused(what, zbus::DBusError::name(other).as_str()),
        },
        zbus::Error::Connection(..) | zbus::Error::InputOutput(_) | zbus::Error::Handshake(_) => {
            failure("the D-Bus session can't be reached, so there is no keyring").with_help(
                "set DBUS_SESSION_BUS_ADDRESS to the address of a running bus, start the program with \
                 `dbus-run-session`, or choose another `store`",
            )
        }
        _ => failure(format!(
            "the keyring service was asked to {what}, and its answer can't be read"
        ))
        .with_help("check that it is a Secret Service, or choose another `store`"),
    }
}

fn refused(what: &str, name: &str) -> Error {
    failure(format!("the keyring service did not {what} ({name})"))
        .with_help("check its log, or choose another `store`")
}
