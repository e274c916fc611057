"""A request's fields, read strictly."""

from collections.abc import Iterable

from telephony.emulator import values
from telephony.emulator.numbers import is_e164
from telephony.emulator.rest.errors import RestError, invalid
from telephony.emulator.rest_fields import FIELDS


class Form:
    """The fields of one request. Every reader raises RestError for a malformed value."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in pairs:
            self._fields.setdefault(name, []).append(value)

    def only(self, method: str, path: str, emulated: str = "", repeated: str = "") -> None:
        """Refuse fields that Twilio does not know, that the emulator does not play, or that are given twice."""
        known = FIELDS[method, path]
        for name, given in self._fields.items():
            if name not in known:
                raise invalid(f"{name} is no field of {method} {path}")
            if emulated and name not in emulated.split():
                raise invalid(f"{name} is Twilio's, but this emulator does not play it")
            if len(given) > 1 and name not in repeated.split():
                raise invalid(f"{name} is given {len(given)} times")

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def text(self, name: str, default: str = "") -> str:
        """The field's text."""
        return self._fields.get(name, [default])[0]

    def texts(self, name: str) -> list[str]:
        """All values of a repeated field."""
        return self._fields.get(name, [])

    def url(self, name: str, code: int = 21205) -> str:
        """An absolute http or https URL, or nothing."""
        url = self.text(name)
        if url and (values.url(url) is not None or not url.startswith(("http://", "https://"))):
            raise RestError(400, code, url)
        return url

    def method(self, name: str) -> str:
        """An HTTP method, POST by default."""
        method = self.text(name, "POST").upper()
        if method not in {"GET", "POST"}:
            raise invalid(f"{name}: {method!r} is neither GET nor POST")
        return method

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number in a range."""
        text = self.text(name, str(default))
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise invalid(f"{name}: {text!r} is no whole number from {low} to {high}")
        return int(text)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        text = self.text(name, str(default)).lower()
        if text not in {"true", "false"}:
            raise invalid(f"{name}: {text!r} is neither true nor false")
        return text == "true"

    def one_of(self, name: str, *allowed: str) -> str:
        """One of these words, or nothing when the field is absent."""
        text = self.text(name)
        if name in self and text not in allowed:
            raise invalid(f"{name}: {text!r} is none of {', '.join(allowed)}")
        return text

    def number(self, name: str, missing: int, malformed: int) -> str:
        """An E.164 telephone number; the codes are for none and for a wrong one."""
        number = self.text(name)
        if not number:
            raise RestError(400, missing)
        if not is_e164(number):
            raise RestError(400, malformed, number)
        return number
