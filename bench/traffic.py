"""Webhooks as Twilio sends them, signed, made before the clock starts."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final
from urllib.parse import urldefrag, urlencode, urlsplit

from telephony.signature import HEADER, sign

ACCOUNT: Final = "AC" + "0" * 32
TOKEN: Final = "made-up-token-of-the-bench"  # noqa: S105 - signs on loopback only
PRACTICE: Final = "+16175550100"
PUBLIC_URL: Final = "https://bench.example.org"

_ACTION: Final = re.compile(r'action="([^"]+)"')


def call_sid(series: str, number: int) -> str:
    """A CallSid of its own for each call of each series of the run. `series`: hexadecimal digits."""
    return f"CA{series}{number:0{32 - len(series)}x}"


def request(path_and_query: str, call: str, **fields: str) -> bytes:
    """The signed request, as bytes on the wire."""
    form = {
        "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "CallSid": call, "CallStatus": "in-progress",
        "Called": PRACTICE, "CalledCity": "BOSTON", "CalledCountry": "US", "CalledState": "MA", "CalledZip": "02108",
        "Caller": "+16175550180", "CallerCity": "BOSTON", "CallerCountry": "US", "CallerState": "MA",
        "CallerZip": "02109", "Direction": "inbound", "From": "+16175550180", "FromCity": "BOSTON",
        "FromCountry": "US", "FromState": "MA", "FromZip": "02109", "To": PRACTICE, "ToCity": "BOSTON",
        "ToCountry": "US", "ToState": "MA", "ToZip": "02108", **fields,
    }  # fmt: skip
    body = urlencode(form)
    signature = sign(PUBLIC_URL + path_and_query, list(form.items()), TOKEN)
    head = (
        f"POST {path_and_query} HTTP/1.1\r\nHost: bench.example.org\r\n{HEADER}: {signature}\r\n"
        f"User-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
        f"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


def action_of(answer: bytes) -> str:
    """Where the answer's `<Gather>` or `<Dial>` goes: path and query. Raises ValueError when it has none."""
    found = _ACTION.search(answer.decode())
    if found is None:
        raise ValueError(f"no action in {answer.decode()}")
    parts = urlsplit(urldefrag(unescape(found[1])).url)
    return f"{parts.path}?{parts.query}"


def conversations(series: str, how_many: int, menu: str) -> Iterator[list[bytes]]:
    """Calls that reach the night's menu and ask for the hours: two webhooks each. `menu`: the menu's action."""
    for number in range(how_many):
        call = call_sid(series, number)
        yield [request("/twilio/voice", call), request(menu, call, Digits="4", msg="Gather End")]
