"""A short chaos: real processes, killed while calls keep coming. `make long` and `make chaos` play longer ones."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from chaos import invariants
from chaos.evidence import Evidence
from chaos.faults import Fault, Kill, KillAt, StopPostgres, Webhooks
from chaos.invariants import INVARIANTS
from chaos.report import figures
from chaos.run import run
from chaos.script import Act, script
from chaos.spans import Spans, both, gaps, longest, union
from chaos.world import RATE
from telephony.emulator import Heard
from telephony.emulator.script import APOLOGY

SEED = 20
LONG = bool(os.environ.get("NIGHTBELL_LONG_TESTS"))
SECONDS = 25.0 if LONG else 15.0
MOST_HELD = 12.0 if LONG else 5.0
"""Real seconds after the faults in which callers still hold."""


def test_a_script_is_the_same_for_a_seed_and_has_every_kind_of_fault():
    acts = script(SEED, 300)
    assert [str(act) for act in acts] == [str(act) for act in script(SEED, 300)]
    assert [str(act) for act in acts] != [str(act) for act in script(SEED + 1, 300)]
    kinds: set[type[Fault]] = {type(act.fault) for act in acts}
    assert {Kill, KillAt, StopPostgres, Webhooks} < kinds


async def test_the_promises_hold_while_processes_die(tmp_path: Path):
    acts = script(SEED, SECONDS)
    acts += [Act(7.0, 5.0, StopPostgres()), Act(18.0 if LONG else 11.5, 4.0, KillAt("a delivery is intended"))]
    lines: list[str] = []
    evidence = await run(SEED, SECONDS, acts, tmp_path, lines.append, MOST_HELD)
    sys.stdout.write(
        "\n".join([*map(str, acts), *lines, *figures(evidence)])
    )  # pytest shows it where a promise is broken
    assert {promise.__name__: promise(evidence) for promise in INVARIANTS} == {
        promise.__name__: [] for promise in INVARIANTS
    }
    assert len(evidence.pages) > 1, "nobody asked for a doctor"
    _each_promise_can_be_broken(evidence)


def _each_promise_can_be_broken(evidence: Evidence):
    """The same evidence, with one thing wrong."""

    def finds(invariant: Callable[[Evidence], list[str]], wrong: Evidence) -> None:
        assert invariant(wrong), f"{invariant.__name__} notices nothing"

    calls, pages, deliveries = evidence.calls, evidence.pages, evidence.deliveries
    finds(invariants.every_call_has_one_outcome, replace(evidence, calls=[]))
    finds(invariants.every_call_has_one_outcome, replace(evidence, calls=[row._replace(outcome=None) for row in calls]))
    finds(invariants.every_call_has_one_outcome, replace(evidence, calls=[*calls, *calls]))
    unpaged = [row._replace(page=None, answered_by=None) for row in calls]
    finds(invariants.who_asks_for_a_clinician_has_a_page, replace(evidence, calls=unpaged))
    silent = [row._replace(state="paging", due=None) for row in pages]
    finds(invariants.no_page_without_an_end, replace(evidence, pages=silent))
    unalerted = [row._replace(state="last resort", due=None) for row in pages]
    finds(invariants.no_page_without_an_end, replace(evidence, pages=unalerted, alerts=[]))
    untold = SimpleNamespace(id=1, kind="page", why="nobody has it", at=evidence.now, told_at=None, over_at=None)
    finds(invariants.every_alert_is_told, replace(evidence, alerts=[untold]))
    still = [row._replace(due=row.opened_at) for row in pages]
    finds(invariants.no_page_lies_still, replace(evidence, pages=still))
    finds(invariants.nobody_is_rung_twice, replace(evidence, deliveries=[r._replace(tries=0) for r in deliveries]))
    finds(invariants.nobody_is_rung_twice, replace(evidence, deliveries=[]))
    left = evidence.world.data / "1.journal"
    left.touch()
    finds(invariants.nothing_is_left_in_the_journal, evidence)
    left.unlink()
    leg = evidence.inbound[-1]
    leg.events.append(Heard(at=evidence.now, text=APOLOGY))
    finds(invariants.callers_always_hear_words, evidence)
    outage = evidence.world.postgres.answers.past[0][1]
    leg.created_at = evidence.now.subtract(seconds=(evidence.world.real(evidence.now) - outage) * RATE - RATE)
    leg.events.clear()
    finds(invariants.outages_are_answered, evidence)


def test_stretches_are_joined_and_cut():
    one, other = Spans([(0, 4), (8, 9)]), Spans([(3, 6)], since=12)
    assert union([one, other])[:2] == [(0, 6), (8, 9)]
    assert both(union([one, other]), [(5, 13)]) == [(5, 6), (8, 9), (12, 13)]
    assert gaps([(0, 6), (8, 9)], 1, 20) == [(6, 8), (9, 20)]
    assert longest([(0, 6), (8, 9)]) == 6
    assert longest([]) == 0
