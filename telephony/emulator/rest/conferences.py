"""Conferences and their participants."""

from starlette.responses import JSONResponse, Response
from twilio.twiml.voice_response import Dial, VoiceResponse

from telephony.emulator.conference import Conference, Participant
from telephony.emulator.placing import Detection
from telephony.emulator.rest.api import VERSION, Asked, Json, date
from telephony.emulator.rest.calls import fits_time, progress_of
from telephony.emulator.rest.errors import RestError, not_found
from telephony.emulator.rest.paging import page
from telephony.emulator.verb import Errand

_CREATE = (
    "From To StatusCallback StatusCallbackMethod StatusCallbackEvent Label Timeout Muted Beep StartConferenceOnEnter "
    "EndConferenceOnExit WaitUrl WaitMethod EarlyMedia ConferenceStatusCallback ConferenceStatusCallbackMethod "
    "ConferenceStatusCallbackEvent"
)


def render(conference: Conference) -> Json:
    """A conference as JSON."""
    account = conference.exchange.account_sid
    uri = f"/{VERSION}/Accounts/{account}/Conferences/{conference.sid}"
    return {
        "sid": conference.sid, "account_sid": account, "api_version": VERSION, "uri": f"{uri}.json",
        "friendly_name": conference.name, "status": conference.status, "region": "us1",
        "date_created": date(conference.created_at), "date_updated": date(conference.updated_at),
        "reason_conference_ended": conference.reason_ended or None,
        "call_sid_ending_conference": conference.call_ending or None,
        "subresource_uris": {"participants": f"{uri}/Participants.json", "recordings": f"{uri}/Recordings.json"},
    }  # fmt: skip


def _find(asked: Asked, key: str = "Sid", *, by_name: bool = False) -> Conference:
    wanted = asked.path[key]
    for conference in reversed(asked.exchange.conferences):
        if conference.sid == wanted or (by_name and conference.name == wanted and conference.status != "completed"):
            return conference
    raise not_found(asked.url_path)


async def fetch(asked: Asked) -> Response:
    """One conference."""
    return JSONResponse(render(_find(asked)))


async def update(asked: Asked) -> Response:
    """End a conference: Status=completed."""
    asked.form.only("POST", "/Conferences/{Sid}", "Status")
    conference = _find(asked)
    if asked.form.one_of("Status", "completed"):
        conference.end("conference-ended-via-api")
    return JSONResponse(render(conference))


async def index(asked: Asked) -> Response:
    """Conferences, newest first, filtered by FriendlyName, Status, DateCreated and DateUpdated."""
    form = asked.form
    form.only("GET", "/Conferences")

    def fits(conference: Conference) -> bool:
        given = {"FriendlyName": conference.name, "Status": conference.status}
        fields = all(name not in form or form.text(name) == value for name, value in given.items())
        created = fits_time(form, "DateCreated", conference.created_at)
        return fields and created and fits_time(form, "DateUpdated", conference.updated_at)

    return page(asked, "conferences", [c for c in reversed(asked.exchange.conferences) if fits(c)], render)


# ---- participants ----


def render_participant(conference: Conference, participant: Participant) -> Json:
    """A participant as JSON."""
    account = conference.exchange.account_sid
    path = f"/{VERSION}/Accounts/{account}/Conferences/{conference.sid}/Participants/{participant.leg.sid}"
    return {
        "call_sid": participant.leg.sid, "conference_sid": conference.sid, "account_sid": account,
        "label": participant.leg.label, "muted": participant.muted, "hold": participant.hold, "coaching": False,
        "call_sid_to_coach": None, "end_conference_on_exit": participant.ends,
        "start_conference_on_enter": participant.starts, "status": "connected", "queue_time": None,
        "date_created": date(participant.joined_at), "date_updated": date(participant.joined_at), "uri": f"{path}.json",
    }  # fmt: skip


def _participant(asked: Asked) -> tuple[Conference, Participant]:
    """By CallSid or by label."""
    conference, wanted = _find(asked, "ConferenceSid"), asked.path["CallSid"]
    for participant in conference.participants.values():
        if wanted in {participant.leg.sid, participant.leg.label}:
            return conference, participant
    raise not_found(asked.url_path)


async def fetch_participant(asked: Asked) -> Response:
    """One participant."""
    return JSONResponse(render_participant(*_participant(asked)))


async def index_participants(asked: Asked) -> Response:
    """Those who are in, filtered by Muted and Hold."""
    form = asked.form
    form.only("GET", "/Conferences/{ConferenceSid}/Participants", "Muted Hold Page PageSize PageToken")
    conference = _find(asked, "ConferenceSid")
    fits = [
        each
        for each in conference.participants.values()
        if ("Muted" not in form or form.flag("Muted") == each.muted)
        and ("Hold" not in form or form.flag("Hold") == each.hold)
    ]
    return page(asked, "participants", fits, lambda each: render_participant(conference, each))


async def update_participant(asked: Asked) -> Response:
    """Mute, hold, or change what leaving means."""
    form = asked.form
    form.only("POST", "/Conferences/{ConferenceSid}/Participants/{CallSid}", "Muted Hold EndConferenceOnExit")
    conference, participant = _participant(asked)
    for name, attribute, token in (("Muted", "muted", "mute"), ("Hold", "hold", "hold")):
        if name in form and form.flag(name) != getattr(participant, attribute):
            setattr(participant, attribute, form.flag(name))
            conference.report(f"participant-{token if form.flag(name) else f'un{token}'}", participant)
    participant.ends = form.flag("EndConferenceOnExit", default=participant.ends)
    conference.mix()
    return JSONResponse(render_participant(conference, participant))


async def delete_participant(asked: Asked) -> Response:
    """Put somebody out; their call goes on with its document."""
    conference, participant = _participant(asked)
    conference.leave(participant.leg)
    return Response(status_code=204)


async def create_participant(asked: Asked) -> Response:
    """Call somebody into a conference, named by SID or by its friendly name."""
    form, exchange = asked.form, asked.exchange
    form.only("POST", "/Conferences/{ConferenceSid}/Participants", _CREATE,
              repeated="StatusCallbackEvent ConferenceStatusCallbackEvent")  # fmt: skip
    to = form.number("To", 21201, 21211)
    from_ = form.number("From", 21213, 21212)
    if from_ not in exchange.numbers:
        raise RestError(400, 21210, from_)
    name = asked.path["ConferenceSid"]
    conference = _find(asked, "ConferenceSid") if name.startswith("CF") else exchange.conference(name)
    leg = exchange.new_leg("outbound-api", from_, to)
    leg.label = form.text("Label") or None
    leg.progress = progress_of(asked)
    exchange.placing.place(leg, _invitation(asked, conference), form.whole("Timeout", 60, 1, 600), Detection())
    shown = Participant(leg, exchange.timeline.now(), muted=form.flag("Muted"),
                        starts=form.flag("StartConferenceOnEnter", default=True),
                        ends=form.flag("EndConferenceOnExit"))  # fmt: skip
    return JSONResponse(render_participant(conference, shown) | {"status": "queued"}, 201)


def _invitation(asked: Asked, conference: Conference) -> Errand:
    """The document that brings a called participant in."""
    form = asked.form
    dial = Dial()
    dial.conference(
        conference.name,
        muted=form.flag("Muted"),
        start_conference_on_enter=form.flag("StartConferenceOnEnter", default=True),
        end_conference_on_exit=form.flag("EndConferenceOnExit"),
        wait_url=form.url("WaitUrl") or None,
        status_callback=form.url("ConferenceStatusCallback") or None,
        status_callback_event=" ".join(form.texts("ConferenceStatusCallbackEvent")) or None,
    )
    response = VoiceResponse()
    response.append(dial)
    return Errand("", twiml=str(response))
