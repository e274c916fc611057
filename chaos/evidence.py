"""What a run is judged by: what the database holds, what Twilio's side saw, and when which process was there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.rows import namedtuple_row
from whenever import Instant

from chaos.spans import Stretch, both, union
from chaos.world import World
from telephony.emulator.leg import Leg
from telephony.emulator.webhook import Delivery

Row = Any

_QUERIES: Final = {
    "calls": "SELECT sid, outcome, ended_at, answered_by, page FROM calls",
    "asked": """
        SELECT DISTINCT e.call FROM call_events e, jsonb_array_elements(e.body->'notes') AS note
        WHERE note->>0 = 'asked for the clinician'
    """,
    "pages": "SELECT id, state, due, call, accepted_by, opened_at, version FROM pages",
    "deliveries": "SELECT page, attempt, means, member, state, sid, provider, tries, unsure, why FROM deliveries",
    "doubled": """
        SELECT p.id AS page, (a->>'number')::int AS attempt FROM pages p, jsonb_array_elements(p.body->'attempts') AS a
        WHERE (a->>'doubled')::boolean
    """,
    "alerts": "SELECT id, kind, page, why, at, told_at, over_at FROM alerts",
    "moved": "SELECT page, version, due, at FROM chaos.moved",
}
ENDED: Final = frozenset({"resolved", "accepted", "bridged", "last resort"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """Rows as the tables have them; `legs` and `webhooks` as Twilio's side saw them.

    `working`: when a worker worked and the database answered. `served`: when any server answered.
    """

    world: World
    calls: list[Row]
    asked: list[Row]
    pages: list[Row]
    deliveries: list[Row]
    doubled: list[Row]
    alerts: list[Row]
    moved: list[Row]
    now: Instant

    @property
    def legs(self) -> list[Leg]:
        """Every call, whichever provider's."""
        return [leg for exchange in self.world.exchanges for leg in exchange.legs.values()]

    @property
    def inbound(self) -> list[Leg]:
        """The calls that came."""
        return [leg for leg in self.legs if leg.direction == "inbound"]

    @property
    def placed(self) -> list[Leg]:
        """The calls that Nightbell had placed."""
        return [leg for leg in self.legs if leg.direction == "outbound-api"]

    @property
    def webhooks(self) -> list[Delivery]:
        """Every try to deliver one."""
        return [each for exchange in self.world.exchanges for each in exchange.webhooks.deliveries]

    @property
    def working(self) -> list[Stretch]:
        """When pages should have gone on."""
        return both(union(worker.working for worker in self.world.workers), self.world.postgres.answers.all())

    @property
    def served(self) -> list[Stretch]:
        """When calls should have been answered."""
        return union(serve.working for serve in self.world.serves)

    @property
    def rescued(self) -> list[Stretch]:
        """When the fallback URL was answered, so that no call should have failed."""
        return union(serve.working for serve in self.world.last)

    @property
    def journals(self) -> list[Path]:
        """What waits on disk."""
        return [path for path in self.world.data.rglob("*") if path.suffix in {".journal", ".replaying", ".unreadable"}]

    @property
    def untold(self) -> list[Row]:
        """The alerts that no operator was told, and whose cause is not over."""
        return [row for row in self.alerts if row.told_at is None and row.over_at is None]

    @property
    def unsettled(self) -> str:
        """What is left that should still come to its end; "" for nothing."""
        left = {
            "calls under way": sum(not leg.over for leg in self.legs),
            "calls without outcome": sum(not row.outcome for row in self.calls),
            "open pages": sum(row.state not in ENDED or self.is_overdue(row) for row in self.pages),
            "alerts that nobody was told": len(self.untold),
            "journals": len(self.journals),
        }
        return ", ".join(f"{n} {what}" for what, n in left.items() if n)

    def is_overdue(self, page: Row) -> bool:
        """Whether the page should have gone on by now."""
        return page.due is not None and page.due <= self.now.to_stdlib()

    def real(self, moment: Any) -> float:  # noqa: ANN401 - a column's datetime
        """When that was, in Unix seconds."""
        return self.world.real(Instant(moment))


async def gather(world: World) -> Evidence:
    """Read it all. Raises OSError when the database does not answer."""
    rows: dict[str, list[Row]] = {}
    try:
        async with await psycopg.AsyncConnection.connect(world.postgres.url, row_factory=namedtuple_row) as connection:
            for name, query in _QUERIES.items():
                rows[name] = await (await connection.execute(query)).fetchall()
    except psycopg.OperationalError as error:
        raise OSError("the database does not answer") from error
    return Evidence(world=world, now=world.now(), **rows)
