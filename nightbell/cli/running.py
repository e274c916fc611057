"""`serve`, `worker`, `migrate`, `emulator` and `new-key`: the processes, and what they need."""

import asyncio
import gc
import signal
import socket
from typing import Annotated, Final

import typer
import uvicorn

from nightbell.app import create_app
from nightbell.cli.console import Stop, stdout
from nightbell.composition import compose, database_url, ready_database
from nightbell.demo.stage import own_number
from nightbell.leaving import LeavingServer
from nightbell.logs import set_up_logs
from nightbell.settings import Settings, load_settings
from nightbell.supervise import end
from nightbell.worker import Worker
from storage.clock import MovedClock, read_clock
from storage.embedded import start_embedded
from storage.seal import new_key_setting
from telephony.emulator import (
    Answers,
    Behaviour,
    Busy,
    Exchange,
    Hears,
    NoAnswer,
    Press,
    RealTimeline,
    Unreachable,
    Voicemail,
)
from telephony.emulator import create_app as create_emulator

DEFAULT_PORT: Final = 8080
EMULATOR_PORT: Final = 8090
ANSWERS_FOR: Final = 10
"""Real seconds in which a server that stops still answers what is under way."""
PHONES: Final[dict[str, Behaviour]] = {
    "takes": Answers(after=5, script=[Hears("Press 1") >> Press("1", after=1)]),
    "passes": Answers(after=5, script=[Hears("Press 1") >> Press("2", after=1)]),
    "answers": Answers(after=5),
    "voicemail": Voicemail(after=18),
    "busy": Busy(),
    "no-answer": NoAnswer(),
    "unreachable": Unreachable(),
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(worker)
    app.command("migrate")(migrate_command)
    app.command()(emulator)
    app.command("new-key")(new_key)


Host = Annotated[str, typer.Option(help="The address to listen on.")]


def serve(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = DEFAULT_PORT,
    with_worker: Annotated[
        bool, typer.Option("--with-worker", help="Also do the worker's jobs: for a small site.")
    ] = False,
) -> None:
    """Answer Twilio's webhooks."""
    settings = load_settings()
    settings.require_twilio()
    set_up_logs(settings.log_level, settings.log_format)
    _check_free(host, port)
    url = ready_database(settings)

    async def run() -> None:
        async with compose(settings, url=url) as parts:
            app = create_app(parts, with_worker=with_worker)
            # What is loaded by now stays: a collection that walked a thousand plans would be heard in a call.
            gc.collect()
            gc.freeze()
            # uvloop and httptools come with uvicorn[standard]; one process, since several of uvicorn's share a socket
            # without TCP_NODELAY (DESIGN section 9): run several `serve` behind the proxy instead.
            config = uvicorn.Config(
                app, host=host, port=port, log_config=None, access_log=False, server_header=False,
                timeout_graceful_shutdown=ANSWERS_FOR, proxy_headers=False,
                # Longer than proxies keep an idle connection (Caddy: 2 min), or one is used just as it is closed here.
                timeout_keep_alive=150,
            )  # fmt: skip
            stdout.print(f"Nightbell answers on http://{host}:{port} for {settings.public_url}", markup=False)
            # uvicorn stops in order, and then raises the signal again, which would end the process before it has closed
            # what it opened (and, without a database of one's own, stopped the embedded one).
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            await LeavingServer(config, app).serve()

    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(run())


def _check_free(host: str, port: int) -> None:
    """Raise Stop when somebody else listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Stop(f"{host}:{port} cannot be listened on ({error.strerror}); --port takes another one") from error


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop  # noqa: PLC0415 - only servers need it

    return uvloop.new_event_loop()


def worker() -> None:
    """Carry out pages: place calls, send texts, keep the timers. Run as many as you like."""
    settings = load_settings()
    settings.require_twilio()
    set_up_logs(settings.log_level, settings.log_format)
    url = ready_database(settings)

    async def run() -> None:
        async with compose(settings, url=url) as parts:
            following = asyncio.create_task(parts.plans.run())
            working = asyncio.create_task(Worker(parts).run())
            # How a container or a service manager stops it. What it leaves undone, another worker or the next one does.
            told = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
            stopping = asyncio.create_task(told.wait())
            stdout.print("The worker runs.")
            try:
                await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await end([working, following, stopping])

    asyncio.run(run())


def migrate_command(
    check: Annotated[bool, typer.Option("--check", help="Only compare tables and migrations; for developers.")] = False,
) -> None:
    """Bring the database to the present schema."""
    from storage.migrate import migrate  # noqa: PLC0415 - Alembic takes 10 MB, of which `serve` has no need

    settings = load_settings()
    if check:
        _check_migrations(settings)
        return
    migrate(database_url(settings))
    stdout.print("The database is at the present schema.")


def _check_migrations(settings: Settings) -> None:
    from alembic.util import CommandError  # noqa: PLC0415 - as above

    from storage.migrate import check as check_migrations  # noqa: PLC0415 - as above
    from storage.migrate import migrate  # noqa: PLC0415 - as above

    url = start_embedded((settings.data_dir / "check").resolve())
    migrate(url)
    try:
        check_migrations(url)
    except CommandError as error:
        raise Stop(f"tables and migrations differ: {error}") from error
    stdout.print("Tables and migrations agree.")


def emulator(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = EMULATOR_PORT,
    rate: Annotated[
        float | None, typer.Option(help="How many times faster than real time; NIGHTBELL_CLOCK's.", min=0.1, max=100)
    ] = None,
    number: Annotated[
        list[str] | None, typer.Option(help="A practice's number, to be pointed at the server; may be repeated.")
    ] = None,
    server: Annotated[str | None, typer.Option(help="The server's origin; NIGHTBELL_PUBLIC_URL's.")] = None,
    phone: Annotated[
        list[str] | None,
        typer.Option(help=f"NUMBER=DOES, how a phone meets calls: {', '.join(PHONES)}. It rings on when not given."),
    ] = None,
) -> None:
    """Run Twilio's side alone, on loopback: for rehearsals and anybody's tests. Account and token: the settings'."""
    settings = load_settings()
    if host not in {"127.0.0.1", "::1", "localhost"}:
        raise Stop("the emulator has no password: it listens on loopback only")
    origin = (server or settings.public_url).rstrip("/")
    if number and not origin:
        raise Stop("--number needs --server, or NIGHTBELL_PUBLIC_URL: where calls to it are answered")
    phones = dict(_phone(item) for item in phone or [])
    clock = read_clock(settings.clock)
    moved = clock if isinstance(clock, MovedClock) else None
    timeline = RealTimeline(moved.now() if moved else None, rate or (moved.rate if moved else 1.0))

    async def run() -> None:
        sid = settings.account_sid or "AC" + "0" * 32
        token = settings.auth_token.get_secret_value() or "emulated-token"
        async with Exchange(timeline, account_sid=sid, auth_token=token) as exchange:
            exchange.api_url = f"http://{host}:{port}"
            for owned in number or []:
                own_number(exchange, owned, origin)
            for rung, behaviour in phones.items():
                exchange.phone(rung).behaviour = behaviour
            stdout.print(f"TWILIO_API_URL={exchange.api_url}\nTWILIO_ACCOUNT_SID={sid}", markup=False)
            config = uvicorn.Config(create_emulator(exchange), host=host, port=port, log_level="warning")
            await uvicorn.Server(config).serve()

    asyncio.run(run())


def _phone(item: str) -> tuple[str, Behaviour]:
    number, _, does = item.partition("=")
    if not number.startswith("+") or does not in PHONES:
        raise Stop(f"--phone takes NUMBER=DOES, such as +16175550121=takes, not {item!r}; DOES is {', '.join(PHONES)}")
    return number, PHONES[does]


def new_key() -> None:
    """Make a key for NIGHTBELL_ENCRYPTION_KEYS. To rotate: behind the others, restart all; then first, restart all."""
    typer.echo(new_key_setting())
