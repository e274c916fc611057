"""What no engine checks here: that `compose.yaml` and the Dockerfile name what there is."""

import re
from pathlib import Path

import pytest
import typer.main
import yaml

from nightbell.cli import app
from nightbell.cli.running import ANSWERS_FOR
from nightbell.leaving import LEAVES_FOR
from nightbell.settings import Settings

ROOT = Path(__file__).parents[2]
SETTINGS = {str(name) for field in Settings.model_fields.values() for name in field.validation_alias.choices}
COMMANDS = set(typer.main.get_command(app).commands)


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_services_run_commands_that_there_are(compose) -> None:
    commands = [service["command"] for service in compose["services"].values() if "command" in service]
    assert {command[1] for command in commands} == {"migrate", "serve", "worker"}
    for command in commands:
        assert command[0] == "nightbell"
        assert command[1] in COMMANDS


def test_every_variable_is_a_setting() -> None:
    for name in ("compose.yaml", "Dockerfile", "docs/Caddyfile", "docs/going-live.md"):
        used = set(re.findall(r"\b(?:NIGHTBELL|TWILIO)_[A-Z_]+\b", (ROOT / name).read_text()))
        assert used <= SETTINGS, name


def test_the_order_of_starting(compose) -> None:
    services = compose["services"]
    assert services["migrate"]["depends_on"] == {"postgresql": {"condition": "service_healthy"}}
    for name in ("server", "worker"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert services[name]["restart"] == "unless-stopped"
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    declared = set(compose["volumes"])
    mounted = {mount.partition(":")[0] for service in services.values() for mount in service["volumes"]}
    assert {name for name in mounted if not name.startswith(".")} == declared
    assert all((ROOT / name).exists() for name in mounted if name.startswith("."))


def test_the_image_copies_what_there_is() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert all((ROOT / source).exists() for source in copied)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench", "simulation", "chaos"}
    assert packages <= copied
    assert "USER nightbell" in dockerfile


def test_every_command_of_the_guide_is_one() -> None:
    guide = (ROOT / "docs/going-live.md").read_text()
    used = set(re.findall(r"(?:server |`|run --rm )nightbell ([a-z-]+)", guide)) - {"nightbell"}
    assert used <= COMMANDS
    assert {"doctor", "twilio", "fallback", "apply", "calls", "messages"} <= used


def test_the_inside_stays_inside() -> None:
    proxy = (ROOT / "docs/Caddyfile").read_text()
    for path in ("/metrics", "/healthz", "/readyz"):
        assert path in proxy


def test_what_stops_has_the_time_to_do_so_in_order(compose) -> None:
    """A server leaves for 2 s and then answers for up to 10 s; a worker finishes for 5 s."""
    for name in ("server", "worker"):
        assert int(compose["services"][name]["stop_grace_period"].removesuffix("s")) >= LEAVES_FOR + ANSWERS_FOR
    waits = re.findall(r"lb_try_duration (\d+)s", (ROOT / "docs/Caddyfile").read_text())
    assert [int(seconds) < 15 for seconds in waits] == [True], "Twilio waits 15 s in all"


def test_it_is_watched_and_runs_as_nobody_in_particular(compose) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "/healthz" in dockerfile.partition("HEALTHCHECK")[2]
    assert dockerfile.index("USER nightbell") < dockerfile.index("CMD [")
    assert dockerfile.count("FROM ") == 2, "what only builds stays behind"
    assert compose["services"]["worker"]["scale"] >= 2
