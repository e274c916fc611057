"""What is said at the end: what came, and of each promise whether it held."""

from collections import Counter
from typing import Final

from chaos.evidence import Evidence
from chaos.invariants import INVARIANTS

MOST_SHOWN: Final = 8


def report(run: Evidence) -> tuple[list[str], bool]:
    """The lines, and whether a promise was broken."""
    lines = ["", *figures(run), ""]
    broken = False
    for invariant in INVARIANTS:
        wrong = invariant(run)
        broken = broken or bool(wrong)
        lines.append(f"{'BROKEN' if wrong else 'held  '}  {(invariant.__doc__ or '').strip().partition(chr(10))[0]}")
        lines += [f"          {each}" for each in wrong[:MOST_SHOWN]]
        if len(wrong) > MOST_SHOWN:
            lines.append(f"          and {len(wrong) - MOST_SHOWN} more")
    return lines, broken


def figures(run: Evidence) -> list[str]:
    """What came, in numbers."""
    world = run.world
    started = ", ".join(f"{process.name} {process.starts}" for process in world.processes)
    return [
        f"{len(run.inbound)} calls, {_counted(row.outcome for row in run.calls)}",
        f"{len(run.pages)} pages, {_counted(row.state for row in run.pages)}",
        f"{len(run.placed)} calls placed for {sum(row.means == 'call' for row in run.deliveries)} attempts",
        f"starts: {started}; PostgreSQL was away {len(world.postgres.answers.past)} times",
        f"webhooks: {_counted(delivery.status for delivery in run.webhooks)}",
        f"commit points: {', '.join(f'{point} ({n})' for point, n in world.points.seen.items())}",
    ]


def _counted(values: object) -> str:
    counted = Counter(str(value) for value in values)  # type: ignore[attr-defined] # an iterable
    return ", ".join(f"{n} {value}" for value, n in counted.most_common())
