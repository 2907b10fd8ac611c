#!/usr/bin/env bash
# Makes the test-only keys and certificates in the folder $1 (default: keys beside this script), about 0.6 s.
# Does nothing if the folder is there. Needs openssl.
#
# Several servers may start at once on a fresh clone, so everything is made in a folder of this process's
# own and moved into place in one step. Whoever comes second throws its own away.
set -euo pipefail

target=${1:-$(dirname "$0")/keys}
[ -f "$target/.done" ] && exit 0
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT

EC=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256)
NEW_EC=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
CA_TRUE=(-addext 'basicConstraints=critical,CA:TRUE')

quiet() { # openssl talks on standard error even when all is well: shown only when it fails
  local said
  if ! said=$("$@" 2>&1); then
    printf '%s\n' "$said" >&2
    return 1
  fi
}

authority() { # NAME SUBJECT: a certificate authority, or a certificate that signs itself
  quiet openssl req -x509 "${NEW_EC[@]}" -keyout "$1.key" -out "$1.crt" -days 3650 -subj "$2" "${@:3}"
}

certificate() { # NAME SUBJECT AUTHORITY EXTENSIONS: a certificate signed by an authority
  quiet openssl req "${NEW_EC[@]}" -keyout "$1.key" -out "$1.csr" -subj "$2"
  printf '%s\nbasicConstraints=CA:FALSE\n' "$4" >"$1.ext"
  quiet openssl x509 -req -in "$1.csr" -CA "$3.crt" -CAkey "$3.key" -CAcreateserial -days 3650 \
    -extfile "$1.ext" -out "$1.crt"
  rm "$1.csr" "$1.ext"
}

(
  cd "$work"
  # Signing keys: op-* are the server's own, the others belong to clients.
  for name in rsa op-rsa; do
    quiet openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$name.pem"
  done
  for name in ec op-ec; do quiet openssl genpkey "${EC[@]}" -out "$name.pem"; done
  quiet openssl genpkey -algorithm ed25519 -out ed.pem

  # TLS: the server, a client it knows, one it doesn't, one of a foreign authority, and one that signs itself.
  client=$'extendedKeyUsage=clientAuth\nsubjectAltName=DNS:'
  authority ca '/CN=rig test CA' "${CA_TRUE[@]}" -addext 'keyUsage=critical,keyCertSign,cRLSign'
  authority rogue-ca '/CN=rogue CA' "${CA_TRUE[@]}"
  authority self '/CN=cc-mtls-self'
  server=$'extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1,DNS:localhost'
  certificate server '/CN=127.0.0.1' ca "$server"
  certificate client '/CN=cc-mtls/O=rig' ca "${client}cc-mtls.test"
  certificate client2 '/CN=other/O=rig' ca "${client}other.test"
  certificate rogue '/CN=cc-mtls/O=rig' rogue-ca "${client}cc-mtls.test"

  # The same client certificate in the other two forms that people have.
  cat client.key client.crt >client.pem
  quiet openssl pkcs12 -export -inkey client.key -in client.crt -passout pass:changeit -out client.p12
  touch .done
)

# `mv -T` renames onto a missing or empty folder and refuses a filled one: another server was first.
mv -T "$work" "$target" 2>/dev/null || [ -f "$target/.done" ]
