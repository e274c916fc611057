"""What being on call is paid, in exact decimals."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Pay:
    """The rates, in `currency` (ISO 4217), for an hour of each kind and for a page.

    An hour on a holiday is paid `holiday`, else one on a Saturday or Sunday `weekend`, else one between 22:00 and 07:00
    `night`, else `hour`; times the schedule's factor in `schedules`, which is 1 where it says nothing.
    """

    currency: str
    hour: Decimal
    night: Decimal
    weekend: Decimal
    holiday: Decimal
    page: Decimal
    schedules: Mapping[str, Decimal]
