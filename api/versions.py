"""The published versions of a practice's plan."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import ConfigDict

from api.access import Reading
from api.cursors import read_cursor, write_cursor
from api.fields import Cursor, Limit, Listing, Moment, Told, cut, example
from api.problems import Problem
from storage import plans
from storage.current_plans import load_version
from storage.plans import StoredVersion

router: Final = APIRouter(prefix="/practices/{practice}/plan/versions", tags=["plan"])
_SHOWN: Final = {
    "version": 3,
    "published_at": "2026-11-20T15:00:00Z",
    "published_by": "front desk",
    "waived": [{"check": "missing-language", "path": "flow.survey", "because": "Spanish follows in January"}],
    "is_current": True,
}


class Version(Told):
    """A published version."""

    model_config = ConfigDict(json_schema_extra=example(**_SHOWN))

    version: int
    published_at: Moment
    published_by: str
    waived: list[dict[str, str]]
    """The faults that the plan accepts, each with its reason."""
    is_current: bool


class VersionText(Version):
    """A published version, with its text."""

    model_config = ConfigDict(json_schema_extra=example(**_SHOWN, document="practice: maple-pediatrics\n# and so on\n"))

    document: str
    """As it was sent: YAML or JSON."""


@router.get("", operation_id="listVersions")
async def list_versions(access: Reading, limit: Limit = 50, cursor: Cursor = None) -> Listing[Version]:
    """List the versions, the newest first."""
    about = f"versions/{access.practice}"
    before = int(read_cursor(access.desk.ring, about, cursor)[0]) if cursor is not None else None
    async with access.desk.database.statement() as connection:
        found = await plans.versions(connection, access.practice, before, limit + 1)
    shown, more = cut(found, limit)
    following = write_cursor(access.desk.ring, about, [str(shown[-1].version)]) if more else None
    return Listing(items=[Version(**_told(stored, access.plan.version)) for stored in shown], next=following)


@router.get("/{version}", operation_id="getVersion")
async def get_version(
    access: Reading, version: Annotated[int, Path(ge=1, lt=(1 << 31) - 1, description="Counted from 1.", examples=[1])]
) -> VersionText:
    """Get a version, with its text."""
    async with access.desk.database.transaction() as connection:
        found = await plans.versions(connection, access.practice, version + 1, 1)
        document = await load_version(connection, access.practice, version)
    if document is None:
        raise Problem(404, "There is no such version.")
    return VersionText(**_told(found[0], access.plan.version), document=document)


def _told(stored: StoredVersion, current: int) -> dict[str, object]:
    return {
        "version": stored.version,
        "published_at": stored.published_at,
        "published_by": stored.published_by,
        "waived": stored.waived,
        "is_current": stored.version == current,
    }
