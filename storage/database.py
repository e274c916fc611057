"""The connection to PostgreSQL, and how long anything may wait for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

import sqlalchemy.exc
from procrastinate.exceptions import ConnectorException
from psycopg import Error as PsycopgError
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.errors import ContendedError, UnavailableError

CALL_BOUND: Final = 2.0
"""Real seconds that a call's webhook waits for the database; Twilio gives a webhook 15 s in all."""
REST_AFTER_FAILURE: Final = 3.0
"""Real seconds in which webhooks do not ask again after the database failed to answer."""

Result = TypeVar("Result")


class Database:
    """An engine, with a bound on waiting for it.

    `url`: `postgresql://...` as libpq takes it. Statements are ended by the server itself after 5 s, so that one that
    nobody waits for any more does not hold its locks.
    """

    def __init__(self, url: str, *, pool_size: int = 10, bound: float = CALL_BOUND) -> None:
        self.url = url
        self._bound = bound
        self._failed_at = float("-inf")
        self.is_away = False
        """Whether the last thing that was asked of the database failed for its being away; for monitors."""
        self._under_way: set[asyncio.Future[Any]] = set()
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=10,
            pool_timeout=bound,
            pool_pre_ping=False,
            hide_parameters=True,  # an error must not quote what it was about
            connect_args={
                "connect_timeout": 2,
                # A process that is gone in the middle of a transaction must not keep its locks.
                "options": "-c statement_timeout=5000 -c idle_in_transaction_session_timeout=30000 -c timezone=UTC",
                # A server that is gone without a word: its connections end, and with them what was abandoned on them.
                "tcp_user_timeout": 10_000,
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 2,
            },
        )
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def answers(self) -> bool:
        """False when the last webhook that asked got no answer a moment ago."""
        return time.monotonic() - self._failed_at >= REST_AFTER_FAILURE

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, rolled back on an error.

        Raises UnavailableError when the database cannot be reached or breaks off, ContendedError where two wait for
        each other.
        """
        with self._watched():
            async with self.engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one statement that commits by itself: a single round trip.

        Raises UnavailableError as `transaction` does.
        """
        with self._watched():
            async with self._autocommit.connect() as connection:
                yield connection

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Translate errors, and remember whether the database was there."""
        try:
            with _translated():
                yield
        except ContendedError:
            raise
        except UnavailableError:
            self.is_away = True
            raise
        self.is_away = False

    async def in_time(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do the work within the bound, for a caller on the line.

        Raises UnavailableError when it fails or takes too long. Work that is too late is not broken off (cancelling
        may hang on the very server that hangs) but left to end or to be ended by its statement timeout: all that
        webhooks write is keyed, so that writing late or twice does no harm.
        """
        if not self.answers:
            raise UnavailableError("failed a moment ago")
        task = self._begun(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=self._bound)
            if done:
                return task.result()
        except ContendedError:
            raise
        except UnavailableError:
            self._failed_at = time.monotonic()
            raise
        self._failed_at = time.monotonic()
        raise UnavailableError(f"no answer in {self._bound:g} s")

    async def aside(self, work: Callable[[], Awaitable[object]], patience: float) -> None:
        """Do what nobody depends on: wait for it so many seconds at most, and then let it end by itself.

        Whether the database is there, nothing follows of. Raises what the work raises meanwhile.
        """
        done, _ = await asyncio.wait({self._begun(work)}, timeout=patience)
        for task in done:
            task.result()

    def _begun(self, work: Callable[[], Awaitable[Result]]) -> "asyncio.Future[Result]":
        task = asyncio.ensure_future(work())
        self._under_way.add(task)  # held until it is done, also when who waits for it is cancelled
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: "asyncio.Future[Result]") -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, or asyncio reports it as never retrieved

    async def close(self) -> None:
        """Give back every connection."""
        for task in tuple(self._under_way):
            task.cancel()
        await self.engine.dispose()


_CONTENDED: Final = (LockNotAvailable, DeadlockDetected)
_AWAY: Final = (
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.InternalError,  # a standby that is still read-only, in the middle of a failover
    sqlalchemy.exc.TimeoutError,
    ConnectorException,  # Procrastinate's, for a job deferred on our own connection
)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the driver raises when the server is away into UnavailableError."""
    try:
        yield
    except sqlalchemy.exc.OperationalError as error:
        kind = ContendedError if isinstance(error.orig, _CONTENDED) else UnavailableError
        raise kind(type(error.orig or error).__name__) from error
    except _AWAY as error:
        raise UnavailableError(type(error).__name__) from error
    except sqlalchemy.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise UnavailableError(type(error).__name__) from error
        raise
    except (PsycopgError, OSError) as error:
        raise UnavailableError(type(error).__name__) from error


def sqlalchemy_url(url: str) -> str:
    """The URL with SQLAlchemy's name for psycopg 3."""
    for scheme in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    raise ValueError("NIGHTBELL_DATABASE_URL must begin with postgresql://")


def libpq_url(url: str) -> str:
    """The URL as psycopg itself takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
