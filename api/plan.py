"""A practice's plan: its draft, what is wrong with it, and publishing it."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Request, Response
from pydantic import ConfigDict

from api import documents
from api.access import Access, Drafting, Writing
from api.bodies import media_type
from api.description import errors
from api.fields import Told, example
from api.problems import Problem, Where, plan_fault, plan_faults
from routing.plan import Beside, PlanFaults, Waived
from routing.plan.elsewhere import News
from storage import drafts, publishing
from storage.drafts import Draft

router: Final = APIRouter(prefix="/practices/{practice}/plan", tags=["plan"])

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The draft's ETag, or * for any.", max_length=200, examples=["*"]),
]


class PlanWaiver(Told):
    """A fault that the plan itself accepts."""

    pointer: str
    detail: str
    check: str
    because: str


class Verdict(Told):
    """Whether a plan may be published, and all that is wrong with it."""

    model_config = ConfigDict(
        json_schema_extra=example(
            fit=False,
            faults=[
                {
                    "pointer": "/flow/night/menu/keys/1/go",
                    "detail": "there is no node `urgnt`",
                    "mend": "Did you mean `urgent`?",
                    "check": "names",
                    "line": 42,
                }
            ],
            waived=[],
        )
    )

    fit: bool
    faults: list[Where]
    waived: list[PlanWaiver]


class PlanPublished(Told):
    """What became of publishing. `is_new`: false when the very same plan was current already."""

    model_config = ConfigDict(json_schema_extra=example(practice="maple-pediatrics", version=4, is_new=True, waived=[]))

    practice: str
    version: int
    is_new: bool
    waived: list[str]


@router.get("/draft", operation_id="getDraft", response_class=Response, responses=documents.TEXT)
async def get_draft(access: Drafting) -> Response:
    """Get the draft as it was sent; its ETag is for If-Match."""
    async with access.desk.database.statement() as connection:
        draft = await drafts.load(connection, access.practice)
    if draft is None:
        raise _no_draft()
    return Response(draft.document, media_type=draft.media_type, headers={"ETag": _etag(draft)})


@router.put(
    "/draft",
    operation_id="putDraft",
    status_code=204,
    responses=documents.SAVED,
    openapi_extra=documents.sent(required=True) | errors(412, 413, 415, 422, 428),
)
async def put_draft(access: Writing, request: Request, if_match: IfMatch = None) -> Response:
    """Save a draft, faults and all. Over an existing one only with If-Match, so that nobody's work is lost."""
    document = (await request.body()).decode()
    if not document:
        raise Problem(422, "There is no body.", [Where(pointer="", detail="it is empty", mend="Send the plan.")])
    draft = Draft(access.practice, document, media_type(request.headers), access.now, access.key.name)
    async with access.desk.database.transaction() as connection:
        _match(await drafts.hold(connection, access.practice), if_match)
        await drafts.save(connection, draft)
    return Response(status_code=204, headers={"ETag": _etag(draft)})


@router.delete("/draft", operation_id="deleteDraft", status_code=204, openapi_extra=errors(412, 428))
async def delete_draft(access: Writing, if_match: IfMatch = None) -> Response:
    """Throw the draft away; needs If-Match."""
    async with access.desk.database.transaction() as connection:
        draft = await drafts.hold(connection, access.practice)
        if draft is None:
            raise _no_draft()
        _match(draft, if_match)
        await drafts.discard(connection, access.practice)
    return Response(status_code=204)


@router.post("/verify", operation_id="verifyPlan", openapi_extra=documents.sent() | errors(413, 415, 422))
async def verify(access: Drafting, request: Request) -> Verdict:
    """Say everything that is wrong with the plan that is sent; without a body, with the draft. Changes nothing."""
    document, _ = await document_of(access, request)
    try:
        found = await publishing.checked(
            document, access.now, (await news_of(access, document)).joined(_beside(access))
        )
    except PlanFaults as faults:
        return Verdict(fit=False, faults=plan_faults(faults.faults), waived=[])
    stranger = _stranger(access, found.plan.practice)
    return Verdict(fit=not stranger, faults=stranger, waived=[_waiver(waived) for waived in found.waived])


@router.post(
    "/publish",
    operation_id="publishPlan",
    responses=documents.created(PlanPublished, "A new version is published."),
    openapi_extra=documents.sent() | errors(409, 412, 413, 415, 422),
)
async def publish(access: Writing, request: Request, response: Response, if_match: IfMatch = None) -> PlanPublished:
    """Publish the plan that is sent; without a body, the draft, which is gone then. Refused whole, or done whole.

    The first version of a practice sets it up. The same plan again changes nothing.
    """
    document, draft = await document_of(access, request)
    if if_match is not None:
        _match(draft, if_match)
    news = await news_of(access, document)
    beside = news.joined(_beside(access))
    found = await publishing.checked(document, access.now, beside)
    if stranger := _stranger(access, found.plan.practice):
        raise Problem(422, "The plan is another practice's.", stranger)
    made = await publishing.publish_checked(
        access.desk.database, found, beside, document, access.key.name, access.now, news
    )
    if draft is not None:
        await _discard(access, draft)
    await access.desk.reload()
    if made.is_new:
        response.status_code = 201
        response.headers["Location"] = f"/v1/practices/{access.practice}/plan/versions/{made.version}"
    return PlanPublished(practice=access.practice, version=made.version, is_new=made.is_new, waived=list(made.waived))


def _waiver(waived: Waived) -> PlanWaiver:
    fault = plan_fault(waived.fault)
    return PlanWaiver(
        pointer=fault.pointer or "", detail=fault.detail, check=waived.fault.check, because=waived.because
    )


async def news_of(access: Access, document: str) -> News:
    """The calendars from elsewhere that the document names and of which there is no copy, fetched."""
    return await publishing.news_of(access.desk.database, document, access.now, access.desk.calendars.news)


def _beside(access: Access) -> Beside:
    return access.desk.plans.beside(access.practice)


async def document_of(access: Access, request: Request) -> tuple[str, Draft | None]:
    """The text that is sent, or else the draft's, and that draft. Raises Problem 404."""
    sent = await request.body()
    if sent:
        return sent.decode(), None
    async with access.desk.database.statement() as connection:
        draft = await drafts.load(connection, access.practice)
    if draft is None:
        raise _no_draft()
    return draft.document, draft


async def _discard(access: Access, published: Draft) -> None:
    """Drop the draft, unless somebody has gone on writing."""
    async with access.desk.database.transaction() as connection:
        present = await drafts.hold(connection, access.practice)
        if present is not None and present.tag == published.tag:
            await drafts.discard(connection, access.practice)


def _stranger(access: Access, practice: str) -> list[Where]:
    if practice == access.practice:
        return []
    mend = f"Write {access.practice} there, or send it to the path of its own practice."
    return [Where(pointer="/practice", detail="the plan names another practice than the path", mend=mend)]


def _no_draft() -> Problem:
    return Problem(404, "There is no draft; save one, or send the plan.")


def _etag(draft: Draft) -> str:
    return f'"{draft.tag}"'


def _match(draft: Draft | None, wanted: str | None) -> None:
    """Raise Problem 412 or 428 unless the draft is the one that was meant."""
    if draft is None:
        if wanted is not None:
            raise Problem(412, "There is no draft any more; leave If-Match out to begin one.")
        return
    if wanted is None:
        raise Problem(428, "There is a draft: send its ETag as If-Match, or * to overwrite whatever is there.")
    if wanted.strip() != "*" and _etag(draft) not in {tag.strip() for tag in wanted.split(",")}:
        raise Problem(412, "Somebody else has changed the draft; get it again.", headers={"ETag": _etag(draft)})
