"""How plans and other bodies that FastAPI cannot see by itself are described."""

from typing import Any, Final

from pydantic import BaseModel

_SHOWN: Final = "practice: maple-pediatrics\nname: Maple Pediatrics\ntimezone: America/New_York\n# and so on\n"
_ETAG: Final = {"ETag": {"required": True, "schema": {"type": "string"}}}
_CONTENT: Final[dict[str, Any]] = {
    "application/yaml": {"schema": {"type": "string"}, "example": _SHOWN},
    "application/json": {
        "schema": {"type": "object"},
        "example": {"practice": "maple-pediatrics", "name": "Maple Pediatrics", "timezone": "America/New_York"},
    },
}

Responses = dict[int | str, dict[str, Any]]

TEXT: Final[Responses] = {
    200: {"description": "The plan's text, as it was sent.", "headers": _ETAG, "content": _CONTENT}
}
SAVED: Final[Responses] = {204: {"description": "It is saved.", "headers": _ETAG}}


def sent(*, required: bool = False) -> dict[str, Any]:
    """What `openapi_extra` takes, where a plan's text may be sent (`nightbell schema` prints the plan's own schema)."""
    return {"requestBody": {"description": "A plan.", "required": required, "content": _CONTENT}}


def created(model: type[BaseModel], words: str) -> Responses:
    """What `responses` takes, where something new has a place of its own."""
    location = {"Location": {"required": True, "schema": {"type": "string"}}}
    return {201: {"model": model, "description": words, "headers": location}}
