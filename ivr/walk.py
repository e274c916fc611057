"""Walking the flow: `step(flow, position, input) -> Step`. Pure, total, and the same for the same arguments.

A step is total on purpose: whatever arrives at whatever position, the caller hears words and keeps a way to a person.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from whenever import Date

from ivr import entering, taking
from ivr.actions import Action, End
from ivr.entering import Walk
from ivr.flow import Choice, Flow, Menu, Node, Queue, Survey, Transfer
from ivr.inputs import DialEnded, DialResult, Entered, Input, Keys, Note, NoteKind, QueueEnded, Spoken
from ivr.position import Phase, Position
from ivr.prompts import Utterance, own
from ivr.taking import REPEAT


@dataclass(frozen=True, slots=True)
class Step:
    """What follows an input: where the call stands now, what is said, what the telephone does, what is noted.

    `say` is spoken before (and, for keys, while) `action` runs. `position` is where the answer to `action` belongs.
    """

    position: Position
    say: tuple[Utterance, ...]
    action: Action
    notes: tuple[Note, ...]


def begin(flow: Flow, node: str, *, withheld: bool) -> Position:
    """The position in which a call that was decided to `node` begins, in the practice's first language."""
    return Position(node=node, phase=Phase.ENTER, language=flow.languages[0].language, withheld=withheld)


def step(flow: Flow, position: Position, given: Input, today: Date | None = None) -> Step:
    """The next step of a call. Never raises: a position that the flow does not have leads to a person.

    `today`, at the practice: later dates of birth are asked for again. None takes them as they are.
    """
    walk = Walk(flow, position, today)
    node = flow.nodes.get(position.node)
    answer = _ANSWERS.get(position.phase)
    if node is None or all(voice.language != position.language for voice in flow.languages):
        _find_again(walk)
    elif isinstance(given, Entered) or answer is None:
        walk.go(position.node)
    else:
        answer(walk, node, given)
    return Step(walk.position, tuple(walk.say), walk.action, tuple(walk.notes))


def _find_again(walk: Walk) -> None:
    """A node or language that this version of the plan does not have: begin again at the way to a person."""
    first = walk.flow.languages[0].language
    walk.note(NoteKind.LOST, walk.position.node)
    walk.position = replace(walk.position, language=first)
    walk.trouble()
    walk.go(walk.flow.person)


# ---- menus ------------------------------------------------------------------------------------------------------


def _answer_key(walk: Walk, node: Node, given: Input) -> None:
    if isinstance(node, Survey):
        _score(walk, node, given)
    elif isinstance(node, Menu):
        _choose(walk, node, given)
    else:
        walk.go(node.name)


def _choose(walk: Walk, menu: Menu, given: Input) -> None:
    if given in REPEAT:
        walk.note(NoteKind.REPEATED)
        entering.ask_menu(walk, menu)
    elif choice := _chosen(menu, given, walk.position.language):
        _follow(walk, choice, given)
    elif given == Keys("0"):
        walk.note(NoteKind.ASKED_FOR_PERSON)
        walk.go(walk.flow.person)
    else:
        _ask_again(walk, menu, given)


def _chosen(menu: Menu, given: Input, language: str) -> Choice | None:
    if isinstance(given, Keys):
        return next((c for c in menu.choices if c.key == given.digits), None)
    if isinstance(given, Spoken):
        said = _plain(given.words)
        by_words = (c for c in menu.choices if _is_said(c, said, language))
        return next(by_words, None) or next((c for c in menu.choices if said in _NUMERALS.get(c.key, ())), None)
    return None


def _is_said(choice: Choice, said: str, language: str) -> bool:
    """True when any of the choice's words is said, among others or alone. The first choice of the menu counts."""
    words = (choice.words or {}).get(language, ())
    return any(_plain(word) in said for word in words if _plain(word).strip())


def _plain(words: str) -> str:
    """The words without case, accents and punctuation, between single spaces: recognisers differ in all of them."""
    letters = (c for c in unicodedata.normalize("NFKD", words.casefold()) if not unicodedata.combining(c))
    return f" {' '.join(re.findall(_WORDS, ''.join(letters)))} "


_WORDS: Final = re.compile(r"[^\W_]+")
_NUMERALS: Final = {
    str(digit): {f" {word} " for word in (str(digit), *words)}
    for digit, words in enumerate(
        [
            ("zero", "oh", "cero"), ("one", "uno"), ("two", "dos"), ("three", "tres"), ("four", "cuatro"),
            ("five", "cinco"), ("six", "seis"), ("seven", "siete"), ("eight", "ocho"), ("nine", "nueve"),
        ]
    )
}  # fmt: skip
"""Who was told "press 1" and asked to speak may well say "one"."""


def _follow(walk: Walk, choice: Choice, given: Input) -> None:
    walk.note(NoteKind.SAID if isinstance(given, Spoken) else NoteKind.CHOSE, choice.key)
    if choice.language and choice.language != walk.position.language:
        walk.note(NoteKind.LANGUAGE, choice.language)
        # The advice is given again: the caller may not have understood it in the first language.
        walk.position = replace(walk.position, language=choice.language, advised=False)
    walk.go(choice.go)


def _ask_again(walk: Walk, menu: Menu, given: Input) -> None:
    tries = walk.position.tries + 1
    silent = given == Keys("")
    walk.note(NoteKind.SILENCE if silent else NoteKind.WRONG_KEY, _digits(given))
    if tries >= menu.tries:
        walk.note(NoteKind.GAVE_UP)
        walk.go(menu.otherwise)
        return
    walk.say.append(own("nothing_heard" if silent else "wrong_key", walk.position.language))
    entering.ask_menu(walk, menu, tries=tries)


def _digits(given: Input) -> str:
    """One key, as it is fit to be kept; a longer entry could be anything, a date of birth too."""
    return given.digits if isinstance(given, Keys) and len(given.digits) == 1 else ""


def _score(walk: Walk, survey: Survey, given: Input) -> None:
    if given in REPEAT:
        walk.note(NoteKind.REPEATED)
        entering.ask_survey(walk, survey)
        return
    if given == Keys("0"):
        walk.note(NoteKind.ASKED_FOR_PERSON)
        walk.go(walk.flow.person)
        return
    if isinstance(given, Keys) and given.digits in _SCORES:
        walk.note(NoteKind.SCORE, given.digits)
    else:
        walk.note(NoteKind.SILENCE if given == Keys("") else NoteKind.WRONG_KEY, _digits(given))
    walk.go(survey.then)


_SCORES: Final = frozenset("12345")


# ---- ringing and holding ----------------------------------------------------------------------------------------


def _after_ringing(walk: Walk, node: Node, given: Input) -> None:
    if not isinstance(node, Transfer):
        walk.go(node.name)
        return
    result = given.result if isinstance(given, DialEnded) else DialResult.FAILED
    walk.note(NoteKind.RANG, f"{node.destination}: {result.value}")
    if result is DialResult.ANSWERED:
        walk.end("goodbye")
    else:
        walk.go(node.busy if result is DialResult.BUSY else node.no_answer)


def _after_line(walk: Walk, node: Node, given: Input) -> None:
    if not isinstance(node, Queue):
        walk.go(node.name)
    elif isinstance(given, QueueEnded) and given.bridged:
        walk.note(NoteKind.RANG, f"{node.destination}: {DialResult.ANSWERED.value}")
        walk.end("goodbye")
    else:
        walk.go(node.otherwise)


def _after_hold(walk: Walk, _node: Node, given: Input) -> None:
    """The hold loop is `ivr.hold`'s; what comes here is a caller who wants to be connected again."""
    if given == Keys("1"):
        walk.go(walk.position.node)
    else:
        walk.end("goodbye")


def _after_end(walk: Walk, _node: Node, _given: Input) -> None:
    walk.await_answer(Phase.OVER, End())


_ANSWERS: Final[dict[Phase, Callable[[Walk, Node, Input], None]]] = {
    Phase.KEY: _answer_key,
    Phase.CONFIRM: taking.confirm_number,
    Phase.NUMBER: taking.take_number,
    Phase.FIELD: taking.take_field,
    Phase.RECORD: taking.take_recording,
    Phase.REASON: taking.take_reason,
    Phase.HOLD: _after_hold,
    Phase.RING: _after_ringing,
    Phase.QUEUE: _after_line,
    Phase.OVER: _after_end,
}
