"""Errors as RFC 9457 problem details; the one place where what went wrong becomes an answer.

Nothing here quotes what was sent, since that may be about a patient: places are named, not values.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, cast

import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from escalation.refusal import RefusalKind, RefusedError
from routing.plan import Fault, PlanFaults
from storage.errors import ContendedError, NumberTakenError, UnavailableError

MEDIA_TYPE: Final = "application/problem+json"
_EXAMPLE: Final[dict[str, Any]] = {
    "type": "urn:nightbell:problem:422",
    "title": "Unprocessable Content",
    "status": 422,
    "detail": "The plan has faults, so that nothing was published.",
    "instance": "/v1/practices/maple-pediatrics/plan/publish",
    "request_id": "0b7c1e6a4f2d4f0c9a3e5d7b8c9f0a1b",
    "errors": [
        {
            "pointer": "/flow/night/menu/keys/1/go",
            "detail": "there is no node `urgnt`",
            "mend": "Did you mean `urgent`?",
            "check": "names",
            "line": 42,
        }
    ],
}


class Where(BaseModel):
    """One fault: exactly one of `pointer` (into the body), `parameter` and `header` says where it is."""

    pointer: Annotated[str | None, Field(description="JSON Pointer into the body; empty for all of it.")] = None
    parameter: Annotated[str | None, Field(description="The parameter in the URL.")] = None
    header: Annotated[str | None, Field(description="The header.")] = None
    detail: str
    mend: Annotated[str, Field(description="What would make it right.")]
    check: Annotated[str | None, Field(description="Of a plan: the check, as a waiver names it.")] = None
    line: Annotated[int | None, Field(description="Of a plan in YAML: the line, from 1.")] = None


class Details(BaseModel):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(title="Problem", json_schema_extra={"examples": [_EXAMPLE]})

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: Annotated[str, Field(description="Also in the header X-Request-Id, and in the server's log.")]
    errors: Annotated[list[Where], Field(description="Each fault, where there are several or one has a place.")] = []


class Problem(Exception):  # noqa: N818 - it is what it carries
    """A request that is refused. `detail`: what is wrong and what mends it, and nothing that was sent."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[Where] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status: Final = status
        self.detail: Final = detail
        self.errors: Final = tuple(errors)
        self.headers: Final = dict(headers or {})
        super().__init__(detail)

    def response(self, instance: str, request_id: str) -> Response:
        """The answer."""
        details = Details(
            type=f"urn:nightbell:problem:{self.status}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            instance=instance,
            request_id=request_id,
            errors=list(self.errors),
        )
        body = details.model_dump_json(exclude_none=True)
        return Response(body, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def problem_of(error: Exception) -> Problem:  # noqa: PLR0911 - one for each kind of error
    """What is to be answered after the error. One that nobody foresaw is logged by its kind, and told as 500."""
    match error:
        case Problem():
            return error
        case PlanFaults():
            return Problem(422, "The plan has faults.", plan_faults(error.faults))
        case RefusedError():
            return _refused(error)
        case NumberTakenError():
            mend = "Remove it from that practice's plan first, or from this one."
            taken = Where(pointer="/numbers", detail="one of them belongs to another practice", mend=mend)
            return Problem(409, "The plan's numbers are not free, so that nothing was published.", [taken])
        case ContendedError():
            return Problem(503, "Somebody else is changing this just now; try again.", headers={"Retry-After": "1"})
        case UnavailableError():
            return Problem(503, "The database does not answer; try again later.", headers={"Retry-After": "5"})
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            return _of_framework(error)
    structlog.get_logger(__name__).error("api_failed", error=type(error).__name__, at=_place(error))
    return Problem(500, "The server failed. It is in its log under this request's id; please report it.")


_REFUSALS: Final = {RefusalKind.WRONG: 422, RefusalKind.CONFLICT: 409, RefusalKind.MISSING: 404}


def _refused(error: RefusedError) -> Problem:
    """What people asked of the calendar, with the fields of the body that are in the way."""
    places = [(f"/{each.field}" if each.field else "", each) for each in error.objections]
    found = [Where(pointer=place, detail=each.detail, mend=each.mend) for place, each in places]
    return Problem(_REFUSALS[error.kind], error.why, found)


def plan_faults(faults: Sequence[Fault]) -> list[Where]:
    """A plan's faults, each with its place as a JSON Pointer into the document."""
    return [plan_fault(fault) for fault in faults]


def plan_fault(fault: Fault) -> Where:
    """One of them."""
    place = _pointer(fault.path.split(".") if fault.path else [])
    return Where(pointer=place, detail=fault.fault, mend=fault.mend, check=fault.check, line=fault.line)


def _pointer(path: Sequence[object]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


_OWN_WORDS: Final = {
    404: "There is nothing at this path; GET /v1/openapi.json says what there is.",
    405: "This path does not take that method; the header Allow says which it takes.",
    400: "The body cannot be read as JSON.",
}


def _of_framework(error: HTTPException) -> Problem:
    return Problem(error.status_code, _OWN_WORDS.get(error.status_code, error.detail), headers=error.headers)


_MENDS: Final = {
    "missing": "Add it.",
    "extra_forbidden": "Take it away, or look up its name in GET /v1/openapi.json.",
    "json_invalid": "Send JSON, in UTF-8.",
    "string_too_short": "Write something there.",
    "string_too_long": "Write less.",
}


def _invalid(error: RequestValidationError) -> Problem:
    found = [_fault(cast("Mapping[str, object]", told)) for told in error.errors()]
    if any(told["type"] == "json_invalid" for told in error.errors()):
        return Problem(400, "The body is not JSON.", found)
    in_body = any(fault.pointer is not None for fault in found)
    return Problem(422 if in_body else 400, "The request has faults; nothing was done.", found)


def _fault(told: Mapping[str, object]) -> Where:
    kind, place = str(told["type"]), list(cast("Sequence[object]", told["loc"]))
    detail = str(told["msg"]).removeprefix("Value error, ")
    mend = _MENDS.get(kind, "Compare it with GET /v1/openapi.json.")
    if kind == "value_error" and ": " in detail:
        detail, _, mend = detail.partition(": ")
    name = str(place[-1]) if place else ""
    match place[:1]:
        case ["body"]:
            within = [] if kind == "json_invalid" else [part for part in place[1:] if part != "[key]"]
            return Where(pointer=_pointer(within), detail=detail, mend=mend)
        case ["header"]:
            return Where(header=name, detail=detail, mend=mend)
    return Where(parameter=name, detail=detail, mend=mend)


def _place(error: BaseException) -> str:
    """Where in our code it was raised: file and line, without any value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
