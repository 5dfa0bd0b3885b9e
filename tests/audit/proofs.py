"""Holds the service's checkpoints and proofs against pymerkle's trees over the events that the feed answers."""

import hashlib
import json
import os
import sys
import time
import urllib.request
from typing import Any

from pymerkle import InmemoryTree, verify_consistency, verify_inclusion
from pymerkle.core import _inclusion_path_layout
from pymerkle.proof import InclusionProof

API = os.environ["BACKOFFICE_URL"]


def call(path: str, body: Any = None, token: str = "") -> Any:
    request = urllib.request.Request(API + path, data=json.dumps(body).encode() if body else None)
    request.add_header("content-type", "application/json")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: exact(each) for key, each in value.items()}
    if isinstance(value, list):
        return [exact(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)
    return value


def leaf(event: dict[str, Any]) -> bytes:
    """RFC 8785, for values without fractions and names within the first plane, as those of the demo are."""
    seconds, _, decimals = event["at"].rstrip("Z").partition(".")
    event = exact({**event, "at": f"{seconds}.{decimals:0<6}Z"})
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def ranges(older: int, start: int, width: int, whole: bool) -> list[tuple[int, int]]:
    """The leaves under each hash of a consistency proof (RFC 6962 §2.1.2)."""
    if older == width:
        return [] if whole else [(start, start + width)]
    left = 1 << ((width - 1).bit_length() - 1)
    if older <= left:
        return [*ranges(older, start, left, whole), (start + left, start + width)]
    return [*ranges(older - left, start + left, width - left, False), (start, start + left)]


def everything(path: str, forward: str, token: str) -> list[Any]:
    found: list[Any] = []
    cursor = ""
    while True:
        page = call(f"{path}?limit=200{cursor}", token=token)
        found += page["data"]
        if not page["next_cursor"] or len(page["data"]) < 200:
            return found
        cursor = f"&{forward}={page['next_cursor']}"


def sealed(token: str, at_least: int, patience: float) -> list[Any]:
    until = time.monotonic() + patience
    while True:
        checkpoints = everything("/v1/audit/checkpoints", "cursor", token)[::-1]
        if len(checkpoints) >= at_least:
            return checkpoints
        if time.monotonic() > until:
            sys.exit(f"only {len(checkpoints)} checkpoints after {patience:.0f} s")
        time.sleep(1)


def main() -> None:
    body = {"email": os.environ["BACKOFFICE_EMAIL"], "password": os.environ["BACKOFFICE_PASSWORD"], "organization": "demo"}
    token = call("/v1/auth/login", body)["access_token"]
    before = len(sealed(token, 1, 150))
    call("/v1/departments", {"name": "Proofs", "code": "PROOFS" + os.urandom(4).hex().upper()}, token)
    checkpoints = sealed(token, before + 1, 150)

    events = everything("/v1/events", "after", token)
    tree = InmemoryTree(algorithm="sha256")
    for event in events:
        tree.append_entry(leaf(event))
    for checkpoint in checkpoints:
        size = checkpoint["tree_size"]
        if tree.get_root(size).hex() != checkpoint["root"]:
            sys.exit(f"checkpoint {checkpoint['number']}: its root is not that of the events")

    size = checkpoints[-1]["tree_size"]
    root = bytes.fromhex(checkpoints[-1]["root"])
    for index in sorted({0, 1, size // 3, size // 2, size - 2, size - 1}):
        proof = call(f"/v1/events/{events[index]['id']}/proof?tree_size={size}", token=token)
        base = hashlib.sha256(b"\0" + leaf(events[index])).digest()
        rule, _ = _inclusion_path_layout(index + 1, size)
        path = [base, *(bytes.fromhex(each) for each in proof["audit_path"])]
        verify_inclusion(base, root, InclusionProof("sha256", True, size, index + 1, rule, path), index=index + 1, size=size)

    for older in checkpoints[:-1]:
        first = older["tree_size"]
        verify_consistency(bytes.fromhex(older["root"]), root, tree.prove_consistency(first, size), prior_size=first, later_size=size)
        told = call(f"/v1/audit/consistency?from={first}&to={size}", token=token)["path"]
        if told != [tree._get_root(*each).hex() for each in ranges(first, 0, size, True)]:
            sys.exit(f"the proof from {first} to {size} is another")
    print(f"{size} events, {len(checkpoints)} checkpoints: pymerkle finds the same roots and takes every proof")


main()
