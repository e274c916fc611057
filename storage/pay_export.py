"""The pay sheet as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Final

from escalation.pay_sheet import Line, totals
from storage.export import cell

TITLES: Final = (
    "member", "name", "schedule", "kind", "seconds", "hours", "pages", "rate", "factor", "amount", "currency",
)  # fmt: skip


def pay_csv(lines: Sequence[Line], names: Mapping[str, str], currency: str) -> str:
    """The lines, after those of each person a line `total`, and at the end one for all. `names`: by staff id.

    `hours` are rounded to 4 places for reading; `amount` is reckoned from the whole seconds, and the totals are sums of
    amounts as they stand.
    """
    page, owed = io.StringIO(newline=""), totals(lines)
    writer = csv.writer(page)
    writer.writerow(TITLES)
    for member, found in groupby(lines, key=lambda line: line.member):
        name = cell(names.get(member, member))
        for line in found:
            worked = (line.seconds, f"{line.seconds / 3600:.4f}", "") if line.schedule else ("", "", line.pages)
            writer.writerow(
                (member, name, line.schedule, line.kind, *worked, line.rate, line.factor, line.amount, currency)
            )
        writer.writerow((member, name, "", "total", "", "", "", "", "", owed[member], currency))
    whole = sum(owed.values(), Decimal("0.00"))
    writer.writerow(("", "", "", "total", "", "", "", "", "", whole, currency))
    return page.getvalue()
