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

    `round` goes on over reopenings: the policy's rounds belong to each, so that of a policy with 3 rounds the first
    reopening starts at 3. `step_until`: when the present step passes; `due` is sooner while a call that Twilio refused
    is to be tried again. `version` grows by one with every stored change.
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


# ---- events: what happens to a page -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """A caller chose urgent (or left, having chosen it)."""


@dataclass(frozen=True, slots=True)
class Due:
    """A wake-up: it counts when the page is due, and does nothing else."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The first provider fails, as `why` says: the second one is to carry the attempt out.

    `twice`: the first may have carried it out all the same, without having said so.
    """

    attempt: int
    why: str
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """Twilio took the call or SMS."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Ringing:
    """The phone rings."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Answered:
    """Something picked up; not yet a person."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """The SMS reached the phone."""

    attempt: int


class AcceptedBy(StrEnum):
    """How a person took a page."""

    KEY = "key"
    SMS = "sms"
    LINK = "link"
    OPERATOR = "operator"
    DIALLED = "picking up"
    """The last resort picked up the call that the caller's own turn placed. It asks for no key (a plan may have it do
    so); nothing but the last resort is ever accepted like this, and only while the caller is there to talk to it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A person took it. `attempt` is the leg on which 1 was pressed (or None); `member` is empty for last resort.

    Also sent when who accepted by SMS or link presses 1 on the call that brings them to the patient: `attempt` is then
    that call, whose leg becomes theirs. KEY or DIALLED without an attempt: on a leg that the caller's own turn dialled
    (`dial_instead`, or the last resort), which connects them without the page's doing: they talk. `apart`: the leg is
    of another account than the caller's, so that the two cannot meet in the conference.
    """

    member: str
    by: AcceptedBy
    attempt: int | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Declined:
    """A person passed it on: "not me, the next one"."""

    member: str
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class PutOff:
    """They cannot talk now and want to be rung again, at the policy's `ring_again_after`.

    The page goes on to the next one meanwhile: nobody has it.
    """

    attempt: int


@dataclass(frozen=True, slots=True)
class DialledIn:
    """One of the staff called the practice themselves, from this number of theirs, and has shown who they are.

    They are about to be asked whether they take the page; or they have it, and are about to be brought to the patient.
    """

    member: str
    address: str


@dataclass(frozen=True, slots=True)
class CallMe:
    """Who has the page wants to be rung now, to be brought to the patient."""

    member: str


@dataclass(frozen=True, slots=True)
class Missed:
    """The call is over: no answer, busy, or a voicemail, as `why` says; or the clinician's, when a key accepted on it.

    Which of them is decided here, since a webhook that looked before the key was stored would take it for a voicemail.
    """

    attempt: int
    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Twilio refused it, could not be reached, or could not deliver.

    `platform`: it was not this number's fault (no credentials, rate, Twilio down), so other calls would fail too.
    """

    attempt: int
    why: str
    platform: bool = False


@dataclass(frozen=True, slots=True)
class Doubled:
    """A second call rings for the attempt: Twilio gave no answer to the request, was asked again, and had done both."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Freed:
    """They were on the telephone about another page, and are so no more. It may come twice, or for nothing."""

    member: str


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller hung up. Only for the caller's latest call; an older leg's end is no event."""


@dataclass(frozen=True, slots=True)
class CallBackAsked:
    """The caller would rather be called back. Nothing, when a clinician came to the phone in the same moment."""


@dataclass(frozen=True, slots=True)
class StillThere:
    """The caller, whom the page counts as gone, took a turn of the hold loop, which follows the page by itself."""


@dataclass(frozen=True, slots=True)
class PutThrough:
    """The caller's own leg dials now: the last resort, or the staff; if nobody is there it records, and then ends."""


@dataclass(frozen=True, slots=True)
class DialledInVain:
    """The caller's own leg has dialled who has the page (`Page.apart`), and nobody took it there: the caller holds."""


@dataclass(frozen=True, slots=True)
class CallerReturned:
    """The same number chose urgent again: it joins this page, which goes to its next step.

    Nothing when the page still counts on the earlier call: send `CallerLeft` for that one first.
    """


@dataclass(frozen=True, slots=True)
class CallerJoined:
    """The caller's leg came into the page's conference. `gone`: that leg is over by now, the news came late."""

    room: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class ClinicianJoined:
    """The clinician's leg, on which 1 was pressed, came into the conference. Without such a leg it is nothing."""

    room: str


@dataclass(frozen=True, slots=True)
class ClinicianLeft:
    """The clinician's leg came out of the conference, which ends a talk; the end of the leg itself is `Missed`."""

    room: str


@dataclass(frozen=True, slots=True)
class PatientReached:
    """The patient was talked to: through the conference, a call-back, or the last resort."""


@dataclass(frozen=True, slots=True)
class Noted:
    """Who has the page notes how it went. REACHED and EMERGENCY end it, the others leave it with them.

    `on`: the call that it is about, by Twilio's SID: the same note about the same call is one told again.
    """

    note: Note
    on: str


@dataclass(frozen=True, slots=True)
class MessageLeft:
    """The caller's reason was recorded."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A person closed it."""

    by: str
    reason: str


Event = (
    Opened
    | Due
    | HandedOver
    | Placed
    | Ringing
    | Answered
    | Delivered
    | Accepted
    | Declined
    | PutOff
    | DialledIn
    | CallMe
    | Missed
    | Failed
    | Doubled
    | Freed
    | CallerLeft
    | CallBackAsked
    | StillThere
    | PutThrough
    | DialledInVain
    | CallerReturned
    | CallerJoined
    | ClinicianJoined
    | ClinicianLeft
    | PatientReached
    | Noted
    | MessageLeft
    | Resolved
)


# ---- effects: what is to be done about it -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """Ring the attempt's address, at the attempt's `at`, for its purpose, if it is still INTENDED by then."""

    attempt: int


class SmsKind(StrEnum):
    """Which SMS to send; the words are the shell's and never about the patient."""

    PAGE = "page"
    TAKEN = "taken"
    """To those texted before: somebody else has it."""


@dataclass(frozen=True, slots=True)
class SendSms:
    """Text the attempt's address, if it is still INTENDED when this is carried out."""

    attempt: int
    kind: SmsKind = SmsKind.PAGE


@dataclass(frozen=True, slots=True)
class CancelCall:
    """End the attempt's call, which nobody needs any more (it may ring, or play the screening prompt)."""

    attempt: int


@dataclass(frozen=True, slots=True)
class BridgeCaller:
    """Move the holding caller's leg into the page's conference now."""


@dataclass(frozen=True, slots=True)
class ReturnCaller:
    """Move the caller's leg back into the hold loop, whose words follow the page: nobody would come into the room."""


@dataclass(frozen=True, slots=True)
class OfferCallBack:
    """The clinician waits alone in the conference: tell them that the caller left, and offer to call back."""

    attempt: int


@dataclass(frozen=True, slots=True)
class FetchClinician:
    """The caller is back while the clinician is offered to call back: move their leg into the conference."""

    attempt: int


@dataclass(frozen=True, slots=True)
class TransferCaller:
    """Move the holding caller's leg to the last resort's numbers now.

    When the leg dials, send `PutThrough`: until then the page takes the order for lost and gives it again at `due`. As
    soon as a person answers there, send `Accepted` (KEY or DIALLED) with no member and no attempt.
    """


@dataclass(frozen=True, slots=True)
class AlertOperators:
    """Tell the operators. `why` is for people and names nobody."""

    why: str


Effect = (
    PlaceCall
    | SendSms
    | CancelCall
    | BridgeCaller
    | ReturnCaller
    | OfferCallBack
    | FetchClinician
    | TransferCaller
    | AlertOperators
)


@dataclass(frozen=True, slots=True)
class Advance:
    """What `advance` returns: the page as it is now, what is to be done, and why, in words for the trail.

    When nothing changed, `page` is the very page given and the other two are empty. A wake-up is owed at `page.due`.
    """

    page: Page
    effects: tuple[Effect, ...] = ()
    trail: tuple[str, ...] = ()
