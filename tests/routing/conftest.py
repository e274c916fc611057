from collections.abc import Callable
from importlib.resources import files

import pytest
from whenever import Instant

from routing.plan import Plan, compile_plan, read

Edit = Callable[..., str]


@pytest.fixture(scope="session")
def sample() -> str:
    return files("nightbell").joinpath("samples/maple-pediatrics.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def maple(sample: str) -> Plan:
    return compile_plan(read(sample))


@pytest.fixture(scope="session")
def edit(sample: str) -> Edit:
    """The sample with each old text, which must stand in it exactly once, replaced by the new one."""

    def replaced(*pairs: tuple[str, str]) -> str:
        text = sample
        for old, new in pairs:
            assert text.count(old) == 1, f"{text.count(old)} times in the sample: {old}"
            text = text.replace(old, new)
        return text

    return replaced


@pytest.fixture
def sunday() -> Instant:
    """Saturday 2026-11-21 19:00 at the practice."""
    return Instant.from_utc(2026, 11, 22)
