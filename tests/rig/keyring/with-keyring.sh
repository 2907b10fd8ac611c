#!/usr/bin/env bash
# Runs a command inside a private D-Bus session with an unlocked gnome-keyring (org.freedesktop.secrets), all
# in a temporary home: no display, no systemd, and nothing of the user's own keyring.
#
#   with-keyring.sh COMMAND ARGUMENTS…
#
# LOCKED=1 locks it: a prompt would be needed, and none can be shown.
# EMPTY=1 starts it as for a user who has no keyring yet.
# Needs Debian's gnome-keyring and dbus; tests that look into the keyring need its libsecret-tools.
#
# What the daemon prints is shown if it ends before the command does.
set -euo pipefail

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home XDG_RUNTIME_DIR=$home/run XDG_DATA_HOME=$home/data
mkdir -m 700 "$XDG_RUNTIME_DIR" "$XDG_DATA_HOME"

# A bus that starts no service by itself. The usual one would put another daemon, with a locked keyring, in the
# place of one that ended, and a test would tell of that instead.
cat >"$home/bus.conf" <<END
<busconfig>
  <type>session</type>
  <listen>unix:dir=$home/run</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
END

# shellcheck disable=SC2016 # expanded by the inner shell
session='
  said=$HOME/daemon.txt
  if [ -n "${EMPTY:-}" ]; then
    gnome-keyring-daemon --foreground --components=secrets >"$said" 2>&1 &
  else
    printf pw | gnome-keyring-daemon --foreground --unlock --components=secrets >"$said" 2>&1 &
  fi
  daemon=$!
  has_owner() {
    dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
      org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null | grep -q true
  }
  for _ in $(seq 250); do has_owner && break; sleep 0.02; done
  if ! has_owner; then
    echo "with-keyring.sh: gnome-keyring did not start" >&2
    cat "$said" >&2
    exit 70
  fi
  if [ -n "${LOCKED:-}" ]; then "$RIG/lock.sh"; fi
  result=0
  "$@" || result=$?
  if ! kill $daemon 2>/dev/null; then
    echo "with-keyring.sh: gnome-keyring ended before the command did:" >&2
    cat "$said" >&2
  fi
  exit $result
'
RIG=$(cd "$(dirname "$0")" && pwd)
export RIG
# dbus-daemon complains about its file limit on many machines; that is noise.
dbus-run-session --config-file="$home/bus.conf" -- bash -c "$session" with-keyring.sh "$@" 2> >(grep -v 'fd limit' >&2)
