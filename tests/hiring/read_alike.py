"""Reads the calendars of a running service with the package icalendar, and holds what it finds against what the API tells as JSON:
interviews as files and as a feed, moved and cancelled ones too, and who is away."""

import datetime
import json
import os
import sys
import urllib.error
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
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        sys.exit(f"{path}: {refused.read().decode()}")


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


def unique() -> str:
    return os.urandom(6).hex().upper()


def application(token: str, other: str) -> dict[str, Any]:
    """Somebody who applies for a post that is open: one opens it, another one agrees."""
    department = call("/v1/departments", {"name": f"Calendars {unique()}", "code": unique()}, token)
    position = call("/v1/positions", {"title": "Reader of calendars", "department_id": department["id"], "approved_headcount": 1}, token)
    opening = call("/v1/job-openings", {"title": "Reader of calendars", "position_id": position["id"], "seats": 1}, token)
    call(f"/v1/job-openings/{opening['id']}/approve", {}, other)
    call(f"/v1/job-openings/{opening['id']}/open", {}, token)
    if not call("/v1/hiring-stages", token=token)["data"]:
        call("/v1/hiring-stages", {"name": "Screening", "place": 10}, token)
    until = datetime.date.today() + datetime.timedelta(days=365)
    candidate = {
        "given_name": "Ștefania, \"Ana\"", "family_name": "O'Neill; Radu", "email": f"{unique()}@mail.example", "phone": "+40 21 555 0100",
        "source": "referral", "consent_ends_on": str(until),
    }
    applies = {"candidate_id": call("/v1/candidates", candidate, token)["id"], "job_opening_id": opening["id"]}
    return call("/v1/applications", applies, token)


def interviews(token: str, other: str) -> int:
    panel = [each["id"] for each in call("/v1/employees?status=active&limit=2", token=token)["data"]]
    applied = application(token, other)["id"]
    new = {
        "application_id": applied, "title": AWKWARD, "kind": "on_site", "panel": panel,
        "starts_at": "2031-03-03T09:30:00Z", "ends_at": "2031-03-03T10:15:00Z", "place": 'Room 3; left, "the blue one"\\2',
    }
    made = call("/v1/interviews", new, token)
    uid = f"{made['id']}@backoffice"
    interview_is(events(f"/v1/interviews/{made['id']}/calendar", token)[uid], made)
    # Over midnight, and the end of a year.
    later = {"starts_at": "2031-12-31T22:00:00Z", "ends_at": "2032-01-01T01:00:00Z"}
    moved = call(f"/v1/interviews/{made['id']}/reschedule", later, token)
    interview_is(events(f"/v1/interviews/{made['id']}/calendar", token)[uid], moved)
    if moved["sequence"] <= made["sequence"]:
        sys.exit("a calendar takes what moved for what it knows already")
    remote = {"title": "Talk", "kind": "video", "link": "https://meet.demo.example/42?a=1&b=2,3", "place": None}
    call("/v1/interviews", {**new, **remote, "starts_at": "2031-04-01T07:00:00Z", "ends_at": "2031-04-01T08:00:00Z", "panel": panel[:1]}, token)
    call(f"/v1/interviews/{made['id']}/cancel", {"reason": "The position was filled"}, token)
    feed = events("/v1/interviews/calendar?" + urllib.parse.urlencode({"interviewer_id": panel[0]}), token)
    theirs = call(f"/v1/interviews?limit=200&interviewer_id={panel[0]}&starts_at_from=2031-01-01T00:00:00Z", token=token)["data"]
    if len(theirs) < 2:
        sys.exit("the interviews that were made are not told")
    for each in theirs:
        interview_is(feed[f"{each['id']}@backoffice"], each)
    return len(theirs)


def leave(token: str, other: str) -> None:
    """A week, and a leave from noon until noon: one asks, another one agrees."""
    kind = call("/v1/leave-types", {"code": unique(), "name": "Leave", "allows_negative": True}, token)
    person = call("/v1/employees?status=active&limit=1", token=token)["data"][0]
    monday = datetime.date.today() + datetime.timedelta(days=70 - datetime.date.today().weekday())
    for first, last, at_noon in ((0, 4, False), (7, 9, True)):
        asked = {
            "employee_id": person["id"], "leave_type_id": kind["id"], "starts_on": str(monday + datetime.timedelta(days=first)),
            "ends_on": str(monday + datetime.timedelta(days=last)), "starts_at_noon": at_noon, "ends_at_noon": at_noon,
        }
        asked = call("/v1/leave-requests", asked, token)
        call(f"/v1/leave-requests/{asked['id']}/submit", {}, token)
        call(f"/v1/leave-requests/{asked['id']}/approve", {}, other)


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


def signed_in(email: str) -> str:
    return str(call("/v1/auth/login", {"email": email, "password": os.environ["BACKOFFICE_PASSWORD"], "organization": "demo"})["access_token"])


def main() -> None:
    token, other = signed_in(os.environ["BACKOFFICE_EMAIL"]), signed_in("hr-manager@demo.example")
    asked = interviews(token, other)
    leave(token, other)
    away = absences(token)
    if away < 2:
        sys.exit("nobody is away, so nothing was read")
    print(f"{asked} interviews and {away} leaves: icalendar reads what the API tells")


main()
