"""The promises, each as a function that says what breaks it (DESIGN section 1, issue 5)."""

from collections import defaultdict
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

from chaos.evidence import Evidence, Row
from chaos.spans import both, gaps, longest
from storage.deliveries import FIRST
from telephony.emulator import Heard
from telephony.emulator.leg import Leg
from telephony.emulator.script import APOLOGY

STILL: Final = 10.0
"""Real seconds."""
ADVICE: Final = "9 1 1"
GRACE: Final = 2.0
"""Real seconds: what is under way when a process is killed is heard of a moment later."""
SILENCE: Final = 5.0
"""Real seconds that a caller may wait for the first word; all that runs shares the machine's processors."""

Invariant = Callable[[Evidence], list[str]]


def every_call_has_one_outcome(run: Evidence) -> list[str]:
    """Every inbound call that was answered has exactly one row with one outcome."""
    rows = defaultdict(list)
    for row in run.calls:
        rows[row.sid].append(row)
    wrong = []
    answered = {d["CallSid"] for d in run.webhooks if d.purpose == "voice" and d.status == 200}
    for leg in run.inbound:
        found = rows[leg.sid]
        if not found and leg.sid in answered:
            wrong.append(f"{leg.sid} has no row ({_story(run, leg)})")
        elif len(found) > 1:
            wrong.append(f"{leg.sid} has {len(found)} rows")
        elif found and (found[0].outcome is None or found[0].ended_at is None):
            wrong.append(f"{leg.sid} was never closed ({_story(run, leg)})")
    return wrong


def who_asks_for_a_clinician_has_a_page(run: Evidence) -> list[str]:
    """Whoever asked for a clinician, and hung up before they talked to anybody, has a page and so a call-back."""
    asked = {row.call for row in run.asked}
    return [f"{row.sid} has no page" for row in run.calls if row.sid in asked and not row.page and not row.answered_by]


def no_page_without_an_end(run: Evidence) -> list[str]:
    """A page is resolved, or ended its last resort with an alert, or somebody has it and it is due in the future."""
    alerted = {row.page for row in run.alerts}
    wrong = []
    for page in run.pages:
        due = page.due is not None and not run.is_overdue(page)
        taken = page.state in {"accepted", "bridged"} and due
        ended = page.state == "last resort" and (page.id in alerted)
        if page.state != "resolved" and not taken and not ended:
            wrong.append(f"page {page.id} is {page.state}, due {page.due}, of the call {page.call}")
    return wrong


def no_page_lies_still(run: Evidence) -> list[str]:
    """No page that was due lay still for more than 10 s while a worker was alive and the database answered."""
    return [
        f"page {page} was due and lay still for {still:.1f} s, from {run.world.seconds(due):.1f} s on"
        for page, due, still in stillness(run)
        if still > STILL
    ]


def stillness(run: Evidence) -> list[tuple[str, float, float]]:
    """Each page each time it was due: since when, and how long in one stretch nobody went on though somebody could."""
    stood = [(row.page, run.real(row.due), row.at.timestamp()) for row in run.moved]
    stood += [(p.id, run.real(p.due), run.world.real(run.now)) for p in run.pages if p.due is not None]
    return [(page, due, longest(both([(due, moved)], run.working))) for page, due, moved in stood if moved > due]


def nobody_is_rung_twice(run: Evidence) -> list[str]:
    """No clinician is rung twice for one attempt, unless the product knows how often it asked, and counts one call.

    Where both calls were heard of, the attempt is labelled as a double one.
    """
    labelled = {(row.page, row.attempt) for row in run.doubled}
    heard = {d["CallSid"] for d in run.webhooks if d.purpose == "status" and d.status in {200, 204}}
    rows = {(row.page, row.attempt): row for row in run.deliveries}
    wrong = []
    for attempt, legs in rings(run).items():
        row, sids = rows.get(attempt), [leg.sid for leg in legs]
        if row is None:
            wrong.append(f"{attempt}: there is no such attempt, and it was rung as {sids}")
        elif row.sid not in {*sids, None}:
            wrong.append(f"{attempt}: rung as {sids}, and known as {row.sid}")
        elif asked(row) < len(legs):
            wrong.append(f"{attempt}: rung {len(legs)} times, and asked for {asked(row)} times")
        elif len(heard.intersection(sids)) > 1 and attempt not in labelled:
            wrong.append(f"{attempt}: rung as {sids}, and not labelled")
    return wrong


def asked(row: Row) -> int:
    """How often a call may have been placed for the attempt: where it was handed over, by the first provider, too."""
    return int(row.tries if row.provider == FIRST else row.tries + row.unsure)


def rings(run: Evidence) -> dict[tuple[str, int], list[Leg]]:
    """The calls that Twilio placed for each attempt of each page."""
    calls = defaultdict(list)
    for leg in run.placed:
        if attempt := _attempt(leg):
            calls[attempt].append(leg)
    return calls


def outages_are_answered(run: Evidence) -> list[str]:
    """A call that comes while the database is away is answered with words, and told to dial 911."""
    away = gaps(run.world.postgres.answers.all(), run.world.began, run.world.real(run.now))
    wrong = []
    for leg in run.inbound:
        at = run.world.real(leg.created_at)
        served = any(begin <= at - GRACE and at + GRACE <= end for begin, end in run.served)
        if not served or not any(begin <= at < end for begin, end in away):
            continue
        heard = [event for event in leg.events if isinstance(event, Heard)]
        if not any(ADVICE in event.text for event in heard) and leg.end_reason != "hung up before the answer":
            wrong.append(f"{leg.sid} heard no advice ({_story(run, leg)})")
    return wrong


def every_alert_is_told(run: Evidence) -> list[str]:
    """In the end, the operators were told whatever they were to be told."""
    return [f"alert {row.id} ({row.kind}, {row.at}) was told to nobody: {row.why}" for row in run.untold]


def nothing_is_left_in_the_journal(run: Evidence) -> list[str]:
    """What was kept on disk is in the database."""
    return [f"{path.name} is left" for path in run.journals]


def callers_always_hear_words(run: Evidence) -> list[str]:
    """No caller hears Twilio's 'application error' or nothing at all, except while every server was dead.

    With an address for each server: while the second was, behind the fallback URL, on which a call stays.
    """
    wrong = []
    for leg in run.inbound:
        heard = [event for event in leg.events if isinstance(event, Heard)]
        for event in heard:
            at = run.world.real(event.at)
            if event.text == APOLOGY and not gaps(run.rescued, at - GRACE, at):
                wrong.append(
                    f"{leg.sid} heard an application error at {at - run.world.began:.1f} s ({_story(run, leg)})"
                )
        if not heard and leg.ended_at is not None:
            began, ended = run.world.real(leg.created_at), run.world.real(leg.ended_at)
            if longest(both([(began, ended)], run.served)) > SILENCE:
                wrong.append(f"{leg.sid} heard nothing ({_story(run, leg)})")
    return wrong


def no_process_gives_up(run: Evidence) -> list[str]:
    """A process runs until it is killed: neither an outage nor a restart ends it."""
    return [f"{process.name} has ended by itself" for process in run.world.processes if process.died]


INVARIANTS: Final[tuple[Invariant, ...]] = (
    every_call_has_one_outcome,
    who_asks_for_a_clinician_has_a_page,
    no_page_without_an_end,
    no_page_lies_still,
    nobody_is_rung_twice,
    outages_are_answered,
    every_alert_is_told,
    nothing_is_left_in_the_journal,
    callers_always_hear_words,
    no_process_gives_up,
)


def _attempt(leg: Leg) -> tuple[str, int] | None:
    """The page and the attempt that a placed call is for, as its status callback names them."""
    query = parse_qs(urlsplit(leg.progress.url).query) if leg.progress is not None else {}
    if "page" not in query or "attempt" not in query:
        return None
    return query["page"][0], int(query["attempt"][0])


def _story(run: Evidence, leg: Leg) -> str:
    """When it came, how it ended, and its last webhooks."""
    came = run.world.seconds(run.world.real(leg.created_at))
    told = [d for d in run.webhooks if ("CallSid", leg.sid) in d.params][-6:]
    last = ", ".join(f"{urlsplit(d.url).port}{urlsplit(d.url).path.removeprefix('/twilio')} {d.status}" for d in told)
    return f"came at {came:.1f} s, ended: {leg.end_reason or 'not yet'}; {last}"
