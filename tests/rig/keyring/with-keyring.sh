#!/usr/bin/env bash
# Runs a command inside a private D-Bus session with an unlocked gnome-keyring (org.freedesktop.secrets), all
# in a temporary home: no display, no systemd, and nothing of the user's own keyring.
#
#   with-keyring.sh COMMAND ARGUMENTS…
#
# LOCKED=1 locks it: a prompt would be needed, and none can be shown.
# EMPTY=1 starts it as for somebody who has no keyring yet.
# Needs Debian's gnome-keyring and dbus; its libsecret-tools are for whoever looks into it.
set -euo pipefail

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home XDG_RUNTIME_DIR=$home/run XDG_DATA_HOME=$home/data
mkdir -m 700 "$XDG_RUNTIME_DIR" "$XDG_DATA_HOME"

# shellcheck disable=SC2016 # expanded by the inner shell
session='
  if [ -n "${EMPTY:-}" ]; then
    gnome-keyring-daemon --foreground --components=secrets >/dev/null 2>&1 &
  else
    printf pw | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
  fi
  daemon=$!
  has_owner() {
    dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
      org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null | grep -q true
  }
  for _ in $(seq 250); do has_owner && break; sleep 0.02; done
  if [ -n "${LOCKED:-}" ]; then
    dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
      org.freedesktop.Secret.Service.Lock \
      array:objpath:/org/freedesktop/secrets/aliases/default >/dev/null
  fi
  result=0
  if has_owner; then
    "$@" || result=$?
  else
    echo "with-keyring.sh: gnome-keyring did not start" >&2
    result=70
  fi
  kill $daemon 2>/dev/null
  exit $result
'
# dbus-daemon complains about its file limit on many machines; that is noise.
dbus-run-session -- bash -c "$session" with-keyring.sh "$@" 2> >(grep -v 'fd limit' >&2)
