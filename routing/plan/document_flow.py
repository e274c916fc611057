"""The document's flow: what a caller hears and presses, as it is written."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from whenever import TimeDelta

from routing.plan.faults import MisreadError
from routing.plan.fields import HoldTime, Key, KeyTime, Language, Name, Part, Say, Words, as_list, refusal

_KINDS: Final = ("menu", "ask", "inform", "connect", "transfer", "message", "queue", "survey", "hang_up")


class ChoiceDoc(Part):
    """One key of a menu."""

    go: Name
    """The node that this key leads to."""
    say: Say | None = None
    """What is offered, spoken before "press 1"; without it the key works but is not offered."""
    language: Language | None = None
    """The language that the call goes on in."""
    words: dict[Language, Annotated[list[Words], BeforeValidator(as_list, json_schema_input_type=list[str] | str)]] = (
        Field(default_factory=dict)
    )
    """What a caller may say instead of pressing, where the menu has `speech: true`."""


def _only_go(value: Any) -> Any:  # noqa: ANN401 - before validation it can be anything
    return {"go": value} if isinstance(value, str) else value


class MenuDoc(Part):
    """A menu, or a question that changes the way (`ask`)."""

    say: Say
    """What is said before the options."""
    keys: Annotated[
        dict[Key, Annotated[ChoiceDoc, BeforeValidator(_only_go, json_schema_input_type=ChoiceDoc | str)]],
        Field(min_length=1),
    ]
    """The choices by key, 0 to 9; a bare name is where the key leads, not offered aloud."""
    otherwise: Name
    """The node for silence and wrong keys: a person, never a hang-up."""
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    """How often the prompt is given before `otherwise`."""
    wait: KeyTime = TimeDelta(seconds=5)
    """How long a key is awaited after the prompt."""
    speech: bool = False
    """Whether a caller may also say one of the choices' `words`."""


class InformDoc(Part):
    """Say something, then go on."""

    say: Say
    """What is said."""
    then: Name
    """The next node."""
    emergency: bool = False
    """Whether the words tell the caller to dial 911."""


class ConnectDoc(Part):
    """Reach the clinician on call."""

    category: Name
    """The category of the page."""
    policy: Name | None = None
    """How the page reaches a person; the category's policy when left out."""
    confirm_callback_number: bool = True
    """Whether the caller first confirms the number to call back."""
    record_reason: bool = False
    """Whether the caller is asked to say why they call, while the clinician is being rung."""


class TransferDoc(Part):
    """Ring a destination."""

    to: Name
    """The destination."""
    no_answer: Name
    """The node for when nobody picks up."""
    busy: Name | None = None
    """The node for when all lines are taken; `no_answer` when left out."""


class MessageDoc(Part):
    """Take a message or a request."""

    category: Name
    """What kind of message it is, and so by when it is answered."""
    ask: list[Literal["patient_name", "date_of_birth", "preferred_time"]] = Field(default_factory=list)
    """What is asked for, in this order."""
    record: bool = False
    """Whether the caller may speak a message."""
    confirm_callback_number: bool = False
    """Whether the caller confirms the number to call back."""
    say: Say | None = None
    """What is said first."""
    then: Name | None = None
    """The next node; the call ends with thanks when left out."""


class QueueDoc(Part):
    """Hold for a destination's next free line."""

    for_: Name = Field(alias="for")
    """The destination."""
    otherwise: Name
    """The node for when no line was free in time."""
    at_most: HoldTime = TimeDelta(minutes=10)
    """How long the caller holds at most."""
    announce: list[Literal["position", "wait"]] = Field(default_factory=list)
    """What the caller is told while holding."""


class SurveyDoc(Part):
    """One question, answered with a key from 1 to 5."""

    say: Say
    """The question."""
    then: Name
    """The next node."""


class HangUpDoc(Part):
    """Say goodbye and end the call."""

    say: Say
    """The goodbye."""


Kind = MenuDoc | InformDoc | ConnectDoc | TransferDoc | MessageDoc | QueueDoc | SurveyDoc | HangUpDoc


class NodeDoc(Part):
    """A node of the flow: exactly one of these."""

    menu: MenuDoc | None = None
    """Offers choices by key."""
    ask: MenuDoc | None = None
    """Asks a question whose answer changes the way; its choices are usually in the words of the question."""
    inform: InformDoc | None = None
    """Says something and goes on."""
    connect: ConnectDoc | None = None
    """Reaches the clinician on call."""
    transfer: TransferDoc | None = None
    """Rings a destination."""
    message: MessageDoc | None = None
    """Takes a message or a request."""
    queue: QueueDoc | None = None
    """Holds for a destination's next free line."""
    survey: SurveyDoc | None = None
    """Asks how it was."""
    hang_up: HangUpDoc | None = None
    """Says goodbye."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) == 1:
            return self
        fault = f"the node is {' and '.join(given)} at once" if given else "the node does nothing"
        mend = f"Give it exactly one of: {', '.join(f'`{kind}`' for kind in _KINDS)}."
        raise refusal(MisreadError("form", fault, mend))

    @property
    def kind(self) -> str:
        """The key that says what the node is, such as `menu`."""
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)

    @property
    def does(self) -> Kind:
        """What stands under that key."""
        found: Kind = getattr(self, self.kind)
        return found
