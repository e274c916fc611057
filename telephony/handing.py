"""What follows when a provider did not take a request: again a little later, or over to the second one. Pure.

The times are such that the second has it within 30 s of the first try: of a call, that is at most three requests to
place it at the first (two, where one had no answer), with a look before each further one, of PATIENCE each, and a wait
of some 3 s before each look.
"""

from typing import Final

from telephony.errors import (
    AccountError,
    BusyError,
    GoneError,
    TwilioError,
    UncertainError,
    UnreachedError,
)

MOST_TRIES: Final = 3
"""Of handing one request to one provider."""
MOST_AT_FIRST: Final = 2
"""Of them for a call at the first provider where there is a second, and one of them had no answer."""
AFTER_UNCERTAIN: Final = 2.0
"""Real seconds before looking again whether a request that got no answer was carried out."""
PATIENCE: Final = 5.0
"""Real seconds for one request to the first provider, where there is a second; Twilio takes less than one."""
LONGEST_WAIT: Final = 2.0
"""Real seconds: a rate limit that lasts longer is not waited for where there is a second provider."""


def again_after(error: TwilioError) -> float | None:
    """Real seconds after which the request may be sent again; None: it would fail again."""
    match error:
        case BusyError(retry_after=seconds):
            return seconds
        case UncertainError():
            return AFTER_UNCERTAIN
        case _:
            return None


def is_platform(error: TwilioError) -> bool:
    """Whether the provider fails for everybody, and not this number alone."""
    return isinstance(error, AccountError | BusyError | GoneError | UncertainError)


def is_unsure(error: TwilioError) -> bool:
    """Whether the request may have been carried out all the same."""
    return isinstance(error, UncertainError) and not isinstance(error, UnreachedError)


def unsure_after(unsure: int, error: TwilioError, *, is_first: bool, looked: bool) -> int:
    """How many tries at the first provider may have been carried out, now that this one has ended so.

    `looked`: it was a look that failed, so that nothing was begun.
    """
    return unsure + (is_first and is_unsure(error) and not looked)


def is_in_vain(tries: int, unsure: int) -> bool:
    """Whether a call was asked for often enough at the first provider, where a look shows that none was placed."""
    return tries >= (MOST_AT_FIRST if unsure else MOST_TRIES)


def hands_over(error: TwilioError, tries: int, *, unsure: int = 0, looks: bool = False, looked: bool = False) -> bool:
    """Whether what the first provider did not take in so many tries is the second's now.

    `unsure`: how many of the tries before had no answer. `looks`: what may have been carried out is looked for before
    it is sent again (a call; a text cannot be). `looked`: it was this look that failed.
    """
    match error:
        case BusyError(retry_after=seconds):
            return seconds > LONGEST_WAIT or tries >= (MOST_AT_FIRST if unsure else MOST_TRIES)
        case UnreachedError():
            return looked or tries >= MOST_AT_FIRST
        case UncertainError():
            return looked if looks else tries >= MOST_TRIES
        case _:
            return is_platform(error)
