"""What each REST handler gets, and what it may answer."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Protocol

from starlette.responses import Response
from whenever import Instant

from telephony.emulator.exchange import Exchange
from telephony.emulator.rest.form import Form

VERSION = "2010-04-01"


@dataclass
class Asked:
    """One authenticated request: ``path`` holds the SIDs of the URL, ``form`` the body's fields or the query's."""

    exchange: Exchange
    method: str
    url_path: str
    path: dict[str, str]
    form: Form
    query: str


class Handler(Protocol):
    """Serves one method of one resource. Raises RestError."""

    async def __call__(self, asked: Asked) -> Response:
        """Serve it."""


Json = dict[str, Any]


def date(instant: Instant | None) -> str | None:
    """An instant as RFC 2822, in UTC."""
    if instant is None:
        return None
    moment: datetime = instant.to_stdlib()
    return format_datetime(moment)
