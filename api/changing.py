"""What requests that change the calendar have in common: trying them out, and accepting a hole."""

from typing import Annotated, Any, Final

from fastapi import Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.access import Access
from api.differences import Changes, changes
from api.documents import Responses, created
from api.fields import Line
from escalation.window import kept
from routing.effect import Effect
from storage.asked import Asked

DryRun = Annotated[bool, Query(description="Whether only to say what it would change, and to store nothing.")]
Waiver = Annotated[
    Line | None, Query(description="Why a hole that this makes is accepted; left out, it is refused with one.")
]
TRIED: Final = "What it would change; nothing is stored."


def asked(access: Access, waiver: str | None, *, dry_run: bool) -> Asked:
    """Who asks, and how."""
    return Asked(access.key.name, access.key.actor, kept(access.now), waiver or "", dry_run)


def told(effect: Effect) -> Changes:
    """What the change does."""
    return changes(effect.preview, effect.before.escalation.roster, effect.after.escalation.roster)


def answers(model: type[BaseModel], words: str) -> dict[str, Any]:
    """What a path's decorator takes that makes a record (201), or tries it out (200)."""
    responses: Responses = {200: {"model": Changes, "description": TRIED}, **created(model, words)}
    return {"status_code": 200, "response_model": Changes, "responses": responses}


def either(model: type[BaseModel]) -> dict[str, Any]:
    """What a path's decorator takes that answers with the record, or with what it would change."""
    shown = model.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index]
    content = {"application/json": {"example": shown}}
    description = "The record; of a dry run, what it would change."
    return {"response_model": model | Changes, "responses": {200: {"description": description, "content": content}}}


def answer(made: BaseModel, location: str | None = None) -> JSONResponse:
    """The answer with what was made and its place, or else with what was tried out."""
    status, headers = (201, {"Location": location}) if location is not None else (200, {})
    return JSONResponse(made.model_dump(mode="json"), status, headers)
