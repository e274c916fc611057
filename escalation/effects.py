"""What is to be done about a page: the effects of `escalation.advance`, which the shell carries out."""

from dataclasses import dataclass
from enum import StrEnum

from escalation.page import Page


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
