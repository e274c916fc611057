"""Whose practice a request is about, and whether its key may do that."""

import re
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Path, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from whenever import Instant

from api.desk import Desk
from api.problems import Problem, Where
from routing.plan import Plan
from storage.api_keys import ApiKey

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")

PracticeName = Annotated[
    str, Path(description="The practice's id, as its plan says.", examples=["maple-pediatrics"], alias="practice")
]


@dataclass(frozen=True, slots=True)
class Access:
    """What a request may use: the parts, its key, and the practice, which need not be published."""

    desk: Desk
    key: ApiKey
    practice: str

    @property
    def now(self) -> Instant:
        """The server's time."""
        return self.desk.clock.now()

    @property
    def plan(self) -> Plan:
        """The practice's current plan. Raises Problem 404."""
        plan = self.desk.plans.current(self.practice)
        if plan is None:
            raise Problem(404, "There is no such practice; publish a plan for it first.")
        return plan


def desk_of(request: Request) -> Desk:
    """The API's parts."""
    desk: Desk = request.app.state.desk
    return desk


def key_of(request: Request) -> ApiKey:
    """The key that the gate found."""
    key: ApiKey = request.state.key
    return key


async def _named(request: Request, practice: PracticeName) -> Access:
    key = key_of(request)
    if not key.opens(practice):
        raise Problem(403, "This key is for another practice.")
    if not _NAME.fullmatch(practice):
        raise Problem(404, "There is no such practice: an id is letters, digits, - and _, at most 64.")
    return Access(desk_of(request), key, practice)


async def _changing(access: Annotated[Access, Depends(_named)]) -> Access:
    if access.key.read_only:
        raise Problem(403, "This key may only read; `nightbell key create` makes one that may change things.")
    return access


async def _reading_known(access: Annotated[Access, Depends(_named)]) -> Access:
    _ = access.plan
    return access


async def _changing_known(access: Annotated[Access, Depends(_changing)]) -> Access:
    _ = access.plan
    return access


Drafting = Annotated[Access, Depends(_named)]
"""Of a practice that may not be published yet."""
Writing = Annotated[Access, Depends(_changing)]
"""The same, by a key that may change it."""
Reading = Annotated[Access, Depends(_reading_known)]
"""Of a published practice."""
Changing = Annotated[Access, Depends(_changing_known)]
"""Of a published practice, by a key that may change it."""


async def refuse_unknown_parameters(request: Request) -> None:
    """Raise Problem 400 for a parameter that the path does not have, or that is given twice."""
    known = {
        field.alias
        for field in get_flat_params(request.scope["route"].dependant)
        if isinstance(field.field_info, Query)
    }
    given = [name for name, _ in request.query_params.multi_items()]
    takes = f"This path takes: {', '.join(sorted(known)) or 'none'}."
    wrong = [Where(parameter=n[:64], detail="there is no such parameter", mend=takes) for n in given if n not in known]
    twice = sorted({name for name in given if name in known and given.count(name) > 1})
    wrong += [Where(parameter=name, detail="it is given twice", mend="Give it once.") for name in twice]
    if wrong:
        raise Problem(400, "The URL has faults; nothing was done.", wrong)
