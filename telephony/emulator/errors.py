"""How a call's script is interrupted. None of these leaves the emulator.

``Interruption``: ``CallOver`` (somebody hung up), ``CallMoved`` (REST gave it another document), ``Released`` (what
it was waiting for came). ``ApplicationError``: the product gave nothing that could be performed.
"""

from telephony.emulator.verb import Errand


class Interruption(Exception):  # noqa: N818  (not an error: a turn of events)
    """The script stops here."""


class CallOver(Interruption):
    """The call has ended."""


class CallMoved(Interruption):
    """The call was given another document through REST."""

    def __init__(self, errand: Errand) -> None:
        super().__init__(errand.url)
        self.errand = errand


class Released(Interruption):
    """A guard's condition holds: the inner script is no longer wanted."""

    def __init__(self, guard: object) -> None:
        super().__init__()
        self.guard = guard


class ApplicationError(Exception):
    """The document could not be had and neither could the fallback."""
