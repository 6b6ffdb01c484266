"""What is said of mistakes in time, limits, steps, waiting and accept: where, what, and what to write; each once."""

from __future__ import annotations

import pytest

from tests.config.files import refused

TIME = "a time is a whole number from 1 to 99999 with d, h, m or s behind it: 2d, 12h, 30m, 15s"
PER = "a limit counts per day, week or month, or within a time: 90s, 30m, 1h, 7d"
HOURS = "working time is written from-to, such as 09:00-17:30, or 22:00-06:00 over midnight"
DAY = "there is no such day: write one as 2026-12-24"
LIST = "a list is expected here, not a mapping: put it in [ ], or a dash before it"
EMPTY = "this text is empty: write something, or leave it out"
ONE = "one of user, pool and queue is named here, such as {pool: world}"
ONE_THING = "a limit counts one thing: write open: true, or per with a time"
SKIP = '"skip_if" skips the wait of a step: say how long it is, such as "wait: 15m"'
PREFERRED = "say who is preferred by skill, role, profile or territory, such as {skill: german}"
BOTH = "either a fallback or assign_anyway"
TWO = "{pool: p, wait: 5m}, {user: bob, skip_if: nobody_present}"

OF_A_USER = [
    ("hours: {mon: 9}", "hours.mon", HOURS),
    ("hours: {mon: ['9-17']}", "hours.mon[0]", f'{HOURS}; did you mean "09:00-17:00"?'),
    ("hours: {mon: 9:00–17.30}", "hours.mon", f'{HOURS}; did you mean "09:00-17:30"?'),
    ("hours: {mon: '9-99'}", "hours.mon", HOURS),
    ("leave: [{from: 20.12.2026, until: 2026-12-24}]", "leave[0].from", 'did you mean "2026-12-20"?'),
    ("leave: [{from: 2026-02-30, until: 2026-12-24}]", "leave[0].from", "is expected here, and there is no such day"),
    ("works_on: 24.12.2026", "works_on", f'{DAY}; did you mean "2026-12-24"?'),
    ("limits: [{at_most: 3, per: hour}]", "limits[0].per", f'{PER}; did you mean "1h"?'),
    ("limits: [{at_most: 3, per: days}]", "limits[0].per", f'{PER}; did you mean "day"?'),
    ("limits: [{at_most: 3, per: 90min}]", "limits[0].per", f'{PER}; did you mean "90m"?'),
    ("max_open: 3", "max_open", "this key is unknown; known are"),
    ("digest: {from: 5, within: 10m}", "digest", 'this key is unknown; it stands inside "notify"'),
    ("hours: {mon: [['09:00-10:00']]}", "hours.mon[0]", "text is expected here, not a list"),
    ("hors: {mon: '09:00-10:00'}", "hors", 'this key is unknown; did you mean "hours"?'),
    ("zone: europe/berlin", "zone", 'this is no time zone: did you mean "Europe/Berlin"?'),
    ("zone: New York", "zone", 'this is no time zone: did you mean "America/New_York"?'),
    ("zone: Europe/Berln", "zone", 'this is no time zone: did you mean "Europe/Berlin"?'),
    ("zone: new yrok", "zone", 'this is no time zone: did you mean "America/New_York"?'),
    ("hours: {mon-fr: '09:00-17:00'}", "hours", 'hours are by day; did you mean "mon-fri"?'),
    ("hours: {'Mo, thursay': '09:00-17:00'}", "hours", 'hours are by day; did you mean "mon, thursday"?'),
    ("hours: {weekdays: '09:00-17:00'}", "hours", "hours are by day: mon, tue"),
    ("hours: {mon-tue-wed: '09:00-17:00'}", "hours", "hours are by day: mon, tue"),
    ("hours: {mon-never: '09:00-17:00'}", "hours", "hours are by day: mon, tue"),
    ("zone: '+02:00'", "zone", "write one of the IANA names, such as Europe/Berlin"),
    ("zone: UTC+2", "zone", "an offset does not know when clocks are changed, write one of the IANA names"),
    ("zone: gmt +02:00", "zone", "an offset does not know when clocks are changed, write one of the IANA names"),
    ("zone: ''", "zone", "write one of the IANA names, such as Europe/Berlin"),
    ("works_on: nope", "works_on", DAY),
    ("leave: {from: 2026-08-10, until: 2026-08-12}", "leave", LIST),
    ("leave: [{from: 2026-08-10, untl: 2026-08-12}]", "leave[0].untl", 'did you mean "until"?'),
    ("calendar: ''", "calendar", EMPTY),
    ("limits: {at_most: 3, open: true}", "limits", LIST),
    ("limits: [{at_most: 3, open: false}]", "limits[0].open", "false is not known here: write true"),
    ("limits: [{at_most: 3, per: year}]", "limits[0].per", PER),
    ("limits: [{at_most: 3, per: 0}]", "limits[0].per", PER),
    ("limits: [{at_most: 3, per: 999d}]", "limits[0].per", "a window lasts a year at most: 366d"),
    ("limits: [{at_most: 1001, per: 1h}]", "limits[0]", "a window counts at most 1,000 records: lower it"),
    ("limits: [{at_most: 3, open: true, per: day}]", "limits[0]", ONE_THING),
    ("limits: [{at_most: 3}]", "limits[0]", ONE_THING),
    ("limits: [{atmost: 3, open: true}]", "limits[0].atmost", 'did you mean "at_most"?'),
]
OF_A_POOL = [
    ("accept_within: 15", "accept_within", f"{TIME}; say of what, such as 15m"),
    ("accept_within: 15 minutes", "accept_within", f'{TIME}; did you mean "15m"?'),
    ("accept_within: 1h30m", "accept_within", f'{TIME}; did you mean "90m"?'),
    ("accept_within: 0.5h", "accept_within", f'{TIME}; did you mean "30m"?'),
    ("accept_within: 2 Std.", "accept_within", TIME),
    ("longest_wait: 1w", "longest_wait", f'{TIME}; did you mean "7d"?'),
    ("max_open: 3", "max_open", 'this key is unknown; it stands in each of "members"'),
    ("to: {user: bob}", "to", 'this key is unknown; it stands inside "escalate"'),
    ("settings: {}", "settings", "this key is unknown; it is a section, at the beginning of a line"),
    ("escalate: {after: 5m, to: {user: bob}, accept_within: 5m}", "escalate.accept_within", 'outside of "escalate"'),
    ("accept_within: 0s", "accept_within", TIME),
    ("accept_within: {after: 5m}", "accept_within", TIME),
    ("longest_wait: 1000000d", "longest_wait", TIME),
    ("acept_within: 15m", "acept_within", 'this key is unknown; did you mean "accept_within"?'),
    ("hand_on: -1", "hand_on", "-1 does not fit: 0 or more is expected"),
    ("requires: {skill: german, level: 0}", "requires.level", "0 does not fit: 1 or more is expected"),
    ("requires: {skil: german}", "requires.skil", 'this key is unknown; did you mean "skill"?'),
    ("requires: {skill: {feld: x}}", "requires.skill.feld", 'did you mean "field"?'),
    ("requires: [{skill: {field: ''}}]", "requires[0].skill.field", EMPTY),
    ("requires: {skill: [x]}", "requires.skill", "text or a mapping is expected here, not a list"),
    ("prefer: {terr: x}", "prefer.terr", 'this key is unknown; did you mean "territory"?'),
    ("prefer: {}", "prefer", PREFERRED),
    ("escalate: {after: 30, to: {user: bob}}", "escalate.after", TIME),
    ("escalate: {after: 30m, to: bob}", "escalate.to", ONE),
    ("escalate: {after: 30m, to: {pool: q, user: bob}}", "escalate.to", ONE),
    ("nobody_eligible: {fallback: q}", "nobody_eligible.fallback", ONE),
    ("nobody_eligible: {fallback: {pool: q}, assign_anyway: true}", "nobody_eligible", BOTH),
]
OF_A_TARGET = [
    ("[]", "", "a list without a step names nobody: name a user, pool or queue"),
    ("[{pool: p, wait: 5m}]", "", "one step needs no list"),
    ("[{pool: p, wait: 5}, {user: bob}]", "[0].wait", TIME),
    (f"[{TWO}]", "[1]", SKIP),
    ("[{pool: p, user: bob}, {user: bob}]", "[0]", "a step names one of"),
    ("[{pol: p, wait: 5m}, {user: bob}]", "[0].pol", 'this key is unknown; did you mean "pool"?'),
    (f"[{', '.join(['{pool: p}'] * 11)}]", "", "11 entries are too many: at most 10"),
    ("{user: {feld: x}}", ".user.feld", 'this key is unknown; did you mean "field"?'),
]


@pytest.mark.parametrize(("text", "where", "said"), OF_A_USER)
def test_a_mistake_in_peoples_time_or_limits_is_told_once(text: str, where: str, said: str) -> None:
    """a5 b1 At its own place, with what to write."""
    _told_once(f"users: {{ann: {{{text}}}}}\n", f"users.ann.{where}", said)


@pytest.mark.parametrize(("text", "where", "said"), OF_A_POOL)
def test_a_mistake_in_waiting_or_accept_is_told_once(text: str, where: str, said: str) -> None:
    pools = f"pools: {{q: {{record_type: lead}}, p: {{record_type: lead, {text}}}}}\n"
    _told_once(f"users: [ann, bob]\n{pools}", f"pools.p.{where}", said)


@pytest.mark.parametrize(("text", "where", "said"), OF_A_TARGET)
def test_a_mistake_in_steps_is_told_once(text: str, where: str, said: str) -> None:
    given = f"users: [bob]\npools: {{p: {{record_type: lead}}}}\ndefaults: {{lead: {text}}}\n"
    _told_once(given, f"defaults.lead{where}", said)


def _told_once(text: str, where: str, said: str) -> None:
    (told,) = refused(config=text)
    place, path, message = told.split(": ", 2)
    assert path == where
    assert said in message
    assert place.count(":") == 2
