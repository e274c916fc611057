"""Recordings: fetch, list, media, delete."""

from starlette.responses import JSONResponse, Response

from telephony.emulator.recordings import Recording
from telephony.emulator.rest.api import VERSION, Asked, Json, date
from telephony.emulator.rest.calls import fits_time
from telephony.emulator.rest.errors import not_found
from telephony.emulator.rest.paging import page
from telephony.emulator.sounds import silence


def _render(asked: Asked, recording: Recording) -> Json:
    return {
        "sid": recording.sid, "account_sid": recording.account_sid, "call_sid": recording.call_sid,
        "conference_sid": None, "api_version": VERSION, "uri": f"{recording.path}.json",
        "media_url": asked.exchange.url_of(recording.path), "duration": str(recording.seconds), "channels": 1,
        "source": "RecordVerb", "status": "completed", "error_code": None, "price": None, "price_unit": "USD",
        "track": "both", "encryption_details": None, "start_time": date(recording.at),
        "date_created": date(recording.at), "date_updated": date(recording.at),
        "subresource_uris": {"transcriptions": f"{recording.path}/Transcriptions.json"},
    }  # fmt: skip


def _find(asked: Asked) -> Recording:
    recording = asked.exchange.recordings.get(asked.path["Sid"])
    if recording is None:
        raise not_found(asked.url_path)
    return recording


async def fetch(asked: Asked) -> Response:
    """One recording."""
    return JSONResponse(_render(asked, _find(asked)))


async def media(asked: Asked) -> Response:
    """The sound: a valid WAV of silence, whatever the suffix. Behind the account's password, as the practice set it."""
    recording = _find(asked)
    kind = "audio/mpeg" if asked.url_path.endswith(".mp3") else "audio/x-wav"
    return Response(silence(recording.seconds), media_type=kind)


async def index(asked: Asked) -> Response:
    """Recordings, newest first, filtered by CallSid and DateCreated."""
    form = asked.form
    form.only("GET", "/Recordings")
    wanted = asked.path.get("CallSid") or form.text("CallSid")
    fits = [
        each
        for each in reversed(asked.exchange.recordings.values())
        if wanted in {"", each.call_sid} and fits_time(form, "DateCreated", each.at)
    ]
    return page(asked, "recordings", fits, lambda each: _render(asked, each))


async def delete(asked: Asked) -> Response:
    """Remove a recording and its media."""
    del asked.exchange.recordings[_find(asked).sid]
    return Response(status_code=204)
