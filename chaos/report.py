"""What is said at the end: what came, and of each promise whether it held."""

from collections import Counter
from typing import Final

from chaos.evidence import Evidence
from chaos.invariants import INVARIANTS, rings, stillness
from storage.deliveries import SECOND

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
    world, still = run.world, [still for _, _, still in stillness(run)]
    attempts = sum(row.means == "call" for row in run.deliveries)
    second = sum(row.provider == SECOND for row in run.deliveries)
    twice = sum(len(legs) > 1 for legs in rings(run).values())
    started = ", ".join(f"{process.name} {process.starts}" for process in world.processes)
    return [
        f"{len(run.inbound)} calls, {_counted(row.outcome for row in run.calls)}",
        f"{len(run.pages)} pages, {_counted(row.state for row in run.pages)}",
        f"{len(run.placed)} calls placed for {attempts} attempts, {twice} of which were rung more than once",
        f"{second} calls and texts were the second provider's",
        f"due {len(still)} times, the worst lay still for {max(still, default=0):.1f} s",
        f"starts: {started}; PostgreSQL was away {len(world.postgres.answers.past)} times",
        f"webhooks: {_counted(delivery.status for delivery in run.webhooks)}",
        f"commit points: {', '.join(f'{point} ({n})' for point, n in world.points.seen.items())}",
    ]


def _counted(values: object) -> str:
    counted = Counter(str(value) for value in values)  # type: ignore[attr-defined] # an iterable
    return ", ".join(f"{n} {value}" for value, n in counted.most_common())
