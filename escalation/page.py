"""A page: its state, what happens to it, and what is to be done about it.

The words are those of DESIGN section 5. Everything is plain data, so that a page's row in the database is the page.
No field holds anything about the patient; numbers are the staff's.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from whenever import Instant

from escalation.policy import Means


class PageState(StrEnum):
    """Where a page stands."""

    PAGING = "paging"
    """Somebody is being rung or texted, or the next step is awaited."""
    ACCEPTED = "accepted"
    """A person has it, but the patient has not been reached yet."""
    BRIDGED = "bridged"
    """Clinician and patient are talking: in the page's conference or, with no `accepted_attempt`, on the caller's own
    leg, which dialled a person."""
    LAST_RESORT = "last resort"
    """Every step has passed: the last resort is being tried and the operators are alerted."""
    RESOLVED = "resolved"
    """The patient was reached, or a person closed it."""


class AttemptState(StrEnum):
    """Where one attempt at one person stands. The last seven are final."""

    INTENDED = "intended"
    """Stored, not yet handed to Twilio."""
    PLACED = "placed"
    """Twilio took it (a call queued or initiated, an SMS queued or sent)."""
    RINGING = "ringing"
    ANSWERED = "answered"
    """Something picked up. It may be a voicemail."""
    DELIVERED = "delivered"
    """The SMS reached the phone."""
    ACCEPTED = "accepted"
    DECLINED = "declined"
    MISSED = "missed"
    """No answer, busy, or no key pressed (a voicemail)."""
    FAILED = "failed"
    """Twilio refused or could not deliver: invalid, unreachable, undelivered, rejected."""
    CANCELED = "canceled"
    """Somebody else accepted, or the page ended."""
    LAPSED = "lapsed"
    """Its step passed with no answer to the SMS."""
    PUT_OFF = "put off"
    """They cannot talk now: another attempt is intended for later."""


FINAL = frozenset(
    {
        AttemptState.ACCEPTED,
        AttemptState.DECLINED,
        AttemptState.MISSED,
        AttemptState.FAILED,
        AttemptState.CANCELED,
        AttemptState.LAPSED,
        AttemptState.PUT_OFF,
    }
)


class Purpose(StrEnum):
    """Why an attempt is made."""

    PAGE = "page"
    """To be accepted with a key or a reply."""
    BRIDGE = "bridge"
    """Ringing who accepted by SMS, to be put through to the patient."""
    LAST_RESORT = "last resort"
    """Ringing the last resort's numbers about a page whose caller does not hold any more."""
    TAKEN = "taken"
    """An SMS to who was texted before: somebody else has it. Nobody waits for it: final as soon as it is placed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call or SMS to one address. `number` counts from 1 within the page.

    `at`: its last change. Of one that is INTENDED and `later` it is still to come: the attempt is carried out from that
    instant on, and counts for nobody until then.

    `doubled`: Twilio was asked for it twice, and did it twice; one of the two calls counts.

    `platform`: it failed for a reason that is not this number's (see `Failed`). `over`: Twilio said that this call has
    ended; one that was merely given up, since nothing was heard of it, may still be somebody's leg. `apart`: 1 was
    pressed on a leg of another account than the caller's, which cannot come into the page's conference.
    """

    number: int
    member: str
    """The staff id; empty for the last resort's numbers."""
    means: Means
    address: str
    step: int
    round: int
    state: AttemptState
    at: Instant
    purpose: Purpose = Purpose.PAGE
    why: str = ""
    platform: bool = False
    over: bool = False
    later: bool = False
    doubled: bool = False
    apart: bool = False

    def is_to_come(self, now: Instant) -> bool:
        """Whether they asked to be rung later, and that time has not come."""
        return self.later and self.state is AttemptState.INTENDED and self.at > now

    @property
    def is_final(self) -> bool:
        """True when nothing more can come of it, except that a person presses its key late."""
        if self.purpose is Purpose.TAKEN:
            return self.state is not AttemptState.INTENDED
        return self.state in FINAL


class Note(StrEnum):
    """How it went with the patient, as the clinician notes it with a key."""

    REACHED = "reached"
    LEFT_WORD = "left word"
    EMERGENCY = "sent to emergency"
    NO_ANSWER = "no answer"


class CallerPresence(StrEnum):
    """Whether the caller is on the line."""

    HOLDING = "holding"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Page:
    """The page. `step` and `round` count from 0. `due`: when it next needs `Due`, None when nothing is awaited.

    `round` goes on over reopenings, of which each has all the policy's rounds: see `escalation.steps.ROUNDS_APART`.
    `step_until`: when the present step passes; `due` is sooner while a call that Twilio refused is to be tried again.
    `version` grows by one with every stored change.
    `dial_instead`: Twilio's REST API failed for a call of this page, so the caller's next hold turn dials the step's
    people itself; False again when a call could be placed. `accepted_attempt`: the attempt whose leg is the
    clinician's; None when accepted by SMS or link, and when that leg has ended. `last_resort_tries`: how often the last
    resort was tried since the page last came to it.

    `is_waiting`: while it is paging, that everybody ahead has quiet hours; the first of them end at `step_until`.

    `is_queued`: somebody whom the present step calls was on the telephone about another page when they were to be.

    `caller_room`, `clinician_room`: the conference that each last came into, by Twilio's SID, which is another one each
    time the room is opened: they have met when both are the same, and not when one came after the other had gone.
    `meet_by`: when something is done about one who is there alone. `put_through`: the caller's own leg dials by itself,
    talks there, or leaves a recording, and is not to be put through once more.

    `apart`: the attempt on whose leg who has the page pressed 1 while the caller held, and which cannot come into the
    conference (see `Attempt`): when it has ended, the caller's own leg dials its address.
    """

    id: str
    practice: str
    category: str
    policy: str
    opened_at: Instant
    state: PageState = PageState.PAGING
    step: int = -1
    round: int = 0
    due: Instant | None = None
    version: int = 0
    caller: CallerPresence = CallerPresence.HOLDING
    attempts: tuple[Attempt, ...] = ()
    passed: frozenset[str] = field(default=frozenset())
    accepted_by: str | None = None
    accepted_at: Instant | None = None
    accepted_attempt: int | None = None
    caller_room: str = ""
    clinician_room: str = ""
    meet_by: Instant | None = None
    put_through: bool = False
    reopened: int = 0
    dial_instead: bool = False
    step_until: Instant | None = None
    is_waiting: bool = False
    is_queued: bool = False
    last_resort_tries: int = 0
    message_left: bool = False
    note: Note | None = None
    noted_on: str = ""
    """The latest one, and on which call; None while there is none."""
    apart: int | None = None


CODE_LENGTH: Final = 4


def code_of(page: str) -> str:
    """The page's short code in a text: enough to tell a person's open pages apart, and says nothing."""
    return page.replace("-", "")[:CODE_LENGTH].upper()
