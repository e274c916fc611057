"""Coming to a node: what is said there, and what is awaited."""

from dataclasses import dataclass, field, replace
from functools import singledispatch
from typing import Final

from whenever import Date, TimeDelta

from ivr.actions import Action, End, GatherKeys, Hold, HoldInLine, OpenPage, RecordVoice, RingDestination
from ivr.flow import Connect, Field, Flow, HangUp, Inform, Menu, Message, Node, Queue, Survey, Transfer
from ivr.inputs import Note, NoteKind
from ivr.position import Phase, Position
from ivr.prompts import Utterance, gives_advice, menu_prompt, own, spoken

KEY_WAIT: Final = TimeDelta(seconds=5)
ENTRY_WAIT: Final = TimeDelta(seconds=8)
"""Between the keys of a longer entry: callers read it off something."""
NAME_AT_MOST: Final = TimeDelta(seconds=10)
REASON_AT_MOST: Final = TimeDelta(seconds=60)
NAME_FINISH: Final = "#0*"
"""Pound ends a name; 0 asks for a person and star for the words again, as they do everywhere."""
MESSAGE_AT_MOST: Final = TimeDelta(seconds=180)
ANY_KEY: Final = "1234567890*#"


@dataclass(slots=True)
class Walk:
    """One step in the making: it collects words, notes and the action while the call moves from node to node."""

    flow: Flow
    position: Position
    today: Date | None = None
    say: list[Utterance] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    action: Action = field(default_factory=End)
    hops: int = 0

    def note(self, kind: NoteKind, detail: str = "", private: str = "") -> None:
        """Keep a note of this turn."""
        self.notes.append(Note(kind, detail, private))

    def speak(self, *words: Utterance) -> None:
        """Say words of the plan's; before a call's first ones comes the advice to dial 911."""
        if not self.position.advised:
            self.position = replace(self.position, advised=True)
            if not gives_advice(words, self.position.language):
                self.say.extend(spoken(self.flow, self.flow.emergency, self.position.language))
        self.say.extend(words)

    def await_answer(self, phase: Phase, action: Action, *, tries: int = 0, index: int = 0) -> None:
        """Stand at the present node until the answer to `action` comes."""
        self.position = self.position.next(phase=phase, tries=tries, index=index)
        self.action = action

    def go(self, name: str) -> None:
        """Enter a node, and those behind it that await nothing."""
        self.hops += 1
        node = self.flow.nodes.get(name)
        if node is None or self.hops > len(self.flow.nodes) + 1:
            # A published plan cannot do this. The caller gets words, and the shell's way to a person.
            self.note(NoteKind.LOST, name)
            self.trouble()
            self.await_answer(Phase.HOLD, OpenPage())
            return
        self.position = replace(self.position, node=name, tries=0, index=0, page="", since=0)
        self.note(NoteKind.ENTERED, name)
        enter(node, self)

    def trouble(self) -> None:
        """Say that something is wrong here; the words hold the advice to dial 911."""
        self.say.append(own("trouble", self.position.language))
        self.position = replace(self.position, advised=True)

    def end(self, *phrases: str) -> None:
        """Say the server's own words and hang up."""
        self.say.extend(own(key, self.position.language) for key in phrases)
        self.await_answer(Phase.OVER, End())


@singledispatch
def enter(node: Node, walk: Walk) -> None:
    """Come to the node."""
    raise TypeError(f"no such kind of node: {type(node).__name__} at {walk.position.node}")


@enter.register
def _(node: Menu, walk: Walk) -> None:
    ask_menu(walk, node)


def ask_menu(walk: Walk, menu: Menu, *, tries: int = 0) -> None:
    """Speak the menu and await a key or, where the plan asks for it, words."""
    language = walk.position.language
    walk.speak(*menu_prompt(walk.flow, menu, language))
    hints = tuple(word for c in menu.choices for word in (c.words or {}).get(language, ())) if menu.speech else ()
    walk.await_answer(Phase.KEY, GatherKeys(1, menu.wait, hints=hints), tries=tries)


@enter.register
def _(node: Inform, walk: Walk) -> None:
    walk.speak(*spoken(walk.flow, node.prompt, walk.position.language))
    walk.note(NoteKind.TOLD_911 if node.emergency else NoteKind.INFORMED, node.name)
    walk.go(node.then)


@enter.register
def _(node: HangUp, walk: Walk) -> None:
    walk.speak(*spoken(walk.flow, node.prompt, walk.position.language))
    walk.end()


@enter.register
def _(node: Survey, walk: Walk) -> None:
    ask_survey(walk, node)


def ask_survey(walk: Walk, survey: Survey) -> None:
    """Ask for a key from 1 to 5."""
    walk.speak(*spoken(walk.flow, survey.prompt, walk.position.language))
    walk.await_answer(Phase.KEY, GatherKeys(1, KEY_WAIT))


@enter.register
def _(node: Transfer, walk: Walk) -> None:
    # A desk that picks up is the answer to the caller's emergency; the advice waits for the first words there are.
    walk.await_answer(Phase.RING, RingDestination(node.destination))


@enter.register
def _(node: Queue, walk: Walk) -> None:
    walk.speak()
    walk.note(NoteKind.QUEUED, node.destination)
    walk.await_answer(Phase.QUEUE, HoldInLine(node.destination))


@enter.register
def _(node: Connect, walk: Walk) -> None:
    walk.speak()
    walk.note(NoteKind.URGENT, node.category)
    if node.confirm_callback_number:
        ask_for_number(walk)
    else:
        open_page(walk)


@enter.register
def _(node: Message, walk: Walk) -> None:
    prompt = spoken(walk.flow, node.prompt, walk.position.language) if node.prompt else ()
    walk.speak(*prompt)
    if node.confirm_callback_number:
        ask_for_number(walk)
    else:
        go_on_with_message(walk, node, 0)


def ask_for_number(walk: Walk) -> None:
    """Confirm the number that the caller rings from or, where it is withheld, ask for one."""
    if walk.position.withheld:
        ask_number_keys(walk)
    else:
        ask_confirmation(walk)


def ask_confirmation(walk: Walk, *, tries: int = 0) -> None:
    """Is the number that you call from the one to call back?"""
    walk.say.append(own("confirm_number", walk.position.language))
    walk.await_answer(Phase.CONFIRM, GatherKeys(1, KEY_WAIT), tries=tries)


def ask_number_keys(walk: Walk, *, tries: int = 0) -> None:
    """Ask for a telephone number, ended by pound."""
    walk.say.append(own("ask_number", walk.position.language))
    walk.await_answer(Phase.NUMBER, GatherKeys(16, ENTRY_WAIT, finish="#"), tries=tries)


def open_page(walk: Walk) -> None:
    """The number is settled: page the clinician. What follows (the reason, the hold loop) is the shell's to choose."""
    walk.await_answer(Phase.HOLD, OpenPage())


def ask_reason(walk: Walk) -> None:
    """Record why, while the clinician is being rung."""
    walk.say.append(own("ask_reason", walk.position.language))
    walk.await_answer(Phase.REASON, RecordVoice(REASON_AT_MOST, ANY_KEY))


def hold(walk: Walk) -> None:
    """Hold for the page that was opened."""
    walk.await_answer(Phase.HOLD, Hold())


def go_on_with_message(walk: Walk, node: Message, index: int, *, tries: int = 0) -> None:
    """Ask the message's field `index`; behind the last one record it; behind that, thank."""
    language = walk.position.language
    if index < len(node.ask):
        wanted = node.ask[index]
        walk.say.append(own(f"ask_{wanted.value}", language))
        walk.await_answer(Phase.FIELD, _FIELD_ACTIONS[wanted], tries=tries, index=index)
    elif node.record or must_say_number(walk, node):
        walk.say.append(own("ask_message" if node.record else "ask_spoken_number", language))
        walk.await_answer(Phase.RECORD, RecordVoice(MESSAGE_AT_MOST, "#"), tries=tries, index=index)
    else:
        finish_message(walk, node)


def must_say_number(walk: Walk, node: Message) -> bool:
    """True for a call-back that is asked for while no number is known: then it is left by voice, or is no call-back."""
    return walk.position.withheld and node.confirm_callback_number and not node.record


def finish_message(walk: Walk, node: Message) -> None:
    """Thank the caller, and go where the message leads."""
    walk.note(NoteKind.MESSAGE_DONE if node.record else NoteKind.CALLBACK_DONE, node.category)
    walk.say.append(own("message_taken" if node.record else "callback_queued", walk.position.language))
    if node.then is None:
        walk.end("goodbye")
    else:
        walk.go(node.then)


_FIELD_ACTIONS: Final[dict[Field, Action]] = {
    Field.PATIENT_NAME: RecordVoice(NAME_AT_MOST, NAME_FINISH),
    Field.DATE_OF_BIRTH: GatherKeys(8, ENTRY_WAIT, finish="#"),
    Field.PREFERRED_TIME: GatherKeys(1, KEY_WAIT),
}
