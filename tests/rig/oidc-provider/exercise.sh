#!/usr/bin/env bash
# Checks every flow of the server with curl: a line a check, `ok` or `FAIL`, then a sum. Fails if a check did.
#
#   exercise.sh                  starts a server of its own
#   exercise.sh ISSUER MTLS_URL  takes one that runs, and resets it first
#
# It works on the server's log, clock and faults, so nothing else may use the server meanwhile.
set -uo pipefail
cd "$(dirname "$0")" || exit

if [ $# -eq 0 ]; then
  coproc SERVER { exec node server.mjs --with-stdin; }
  while read -r -u "${SERVER[0]}" line; do
    case $line in READY*) break ;; esac
  done
  field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$line"; }
  set -- "$(field issuer)" "$(field mtls)"
fi
BASE=$1
MTLS=$2
TOKEN=$BASE/token
REALM=$BASE/realms/test
KEYS=keys
CALLBACK=http://127.0.0.1:9/callback
JWT_BEARER=urn:ietf:params:oauth:grant-type:jwt-bearer
EXCHANGE=urn:ietf:params:oauth:grant-type:token-exchange
DEVICE=urn:ietf:params:oauth:grant-type:device_code
ASSERTION_TYPE=urn:ietf:params:oauth:client-assertion-type:jwt-bearer
ACCESS_TOKEN_TYPE=urn:ietf:params:oauth:token-type:access_token

checks=0
failed=0

check() { # NAME PATTERN TEXT: TEXT matches the extended regular expression
  checks=$((checks + 1))
  if grep -qE -- "$2" <<<"$3"; then
    echo "ok   $1"
  else
    failed=$((failed + 1))
    echo "FAIL $1: ${3::1000}"
  fi
}

fetch() { curl -s --max-time 10 "$@"; }
status() { fetch -o /dev/null -w '%{http_code}' "$@"; }
json() { # NAME: a text or a number on standard input; nothing, if it isn't there
  local pattern="\"$1\":\"?([^\",}]*)"
  [[ $(cat) =~ $pattern ]] && echo "${BASH_REMATCH[1]}"
}
mint() { node mint.mjs "$@"; }

# Each asks for a token and prints the response. The first argument is the client, the rest goes to curl.
basic() { fetch -u "$1" -d grant_type=client_credentials "${@:2}" "$TOKEN"; }
post() { fetch -d client_id="$1" -d client_secret=secret -d grant_type=client_credentials "${@:2}" "$TOKEN"; }
assertion() { # JWT
  fetch --data-urlencode client_assertion="$1" -d client_assertion_type=$ASSERTION_TYPE \
    -d grant_type=client_credentials "$TOKEN"
}
mutual() { # CLIENT CERTIFICATE
  fetch --cacert $KEYS/ca.crt ${2:+--cert "$KEYS/$2.crt" --key "$KEYS/$2.key"} -d client_id="$1" \
    -d grant_type=client_credentials "$MTLS/token"
}
proven() { # CLIENT NONCE
  fetch -i -u "$1:secret" -H "DPoP: $(mint dpop $KEYS/ec.pem POST "$TOKEN" "${2:-}")" \
    -d grant_type=client_credentials "$TOKEN"
}
login() { # USER PASSWORD SCOPE
  fetch -u pw:secret -d grant_type=password -d username="$1" --data-urlencode password="$2" \
    ${3:+-d "scope=$3"} "$TOKEN"
}
refresh() { fetch -u pw:secret -d grant_type=refresh_token -d refresh_token="$1" "$TOKEN"; }
bearer() { fetch -i -H "Authorization: Bearer $1" "${@:2}"; }

fetch "$BASE/__rig/reset" >/dev/null

# --- discovery
check discovery "\"issuer\":\"$BASE\"" "$(fetch "$BASE/.well-known/openid-configuration")"
check rfc8414 "\"issuer\":\"$BASE\"" "$(fetch "$BASE/.well-known/oauth-authorization-server")"

# --- Keycloak's shape
KEYCLOAK_TOKEN=$REALM/protocol/openid-connect/token
keycloak() { fetch -w ' %{http_code}' -u "$1" "${@:2}" "$KEYCLOAK_TOKEN"; }
check keycloak-discovery "\"issuer\":\"$REALM\".*protocol/openid-connect" \
  "$(fetch "$REALM/.well-known/openid-configuration")"
check keycloak-legacy-base "\"issuer\":\"$BASE/auth/realms/test\"" \
  "$(fetch "$BASE/auth/realms/test/.well-known/openid-configuration")"
check keycloak-8414 "\"issuer\":\"$REALM\"" \
  "$(fetch "$BASE/.well-known/oauth-authorization-server/realms/test")"
check keycloak-no-realm 'Realm does not exist' "$(fetch "$BASE/realms/nope/.well-known/openid-configuration")"
check keycloak-bad-secret 'Invalid client or Invalid client credentials.*401' \
  "$(keycloak cc-basic:x -d grant_type=client_credentials)"
check keycloak-bad-password-is-401 'Invalid user credentials.* 401' \
  "$(keycloak pw:secret -d grant_type=password -d username=alice -d password=x)"
check keycloak-bad-refresh 'Token is not active.* 400' \
  "$(keycloak pw:secret -d grant_type=refresh_token -d refresh_token=x)"
check keycloak-token not-before-policy "$(keycloak cc-basic:secret -d grant_type=client_credentials)"

# --- client authentication
check cc-basic '"access_token":"eyJ' "$(basic cc-basic:secret -d scope='read write')"
check cc-basic-opaque '"access_token":"[^e.]' "$(basic cc-basic:secret -d resource=urn:rig:opaque)"
check cc-basic-wrong-secret '"error":"invalid_client"' "$(basic cc-basic:nope)"
encoded=$(printf 'cc%%3Aspecial+id:p%%40ss+w%%25rd%%2B%%26%%3D%%3A%%2F%%3F~' | base64 -w0)
check cc-special-encoded access_token \
  "$(fetch -H "Authorization: Basic $encoded" -d grant_type=client_credentials "$TOKEN")"
check cc-special-RAW-refused '"error":"invalid_(client|request)"' "$(basic 'cc:special id:p@ss w%rd+&=:/?~')"
check cc-post access_token "$(post cc-post)"
check cc-secret-jwt access_token "$(assertion "$(mint hs 'a-client-secret-of-at-least-32-bytes!!' \
  '{"iss":"cc-sjwt","sub":"cc-sjwt","aud":"'"$BASE"'"}')")"
for kind in RS256:rsa PS256:rsa ES256:ec EdDSA:ed; do
  key=${kind#*:}
  signed=$(mint assertion "$KEYS/$key.pem" "${kind%:*}" "$key-1" \
    '{"iss":"cc-pkjwt","sub":"cc-pkjwt","aud":"'"$TOKEN"'"}')
  check "cc-private-key-jwt-${kind%:*}" access_token "$(assertion "$signed")"
done
check assertion-replay-refused invalid_client "$(assertion "$signed")"

# --- mutual TLS
check mtls-subject-dn access_token "$(mutual cc-mtls client)"
response=$(mutual cc-mtls-san client)
check mtls-san-bound access_token "$response"
bound=$(json access_token <<<"$response")
check mtls-bound-has-x5t x5t#S256 "$(cut -d. -f2 <<<"$bound" | tr _- /+ | base64 -d 2>/dev/null)"
check mtls-self-signed access_token "$(mutual cc-mtls-self self)"
check mtls-no-cert-refused invalid_client "$(mutual cc-mtls)"
check mtls-wrong-subject-refused invalid_client "$(mutual cc-mtls client2)"
check mtls-rogue-ca-refused invalid_client "$(mutual cc-mtls rogue)"
certified() {
  bearer "$bound" --cacert $KEYS/ca.crt --cert "$KEYS/$1.crt" --key "$KEYS/$1.key" "$MTLS/rs/bearer"
}
check mtls-rs-accepts '"ok":true' "$(certified client)"
check mtls-rs-refuses-other-cert invalid_token "$(certified client2)"

# --- DPoP
response=$(proven cc-dpop)
check dpop-cc '"token_type":"DPoP"' "$response"
bound=$(tail -n1 <<<"$response" | json access_token)
check dpop-missing-proof invalid_ "$(basic cc-dpop:secret)"
response=$(proven cc-dpop-nonce)
check dpop-as-nonce-demanded use_dpop_nonce "$response"
nonce=$(grep -i '^dpop-nonce:' <<<"$response" | cut -d' ' -f2 | tr -d '\r')
check dpop-as-nonce-used '"token_type":"DPoP"' "$(proven cc-dpop-nonce "$nonce")"
dpop() { # KEY NONCE
  fetch -i -H "Authorization: DPoP $bound" \
    -H "DPoP: $(mint dpop "$KEYS/$1.pem" GET "$BASE/rs/dpop" "${2:-}" "$bound")" "$BASE/rs/dpop"
}
check dpop-rs-nonce-demanded 'error="use_dpop_nonce"' "$(dpop ec)"
check dpop-rs-accepted '"ok":true' "$(dpop ec rs-nonce-1)"
check dpop-rs-wrong-key invalid_dpop_proof "$(dpop ed rs-nonce-1)"
check dpop-rs-bearer-downgrade-refused invalid_token "$(bearer "$bound" "$BASE/rs/bearer")"

# --- password, the resource server, refresh
check password 'access_token.*refresh_token' "$(login bob 'p@ss w%rd+&=:/' 'read offline_access')"
response=$(login alice wonderland 'read offline_access')
first=$(json refresh_token <<<"$response")
access=$(json access_token <<<"$response")
check password-wrong invalid_grant "$(login alice x)"
check rs-bearer '"ok":true,"sub":"alice"' "$(bearer "$access" "$BASE/rs/bearer")"
check rs-insufficient-scope insufficient_scope "$(bearer "$access" "$BASE/rs/bearer?scope=write")"
check rs-mcp-challenge 'resource_metadata="[^"]*/.well-known/oauth-protected-resource/rs/mcp", scope="read"' \
  "$(fetch -i "$BASE/rs/mcp")"
check rs-mcp-metadata '"resource":"[^"]*/rs/mcp".*"authorization_servers":\["http' \
  "$(fetch "$BASE/.well-known/oauth-protected-resource/rs/mcp")"
check rs-echo '"path":"/rs/echo","query":\{"a":"1, 2"\},"headers":\{.*"x-one":"1, 2"' \
  "$(fetch -H 'X-One: 1' -H 'x-one: 2' "$BASE/rs/echo?a=1&a=2")"
check rs-redirect '^308 http://127.0.0.1:9/x\?y=z$' "$(fetch -o /dev/null -w '%{http_code} %{redirect_url}' \
  -G --data-urlencode 'to=http://127.0.0.1:9/x?y=z' -d status=308 "$BASE/rs/redirect")"
check rs-redirect-nowhere '^400$' "$(status "$BASE/rs/redirect")"
response=$(refresh "$first")
check refresh-rotates refresh_token "$response"
second=$(json refresh_token <<<"$response")
check refresh-token-is-new '^differs$' "$([ "$first" != "$second" ] && echo differs)"
check refresh-reuse-refused invalid_grant "$(refresh "$first")"
check refresh-family-revoked invalid_grant "$(refresh "$second")"

# --- introspection and revocation
introspect() { fetch -u rs:secret -d token="$1" "$BASE/token/introspection"; }
check introspect-jwt-refused-or-inactive 'unsupported_token_type|"active":false|structured' \
  "$(introspect "$access")"
opaque=$(basic cc-basic:secret -d resource=urn:rig:opaque | json access_token)
check introspect-opaque '"active":true' "$(introspect "$opaque")"
check revoke 200 "$(status -u cc-basic:secret -d token="$opaque" -d token_type_hint=access_token \
  "$BASE/token/revocation")"
check introspect-after-revoke '"active":false' "$(introspect "$opaque")"

# --- JWT bearer and token exchange
service_account() { # CLAIMS SECONDS
  local signed
  signed=$(mint assertion $KEYS/rsa.pem RS256 rsa-1 '{"iss":"sa@rig.test",'"$1"'"aud":"'"$TOKEN"'"}' "$2")
  fetch -d client_id=sa --data-urlencode grant_type=$JWT_BEARER -d assertion="$signed" "$TOKEN"
}
check jwt-bearer access_token "$(service_account '"sub":"alice","scope":"read",' 3600)"
check jwt-bearer-too-long invalid_grant "$(service_account '"scope":"read",' 7200)"
exchange() {
  fetch -u xchg:secret --data-urlencode grant_type=$EXCHANGE -d subject_token="$access" \
    -d subject_token_type=$ACCESS_TOKEN_TYPE -d audience="$1" "$TOKEN"
}
check token-exchange issued_token_type "$(exchange urn:rig:api)"
check token-exchange-invalid-target invalid_target "$(exchange urn:rig:forbidden)"

# --- pushed authorization requests, registration
read -r verifier challenge <<<"$(mint pkce)"
check par '"request_uri":"urn:ietf:params:oauth:request_uri' "$(fetch -d client_id=native-par \
  -d client_secret=secret -d response_type=code -d scope='openid read' -d redirect_uri=$CALLBACK \
  -d code_challenge="$challenge" -d code_challenge_method=S256 "$BASE/request")"
check dcr registration_access_token "$(fetch -H 'content-type: application/json' \
  -d '{"redirect_uris":["http://127.0.0.1/callback"],"application_type":"native",
    "token_endpoint_auth_method":"none"}' "$BASE/reg")"

# --- device
device_start() { # CLIENT SCOPE
  fetch -d client_id="$1" -d scope="$2" "$BASE/device/auth"
}
device_poll() { # CLIENT RESPONSE
  fetch "${@:3}" -d client_id="$1" --data-urlencode grant_type=$DEVICE \
    -d device_code="$(json device_code <<<"$2")" "$TOKEN"
}
device_answer() { node approve.mjs "$1" "$BASE" "$(json user_code <<<"$2")"; } # MODE RESPONSE
clock() { fetch "$BASE/__rig/clock?offset_s=$1" >/dev/null; }
started=$(device_start device 'openid offline_access read')
check device-auth user_code "$started"
check device-no-interval '^$' "$(json interval <<<"$started")"
check device-pending authorization_pending "$(device_poll device "$started")"
check device-approve 'was successful' "$(device_answer device "$started")"
check device-approved 'access_token.*id_token.*refresh_token' "$(device_poll device "$started")"
check device-approved-once invalid_grant "$(device_poll device "$started")"
started=$(device_start device openid)
check device-deny 'interrupted' "$(device_answer device-deny "$started")"
check device-denied access_denied "$(device_poll device "$started")"
check device-wrong-code 'code you entered is incorrect' "$(node approve.mjs device "$BASE" X 2>&1)"
started=$(device_start device-brief openid)
check device-brief '"expires_in":3,"interval":1' "$started"
clock 4
check device-expired expired_token "$(device_poll device-brief "$started")"
clock 0
started=$(device_start device-strict openid)
check device-first-poll authorization_pending "$(device_poll device-strict "$started")"
check device-slow-down '"error":"slow_down"' "$(device_poll device-strict "$started")"
clock 5
check device-slow-down-adds '"error":"slow_down"' "$(device_poll device-strict "$started")"
clock 17
check device-slow-enough authorization_pending "$(device_poll device-strict "$started")"
clock 0
started=$(fetch -d client_id=device -d scope=openid "$REALM/protocol/openid-connect/auth/device")
check device-keycloak 'was successful' \
  "$(node approve.mjs device "$REALM" "$(json user_code <<<"$started")")"

# --- answers that are patched, faults of one endpoint and of one grant
answers() { fetch -d "$1" "$BASE/__rig/answers" >/dev/null; }
answers '{"device_authorization":{"interval":0,"verification_uri":"http://login.test/d",
  "verification_uri_complete":null,"user_code":"{user_code}\u0007"}}'
started=$(device_start device openid)
check answers-set '"verification_uri":"http://login.test/d".*"interval":0' "$started"
check answers-removed '^$' "$(json verification_uri_complete <<<"$started")"
check answers-own-value '"user_code":"[A-Z]{4}-[A-Z]{4}\\u0007"' "$started"
check answers-user-code-logged '"user_code":"[A-Z]{4}-[A-Z]{4}"' "$(fetch "$BASE/__rig/log" | tail -c 300)"
check answers-unknown 'no endpoint nowhere' "$(fetch -d '{"nowhere":{}}' "$BASE/__rig/answers")"
answers '{}'
check answers-forgotten '"user_code":"[A-Z]{4}-[A-Z]{4}"' "$(device_start device openid)"
fetch -d '[{"grant":"'$DEVICE'","status":429,"headers":{"retry-after":"2"},"times":2},
  {"grant":"'$DEVICE'","client":"device-quick","drop":true},
  {"grant":"'$DEVICE'","status":400},{"grant":"'$DEVICE'","status":400,"body":{"error":"slow_down"}},
  {"endpoint":"device_authorization","status":503}]' "$BASE/__rig/faults" >/dev/null
check fault-not-this-grant access_token "$(post cc-post)"
check fault-device-authorization '^503$' "$(status -d client_id=device -d scope=openid "$BASE/device/auth")"
started=$(device_start device openid)
check fault-poll-429 '^HTTP.* 429' "$(device_poll device "$started" -i)"
check fault-poll-429-again '^HTTP.* 429' "$(device_poll device "$started" -i)"
check fault-poll-empty-400 '^ 400$' "$(device_poll device "$started" -w ' %{http_code}')"
check fault-poll-slow-down '"error":"slow_down"' "$(device_poll device "$started")"
check fault-poll-past authorization_pending "$(device_poll device "$started")"
check fault-poll-drop '^curl=52$' "$(device_poll device-quick "$started"; echo "curl=$?")"
check fault-unknown 'no staus' "$(fetch -d '[{"staus":500}]' "$BASE/__rig/faults")"
check log-has-polls "\"at_ms\":[0-9]+.*\"params\":\{\"client_id\":\"device-quick\",\"grant_type\":\"$DEVICE\",\"device_code\":\"\(set\)\"\}" \
  "$(fetch "$BASE/__rig/log" | tail -c 500)"

# --- authorization code
authorize() {
  local query="client_id=native&response_type=code&scope=openid%20offline_access%20read&prompt=consent"
  query+="&resource=urn:rig:api&redirect_uri=$CALLBACK&state=s1"
  query+="&code_challenge=$challenge&code_challenge_method=S256"
  node approve.mjs code "$BASE" "$BASE/auth?$query"
}
code_of() { sed -n 's/.*code=\([^&]*\).*/\1/p' <<<"$1"; }
redeem() { # CODE VERIFIER
  fetch -d client_id=native -d grant_type=authorization_code -d code="$1" -d redirect_uri=$CALLBACK \
    -d code_verifier="$2" "$TOKEN"
}
redirected=$(authorize)
check code-redirect 'callback\?code=.*state=s1.*iss=' "$redirected"
check code-wrong-verifier invalid_grant \
  "$(redeem "$(code_of "$redirected")" wrongwrongwrongwrongwrongwrongwrongwrongwrong)"
code=$(code_of "$(authorize)")
check code-exchange 'access_token.*id_token.*refresh_token' "$(redeem "$code" "$verifier")"
check code-reuse-refused invalid_grant "$(redeem "$code" "$verifier")"
check keycloak-service access_token "$(keycloak kc-cc:tell-nobody-4711 -d grant_type=client_credentials)"

# --- bent responses
bad_refresh() {
  fetch -w ' %{http_code}' -d client_id="$1" -d client_secret=secret -d grant_type=refresh_token \
    -d refresh_token=bogus "$TOKEN"
}
check q-string_expires '"expires_in":"60"' "$(post q-string_expires)"
check q-form '^access_token=' "$(post q-form)"
check q-github-form '^access_token=' "$(post q-github)"
check q-github-200-error '^error=invalid_grant.*200$' "$(bad_refresh q-github)"
check q-slack-200-error '"ok":false,"error":"invalid_grant"' "$(bad_refresh q-slack)"
check q-html 'Bad Gateway' "$(post q-html_500)"

# --- faults, clock, memory, count
fetch -d '[{"status":503,"headers":{"retry-after":"1"}},{"status":429,"headers":{"retry-after":"2"}},
  {"drop":true},{"delay_ms":300}]' "$BASE/__rig/faults" >/dev/null
check fault-503 '^HTTP.* 503' "$(post q-extra -i)"
check fault-429 '^HTTP.* 429' "$(post q-extra -i)"
check fault-drop '^curl=52$' "$(post q-extra -o /dev/null; echo "curl=$?")"
check fault-delay access_token "$(post q-extra)"
access=$(login alice wonderland | json access_token)
clock 61
check clock-moves-expiry invalid_token "$(bearer "$access" "$BASE/rs/bearer")"
clock 0
first=$(login alice wonderland 'read offline_access' | json refresh_token)
node flood.mjs "$TOKEN" 3000
check refresh-token-outlives-3000-others access_token "$(refresh "$first")"
check count '^[1-9]' "$(fetch "$BASE/__rig/count?grant=client_credentials&client=cc-basic")"

# --- logins, last, for they reset the server
while read -r line; do
  checks=$((checks + 1))
  [[ $line == ok* ]] || failed=$((failed + 1))
  echo "$line"
done < <(node exercise-logins.mjs "$BASE" || echo 'FAIL logins: the program failed')

echo "$((checks - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
