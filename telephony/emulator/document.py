"""Reading a TwiML document as strictly as Twilio does, and noting every fault.

A document that is no XML, too large, or has something before its prolog is refused (12100). Anything against the schema
is Twilio's warning 12200: noted, and what is wrong is left out (TWILIO.md, "Webhooks").
"""

import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree as ET

from telephony.emulator import values
from telephony.emulator.schema import Element
from telephony.emulator.verb import Document, Verb

MAX_BYTES = 64 * 1024
MAX_SAY = 4096
MAX_NUMBERS = 10
_UNSUPPORTED = {"Refer", "Sms", "Pay", "Connect", "Prompt", "Echo", "Start", "Stop", "Client", "Sim", "Sip",
                "Application", "WhatsApp"}  # fmt: skip
_UNPLAYED = {
    ("Dial", "record"), ("Dial", "recordingStatusCallback"), ("Dial", "referUrl"), ("Conference", "record"),
    ("Conference", "maxParticipants"), ("Conference", "coach"), ("Gather", "partialResultCallback"),
}  # fmt: skip
_ENDING = {"Redirect", "Hangup", "Reject", "Leave"}

Note = Callable[[int, str], None]
"""Takes Twilio's error code and what is wrong."""


class DocumentError(Exception):
    """The document cannot be used at all; ``code`` is Twilio's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def parse(body: bytes, url: str, schema: Element, note: Note) -> Document:
    """Read ``body`` as a document fetched from ``url``; faults go to ``note``. Raises DocumentError."""
    root = _root(body)
    if root.tag != "Response":
        raise DocumentError(12100, f"the root element is <{root.tag}>, not <Response>")
    response = _Reader(note).read(root, schema)
    _check_order(response, note)
    return Document(url, response.children)


def _root(body: bytes) -> ET.Element:
    if len(body) > MAX_BYTES:
        raise DocumentError(11750, f"the document has {len(body)} bytes; at most {MAX_BYTES} are allowed")
    if not body.strip():
        raise DocumentError(12100, "the document is empty; an empty reply wants status 204")
    if body[:1].isspace() and body.lstrip().startswith(b"<?xml"):
        raise DocumentError(12100, "there is something before the XML prolog")
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise DocumentError(12100, "a document type is not allowed")
    try:
        return ET.fromstring(body)  # noqa: S314  (no document type, so no entities)
    except ET.ParseError as error:
        raise DocumentError(12100, f"not XML: {error}") from error


class _Reader:
    def __init__(self, note: Note) -> None:
        self._note = note

    def read(self, node: ET.Element, element: Element) -> Verb:
        return Verb(
            name=element.name,
            attributes=dict(self._attributes(node, element)),
            text=self._text(node, element),
            children=tuple(self._children(node, element)),
        )

    def _attributes(self, node: ET.Element, element: Element) -> Iterator[tuple[str, str]]:
        for raw, value in node.attrib.items():
            name = raw.replace("{http://www.w3.org/XML/1998/namespace}", "xml:")
            if name not in element.attributes:
                self._note(12200, f"<{element.name}> has no attribute {name}")
            elif (wrong := values.fault_of(element.name, name, value)) is not None:
                self._note(12200, f"<{element.name} {name}>: {value!r} {wrong}")
            else:
                if (element.name, name) in _UNPLAYED:
                    self._note(0, f"<{element.name} {name}> is Twilio's, but this emulator does not play it")
                yield name, value

    def _children(self, node: ET.Element, element: Element) -> Iterator[Verb]:
        for child in node:
            known = element.children.get(str(child.tag))
            if known is None:
                self._note(12200, f"<{child.tag}> may not stand in <{element.name}>")
            elif known.name in _UNSUPPORTED:
                self._note(12200, f"<{known.name}> is Twilio's, but this emulator does not speak it")
            else:
                yield self.read(child, known)

    def _text(self, node: ET.Element, element: Element) -> str:
        if element.name == "Say":  # SSML is spoken: only its words matter
            text = re.sub(r"\s+", " ", "".join(node.itertext())).strip()
            if len(text) > MAX_SAY:
                self._note(12200, f"<Say> has {len(text)} characters; at most {MAX_SAY} are spoken")
            return text[:MAX_SAY]
        text = "".join([node.text or "", *(child.tail or "" for child in node)]).strip()
        if text and not element.takes_text:
            self._note(12200, f"<{element.name}> may not hold text: {text[:40]!r}")
            return ""
        self._check_content(element.name, text, node)
        return text

    def _check_content(self, name: str, text: str, node: ET.Element) -> None:
        if name in {"Redirect", "Play"} and "digits" not in node.attrib and (wrong := values.url(text)):
            self._note(12200, f"<{name}>: {text!r} {wrong}")
        if name in {"Number", "Conference", "Queue"} and not text:
            self._note(12200, f"<{name}> is empty")
        if name == "Dial" and not text and not len(node):
            self._note(12200, "<Dial> dials nobody")
        if name == "Dial" and len(node.findall("Number")) > MAX_NUMBERS:
            self._note(12200, f"<Dial> has more than {MAX_NUMBERS} numbers")


def _check_order(response: Verb, note: Note) -> None:
    """Verbs that nothing can reach, and a <Reject> that is not the first, are mistakes."""
    for index, verb in enumerate(response.children):
        last = index == len(response.children) - 1
        if verb.name == "Reject" and index:
            note(12200, "<Reject> must be the first verb")
        if not last and (verb.name in _ENDING or (verb.name in {"Dial", "Enqueue"} and verb.of("action"))):
            note(12200, f"nothing after <{verb.name}> can be reached")
