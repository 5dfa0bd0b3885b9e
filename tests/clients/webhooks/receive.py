"""Webhooks as the library of Standard Webhooks verifies them: with each of two secrets, and not with another body or secret."""
import http.server, json, os, queue, threading, urllib.request

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

URL = os.environ["BACKOFFICE_URL"]
received: queue.Queue = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        received.put((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def call(method, path, body=None, token=None):
    headers = {"Content-Type": "application/json", "If-Match": "*"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(URL + path, method=method, headers=headers, data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or "null")


def refuses(webhook, body, headers):
    try:
        webhook.verify(body, headers)
    except WebhookVerificationError:
        return True
    return False


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
credentials = {"email": os.environ["BACKOFFICE_EMAIL"], "password": os.environ["BACKOFFICE_PASSWORD"]}
token = call("POST", "/v1/auth/login", credentials)["access_token"]
address = f"http://127.0.0.1:{server.server_address[1]}/"
endpoint = call("POST", "/v1/webhook-endpoints", {"url": address, "event_types": ["department.*"]}, token)
path = f"/v1/webhook-endpoints/{endpoint['webhook_endpoint_id']}"
second = call("POST", f"{path}/rotate-secret", None, token)["secret"]
call("POST", f"{path}/test", None, token)
headers, body = received.get(timeout=30)
for secret in (endpoint["secret"], second):
    told = Webhook(secret).verify(body, headers)
    assert told["type"] == "webhook_endpoint.test", told
    assert refuses(Webhook(secret), body.replace(b"test", b"best"), headers)
assert refuses(Webhook("whsec_" + "A" * 32), body, headers)
call("DELETE", path, None, token)
print("Webhooks are verified by the library of Standard Webhooks, with either of two secrets.")
