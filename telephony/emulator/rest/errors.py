"""Twilio's REST errors: an HTTP status, a code, a message, and where to read more."""

from typing import Any

MESSAGES = {
    20001: "Invalid parameter: {}",
    20003: "Authenticate",
    20004: "Method not allowed",
    20404: "The requested resource {} was not found",
    21201: "No 'To' number is specified",
    21205: "Url is not a valid URL: {}",
    21210: "The source phone number provided, {}, is not yet verified for your account.",
    21211: "The phone number you are attempting to call, {}, is not valid.",
    21212: "The source phone number provided, {}, is not valid.",
    21213: "No 'From' number is specified",
    21220: "Call is not in-progress. Cannot redirect.",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided ({}) is not a valid message-capable Twilio phone number for this account.",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "{} is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
}


class RestError(Exception):
    """A refusal. ``fault`` tells whether it is the product's mistake, to be recorded, or just how things are."""

    def __init__(self, status: int, code: int, detail: str = "", *, fault: bool = True) -> None:
        self.status = status
        self.code = code
        self.fault = fault
        self.message = MESSAGES.get(code, "{}").format(detail)
        super().__init__(self.message)

    def as_json(self) -> dict[str, Any]:
        """The body of the answer."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def invalid(what: str) -> RestError:
    """A wrong field without a code of its own."""
    return RestError(400, 20001, what)


def not_found(path: str) -> RestError:
    """Nothing there. It can be honest news (something has just ended), so it is no fault of the product's."""
    return RestError(404, 20404, path, fault=False)
