"""What can go wrong with storage, for those who call it."""


class StorageError(Exception):
    """The root of this package's errors."""


class UnavailableError(StorageError):
    """The database did not answer, or not in time. Nothing is known of what was being written."""


class ContendedError(UnavailableError):
    """The database is there, but somebody else holds what was to be changed; it may work in a moment."""


class NotFoundError(StorageError):
    """There is no such record."""


class PracticeNotKnownError(NotFoundError):
    """What is asked for is there, and its practice is not known to this process; it may be in a moment."""


class SealError(StorageError):
    """A sealed value cannot be opened: its key is not in the ring, or it was changed. Names no content."""


class NumberTakenError(StorageError):
    """A dialled number belongs to another practice already."""
