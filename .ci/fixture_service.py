"""A service that keeps the contract of fixture.yaml, or, told to, breaks it in one way: .ci/contract-holds has to
tell the one from the other.

    fixture_service.py [fault]

Prints the port it has found.
"""

import http.server
import json
import pathlib
import re
import sys
import urllib.parse
import uuid

import jsonschema
import yaml

CONTRACT = yaml.safe_load((pathlib.Path(__file__).parent / "fixture.yaml").read_text(encoding="utf-8"))
FAULT = sys.argv[1] if len(sys.argv) > 1 else None
things = {}


def breaks(schema, value):
    schema = {**schema, "components": CONTRACT["components"]}
    checker = jsonschema.FormatChecker(["uuid", "date"])
    return not jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid(value)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, or every answer waits for an acknowledgement

    def answer(self, status, body, **headers):
        text = json.dumps(body).encode()
        kind = "application/json" if status < 400 or FAULT == "content-type" else "application/problem+json"
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(text)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def refuse(self, status, code, **headers):
        self.answer(status, {"code": code, "errors": [{"code": code}]}, **headers)

    def handle_call(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlparse(self.path)
        if url.path in ("/openapi.json", "/readyz"):
            return self.answer(200, CONTRACT)
        for path, item in CONTRACT["paths"].items():
            if found := re.fullmatch(path.replace("{id}", "([^/]+)"), url.path):
                break
        else:
            return self.refuse(404, "not-found")
        if self.command.lower() not in item:
            return self.refuse(405, "method-not-allowed", Allow=", ".join(method.upper() for method in item))
        return self.operate(item[self.command.lower()], found.groups(), urllib.parse.parse_qs(url.query, keep_blank_values=True), raw)

    def operate(self, operation, ids, query, raw):
        if operation["security"] and self.headers.get("Authorization") != "Bearer abc" and FAULT != "open":
            return self.refuse(401, "unauthenticated")
        if operation["security"] and FAULT == "locked":
            return self.refuse(403, "forbidden")

        allowed = {parameter["name"]: parameter for parameter in operation["parameters"] if parameter["in"] == "query"}
        for name, values in query.items():
            value = int(values[0]) if re.fullmatch(r"-?\d{1,18}", values[0]) and name == "limit" else values[0]
            if name not in allowed or len(values) > 1 or breaks(allowed[name]["schema"], value):
                return self.refuse(422, "wrong-type")
        if len(self.headers.get("Idempotency-Key", "")) > 200 or len(self.headers.get("If-Match", "")) > 100:
            return self.refuse(400, "malformed-request")

        body = None
        if "requestBody" in operation:
            [(kind, content)] = operation["requestBody"]["content"].items()
            if self.headers.get_content_type() != kind or "Content-Type" not in self.headers:
                return self.refuse(415, "unsupported-media-type")
            try:
                body = json.loads(raw)
            except ValueError:
                return self.refuse(400, "malformed-request")
            if breaks(content["schema"], body) and FAULT != "credulous":
                return self.refuse(422, "wrong-type")
            if FAULT == "stubborn" and "note" in body:
                return self.refuse(422, "too-long")
        return getattr(self, operation["operationId"])(body, *ids)

    def login(self, body):
        return self.answer(200, {"access_token": "abc"}) if body == {"email": "me", "password": "secret"} else self.refuse(401, "unauthenticated")

    def list_things(self, _):
        return self.answer(200, {"data": list(things.values())[:5]})

    def create_thing(self, body):
        if FAULT == "fragile" and body.get("tags"):
            return self.refuse(500, "internal")
        thing = {
            "id": str(uuid.uuid4()), "name": "One", "price": "1.00", "made_on": None, "parent": None,
            "created_at": "2026-01-05T08:00:00Z", "status": 7 if FAULT == "schema" else "brand-new",
        }  # fmt: skip
        things[thing["id"]] = thing
        headers = {} if FAULT == "headers" else {"Location": f"/v1/things/{thing['id']}"}
        return self.answer(202 if FAULT == "status" else 201, thing, ETag='"1"', **headers)

    def change_thing(self, body, key):
        if key not in things:
            return self.refuse(404, "not-found")
        if "If-Match" not in self.headers:
            return self.refuse(428, "precondition-required")
        return self.answer(200, things[key], ETag='"2"')

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_TRACE = do_QUERY = handle_call

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
