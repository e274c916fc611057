"""Telling what happens on the phones, as a person would like to read it."""

from typing import Final

from rich.console import Console

from telephony.emulator import events
from telephony.emulator.events import CallEvent
from telephony.emulator.exchange import Exchange
from telephony.emulator.leg import Leg

INDENT: Final = " " * 10
WIDTH: Final = 17


class Narrator:
    """Prints each event of each phone, with the practice's wall clock, and each text message."""

    def __init__(self, console: Console, exchange: Exchange, names: dict[str, str], zone: str) -> None:
        self._console = console
        self._exchange = exchange
        self._names = names
        self._zone = zone
        self._texts: dict[str, int] = {}
        exchange.on_event(self._told)

    def _told(self, leg: Leg, event: CallEvent) -> None:
        self.tell_texts()
        who = self._who(leg)
        line = self._line(leg, event)
        if line:
            self.say(event, who, line)

    def say(self, event: CallEvent, who: str, line: str) -> None:
        """One line: when, who, what."""
        at = event.at.to_tz(self._zone).format("HH:mm:ss")
        self._console.print(f"{at}  {who:<{WIDTH}} {line}", markup=False)

    def _who(self, leg: Leg) -> str:
        number = leg.from_ if leg.direction == "inbound" else leg.to
        return self.name(number)

    def name(self, number: str) -> str:
        """Who has the number."""
        return self._names.get(number, number)

    def _line(self, leg: Leg, event: CallEvent) -> str:  # noqa: PLR0911 - one line for each kind
        match event:
            case events.Dialled(to=to) if leg.direction == "inbound":
                return f"dials {self.name(to)}"
            case events.Rang():
                return "is rung"
            case events.Answered() if leg.direction != "inbound":
                return "picks up"
            case events.Heard(text=text, language=language):
                return f"hears: {text}" if not language.startswith("es") else f"hears ({language}): {text}"
            case events.Pressed(digits=digits):
                return f"presses {digits}"
            case events.Spoke(text=text):
                return f"says: {text}"
            case events.Bridged(other=other):
                return f"is connected with {self._party(other)}"
            case events.Recorded(seconds=seconds):
                return f"is recorded for {seconds} s"
            case events.Ended(reason=reason):
                return f"the call is over ({reason})"
            case _:
                return ""

    def _party(self, other: str) -> str:
        return "the other, in the page's room" if other.startswith("page-") else self.name(other)

    def tell_texts(self) -> None:
        """Print the text messages that came since."""
        for number, phone in list(self._exchange.phones.items()):
            seen = self._texts.get(number, 0)
            for text in phone.texts[seen:]:
                at = text.at.to_tz(self._zone).format("HH:mm:ss")
                self._console.print(f"{at}  {self.name(number):<{WIDTH}} gets an SMS: {text.body}", markup=False)
            self._texts[number] = len(phone.texts)
