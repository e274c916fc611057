"""`call`: a telephone at the terminal, connected to the emulator that a server uses."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any, Final

import httpx
import typer

from nightbell.cli.console import Stop, stdout
from nightbell.settings import load_settings
from telephony.emulator.telephone import Telephone, TelephoneError
from telephony.transport import TWILIO_API

DEFAULT_CALLER: Final = "+16175550180"
DEFAULT_EMULATOR: Final = "http://127.0.0.1:8090"
KEYS: Final = frozenset("0123456789*#")
HELP: Final = "Type digits, * or # to press keys; words to speak; an empty line or Ctrl-D to hang up."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(call)


def call(
    to: Annotated[str, typer.Argument(help="The number to dial.")] = "+16175550100",
    from_: Annotated[
        str, typer.Option("--from", help="The number that you call from, or `anonymous`.")
    ] = DEFAULT_CALLER,
    emulator: Annotated[str | None, typer.Option(help="The emulator's URL; TWILIO_API_URL when that is one.")] = None,
) -> None:
    """Call the running server from this terminal: type digits, read what is said."""
    configured = load_settings().api_url
    origin = emulator or (configured if configured != TWILIO_API else DEFAULT_EMULATOR)
    try:
        asyncio.run(_call(origin, to, from_))
    except httpx.HTTPError as error:
        raise Stop(
            f"no emulator answers at {origin} ({type(error).__name__}); `make demo`, once it says that the phones are "
            "on, or `nightbell emulator` in another terminal run one, "
            "and --emulator says where it is"
        ) from error
    except TelephoneError as error:
        why = str(error).removeprefix("LookupError: ")
        raise Stop(f"{why}; an emulator owns a number with `nightbell emulator --number {to}`") from error


async def _call(origin: str, to: str, from_: str) -> None:
    async with Telephone(origin) as telephone:
        phone = from_ if from_.startswith("+") else DEFAULT_CALLER
        sid = await telephone.dial(phone, to, None if from_.startswith("+") else from_)
        stdout.print(f"Calling {to} from {from_}. {HELP}", style="dim", markup=False)
        typing = asyncio.create_task(_type(telephone, sid))
        try:
            async for event in telephone.follow(sid):
                if line := told(event):
                    stdout.print(line, markup=False)
        finally:
            typing.cancel()
            # Also on Ctrl-C: a line that stays open keeps ringing doctors.
            with suppress(TelephoneError, httpx.HTTPError):
                await telephone.hang_up(sid)


def told(event: dict[str, Any]) -> str:  # noqa: PLR0911 - one line for each kind
    """An event as the person at the phone notices it; "" for those they do not."""
    match event:
        case {"kind": "heard", "text": words}:
            return f"  {words}"
        case {"kind": "played"}:
            return "  (a tone: speak now, if you were asked to; or music, or a recording)"
        case {"kind": "bridged"}:
            return "  --- somebody is on the line ---"
        case {"kind": "unbridged"}:
            return "  --- the other side has left ---"
        case {"kind": "recorded", "seconds": seconds}:
            return f"  (recorded, {seconds} s)"
        case {"kind": "ended", "reason": reason}:
            return f"The call is over: {reason}."
        case _:
            return ""


async def _type(telephone: Telephone, sid: str) -> None:
    async for line in _lines():
        try:
            await _do(telephone, sid, line.strip())
        except (TelephoneError, httpx.HTTPError) as error:
            stdout.print(f"  ({line.strip()!r} did not get through: {error})", style="dim", markup=False)
    await _do(telephone, sid, "")


async def _do(telephone: Telephone, sid: str, words: str) -> None:
    if not words:
        await telephone.hang_up(sid)
    elif set(words) <= KEYS:
        await telephone.press(sid, words)
    else:
        await telephone.speak(sid, words, seconds=max(2.0, len(words.split()) / 2.5))


async def _lines() -> AsyncIterator[str]:
    """Lines as they are typed. A daemon thread reads them: one that waits for a key must not keep the process alive."""
    loop = asyncio.get_running_loop()
    typed: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        for line in iter(sys.stdin.readline, ""):
            loop.call_soon_threadsafe(typed.put_nowait, line)
        loop.call_soon_threadsafe(typed.put_nowait, "")

    threading.Thread(target=read, daemon=True).start()
    while line := await typed.get():
        yield line
