"""What happens to a page: the events of `escalation.advance`."""

from dataclasses import dataclass
from enum import StrEnum

from escalation.page import Note


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
    of another account than the caller's, so that the two cannot meet in the conference. `is_other`: it is another call
    than was known as the attempt's, which was placed twice: what was heard of that one is not true of this.
    """

    member: str
    by: AcceptedBy
    attempt: int | None = None
    apart: bool = False
    is_other: bool = False


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
