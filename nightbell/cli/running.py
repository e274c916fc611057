"""`serve`, `worker`, `migrate`, `emulator` and `new-key`: the processes, and what they need."""

import asyncio
from typing import Annotated, Final

import typer
import uvicorn
from alembic.util import CommandError

from nightbell.app import create_app
from nightbell.cli.console import Stop, stdout
from nightbell.composition import compose, database_url, ready_database
from nightbell.logs import set_up_logs
from nightbell.settings import Settings, load_settings
from nightbell.worker import Worker
from storage.clock import MovedClock, read_clock
from storage.embedded import start_embedded
from storage.migrate import check as check_migrations
from storage.migrate import migrate
from storage.seal import new_key_setting
from telephony.emulator import Exchange, RealTimeline
from telephony.emulator import create_app as create_emulator

DEFAULT_PORT: Final = 8080
EMULATOR_PORT: Final = 8090


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
    port: Annotated[int, typer.Option(help="The port to listen on.")] = DEFAULT_PORT,
    with_worker: Annotated[
        bool, typer.Option("--with-worker", help="Also do the worker's jobs: for a small site.")
    ] = False,
) -> None:
    """Answer Twilio's webhooks."""
    settings = load_settings()
    settings.require_twilio()
    set_up_logs(settings.log_level, settings.log_format)
    url = ready_database(settings)

    async def run() -> None:
        async with compose(settings, url=url) as parts:
            app = create_app(parts, with_worker=with_worker)
            # uvloop and httptools come with uvicorn[standard]; one process, since several of uvicorn's share a socket
            # without TCP_NODELAY (DESIGN section 9): run several `serve` behind the proxy instead.
            config = uvicorn.Config(
                app, host=host, port=port, log_level="warning", access_log=False, server_header=False,
                timeout_graceful_shutdown=10, proxy_headers=False,
            )  # fmt: skip
            stdout.print(f"Nightbell answers on http://{host}:{port} for {settings.public_url}", markup=False)
            await uvicorn.Server(config).serve()

    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(run())


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
            stdout.print("The worker runs.")
            try:
                await Worker(parts).run()
            finally:
                following.cancel()

    asyncio.run(run())


def migrate_command(
    check: Annotated[bool, typer.Option("--check", help="Only compare tables and migrations; for developers.")] = False,
) -> None:
    """Bring the database to the present schema."""
    settings = load_settings()
    if check:
        _check_migrations(settings)
        return
    migrate(database_url(settings))
    stdout.print("The database is at the present schema.")


def _check_migrations(settings: Settings) -> None:
    url = start_embedded((settings.data_dir / "check").resolve())
    migrate(url)
    try:
        check_migrations(url)
    except CommandError as error:
        raise Stop(f"tables and migrations differ: {error}") from error
    stdout.print("Tables and migrations agree.")


def emulator(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = EMULATOR_PORT,
    rate: Annotated[float, typer.Option(help="How many times faster than real time.", min=0.1, max=100)] = 1.0,
) -> None:
    """Run Twilio's side alone, on loopback: for anybody's tests. Account and token are those of the settings."""
    settings = load_settings()
    if host not in {"127.0.0.1", "::1", "localhost"}:
        raise Stop("the emulator has no password: it listens on loopback only")
    clock = read_clock(settings.clock)
    start = clock.now() if isinstance(clock, MovedClock) else None

    async def run() -> None:
        sid = settings.account_sid or "AC" + "0" * 32
        token = settings.auth_token.get_secret_value() or "emulated-token"
        async with Exchange(RealTimeline(start, rate), account_sid=sid, auth_token=token) as exchange:
            exchange.api_url = f"http://{host}:{port}"
            stdout.print(f"TWILIO_API_URL={exchange.api_url}\nTWILIO_ACCOUNT_SID={sid}", markup=False)
            config = uvicorn.Config(create_emulator(exchange), host=host, port=port, log_level="warning")
            await uvicorn.Server(config).serve()

    asyncio.run(run())


def new_key() -> None:
    """Make a key for NIGHTBELL_ENCRYPTION_KEYS. To rotate, put the new one first and keep the old ones behind it."""
    typer.echo(new_key_setting())
