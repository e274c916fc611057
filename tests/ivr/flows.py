"""Flows for the tests: one made by hand, with every kind of node, and random ones, valid and wild."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from hypothesis import strategies as st
from whenever import TimeDelta

from ivr.flow import (
    Announcement,
    Choice,
    Connect,
    Field,
    Flow,
    HangUp,
    Inform,
    Menu,
    Message,
    Node,
    Queue,
    Survey,
    Text,
    Transfer,
    Voice,
)
from ivr.inputs import DialEnded, DialResult, Entered, Input, Keys, QueueEnded, Recorded, Spoken
from ivr.position import Phase, Position

EN, ES = "en-US", "es-US"
LANGUAGES = (Voice(EN, "Polly.Joanna-Neural"), Voice(ES, "Polly.Lupe-Neural"))
ADVICE = Text({EN: "If this is an emergency, dial 9 1 1.", ES: "Si es una emergencia, marque 9 1 1."})
WAIT = TimeDelta(seconds=5)


def said(english: str, spanish: str = "") -> Text:
    return Text({EN: english} | ({ES: spanish} if spanish else {}))


def flow_of(*nodes: Node, person: str = "urgent") -> Flow:
    return Flow({node.name: node for node in nodes}, LANGUAGES, ADVICE, person, "Maple Pediatrics")


NIGHT = Menu(
    "night",
    said("Maple Pediatrics is closed.", "Maple Pediatrics está cerrado."),
    (
        Choice("1", "urgent", said("For a doctor", "Para un médico"), words={EN: ("doctor", "nurse"), ES: ("médico",)}),
        Choice("2", "refill", said("For a refill", "Para una receta"), words={EN: ("refill",)}),
        Choice("3", "info", said("For our hours", "Para el horario")),
        Choice("4", "survey"),
        Choice("8", "night", said("For English"), EN),
        Choice("9", "night", Text({EN: "For Spanish", ES: "Para español"}), ES),
    ),
    "urgent",
    tries=3,
    wait=WAIT,
    speech=True,
)
MAPLE = flow_of(
    NIGHT,
    Menu("ask", said("Out of it?", "¿Se acabó?"), (Choice("1", "urgent"), Choice("2", "refill")), "urgent", 2, WAIT),
    Inform("info", said("We open at 8.", "Abrimos a las 8."), "night"),
    Inform("dial", said("Hang up and dial 9 1 1 now.", "Cuelgue y marque 9 1 1 ahora."), "bye", emergency=True),
    Connect("urgent", "urgent", "urgent", confirm_callback_number=True, record_reason=True),
    Connect("at_once", "urgent", "urgent", confirm_callback_number=False, record_reason=False),
    Transfer("day", "front_desk", busy="line", no_answer="night"),
    Queue("line", "front_desk", TimeDelta(minutes=10), (Announcement.POSITION,), "callback"),
    Message(
        "refill", "refill", (Field.PATIENT_NAME, Field.DATE_OF_BIRTH),
        confirm_callback_number=True, record=True, then="bye", prompt=said("Refills.", "Recetas."),
    ),
    Message(
        "appointment", "appointment", (Field.PREFERRED_TIME,),
        confirm_callback_number=False, record=True, then="survey",
    ),
    Message("callback", "callback", (), confirm_callback_number=True, record=False, then=None),
    Survey("survey", said("How easy was it?", "¿Fue fácil?"), "bye"),
    HangUp("bye", said("Thank you.", "Gracias.")),
)  # fmt: skip

# ---- random ones ------------------------------------------------------------------------------------------------

MARKS = {EN: "hello", ES: "hola"}
"""A word of every text in the language, by which a test sees whether an utterance is marked with its own language."""

_WORDS = ("", "one two", "dial 911 now", "word " * 60 + "dial 911", "9 1 15", "{number}")
KINDS = (Menu, Inform, Connect, Transfer, Queue, Survey, Message, HangUp)


class _Maker:
    """Makes nodes by throwing dice; `silent` and `anywhere` are where silence and keys may lead."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice

    def maybe(self) -> bool:
        return self.dice.random() < 0.5

    def text(self) -> Text:
        words = {EN: f"{MARKS[EN]} {self.dice.choice(_WORDS)}"}
        return Text(words | ({ES: f"{MARKS[ES]} {self.dice.choice(_WORDS)}"} if self.maybe() else {}))

    def choice(self, key: str, anywhere: Sequence[str]) -> Choice:
        return Choice(
            key,
            self.dice.choice(anywhere),
            self.text() if self.maybe() else None,
            self.dice.choice((None, EN, ES)),
            {EN: ("doctor",), ES: ("sí",)} if self.maybe() else None,
        )

    def node(self, name: str, silent: Sequence[str], anywhere: Sequence[str]) -> Node:  # noqa: PLR0911
        dice, kind = self.dice, self.dice.choice(KINDS if silent else (Connect, HangUp))
        if kind is Menu:
            keys = dice.sample("0123456789", dice.randint(0, 4))
            choices = tuple(self.choice(key, anywhere) for key in keys)
            return Menu(name, self.text(), choices, dice.choice(silent), dice.randint(1, 3), WAIT, self.maybe())
        if kind is Inform:
            return Inform(name, self.text(), dice.choice(silent), self.maybe())
        if kind is Connect:
            return Connect(name, "urgent", "urgent", self.maybe(), self.maybe())
        if kind is Transfer:
            return Transfer(name, "desk", dice.choice(silent), dice.choice(silent))
        if kind is Queue:
            return Queue(name, "desk", WAIT, (), dice.choice(silent))
        if kind is Survey:
            return Survey(name, self.text(), dice.choice(silent))
        if kind is Message:
            fields = tuple(dice.sample(tuple(Field), dice.randint(0, 3)))
            then, prompt = (dice.choice(silent) if self.maybe() else None), (self.text() if self.maybe() else None)
            return Message(name, "refill", fields, self.maybe(), self.maybe(), then, prompt)
        return HangUp(name, self.text())


def _valid(dice: Random) -> Flow:
    names, make = [f"n{i}" for i in range(dice.randint(1, 7))], _Maker(dice)
    nodes = [make.node(name, names[i + 1 :], names) for i, name in enumerate(names)]
    return flow_of(*nodes, person=dice.choice(names))


def _wild(dice: Random) -> Flow:
    names, make = [f"n{i}" for i in range(dice.randint(1, 5))], _Maker(dice)
    nodes = [make.node(name, [*names, "gone"], [*names, "gone"]) for name in names]
    wild = flow_of(*nodes, person=dice.choice([*names, "gone"]))
    return wild if make.maybe() else replace(wild, emergency=Text({}))


def _made(make: Callable[[Random], Flow]) -> st.SearchStrategy[Flow]:
    # One number for a whole flow: drawn node by node it would take most of the tests' time.
    return st.integers(0, 2**40).map(lambda seed: make(Random(seed)))  # noqa: S311


valid_flows = _made(_valid)
"""What silence leads to comes later in the flow; keys lead anywhere. Its last node ends a call, or pages."""
wild_flows = _made(_wild)
"""What no check would let through: targets that are not there, informs in a circle, no choices."""

PRIVATE_KEYS = ("6175550180", "05042019", "99", "617*555", "0" * 40)
PRIVATE_WORDS = ("my son Elliot swallowed a coin", "doctor", "sí, por favor", "", "٣", "\x00")

inputs: st.SearchStrategy[Input] = st.one_of(
    st.just(Entered()),
    st.builds(Keys, st.sampled_from(["", *"0123456789*#", *PRIVATE_KEYS]) | st.text(max_size=3)),
    st.builds(Spoken, st.sampled_from(PRIVATE_WORDS) | st.text(max_size=9)),
    st.builds(Recorded, st.integers(0, 200), st.booleans()),
    st.builds(DialEnded, st.sampled_from(DialResult)),
    st.builds(QueueEnded, st.booleans()),
)


def positions(flow: Flow) -> st.SearchStrategy[Position]:
    """Anywhere in the flow, and where it has nothing."""
    return st.builds(
        Position,
        node=st.sampled_from([*flow.nodes, "gone"]),
        phase=st.sampled_from(Phase),
        language=st.sampled_from([EN, ES, "fr-FR"]),
        turn=st.integers(0, 10**6),
        tries=st.integers(0, 5),
        index=st.integers(0, 5),
        withheld=st.booleans(),
        advised=st.booleans(),
        page=st.sampled_from(["", "0c3f"]),
        since=st.integers(0, 2 * 10**9),
    )
