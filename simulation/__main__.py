"""`make simulate N=...`, or `python -m simulation [N] [--seed S] [--first S] [--minutes M] [--faults KIND ...]`.

With `--seed` one world is lived again, with all that happened in it. The exit status is 1 when a promise was broken.
"""

import argparse
import os
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from typing import Final

from rich.console import Console

from simulation.faults import EVERY, Fault
from simulation.life import Outcome, live

WORLDS_AT_ONCE: Final = 250
MOST_SHOWN: Final = 10
TOLD_EVERY: Final = 50_000
stdout = Console(highlight=False, soft_wrap=True, markup=False)
stderr = Console(highlight=False, soft_wrap=True, markup=False, stderr=True)


def main(arguments: list[str] | None = None) -> int:
    """Simulate; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("pages", nargs="?", type=int, default=100_000, help="how many pages at least")
    parser.add_argument("--seed", type=int, help="live this one world again, with its whole trail")
    parser.add_argument("--first", type=int, default=0, help="the first seed of many")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no longer than this")
    parser.add_argument("--faults", nargs="*", choices=[kind.value for kind in EVERY], help="these faults only")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    allowed = EVERY if given.faults is None else tuple(Fault(kind) for kind in given.faults)
    if given.seed is not None:
        return _replay(given.seed, allowed)
    began = time.monotonic()
    outcome = many(given.pages, given.first, allowed, given.processes, given.minutes * 60)
    return _report(outcome, time.monotonic() - began)


def batch(first: int, count: int, allowed: tuple[Fault, ...]) -> Outcome:
    """The worlds of so many seeds."""
    outcome = Outcome()
    for seed in range(first, first + count):
        outcome.add(live(seed, allowed))
    return outcome


def many(pages: int, first: int, allowed: tuple[Fault, ...], processes: int, seconds: float = float("inf")) -> Outcome:
    """World after world until there were so many pages, or so much time has passed."""
    outcome, until = Outcome(), time.monotonic() + seconds
    with ProcessPoolExecutor(processes) as pool:
        seed = first
        waiting: set[Future[Outcome]] = set()
        while outcome.pages < pages and time.monotonic() < until:
            while len(waiting) < processes + 1:
                waiting.add(pool.submit(batch, seed, WORLDS_AT_ONCE, allowed))
                seed += WORLDS_AT_ONCE
            done = next(as_completed(waiting))
            waiting.remove(done)
            before, result = outcome.pages // TOLD_EVERY, done.result()
            outcome.add(result)
            for seed_broken, words in result.broken.items():
                stderr.print(f"seed {seed_broken}: {words}")
            if outcome.pages // TOLD_EVERY > before:
                stderr.print(f"{outcome.pages:,} pages, {len(outcome.broken):,} worlds in which a promise was broken")
        for future in waiting:
            outcome.add(future.result())
    return outcome


def _replay(seed: int, allowed: tuple[Fault, ...]) -> int:
    outcome = live(seed, allowed, telling=stdout.print)
    for broken in outcome.broken.values():
        stdout.print(f"BROKEN {broken}")
    return len(outcome.broken)


def _report(outcome: Outcome, seconds: float) -> int:
    rate = outcome.pages / seconds
    stdout.print(
        f"{outcome.pages:,} pages, {outcome.events:,} transactions, {outcome.attempts:,} attempts in {seconds:.0f} s"
        f" ({rate:.0f} pages/s)"
    )
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in outcome.kinds.most_common())
    stdout.print(f"events: {kinds}")
    for what, count in outcome.ends.most_common():
        stdout.print(f"{count:>12,}  {what}")
    stdout.print("faults: " + ", ".join(f"{kind} {count:,}" for kind, count in outcome.met.most_common()))
    stdout.print(f"{len(outcome.broken):,} worlds in which a promise was broken")
    for seed, broken in sorted(outcome.broken.items())[:MOST_SHOWN]:
        stdout.print(f"  python -m simulation --seed {seed}\n    {broken}")
    return int(bool(outcome.broken))


if __name__ == "__main__":
    sys.exit(main())
