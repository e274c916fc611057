"""Faults to inject into the REST API: what the next requests meet instead of (or after) being served."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RestFault:
    """One kind of trouble. ``status`` 0 means that no answer comes: the connection is dropped.

    ``after`` tells whether the work is done before the trouble: the client cannot know.
    ``delay`` is in real seconds, before the answer (or the drop).
    """

    status: int
    code: int = 0
    message: str = ""
    after: bool = False
    delay: float = 0.0
    retry_after: int | None = None


@dataclass
class _Planned:
    fault: RestFault
    times: int
    resource: str
    method: str


@dataclass
class RestFaults:
    """The troubles to come. ``resource`` is a part of the path, e.g. ``Calls``; empty means any."""

    _planned: list[_Planned] = field(default_factory=list)

    def add(self, fault: RestFault, *, times: int = 1, resource: str = "", method: str = "") -> None:
        """Let the next ``times`` requests that fit meet this fault."""
        self._planned.append(_Planned(fault, times, resource, method))

    def refuse(
        self, status: int = 400, code: int = 21211, *, times: int = 1, resource: str = "", method: str = ""
    ) -> None:
        """Answer with an error of Twilio's; for 429 with Retry-After."""
        retry_after = 1 if status == 429 else None  # noqa: PLR2004  (Too Many Requests)
        self.add(RestFault(status, code, "injected", retry_after=retry_after), times=times, resource=resource,
                 method=method)  # fmt: skip

    def drop(
        self, *, after: bool = False, times: int = 1, resource: str = "", method: str = "", delay: float = 0.0
    ) -> None:
        """Drop the connection, before or after doing the work; ``delay`` real seconds first (a timeout)."""
        self.add(RestFault(0, after=after, delay=delay), times=times, resource=resource, method=method)

    def clear(self) -> None:
        """Let everything work again."""
        self._planned.clear()

    def next_for(self, method: str, path: str) -> RestFault | None:
        """The fault that this request meets, if any; uses it up."""
        for planned in self._planned:
            if planned.resource in path and planned.method in {"", method}:
                planned.times -= 1
                if planned.times <= 0:
                    self._planned.remove(planned)
                return planned.fault
        return None
