//! What can be wrong with a Secret Service, each with its own help.
//!
//! Of a service's own error the name is shown, and never its text.

use authn::Error;
use zbus::fdo;

use super::failure;

/// The address of the bus is not known.
pub(super) const NO_BUS: &str = "\
    there is no D-Bus session, so there is no keyring: set DBUS_SESSION_BUS_ADDRESS, start the program \
    with `dbus-run-session`, or choose another `store`";

/// The bus is not on this machine.
pub(super) const NOT_LOCAL: &str = "\
    DBUS_SESSION_BUS_ADDRESS is no socket of this machine, and secrets go over no other: set it to \
    `unix:path=…`";

/// A prompt would be needed.
pub(super) const LOCKED: &str = "\
    the keyring is locked: unlock it in its application, or with `gnome-keyring-daemon --unlock`, and \
    try again";

/// There is nowhere to put a new item.
pub(super) const NO_DEFAULT: &str = "\
    the keyring service has no default keyring yet: make one in its application, or with \
    `gnome-keyring-daemon --unlock`";

/// The service does not run.
const NO_SERVICE: &str = "\
    no keyring service is running (nobody owns org.freedesktop.secrets): start one, such as GNOME \
    Keyring, KWallet or KeePassXC, or choose another `store`";

/// A call has failed.
pub(super) fn told(what: &str, error: &zbus::Error) -> Error {
    use fdo::Error as Fdo;
    match error {
        zbus::Error::MethodError(name, ..) if name.as_str().ends_with(".Error.IsLocked") => {
            failure(LOCKED)
        }
        zbus::Error::MethodError(name, ..) => refused(what, name.as_str()),
        zbus::Error::FDO(error) => match &**error {
            Fdo::ServiceUnknown(_)
            | Fdo::NameHasNoOwner(_)
            | Fdo::SpawnServiceNotFound(_)
            | Fdo::SpawnExecFailed(_)
            | Fdo::SpawnChildExited(_)
            | Fdo::SpawnFailed(_) => failure(NO_SERVICE),
            Fdo::NoReply(_) | Fdo::Timeout(_) | Fdo::TimedOut(_) | Fdo::Disconnected(_) => failure(
                "the keyring service stopped before it answered: start it anew, and try again",
            ),
            Fdo::LimitsExceeded(_) | Fdo::NoMemory(_) => failure(format!(
                "the keyring did not {what}, because it is too large: choose another `store`"
            )),
            Fdo::AccessDenied(_) | Fdo::AuthFailed(_) => failure(format!(
                "this program may not {what}: see the rights that a sandbox or the bus gives it"
            )),
            other => refused(what, zbus::DBusError::name(other).as_str()),
        },
        zbus::Error::Connection(..) | zbus::Error::InputOutput(_) | zbus::Error::Handshake(_) => {
            failure(
                "the D-Bus session can't be reached, so there is no keyring: see whether \
                 DBUS_SESSION_BUS_ADDRESS is that of a bus which runs, start the program with \
                 `dbus-run-session`, or choose another `store`",
            )
        }
        _ => failure(format!(
            "the keyring service did not {what} in a way that can be understood: see whether it is a Secret \
             Service, or choose another `store`"
        )),
    }
}

fn refused(what: &str, name: &str) -> Error {
    failure(format!(
        "the keyring service did not {what} ({name}): see its own log, or choose another `store`"
    ))
}
