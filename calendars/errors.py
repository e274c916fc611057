"""What can be wrong with a calendar from elsewhere. The words are for operators, and never show its address or events.

The address of a private feed is a secret: whoever has it reads the calendar.
"""

from typing import Final


class CalendarError(Exception):
    """The root of this package's errors. `what` is wrong, and what would `mend` it; the text is both."""

    def __init__(self, what: str, mend: str) -> None:
        self.what: Final = what
        self.mend: Final = mend
        super().__init__(f"{what}. {mend}")


class FetchError(CalendarError):
    """It could not be fetched, or not in time."""


class AddressError(FetchError):
    """Its address, or one that it leads on to, is none that this server may ask."""


class TooLargeError(FetchError):
    """It is longer than what is taken."""


class ReadError(CalendarError):
    """It was fetched, and is not a calendar that can be read."""


class TooMuchError(ReadError):
    """It has more events, or takes more time to read, than what is taken."""
