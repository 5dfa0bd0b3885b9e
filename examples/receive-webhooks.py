#!/usr/bin/env python3
"""Receives webhooks, verifies that they are genuine (https://www.standardwebhooks.com), and prints what happened.

    examples/receive-webhooks.py 8085 whsec_…
"""
import base64, hashlib, hmac, http.server, json, sys, time

port, secrets = int(sys.argv[1]), [base64.b64decode(secret.removeprefix("whsec_")) for secret in sys.argv[2:]]
seen = set()  # a webhook can come twice: a real receiver remembers the ids where it keeps what it does


def is_genuine(headers, body):
    sent = headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > 300:
        return False  # old: somebody may be sending again what they overheard
    signed = f"{headers['webhook-id']}.{sent}.".encode() + body
    wanted = ["v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode() for secret in secrets]
    return any(hmac.compare_digest(one, other) for one in wanted for other in headers["webhook-signature"].split())


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # the connection stays open for the next

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        genuine = is_genuine(self.headers, body)
        if genuine and self.headers["webhook-id"] not in seen:
            seen.add(self.headers["webhook-id"])
            event = json.loads(body)
            print("{type} of {resource}/{resource_id}, version {version}".format(**event, **event["data"]), flush=True)
        self.send_response(204 if genuine else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
