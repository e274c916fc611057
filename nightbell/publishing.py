"""Publishing a plan: the one way for the command, the API and the tests. It is refused whole, or published whole."""

from dataclasses import dataclass

from nightbell.composition import Parts
from routing.plan import Plan, publishable
from storage import plans


@dataclass(frozen=True, slots=True)
class Published:
    """What became of it. `is_new`: False when the very same document was current already."""

    plan: Plan
    version: int
    is_new: bool
    waived: tuple[str, ...]


async def publish_text(parts: Parts, document: str, author: str) -> Published:
    """Check and publish the document. Raises PlanFaults with all faults, NumberTakenError, UnavailableError."""
    now = parts.clock.now()
    checked = publishable(document, now)
    waived = [{"check": w.fault.check, "path": w.fault.path, "because": w.because} for w in checked.waived]
    async with parts.database.transaction() as connection:
        version, is_new = await plans.publish(connection, checked.plan, document, waived, author, now)
    return Published(checked.plan, version, is_new, tuple(f"{w['path']}: {w['because']}" for w in waived))
