"""Publishing a plan with the parts of a process: what `storage.publishing` does, for the API too."""

from nightbell.composition import Parts
from storage.publishing import Published, publish

__all__ = ["Published", "publish_text"]


async def publish_text(parts: Parts, document: str, author: str) -> Published:
    """Check and publish the document. Raises PlanFaults with all faults, NumberTakenError, UnavailableError."""
    return await publish(parts.database, document, author, parts.clock.now(), parts.calendars.news)
