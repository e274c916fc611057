"""What Twilio's REST API can answer, classified by what a caller of it should do next."""

from typing import Final


class TwilioError(Exception):
    """The root. `code` is Twilio's (0 when there was none); the message holds no number and no text of anybody's."""

    def __init__(self, what: str, code: int = 0) -> None:
        super().__init__(f"{what} (Twilio {code})" if code else what)
        self.code = code


class RefusedError(TwilioError):
    """This request is wrong and always will be: an invalid or unreachable number, a stopped recipient, a bad form."""


class AccountError(TwilioError):
    """The account cannot do this for anybody: wrong credentials, no permission, suspended."""


class GoneError(TwilioError):
    """The call or resource is not there any more, or not in a state to be changed."""


class BusyError(TwilioError):
    """Too many requests (HTTP 429): never processed, so safe to send again after `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("too many requests", 20429)
        self.retry_after = retry_after


class UncertainError(TwilioError):
    """No answer, or a 5xx: it may have been carried out. Look before doing it again."""


class UnreachedError(UncertainError):
    """Not even a connection: it was surely not carried out. To whoever need not know, as uncertain as the others."""


LONGEST_RETRY: Final = 30.0
"""Seconds: a page does not wait longer for one of its means than it would for an answer."""
GONE: Final = frozenset({20404, 21220})
ACCOUNT: Final = frozenset({20001, 20003, 20005, 20008, 21606, 21601, 30002})


def classify(status: int, code: int, retry_after: str | None = None) -> TwilioError:
    """The error for an HTTP status of 400 and above and Twilio's code (https://www.twilio.com/docs/api/errors)."""
    if status == 429:  # noqa: PLR2004 - HTTP's number is its name
        known = retry_after is not None and retry_after.isascii() and retry_after.isdigit()
        return BusyError(min(float(retry_after or 1), LONGEST_RETRY) if known else 1.0)
    if status >= 500:  # noqa: PLR2004 - as above
        return UncertainError(f"Twilio answered HTTP {status}", code)
    if status in {401, 403} or code in ACCOUNT:
        return AccountError(f"Twilio refused the account's request with HTTP {status}", code)
    if status == 404 or code in GONE:  # noqa: PLR2004 - as above
        return GoneError("no such call or resource any more", code)
    return RefusedError(_MEANINGS.get(code, f"Twilio refused the request with HTTP {status}"), code)


_MEANINGS: Final = {
    21211: "the number is not valid",
    21214: "the number cannot be reached",
    21215: "the account may not call that country",
    21216: "calls to the number are not allowed",
    21217: "the number does not seem to be valid",
    21219: "a trial account calls only verified numbers",
    21408: "the account may not reach that country",
    21608: "a trial account texts only verified numbers",
    21610: "the recipient answered STOP and takes no texts from this number",
    21611: "too many texts are queued",
    21612: "the number cannot be texted from here",
    21614: "the number is not a mobile",
    21635: "the number is a landline",
}

DELIVERY: Final = {
    30001: "too many texts were queued",
    30003: "the phone could not be reached",
    30004: "the recipient's carrier blocks it",
    30005: "the number does not exist or is switched off",
    30006: "the number is a landline or its carrier cannot be reached",
    30007: "the carrier filtered the text",
    30008: "the text was lost for a reason the carrier does not tell",
    30034: "the practice's number is not registered for texting (10DLC)",
}
"""Why a text was not delivered, by the code of its status callback (https://www.twilio.com/docs/api/errors)."""

NEVER_CALLED: Final = frozenset({21211, 21214, 21215, 21216, 21217, 21219})
"""With which Twilio refuses a call because of the number called, as often as it is asked."""
NEVER_TEXTED: Final = frozenset({21211, 21408, 21608, 21612, 21614, 21635, 30006})
"""With which it refuses, or reports as undelivered, a text because of the number texted. A landline, mostly.

Not 30003 to 30005: a phone that is switched off has them too (https://www.twilio.com/docs/api/errors/30003).
"""
STOPPED: Final = frozenset({21610})
"""Whoever has the number texted STOP."""
