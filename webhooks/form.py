"""The fields of a posted form, as `urllib.parse.parse_qsl` reads them with its blanks, in half its time.

A webhook has some 30 fields, of which a few have anything to be decoded; the library looks through every one of them,
which was a fifteenth of a webhook's time. `tests/webhooks/test_form.py` holds the two against each other.
"""

from urllib.parse import unquote


def read_form(body: str) -> list[tuple[str, str]]:
    """Name and value of each field, in their order, blank and repeated ones included."""
    fields = []
    for field in body.split("&"):
        if field:
            name, _, value = field.partition("=")
            fields.append((_decoded(name), _decoded(value)))
    return fields


def _decoded(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    return unquote(text) if "%" in text else text
