"""Servers are replaced while webhooks keep coming: none fails, and none is lost. Real processes, as an operator's."""

import asyncio
import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count
from subprocess import Popen
from urllib.parse import urlencode, urlsplit

import httpx

from telephony.signature import HEADER, sign
from tests.nightbell.test_processes import DEADLINE, PARENT, PRACTICE, SAMPLE, House, comes_true, free_port, house

__all__ = ["house"]  # the fixture

AT_ONCE = 4
PATIENCE = 10.0
"""Real seconds in which the proxy looks for a server that takes the request; as in docs/Caddyfile."""


def webhook(house: House, sid: str) -> tuple[bytes, dict[str, str]]:
    """A call comes in: body and headers, signed."""
    form = {
        "CallSid": sid,
        "AccountSid": house.exchange.account_sid,
        "From": PARENT,
        "To": PRACTICE,
        "CallStatus": "ringing",
    }
    origin = house.environment["NIGHTBELL_PUBLIC_URL"]
    signature = sign(f"{origin}/twilio/voice", list(form.items()), "made-up")
    return urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded", HEADER: signature}


async def stops(server: Popen[bytes]) -> None:
    """It ends by itself, in order."""
    assert await asyncio.to_thread(server.wait, DEADLINE) == 0


async def test_a_server_that_is_told_to_stop_answers_what_is_under_way_and_takes_nothing_new(house: House):
    await asyncio.to_thread(house.run, "apply", str(SAMPLE))
    with house.process("serve", "--port", str(house.port)) as server:
        await house.is_ready()
        body, headers = webhook(house, "CAunderway")
        headers |= {"Host": "there", "Content-Length": str(len(body)), "Expect": "100-continue", "Connection": "close"}
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        lines = ["POST /twilio/voice HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n"), "the webhook is under way"
        server.send_signal(signal.SIGTERM)

        async def leaves() -> bool:
            with suppress(httpx.TransportError):
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{house.port}", trust_env=False) as client:
                    asked = await client.get("/readyz")
                    return (asked.status_code, asked.headers.get("connection")) == (503, "close")
            return False

        await comes_true(leaves)

        async def refused() -> bool:
            with socket.socket() as another:
                return another.connect_ex(("127.0.0.1", house.port)) == errno.ECONNREFUSED

        await comes_true(refused)
        assert server.poll() is None, "it waits for what is under way"
        writer.write(body)
        answer = await asyncio.wait_for(reader.read(), DEADLINE)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        assert b"dial 9 1 1" in answer
        writer.close()
        await writer.wait_closed()
        await stops(server)
    assert await house.value("SELECT count(*) FROM calls WHERE sid = 'CAunderway'") == 1


class Balancer:
    """What the proxy in front does: asks the servers in turn, and the next one when one does not answer at all."""

    def __init__(self, house: House, ports: tuple[int, int]) -> None:
        self._house = house
        self._turn = count()
        self._clients = [httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) for port in ports]
        self._numbers = count()
        self.answers: list[httpx.Response] = []
        self.tried_again = 0

    async def calls_keep_coming(self) -> None:
        while True:
            body, headers = webhook(self._house, f"CA{next(self._numbers)}")
            self.answers.append(await self._pass_on(body, headers))

    async def _pass_on(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        async with asyncio.timeout(PATIENCE):
            while True:
                client = self._clients[next(self._turn) % len(self._clients)]
                try:
                    return await client.post("/twilio/voice", content=body, headers=headers)
                except httpx.TransportError:
                    self.tried_again += 1
                    await asyncio.sleep(0.02)

    async def more(self) -> None:
        """Until a good many more were answered."""
        wanted = len(self.answers) + 50

        async def came() -> bool:
            return len(self.answers) >= wanted

        await comes_true(came)

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


@contextmanager
def serving(house: House, port: int) -> Iterator[Popen[bytes]]:
    with house.process("serve", "--port", str(port)) as server:
        yield server


async def test_two_servers_are_replaced_one_after_the_other_and_no_webhook_fails(house: House):
    await asyncio.to_thread(house.run, "apply", str(SAMPLE))
    ports = (house.port, free_port())
    other = replace(house, port=ports[1])
    balancer = Balancer(house, ports)
    with serving(house, ports[0]) as first, serving(house, ports[1]) as second:
        await house.is_ready()
        await other.is_ready()
        callers = [asyncio.create_task(balancer.calls_keep_coming()) for _ in range(AT_ONCE)]
        await balancer.more()
        first.send_signal(signal.SIGTERM)
        await stops(first)
        await balancer.more()
        with serving(house, ports[0]):
            await house.is_ready()
            second.send_signal(signal.SIGTERM)
            await stops(second)
            await balancer.more()
            for caller in callers:
                assert not caller.done(), caller.result()
                caller.cancel()
            await asyncio.gather(*callers, return_exceptions=True)
    await balancer.close()
    assert balancer.tried_again > 0, "servers went away meanwhile"
    assert {urlsplit(str(answer.url)).port for answer in balancer.answers} == set(ports)
    assert {answer.status_code for answer in balancer.answers} == {200}
    assert all("dial 9 1 1" in answer.text for answer in balancer.answers)
    assert await house.value("SELECT count(*) FROM calls") >= len(balancer.answers)
