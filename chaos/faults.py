"""The faults: what each does to the world when it comes, and how it is mended."""

from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from chaos.commit_points import check
from chaos.process import Process, start_all
from chaos.world import World
from telephony.emulator import Duplicated, InOrder, RestFault, Shuffled

MANY: Final = 1_000_000


class Fault(Protocol):
    """Something that goes wrong for a while. `str()` says what, for the printed script."""

    async def comes(self, world: World) -> None:
        """It happens."""

    async def goes(self, world: World) -> None:
        """It is mended."""


@dataclass(frozen=True, slots=True)
class Kill:
    """`kill -9` of these processes, which are started anew afterwards."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"kill -9 {', '.join(self.names)}"

    async def comes(self, world: World) -> None:
        """All at once."""
        for name in self.names:
            world.process(name).kill()

    async def goes(self, world: World) -> None:
        """Start them."""
        await start_all([world.process(name) for name in self.names])


@dataclass(slots=True)
class KillAt:
    """`kill -9` of the first process that comes to a commit point from now on."""

    point: str
    _victim: Process | None = None

    def __str__(self) -> str:
        return f"kill -9 whoever is first when {self.point}"

    async def comes(self, world: World) -> None:
        """Lie in wait."""

        def strike(process: Process) -> None:
            self._victim = process
            process.kill()
            world.note(f"{process.name} was killed when {self.point}")

        world.points.strike(check(self.point), strike)

    async def goes(self, world: World) -> None:
        """Start who was killed."""
        world.points.spare(self.point)
        if self._victim is None:
            world.note(f"nobody was killed: it did not happen that {self.point}")
        else:
            await self._victim.start()


@dataclass(frozen=True, slots=True)
class StopPostgres:
    """PostgreSQL is stopped in order, and started again."""

    def __str__(self) -> str:
        return "stop PostgreSQL"

    async def comes(self, world: World) -> None:
        """Stop it."""
        await world.postgres.stop()

    async def goes(self, world: World) -> None:
        """Start it."""
        await world.postgres.start()


@dataclass(frozen=True, slots=True)
class KillPostgres(StopPostgres):
    """PostgreSQL is killed with all its processes, and recovers when it is started."""

    def __str__(self) -> str:
        return "kill -9 PostgreSQL"

    async def comes(self, world: World) -> None:
        """Kill it."""
        world.postgres.kill()


@dataclass(frozen=True, slots=True)
class Rest:
    """Twilio's REST API fails in one way for whoever asks. `delay`: real seconds before the answer."""

    name: str
    status: int
    code: int = 0
    after: bool = False
    delay: float = 0.0

    def __str__(self) -> str:
        return f"Twilio's REST: {self.name}"

    async def comes(self, world: World) -> None:
        """Every request meets it, and none that came before."""
        world.exchange.rest_faults.clear()
        world.rest = str(self)
        retry_after = 1 if self.status == 429 else None
        fault = RestFault(self.status, self.code, "chaos", after=self.after, delay=self.delay, retry_after=retry_after)
        world.exchange.rest_faults.add(fault, times=MANY)

    async def goes(self, world: World) -> None:
        """Everything works again, unless it fails in another way by now."""
        if world.rest == str(self):
            world.exchange.rest_faults.clear()


TIMEOUT: Final = 11.0
"""Real seconds: more than the product waits for Twilio (`telephony.transport`)."""
REST_MODES: Final = (
    Rest("429, too many requests", 429, 20429),
    Rest("500 before the work", 500, 20500),
    Rest("500 after the work", 500, 20500, after=True),
    Rest("401, the token is refused", 401, 20003),
    Rest("no answer in time, the work not done", 0, delay=TIMEOUT),
    Rest("no answer in time, the work done", 0, after=True, delay=TIMEOUT),
    Rest("the connection drops before the work", 0),
    Rest("the connection drops after the work", 0, after=True),
)


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Webhooks come more than once, and status callbacks out of order or twice."""

    seed: int
    shuffled: bool

    def __str__(self) -> str:
        return f"webhooks duplicated, callbacks {'reordered' if self.shuffled else 'duplicated'}"

    async def comes(self, world: World) -> None:
        """One in four is sent once more before it counts."""
        random = Random(self.seed)
        for exchange in world.exchanges:
            exchange.repeat_webhooks = lambda _request: random.random() < 0.25
            exchange.callback_order = Shuffled(self.seed, longest=15.0) if self.shuffled else Duplicated()

    async def goes(self, world: World) -> None:
        """Each comes once, in its turn."""
        for exchange in world.exchanges:
            exchange.repeat_webhooks = 0
            exchange.callback_order = InOrder()
