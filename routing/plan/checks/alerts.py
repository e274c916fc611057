"""Where alerts are posted: to a program outside, by a connection that nobody reads along."""

from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from routing.plan.checks.subject import Subject
from routing.plan.faults import Finding


def operators_webhook(subject: Subject) -> Iterator[Finding]:
    """The operators' webhook is https, and not an address of a private network.

    What a name leads to is judged whenever something is posted there, by the address that is connected to.
    """
    url = subject.document.operators.webhook
    if url is None:
        return
    at = ("operators", "webhook")
    if not url.startswith("https://"):
        mend = "Write https://; for a program in a network of your own, waive this check."
        yield Finding(at, "alerts would be posted over http, for anybody on the way to read or to change", mend)
    if _is_private(urlsplit(url).hostname or ""):
        mend = "Give a public address; or let NIGHTBELL_CALENDAR_NETWORKS name that network, and waive this check."
        yield Finding(at, "the address is in a private network, to which alerts are not posted", mend)


def _is_private(host: str) -> bool:
    with suppress(ValueError):
        return not ip_address(host).is_global
    return host == "localhost" or host.endswith(".localhost")
