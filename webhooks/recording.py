"""Recordings: their status from Twilio, and playing one to a clinician."""

from contextlib import suppress
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from escalation.events import MessageLeft
from storage import audit, recordings
from storage.errors import NotFoundError, UnavailableError
from storage.recordings import Recording
from telephony.errors import UncertainError
from webhooks.keeping import RECORDING
from webhooks.signed import Webhook
from webhooks.site import Site

LINK: Final = "the holder of a recording's link"
"""Who hears it, for the audit trail: links go to the page's clinician, and to nobody else."""


async def status(site: Site, webhook: Webhook) -> str:
    """A recording is ready, or there is none."""
    form, query = webhook.form, webhook.query
    if form.get("RecordingStatus") not in {"completed", "absent"} or not form.get("RecordingSid"):
        return ""
    seconds = form.get("RecordingDuration", "")
    recording = Recording(
        sid=form["RecordingSid"],
        call=webhook.call,
        key=query.get("key", ""),
        purpose=query.get("purpose", ""),
        url=form.get("RecordingUrl", ""),
        seconds=int(seconds) if seconds.isascii() and seconds.isdigit() else None,
        state=form["RecordingStatus"],
        page=query.get("page") or None,
        at=site.clock.now(),
    )
    try:
        await site.database.in_time(lambda: store(site, recording))
    except UnavailableError:
        site.journal.append({"recording": RECORDING.dump_python(recording, mode="json")})
    return ""


async def store(site: Site, recording: Recording) -> None:
    """Store the recording, and tell the page that it is about. Raises UnavailableError."""
    async with site.database.transaction() as connection:
        await recordings.store(connection, site.ring, recording)
    if recording.page and recording.state == "completed":
        with suppress(NotFoundError):
            await site.paging.happen(recording.page, MessageLeft())


async def play(request: Request) -> Response:
    """The recording, for whoever holds a link that is still valid."""
    site: Site = request.app.state.site
    sid = request.path_params["sid"]
    until, mark = request.query_params.get("until", ""), request.query_params.get("mark", "")
    if not site.media.allows(sid, until, mark, site.clock.now()):
        return PlainTextResponse("this link is not valid, or not any more", 403)
    try:
        sound, kind = await site.media.fetch(await _url_of(site, sid))
    except (NotFoundError, UnavailableError, UncertainError) as error:
        return PlainTextResponse(f"the recording cannot be played: {type(error).__name__}", 404)
    return Response(sound, media_type=kind, headers={"Cache-Control": "no-store"})


async def _url_of(site: Site, sid: str) -> str:
    async with site.database.transaction() as connection:
        url = await recordings.url_of(connection, site.ring, sid)
        if url is None:
            raise NotFoundError("no such recording")
        await audit.write(connection, LINK, "play recording", sid, site.clock.now())
    return url
