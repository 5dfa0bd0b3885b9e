"""Reads the calendars of a running service with the package icalendar, and holds what it finds against what the API tells as JSON:
interviews as files and as a feed, moved and cancelled ones too, and who is away."""

import datetime
import json
import os
import sys
import urllib.parse
import urllib.request
from typing import Any

from icalendar import Calendar

API = os.environ["BACKOFFICE_URL"]
# What has to be escaped, quoted and folded, and goes beyond ASCII.
AWKWARD = 'Interview; "on site", with Ștefan\\Ana and 面接官 😀, about what they did before, and would do here'


def call(path: str, body: Any = None, token: str = "") -> Any:
    request = urllib.request.Request(API + path, data=None if body is None else json.dumps(body).encode())
    request.add_header("content-type", "application/json")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def events(path: str, token: str = "") -> dict[str, Any]:
    """The events of a calendar by what identifies them; it has to be as RFC 5545 asks."""
    request = urllib.request.Request(API + path)
    if token:
        request.add_header("authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        if answer.headers["content-type"] != "text/calendar; charset=utf-8":
            sys.exit(f"{path} is {answer.headers['content-type']}")
        written = answer.read()
    lines = written.split(b"\r\n")
    if lines.pop() or any(b"\n" in line or len(line) > 75 for line in lines):
        sys.exit(f"{path}: lines end with CRLF and have at most 75 octets (RFC 5545 §3.1)")
    calendar = Calendar.from_ical(written)
    if calendar.errors or calendar["version"] != "2.0" or not calendar["prodid"]:
        sys.exit(f"{path}: {calendar.errors}")
    found: dict[str, Any] = {}
    for event in calendar.walk("VEVENT"):
        if event.errors or event.get("dtstamp") is None or str(event["uid"]) in found:
            sys.exit(f"{path}: {event}: {event.errors}")
        found[str(event["uid"])] = event
    return found


def same(what: str, found: Any, told: Any) -> None:
    if found != told:
        sys.exit(f"{what}: the calendar has {found!r}, the API {told!r}")


def instant(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def interview_is(event: Any, interview: dict[str, Any]) -> None:
    what = f"interview {interview['id']}"
    same(what, event.decoded("dtstart"), instant(interview["starts_at"]))
    same(what, event.decoded("dtend"), instant(interview["ends_at"]))
    same(what, str(event["status"]), "CANCELLED" if interview["status"] == "cancelled" else "CONFIRMED")
    summary = str(event["summary"])
    if summary != interview["title"] and not summary.startswith(interview["title"] + ": "):
        sys.exit(f"{what} is called {summary!r}, and not {interview['title']!r}")
    same(what, str(event["location"]) if "location" in event else None, interview["place"])
    same(what, str(event["url"]) if "url" in event else None, interview["link"])
    same(what, int(event["sequence"]), interview["sequence"])
    attendees = event.get("attendee", [])
    same(what, len(attendees) if isinstance(attendees, list) else 1, len(interview["panel"]))


def interviews(token: str) -> int:
    all_of_them = call("/v1/interviews?limit=200", token=token)["data"]
    panel = all_of_them[0]["panel"][0]
    new = {
        "application_id": all_of_them[0]["application_id"], "title": AWKWARD[:100], "kind": "on_site", "panel": [panel],
        "starts_at": "2031-03-03T09:30:00Z", "ends_at": "2031-03-03T10:15:00Z", "place": 'Room 3; left, "the blue one"\\2',
    }
    made = call("/v1/interviews", new, token)
    uid = f"{made['id']}@backoffice"
    interview_is(events(f"/v1/interviews/{made['id']}/calendar", token)[uid], made)
    moved = call(f"/v1/interviews/{made['id']}/reschedule", {"starts_at": "2031-03-04T22:00:00Z", "ends_at": "2031-03-05T01:00:00Z"}, token)
    interview_is(events(f"/v1/interviews/{made['id']}/calendar", token)[uid], moved)
    if moved["sequence"] <= made["sequence"]:
        sys.exit("a calendar takes what moved for what it knows already")
    cancelled = call(f"/v1/interviews/{made['id']}/cancel", {"reason": "The position was filled"}, token)
    feed = events("/v1/interviews/calendar?" + urllib.parse.urlencode({"interviewer_id": panel}), token)
    theirs = [each for each in all_of_them if panel in each["panel"]]
    for each in [*theirs, cancelled]:
        interview_is(feed[f"{each['id']}@backoffice"], each)
    return len(feed)


def absences(token: str) -> int:
    today = datetime.date.today()
    told = call(f"/v1/absences?from_on={today - datetime.timedelta(days=60)}&to_on={today + datetime.timedelta(days=300)}", token=token)
    url = call("/v1/calendar-feeds", {"name": "Who is away; all of us, always", "scope": "team"}, token)["url"]
    feed = events(urllib.parse.urlsplit(url).path)
    noon, day = datetime.time(12), datetime.timedelta(days=1)
    for each in told["absences"]:
        event = feed[f"{each['leave_request_id']}@backoffice"]
        first, last = (datetime.date.fromisoformat(each[name]) for name in ("starts_on", "ends_on"))
        begins: datetime.date = datetime.datetime.combine(first, noon if each["starts_at_noon"] else datetime.time.min)
        ends: datetime.date = datetime.datetime.combine(last, noon) if each["ends_at_noon"] else datetime.datetime.combine(last + day, datetime.time.min)
        if not each["starts_at_noon"] and not each["ends_at_noon"]:
            begins, ends = first, last + day  # whole days end with the next (RFC 5545 §3.6.1)
        same(f"leave {each['leave_request_id']}", event.decoded("dtstart"), begins)
        same(f"leave {each['leave_request_id']}", event.decoded("dtend"), ends)
        same(f"leave {each['leave_request_id']}", str(event["summary"]), f"{each['given_name']} {each['family_name']}")
        same(f"leave {each['leave_request_id']}", str(event["transp"]), "TRANSPARENT")
    return len(told["absences"])


def main() -> None:
    signed_in = {"email": os.environ["BACKOFFICE_EMAIL"], "password": os.environ["BACKOFFICE_PASSWORD"], "organization": "demo"}
    token = call("/v1/auth/login", signed_in)["access_token"]
    asked, away = interviews(token), absences(token)
    if not away:
        sys.exit("nobody is away in the demo, so nothing was read")
    print(f"{asked} interviews and {away} leaves: icalendar reads what the API tells")


main()
