"""A server of OAuth 1.0a on loopback, with a resource that only signed requests reach, by oauthlib.

    python3 server.py           a server: prints `READY {json}`, and ends when its standard input closes
    python3 server.py --sign    signs the requests on standard input, a line of JSON each: as a client that has them to
                                send, or as a server that has received them

/request_token, /authorize and /access_token are the server's addresses (RFC 5849, 2). /authorize asks nobody: it sends
the browser back at once, or shows the verifier. Every address below /api/ is the resource. It answers with what it has
received. /__rig/set changes the server by its query, /__rig/log is every request, in order.
"""

import base64
import json
import sys
import threading
import time
import urllib.parse
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

from oauthlib import oauth1
from oauthlib.oauth1.rfc5849 import endpoints, signature
from oauthlib.oauth1.rfc5849.errors import OAuth1Error

CLIENTS = {
    # The secret needs percent-encoding.
    "client": "s3cret &%+~=\u00e9",
    "key": "rsa-has-none",
    # Its identifier, too.
    "other client/&": "another",
    # oauthlib decodes a signature in a query or a body twice, so PLAINTEXT can have no encoded secrets there.
    "plain": "plain-s3cret",
}
TOKEN, TOKEN_SECRET = "configuredtoken", "t0ken &s3cret"
TOKENS = {TOKEN: ("client", TOKEN_SECRET), "plainertoken": ("plain", "plain-t0ken")}
METHODS = ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "PLAINTEXT"]


class State:
    def __init__(self):
        self.lock = threading.Lock()
        self.private_key, self.public_key = new_key()
        self.request_tokens, self.access_tokens = {}, dict(TOKENS)
        self.nonces, self.log, self.clients = set(), [], dict(CLIENTS)
        # Seconds by which this server's clock is ahead.
        self.clock = 0
        # What /request_token says of the callback, which token the browser brings back, and whether the user agrees.
        self.confirmed, self.brings, self.denies = "true", None, False
        # What the two token addresses answer instead.
        self.answer = None

    def now(self):
        return time.time() + self.clock


class Validator(oauth1.RequestValidator):
    enforce_ssl = False
    allowed_signature_methods = METHODS
    client_key_length = (3, 40)
    request_token_length = access_token_length = (10, 40)
    dummy_client = dummy_request_token = dummy_access_token = "dummydummydummy"

    def __init__(self, state):
        super().__init__()
        self.state = state

    def check_client_key(self, client_key):
        return True

    def check_realms(self, realms):
        return True

    def validate_client_key(self, client_key, request):
        return client_key in self.state.clients

    def get_client_secret(self, client_key, request):
        return self.state.clients.get(client_key, "dummy")

    def get_rsa_key(self, client_key, request):
        return self.state.public_key

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, request, request_token=None, access_token=None):
        used = (client_key, timestamp, nonce, request_token or access_token)
        with self.state.lock:
            is_new = used not in self.state.nonces
            self.state.nonces.add(used)
        return is_new

    # Temporary credentials.

    def get_default_realms(self, client_key, request):
        return []

    def get_realms(self, token, request):
        return []

    def validate_requested_realms(self, client_key, realms, request):
        return True

    def validate_redirect_uri(self, client_key, redirect_uri, request):
        return redirect_uri == "oob" or "://" in redirect_uri

    def save_request_token(self, token, request):
        self.state.request_tokens[token["oauth_token"]] = {
            "client": request.client_key,
            "secret": token["oauth_token_secret"],
            "callback": request.redirect_uri,
        }

    def validate_request_token(self, client_key, token, request):
        return self.state.request_tokens.get(token, {}).get("client") == client_key

    def get_request_token_secret(self, client_key, token, request):
        return self.state.request_tokens.get(token, {}).get("secret", "dummy")

    def verify_request_token(self, token, request):
        return token in self.state.request_tokens

    def get_redirect_uri(self, token, request):
        return self.state.request_tokens[token]["callback"]

    def save_verifier(self, token, verifier, request):
        self.state.request_tokens[token]["verifier"] = verifier["oauth_verifier"]

    def validate_verifier(self, client_key, token, verifier, request):
        return self.state.request_tokens.get(token, {}).get("verifier") == verifier

    def invalidate_request_token(self, client_key, request_token, request):
        del self.state.request_tokens[request_token]

    # Tokens.

    def save_access_token(self, token, request):
        self.state.access_tokens[token["oauth_token"]] = (request.client_key, token["oauth_token_secret"])

    def validate_access_token(self, client_key, token, request):
        return self.state.access_tokens.get(token, (None,))[0] == client_key

    def get_access_token_secret(self, client_key, token, request):
        return self.state.access_tokens.get(token, (None, "dummy"))[1]

    def validate_realms(self, client_key, token, request, uri=None, realms=None):
        return True


class Resource(endpoints.ResourceEndpoint):
    """Accepts requests of a client without a token, too: the empty token is the client's own."""

    def validate(self, uri, method, body, headers):
        # oauthlib wants a token. Without one, its own checks are made one by one.
        request = self._create_request(uri, method, body, headers)
        self._check_transport_security(request)
        self._check_mandatory_parameters(request)
        if request.resource_owner_key is not None:
            return self.validate_protected_resource_request(uri, method, body, headers, realms=None)[0]
        validator = self.request_validator
        is_new = validator.validate_timestamp_and_nonce(request.client_key, request.timestamp, request.nonce, request)
        is_known = validator.validate_client_key(request.client_key, request)
        return is_new and is_known and self._check_signature(request)


def handler(state):
    validator = Validator(state)
    request_token = endpoints.RequestTokenEndpoint(validator)
    authorization = endpoints.AuthorizationEndpoint(validator)
    access_token = endpoints.AccessTokenEndpoint(validator)
    resource = Resource(validator)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            path = urllib.parse.urlsplit(self.path).path
            uri = f"http://{self.headers['Host']}{self.path}"
            if path.startswith("/__rig/"):
                return self.control(path, urllib.parse.urlsplit(self.path).query)
            self.received = {
                "path": path,
                "target": self.path,
                "method": self.command,
                "authorization": self.headers.get("Authorization"),
                "type": self.headers.get("Content-Type"),
                "body": base64.b64encode(body).decode(),
            }
            with state.lock:
                state.log.append(self.received)
            try:
                self.reply(*self.serve(path, uri, body))
            except OAuth1Error as error:
                self.reply({"Content-Type": "application/x-www-form-urlencoded"}, error.urlencoded, error.status_code)

        def serve(self, path, uri, body):
            headers = {name: value for name, value in self.headers.items()}
            arguments = (uri, self.command, body.decode("utf-8", "replace"), headers)
            if path in ("/request_token", "/access_token") and state.answer is not None:
                status, text = state.answer
                return {"Content-Type": "text/plain"}, text, status
            if path == "/request_token":
                headers, text, status = request_token.create_request_token_response(*arguments, credentials={})
                confirmed = f"oauth_callback_confirmed={state.confirmed}"
                return headers, text and text.replace("oauth_callback_confirmed=true", confirmed), status
            if path == "/authorize":
                return self.authorize(arguments)
            if path == "/access_token":
                return access_token.create_access_token_response(*arguments, credentials={})
            if path.startswith("/api/"):
                if not resource.validate(*arguments):
                    return {"WWW-Authenticate": 'OAuth realm="Photos"'}, "", 401
                if path == "/api/moved":
                    return {"Location": "/api/new?page=2"}, "", 307
                return {"Content-Type": "application/json"}, json.dumps(self.received), 200
            return {}, "", 404

        def authorize(self, arguments):
            token = urllib.parse.parse_qs(urllib.parse.urlsplit(arguments[0]).query)["oauth_token"][0]
            if state.denies:
                callback = state.request_tokens[token]["callback"]
                return {"Location": f"{callback}?denied={token}"}, "", 302
            headers, text, status = authorization.create_authorization_response(*arguments, realms=[])
            if state.brings is not None and "Location" in headers:
                headers["Location"] = headers["Location"].replace(token, state.brings)
            return headers, text or "", status

        def control(self, path, query):
            values = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
            with state.lock:
                if path == "/__rig/log":
                    return self.reply({"Content-Type": "application/json"}, json.dumps(state.log), 200)
                state.clock = int(values.get("clock", state.clock))
                state.confirmed = values.get("confirmed", state.confirmed)
                state.brings = values.get("brings", state.brings)
                state.denies = "denies" in values or state.denies
                if "secret" in values:
                    state.clients["client"] = values["secret"]
                if "revoke" in values:
                    state.access_tokens = {}
                if "token" in values:
                    state.access_tokens = {values["token"]: ("client", TOKEN_SECRET)}
                if "status" in values:
                    state.answer = (int(values["status"]), values.get("answer", ""))
            return self.reply({}, "", 200)

        def reply(self, headers, text, status):
            body = (text or "").encode()
            self.send_response_only(status)
            self.send_header("Date", formatdate(state.now(), usegmt=True))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

        def log_message(self, *arguments):
            pass

    return Handler


def new_key():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def run():
    state = State()
    # oauthlib reads the time itself.
    endpoints.base.time = SimpleNamespace(time=state.now)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(state))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ready = {
        "url": f"http://127.0.0.1:{server.server_port}",
        "private_key": state.private_key,
        "secret": CLIENTS["client"],
        "token": TOKEN,
        "token_secret": TOKEN_SECRET,
    }
    print("READY", json.dumps(ready), flush=True)
    sys.stdin.read()


def sign():
    for line in sys.stdin:
        request = json.loads(line)
        print(received(request) if request["is_received"] else sent(request), flush=True)


def sent(request):
    client = oauth1.Client(
        request["client_id"],
        client_secret=request["client_secret"],
        resource_owner_key=request["token"],
        resource_owner_secret=request["token_secret"],
        signature_method=request["signature_method"],
        rsa_key=request["private_key"],
        nonce=request["nonce"],
        timestamp=request["timestamp"],
    )
    headers = {"Content-Type": request["content_type"]} if request["content_type"] else {}
    _, headers, _ = client.sign(request["uri"], request["method"], request["body"], headers)
    parameters = dict(pair.strip().split("=", 1) for pair in headers["Authorization"].removeprefix("OAuth ").split(","))
    return urllib.parse.unquote(parameters["oauth_signature"].strip('"'))


def received(request):
    uri, authorization = request["uri"], request["authorization"]
    parameters = signature.collect_parameters(
        uri_query=urllib.parse.urlsplit(uri).query,
        body=request["body"] or [],
        headers={"Authorization": authorization} if authorization else {},
    )
    base = signature.signature_base_string(
        request["method"], signature.base_string_uri(uri), signature.normalize_parameters(parameters)
    )
    client = SimpleNamespace(
        client_secret=request["client_secret"],
        resource_owner_secret=request["token_secret"],
        rsa_key=request["private_key"],
    )
    sign = oauth1.Client.SIGNATURE_METHODS[request["signature_method"]]
    return sign(base, client)


if __name__ == "__main__":
    sign() if "--sign" in sys.argv[1:] else run()
