"""A page: its state, what happens to it, and what is to be done about it.

The words are those of DESIGN section 5. Everything is plain data, so that a page's row in the database is the page.
No field holds anything about the patient; numbers are the staff's.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from whenever import Instant

from escalation.policy import Means


class PageState(StrEnum):
    """Where a page stands."""

    PAGING = "paging"
    """Somebody is being rung or texted, or the next step is awaited."""
    ACCEPTED = "accepted"
    """A person has it, but the patient has not been reached yet."""
    BRIDGED = "bridged"
    """Clinician and patient are talking (or the caller was put through to the last resort and talks there)."""
    LAST_RESORT = "last resort"
    """Every step has passed: the last resort is being tried and the operators are alerted."""
    RESOLVED = "resolved"
    """The patient was reached, or a person closed it."""


class AttemptState(StrEnum):
    """Where one attempt at one person stands. The last six are final."""

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


FINAL = frozenset(
    {
        AttemptState.ACCEPTED,
        AttemptState.DECLINED,
        AttemptState.MISSED,
        AttemptState.FAILED,
        AttemptState.CANCELED,
        AttemptState.LAPSED,
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


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call or SMS to one address. `number` counts from 1 within the page. `at`: its last change."""

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

    @property
    def is_final(self) -> bool:
        """True when nothing more can come of it."""
        return self.state in FINAL


class CallerPresence(StrEnum):
    """Whether the caller is on the line."""

    HOLDING = "holding"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Page:
    """The page. `step` and `round` count from 0. `due`: when it next needs `Due`, None when nothing is awaited.

    `version` grows by one with every stored change; a wake-up that carries an older one is stale. `dial_instead`:
    Twilio's REST API failed for a call of this page, so the caller's next hold turn dials the step's people itself.
    `accepted_attempt`: the attempt whose leg is the clinician's, None when accepted by SMS or link.
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
    clinician_joined: bool = False
    caller_joined: bool = False
    reopened: int = 0
    dial_instead: bool = False


# ---- events: what happens to a page -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """A caller chose urgent (or left, having chosen it)."""


@dataclass(frozen=True, slots=True)
class Due:
    """A wake-up. `version`: the page's version when it was set; None for the sweep, which takes what is overdue."""

    version: int | None = None


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


@dataclass(frozen=True, slots=True)
class Accepted:
    """A person took it. `attempt` is the leg on which 1 was pressed (or None); `member` is empty for last resort."""

    member: str
    by: AcceptedBy
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """A person passed it on: "not me, the next one"."""

    member: str
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """The call ended with no key pressed: no answer, busy, or a voicemail. `why` says which."""

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
class CallerLeft:
    """The caller hung up or stopped holding."""


@dataclass(frozen=True, slots=True)
class CallerReturned:
    """The same number chose urgent again: it joins this page, which goes to its next step."""


@dataclass(frozen=True, slots=True)
class CallerJoined:
    """The caller's leg is in the page's conference."""


@dataclass(frozen=True, slots=True)
class ClinicianJoined:
    """The clinician's leg is in the page's conference."""


@dataclass(frozen=True, slots=True)
class ClinicianLeft:
    """The clinician's leg ended after it had accepted."""


@dataclass(frozen=True, slots=True)
class PatientReached:
    """The patient was talked to: through the conference, a call-back, or the last resort."""


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
    | Placed
    | Ringing
    | Answered
    | Delivered
    | Accepted
    | Declined
    | Missed
    | Failed
    | CallerLeft
    | CallerReturned
    | CallerJoined
    | ClinicianJoined
    | ClinicianLeft
    | PatientReached
    | MessageLeft
    | Resolved
)


# ---- effects: what is to be done about it -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """Ring the attempt's address, for its purpose."""

    attempt: int


class SmsKind(StrEnum):
    """Which SMS to send; the words are the shell's and never about the patient."""

    PAGE = "page"
    TAKEN = "taken"
    """To those texted before: somebody else has it."""


@dataclass(frozen=True, slots=True)
class SendSms:
    """Text the attempt's address."""

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
class OfferCallBack:
    """The clinician waits alone in the conference: tell them that the caller left, and offer to call back."""

    attempt: int


@dataclass(frozen=True, slots=True)
class TransferCaller:
    """Move the holding caller's leg to the last resort's numbers now."""


@dataclass(frozen=True, slots=True)
class AlertOperators:
    """Tell the operators. `why` is for people and names nobody."""

    why: str


Effect = PlaceCall | SendSms | CancelCall | BridgeCaller | OfferCallBack | TransferCaller | AlertOperators


@dataclass(frozen=True, slots=True)
class Advance:
    """What `advance` returns: the page as it is now, what is to be done, and why, in words for the trail.

    When nothing changed, `page` is the very page given and the other two are empty. A wake-up is owed at `page.due`.
    """

    page: Page
    effects: tuple[Effect, ...] = ()
    trail: tuple[str, ...] = ()
