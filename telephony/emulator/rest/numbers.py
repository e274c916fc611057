"""IncomingPhoneNumbers: list, fetch, update. And the account itself."""

from starlette.responses import JSONResponse, Response

from telephony.emulator.numbers import OwnedNumber
from telephony.emulator.rest.api import VERSION, Asked, Json, date
from telephony.emulator.rest.errors import not_found
from telephony.emulator.rest.paging import page

_URLS = {"VoiceUrl": "voice_url", "VoiceFallbackUrl": "voice_fallback_url", "StatusCallback": "status_callback",
         "SmsUrl": "sms_url", "SmsFallbackUrl": "sms_fallback_url"}  # fmt: skip
_METHODS = {"VoiceMethod": "voice_method", "VoiceFallbackMethod": "voice_fallback_method",
            "StatusCallbackMethod": "status_callback_method", "SmsMethod": "sms_method",
            "SmsFallbackMethod": "sms_fallback_method"}  # fmt: skip
_OVERRIDES = {"VoiceApplicationSid": "voice_application_sid", "SmsApplicationSid": "sms_application_sid",
              "TrunkSid": "trunk_sid"}  # fmt: skip


def _render(asked: Asked, number: OwnedNumber) -> Json:
    account = asked.exchange.account_sid
    empty = ("address_sid", "bundle_sid", "identity_sid", "emergency_address_sid")
    return {
        "sid": number.sid, "account_sid": account, "api_version": VERSION, "phone_number": number.phone_number,
        "uri": f"/{VERSION}/Accounts/{account}/IncomingPhoneNumbers/{number.sid}.json",
        "friendly_name": number.friendly_name, "beta": False, "origin": "twilio", "status": "in-use", "type": "local",
        "address_requirements": "none", "emergency_status": "Inactive", "emergency_address_status": "unregistered",
        "voice_receive_mode": "voice", "voice_caller_id_lookup": False,
        "capabilities": {"voice": number.voice_capable, "sms": number.sms_capable, "mms": number.sms_capable,
                         "fax": False},
        "date_created": date(number.created_at), "date_updated": date(number.created_at),
        **{field: getattr(number, field) for field in (*_URLS.values(), *_METHODS.values())},
        **{field: getattr(number, field) or None for field in _OVERRIDES.values()},
        **dict.fromkeys(empty),
    }  # fmt: skip


def _find(asked: Asked) -> OwnedNumber:
    for number in asked.exchange.numbers.values():
        if number.sid == asked.path["Sid"]:
            return number
    raise not_found(asked.url_path)


async def fetch(asked: Asked) -> Response:
    """One number."""
    return JSONResponse(_render(asked, _find(asked)))


async def index(asked: Asked) -> Response:
    """All numbers, filtered by PhoneNumber (a part of it will do) and FriendlyName."""
    form = asked.form
    form.only("GET", "/IncomingPhoneNumbers")
    fits = [
        each
        for each in asked.exchange.numbers.values()
        if form.text("PhoneNumber") in each.phone_number
        and form.text("FriendlyName", each.friendly_name) == each.friendly_name
    ]
    return page(asked, "incoming_phone_numbers", fits, lambda each: _render(asked, each))


async def update(asked: Asked) -> Response:
    """Change where a number's calls and messages go."""
    number, form = _find(asked), asked.form
    form.only("POST", "/IncomingPhoneNumbers/{Sid}", " ".join((*_URLS, *_METHODS, *_OVERRIDES, "FriendlyName")))
    changes = {field: form.url(name) for name, field in _URLS.items() if name in form}
    changes |= {field: form.method(name) for name, field in _METHODS.items() if name in form}
    changes |= {field: form.text(name) for name, field in _OVERRIDES.items() if name in form}
    if changes.get("trunk_sid"):  # each of the two deletes the other
        changes["voice_application_sid"] = ""
    elif changes.get("voice_application_sid"):
        changes["trunk_sid"] = ""
    if "FriendlyName" in form:
        changes["friendly_name"] = form.text("FriendlyName")
    for field, value in changes.items():
        setattr(number, field, value)
    return JSONResponse(_render(asked, number))


async def fetch_account(asked: Asked) -> Response:
    """The account."""
    sid = asked.exchange.account_sid
    return JSONResponse({
        "sid": sid, "owner_account_sid": sid, "friendly_name": "Emulated account",
        "status": asked.exchange.account_status, "type": asked.exchange.account_type,
        "auth_token": "********", "uri": f"/{VERSION}/Accounts/{sid}.json",
        "date_created": date(asked.exchange.opened_at), "date_updated": date(asked.exchange.opened_at),
        "subresource_uris": {"calls": f"/{VERSION}/Accounts/{sid}/Calls.json"},
    })  # fmt: skip
