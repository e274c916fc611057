"""Performing documents on a leg: fetch, do one verb after another, go where they say."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from telephony.emulator import schema
from telephony.emulator.document import DocumentError, parse
from telephony.emulator.errors import ApplicationError, Interruption
from telephony.emulator.events import CutOff, Heard
from telephony.emulator.leg import Leg
from telephony.emulator.verb import Document, Errand, Verb
from telephony.emulator.webhook import Reply, Request, WebhookError

if TYPE_CHECKING:
    from telephony.emulator.exchange import Exchange

WORDS_PER_SECOND = 2.7
APOLOGY = "We are sorry, an application error has occurred. Goodbye."

_ROUNDS = 50
"""Documents that may follow each other at one instant; real time never reaches it, a loop in virtual time does."""

Performer = Callable[["Script", Document, Verb], Awaitable[Errand | None]]
"""Does one verb; the errand it returns, if any, is where the call goes instead of to the next verb."""


class Script:
    """The documents that one leg is led through. ``allowed`` restricts the verbs (screening, waiting in a queue)."""

    def __init__(
        self,
        exchange: "Exchange",
        leg: Leg,
        allowed: frozenset[str] | None = None,
        *,
        with_fallback: bool = True,
        in_queue: bool = False,
    ) -> None:
        self.exchange = exchange
        self.leg = leg
        self._allowed = allowed
        self._with_fallback = with_fallback
        self.in_queue = in_queue

    async def follow(self, errand: Errand) -> None:
        """Perform the errand's document and all it leads to, until one runs out of verbs.

        Raises Interruption (the call ended or was moved) and ApplicationError.
        """
        following: Errand | None = errand
        circle = _Circle(self.leg)
        while following is not None:
            if circle.closed():
                self.exchange.note(
                    0, following.url, f"{_ROUNDS} documents in a row took no time: the call goes in circles"
                )
                raise ApplicationError("the call goes in circles")
            document = await self.document(following)
            self.leg.check()
            following = await self._perform(document)

    async def _perform(self, document: Document) -> Errand | None:
        for verb in document.verbs:
            self.leg.check()
            if self._allowed is not None and verb.name not in self._allowed:
                self.exchange.note(12200, document.url, f"<{verb.name}> is not allowed here")
                continue
            following = await self.exchange.performers[verb.name](self, document, verb)
            if following is not None:
                return following
        return None

    # ---- documents ----

    async def document(self, errand: Errand) -> Document:
        """Fetch a document, or the fallback's. Raises ApplicationError."""
        try:
            return await self._fetch(errand)
        except (WebhookError, DocumentError) as error:
            self.exchange.note(error.code, errand.url, error.message)
            if self.leg.over or not self._with_fallback or not self.leg.fallback_url:
                raise ApplicationError(error.message) from error
            failed = error
        try:
            told = (("ErrorCode", str(failed.code)), ("ErrorUrl", errand.url.partition("#")[0]))
            return await self._fetch(Errand(self.leg.fallback_url, self.leg.fallback_method, told))
        except (WebhookError, DocumentError) as error:
            self.exchange.note(error.code, self.leg.fallback_url, error.message)
            raise ApplicationError(error.message) from error

    async def _fetch(self, errand: Errand) -> Document:
        if errand.twiml is not None:
            return self._read(Reply(errand.url, 200, "text/xml", errand.twiml.encode()))
        base = self.leg.params()
        request = Request(errand.url, errand.method, (*base, *errand.params), base_params=base)
        return self._read(await self.exchange.webhooks.send(request, self.leg.cookies))

    def _read(self, reply: Reply) -> Document:
        kind = reply.content_type.partition(";")[0].strip().lower()
        if reply.status == 204:  # noqa: PLR2004  (No Content)
            return Document(reply.url, ())
        if kind.startswith("audio/"):
            return Document(reply.url, (Verb("Play", {}, reply.url, ()),))
        if kind == "text/plain":
            return Document(reply.url, (Verb("Say", {}, reply.body.decode(errors="replace"), ()),))
        if kind not in {"text/xml", "application/xml", "text/html", ""}:
            raise DocumentError(12300, f"content type {kind!r} is no TwiML")
        return parse(reply.body, reply.url, schema.voice(), lambda code, what: self._note(code, reply.url, what))

    def _note(self, code: int, url: str, what: str) -> None:
        self.exchange.note(code, url, what)

    # ---- speaking ----

    async def speak(self, text: str, language: str = "", voice: str = "") -> None:
        """Say something to the phone; takes as long as the words do. Raises Interruption."""
        self.leg.check()
        if not text:
            return
        seconds = round(max(0.4, len(text.split()) / WORDS_PER_SECOND), 2)
        self.leg.tell(Heard(at=self.leg.now(), text=text, language=language, voice=voice, seconds=seconds))
        await self.sound(seconds)

    async def sound(self, seconds: float) -> None:
        """Let a sound go on for so long; what cuts it short is written down."""
        try:
            await self.leg.rest(seconds)
        except Interruption:
            if not self.leg.over:
                self.leg.tell(CutOff(at=self.leg.now()))
            raise

    async def apologise(self) -> None:
        """Say what Twilio says when the application has failed."""
        self.leg.answer()
        await self.speak(APOLOGY)


class _Circle:
    """Notices documents that lead to each other without any time passing."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._at = leg.now()
        self._rounds = 0

    def closed(self) -> bool:
        """Count one more document; True when there were too many at this instant."""
        now = self._leg.now()
        self._rounds = self._rounds + 1 if now == self._at else 0
        self._at = now
        return self._rounds > _ROUNDS
