"""What schemathesis can't read off the contract: how to log in, which values only the service hands out, and which
refusals of a valid request are right. Keeps count of the answers, so that a run that never got through shows."""

import atexit
import collections
import itertools
import json
import os
import urllib.request

import schemathesis

URL = os.environ["BACKOFFICE_URL"]
ACCOUNT = {"email": os.environ["BACKOFFICE_EMAIL"], "password": os.environ["BACKOFFICE_PASSWORD"]}

# Rules that the contract states as well: who kept the contract can't have broken them.
STATED = {
    "not-null", "required", "too-few", "too-large", "too-long", "too-many", "too-short", "too-small",
    "unknown-field", "unknown-parameter", "unknown-value", "wrong-format", "wrong-type",
}  # fmt: skip

numbers = itertools.count()
answers = collections.defaultdict(collections.Counter)


@schemathesis.auth(refresh_interval=300, retry_on=[401])  # a token lives ten minutes, or until a call ends the session
class Token:
    def get(self, case, context):
        body = json.dumps(ACCOUNT).encode()
        request = urllib.request.Request(f"{URL}/v1/auth/login", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["access_token"]

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


def is_valid(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context, case, **kwargs):
    """Gives a valid request the values that make it more than well-formed."""
    if not is_valid(case):
        return
    if "If-Match" in case.headers or case.method.upper() in ("PUT", "PATCH", "DELETE"):
        case.headers["If-Match"] = "*"
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"key-{next(numbers)}"  # one of an earlier request is refused, rightly
    if case.path == "/v1/auth/login":
        case.body = dict(ACCOUNT)
    if case.meta.phase.name.value == "stateful":
        case.query.pop("dry_run", None)  # the next call looks for what this one made


@schemathesis.hook
def after_call(context, case, response):
    if is_valid(case):
        answers[f"{case.method.upper()} {case.path}"][str(response.status_code)] += 1


@schemathesis.check
def accepted_or_explained(context, response, case):
    """A request that keeps the contract is refused only for what the contract can't know: what is in the database."""
    if not is_valid(case) or response.status_code not in (400, 406, 408, 413, 414, 415, 422, 428, 431):
        return
    problem = response.json()
    codes = {fault["code"] for fault in problem.get("errors") or ()}
    if response.status_code == 422 and codes and not codes & STATED:
        return
    raise AssertionError(f"a request that keeps the contract was refused: {problem.get('detail')} {sorted(codes)}")


@atexit.register
def write():
    with open(os.environ["ANSWERS"], "w", encoding="utf-8") as file:
        json.dump(answers, file, indent=1, sort_keys=True)
