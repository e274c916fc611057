"""What every request meets first, and how errors look."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from api.gate import AT_ONCE
from routing.plan.publish import MOST_TOLD
from storage.database import Database
from storage.errors import ContendedError, UnavailableError
from tests.api.conftest import MAPLE, YAML, Operator


async def test_a_sane_request_id_is_taken_and_another_is_made(operator: Operator):
    answer = await operator.asks("GET", "", headers={"X-Request-Id": "from-the-proxy.1"})
    assert answer.headers["X-Request-Id"] == "from-the-proxy.1"
    for odd in ("x" * 65, "two words", "", "-"):
        made = (await operator.asks("GET", "", headers={"X-Request-Id": odd})).headers["X-Request-Id"]
        assert made != odd
        assert len(made) == 32


async def test_an_unknown_path_and_method(operator: Operator):
    told = await operator.refused(404, "GET", "/v1/nowhere")
    assert told["instance"] == "/v1/nowhere"
    answer = await operator.asks("PATCH", MAPLE)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    ("accept", "status"),
    [("text/html", 406), ("image/png, text/html;q=0.5", 406), ("application/json", 200), ("text/html, */*;q=0.1", 200)],
)
async def test_what_is_accepted(operator: Operator, accept: str, status: int):
    assert (await operator.asks("GET", "", headers={"Accept": accept})).status_code == status


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(("path", "size"), [("/explain", 64 << 10), ("/plan/verify", 1 << 20)])
async def test_a_long_body_is_refused_be_its_length_announced_or_not(
    operator: Operator, announced: bool, path: str, size: int
):
    async def chunks():
        for _ in range(size // 1024):
            yield b" " * 1024
        yield b" " * 1023 + b"x"

    content = b" " * (size + 1) if announced else chunks()
    headers = YAML if path.endswith("verify") else {"Content-Type": "application/json"}
    await operator.refused(413, "POST", path, content=content, headers=headers)


async def test_a_compressed_body_or_another_charset_is_refused(operator: Operator):
    await operator.refused(415, "POST", "/explain", {}, headers={"Content-Encoding": "gzip"})
    odd = {"Content-Type": "application/json; charset=utf-16"}
    await operator.refused(415, "POST", "/explain", content=b"{}", headers=odd)


@pytest.mark.parametrize("error", [UnavailableError("gone"), ContendedError("held")])
async def test_the_database_is_away(operator: Operator, monkeypatch: pytest.MonkeyPatch, error: Exception):
    def gone(_self: object) -> None:
        raise error

    monkeypatch.setattr(type(operator.parts.database), "statement", gone)
    answer = await operator.asks("GET", "")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


async def test_what_nobody_foresaw_says_nothing_of_what_was_sent(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def breaks(*_: object) -> None:
        raise RuntimeError("+16175550180")

    monkeypatch.setattr("api.explaining.explain", breaks)
    answer = await operator.asks("POST", "/explain", {"caller": "+16175550180"}, headers={"X-Request-Id": "abc"})
    assert answer.status_code == 500
    said = capsys.readouterr()
    assert "api_failed" in said.out + said.err
    assert "abc" in said.out + said.err
    assert "6175550180" not in answer.text + said.out + said.err


async def test_many_at_once_are_all_answered(operator: Operator):
    answers = await asyncio.gather(*(operator.asks("GET", "/oncall") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}


async def test_who_did_what_is_logged_without_what_was_sent(operator: Operator, capsys: pytest.CaptureFixture[str]):
    head = {"X-Request-Id": "abc"}
    await operator.asks("POST", "/explain", {"caller": "+16175550180"}, headers=head)
    await operator.refused(404, "GET", "/calls/16175550180", headers=head)
    said = capsys.readouterr().out
    assert said.count("request_id=abc") == said.count("api_answered") == 2
    assert f"key={operator.keys.maple.split('_')[1]}" in said
    assert "path=/practices/{practice}/calls/{sid}" in said
    assert "practice=maple-pediatrics" in said
    assert "6175550180" not in said


async def test_a_database_that_hangs_costs_a_request_bounded_time_and_then_works_again(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
):
    awake = asyncio.Event()
    statement = type(operator.parts.database).statement

    @contextlib.asynccontextmanager
    async def hangs(database: Database) -> AsyncIterator[AsyncConnection]:
        await awake.wait()
        async with statement(database) as connection:
            yield connection

    monkeypatch.setattr("api.gate.WITHIN", 0.2)
    monkeypatch.setattr(type(operator.parts.database), "statement", hangs)
    answers = await asyncio.gather(*(operator.asks("GET", "") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {503}
    assert all(answer.headers["Retry-After"] for answer in answers)
    awake.set()
    monkeypatch.setattr("api.gate.WITHIN", 10.0)
    assert (await operator.asks("GET", "")).status_code == 200


async def test_clients_that_do_not_take_their_answers_keep_nobody_waiting(operator: Operator):
    app = operator.http._transport.app
    stuck = asyncio.Event()

    async def takes_nothing(_message: object) -> None:
        await stuck.wait()

    async def gives() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "method": "GET", "path": MAPLE, "raw_path": MAPLE.encode(), "query_string": b"",
        "headers": [(b"authorization", f"Bearer {operator.keys.maple}".encode())], "scheme": "http", "root_path": "",
        "server": ("test", 80), "client": ("test", 1), "http_version": "1.1",
    }  # fmt: skip
    slow = [asyncio.create_task(app(dict(scope), gives, takes_nothing)) for _ in range(AT_ONCE + 1)]
    await asyncio.sleep(0.2)
    assert (await asyncio.wait_for(operator.asks("GET", ""), 5)).status_code == 200
    stuck.set()
    await asyncio.gather(*slow)


async def test_a_body_that_does_not_come_is_not_waited_for_long(operator: Operator, monkeypatch: pytest.MonkeyPatch):
    async def drips():
        yield b"{"
        await asyncio.sleep(60)

    monkeypatch.setattr("api.gate.SENT_WITHIN", 0.1)
    await operator.refused(408, "POST", "/explain", content=drips(), headers={"Content-Type": "application/json"})


async def test_a_text_with_a_fault_on_every_line_is_told_in_part(operator: Operator):
    text = "".join(f"k{n}: 1\n" for n in range(5000))
    told = (await operator.asks("POST", "/plan/verify", content=text.encode(), headers=YAML)).json()
    assert len(told["faults"]) == MOST_TOLD + 1
    assert "further faults" in told["faults"][-1]["detail"]
    published = await operator.refused(422, "POST", "/plan/publish", content=text.encode(), headers=YAML)
    assert len(published["errors"]) == MOST_TOLD + 1
