#!/usr/bin/env bash
# Checks with-keyring.sh: a secret is stored, found and removed; a locked keyring gives nothing away.
set -euo pipefail
cd "$(dirname "$0")"

# shellcheck disable=SC2016 # expanded by the inner shell
./with-keyring.sh bash -euc '
  printf stored-secret | secret-tool store --label=rig service rig account alice
  [ "$(secret-tool lookup service rig account alice)" = stored-secret ]
  secret-tool clear service rig account alice
  ! secret-tool lookup service rig account alice
  ./lock.sh
  ! timeout 5 secret-tool store --label=rig service rig account alice <<<x 2>/dev/null
'
store=(timeout 5 secret-tool store --label=rig service rig account alice)
for state in LOCKED EMPTY; do
  if env "$state=1" ./with-keyring.sh "${store[@]}" <<<x 2>/dev/null; then
    echo "a keyring that is $state took a secret" >&2
    exit 1
  fi
done
echo 'keyring: all checks passed'
