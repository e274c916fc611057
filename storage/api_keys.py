"""Keys of the operators' API: each is bound to one practice or to all, and is stored only as a hash.

A token is `nbk_<id>_<secret>`. The secret is 256 random bits, which nobody can guess or try out, so that a plain
SHA-256 of it is enough (a slow hash is for passwords, which people choose).
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from whenever import Instant, TimeDelta

from storage import audit
from storage.errors import NotFoundError
from storage.tables import api_keys

NOTED_EVERY: Final = TimeDelta(minutes=1)
"""How exactly the last use of a key is known, so that most requests write nothing."""

_TOKEN: Final = re.compile(r"nbk_([0-9a-f]{12})_([0-9a-f]{64})")
_NOBODYS: Final = sha256(b"no such key").digest()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, without its secret. `practice`: None for all of them."""

    id: str
    name: str
    practice: str | None
    read_only: bool
    created_at: Instant
    expires_at: Instant | None = None
    revoked_at: Instant | None = None
    last_used_at: Instant | None = None

    @property
    def actor(self) -> str:
        """Who acts, for the audit trail and for pages: no staff id, which has no spaces, can be taken for it."""
        return f"API key {self.name} ({self.id})"

    def opens(self, practice: str) -> bool:
        """Whether it may be used for the practice, be there such a one or not."""
        return self.practice in {None, practice}

    def works(self, now: Instant) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


async def create(connection: AsyncConnection, wanted: ApiKey, by: str) -> str:
    """Store the key under a new id; its token, which is not to be had again. `wanted.id` does not count."""
    number, secret = secrets.token_hex(6), secrets.token_hex(32)
    await connection.execute(
        insert(api_keys).values(
            id=number,
            name=wanted.name,
            practice=wanted.practice,
            read_only=wanted.read_only,
            hash=sha256(secret.encode()).digest(),
            created_at=wanted.created_at.to_stdlib(),
            expires_at=wanted.expires_at.to_stdlib() if wanted.expires_at else None,
        )
    )
    await audit.write(connection, by, "create API key", number, wanted.created_at)
    return f"nbk_{number}_{secret}"


async def revoke(connection: AsyncConnection, number: str, by: str, now: Instant) -> ApiKey:
    """The key opens nothing any more, from its next request on. Raises NotFoundError."""
    row = (await connection.execute(select(api_keys).where(api_keys.c.id == number).with_for_update())).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no key {number!r}; `nightbell key list` shows them")
    if row.revoked_at is None:
        await connection.execute(update(api_keys).where(api_keys.c.id == number).values(revoked_at=now.to_stdlib()))
        await audit.write(connection, by, "revoke API key", number, now)
    return _key(row)


async def listed(connection: AsyncConnection) -> list[ApiKey]:
    """Every key, the oldest first."""
    rows = await connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))
    return [_key(row) for row in rows]


async def find(connection: AsyncConnection, token: str, now: Instant) -> ApiKey | None:
    """The key whose token this is and that works now, its use noted; None for every other text.

    Whether the id, the secret or the time is wrong takes equally long and looks the same.
    """
    parts = _TOKEN.fullmatch(token)
    number, secret = parts.groups() if parts else ("", "")
    row = (await connection.execute(select(api_keys).where(api_keys.c.id == number))).one_or_none()
    known = hmac.compare_digest(sha256(secret.encode()).digest(), row.hash if row else _NOBODYS)
    key = _key(row) if row is not None and known else None
    if key is None or not key.works(now):
        return None
    if key.last_used_at is None or now - key.last_used_at >= NOTED_EVERY:
        await connection.execute(update(api_keys).where(api_keys.c.id == key.id).values(last_used_at=now.to_stdlib()))
    return key


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        practice=row.practice,
        read_only=row.read_only,
        created_at=Instant(row.created_at),
        expires_at=Instant(row.expires_at) if row.expires_at else None,
        revoked_at=Instant(row.revoked_at) if row.revoked_at else None,
        last_used_at=Instant(row.last_used_at) if row.last_used_at else None,
    )
