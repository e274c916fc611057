"""What the product did wrong in Twilio's eyes."""

from dataclasses import dataclass

from whenever import Instant


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong thing: Twilio's error code (0 where it has none), where, and what."""

    at: Instant
    code: int
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.code} {self.where}: {self.message}"

    __repr__ = __str__
