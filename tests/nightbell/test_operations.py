"""docs/operations.md: what it names is there, and its lines in bash do what it says, on a night that is under way."""

import asyncio
import os
import re
import shutil
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import typer.main
import yaml
from typer.core import TyperGroup
from whenever import Instant

from api.app import describe
from nightbell.cli import app
from nightbell.gauges import _HELP
from nightbell.probe.figures import write_figures
from nightbell.settings import Settings
from storage.seal import KeyRing, new_key_setting
from telephony.emulator import NoAnswer
from tests.nightbell.test_processes import SAMPLE, STAFF, House, house, until_holding
from tests.nightbell.test_readme_session import bash
from webhooks.site import Metrics

__all__ = ["house"]  # the fixture

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCS / "operations.md").read_text()
RULES = (DOCS / "prometheus-rules.yaml").read_text()
SESSIONS = re.findall(r"^```bash\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)


def named_commands() -> list[str]:
    """What stands behind `nightbell`, in the text and in the sessions."""
    prose = re.sub(r"^ *```.*?^ *```$", "", DOCUMENT, flags=re.DOTALL | re.MULTILINE)
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]
    lines = [line for session in SESSIONS for line in session.splitlines()]
    found = [re.search(r"(?:^|rehearsal |server )nightbell (.+)", text) for text in spans + lines]
    return [match[1] for match in found if match]


def test_every_command_is_one() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    assert len(named_commands()) > 30
    for line in named_commands():
        name, *parts = line.split()
        if name == "X":  # any command
            continue
        command = group.commands[name]
        if isinstance(command, TyperGroup) and not (command.invoke_without_command and not parts):
            command = command.commands[parts[0]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {part for part in parts if part.startswith("--")} <= known, line


def test_every_setting_is_one() -> None:
    known = {str(name) for field in Settings.model_fields.values() for name in field.validation_alias.choices}
    assert set(re.findall(r"(?:NIGHTBELL|TWILIO)_[A-Z_]+", DOCUMENT)) - {"NIGHTBELL_KEY"} <= known


def test_every_metric_is_one(tmp_path: Path) -> None:
    write_figures(tmp_path / "probe.prom", [], {}, Instant.now())
    probes = set(re.findall(r"^nightbell_probe_\w+", (tmp_path / "probe.prom").read_text(), re.MULTILINE))
    families = [family for family in Metrics().registry.collect() if family.samples or family.name]
    known = {f"{family.name}{end}" for family in families for end in ("", "_total", "_bucket")}
    known |= {f"nightbell_{name}" for name in _HELP} | probes
    for text in (DOCUMENT, RULES):
        named = set(re.findall(r"\bnightbell_[a-z_]+", text)) - {"nightbell_nightbell"}
        assert len(named) >= 9
        assert named <= known


def test_every_rule_is_in_the_handbook_with_its_threshold() -> None:
    (group,) = yaml.safe_load(RULES)["groups"]
    table = DOCUMENT.partition("| alert | when |")[2].partition("\n\n")[0]
    assert len(group["rules"]) == len(table.splitlines()) - 2
    for rule in group["rules"]:
        metric = re.search(r"nightbell_[a-z_]+?(?=_bucket|\b)|\bup\b", rule["expr"])[0]
        bound = re.search(r"[<>=]+ ?[\d.]+$", rule["expr"])[0]
        row = next(row for row in table.splitlines() if metric in row)
        assert bound in row or bound[2:] in row.replace("any", "0"), (rule["alert"], row)


def test_every_link_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", DOCUMENT, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", DOCUMENT):
        assert target[1:] in anchors if target.startswith("#") else (DOCS / target).exists(), target


def test_every_path_of_the_api_is_one() -> None:
    paths = describe()["paths"]
    named = {path.partition("?")[0].replace("$page", "{id}").replace("/1", "/{version}")
             for path in re.findall(r'"\$api(/[^" ]+)"', DOCUMENT)}  # fmt: skip
    assert named == {"/plan/versions", "/plan/versions/{version}", "/pages", "/pages/{id}", "/pages/{id}/resolve"}
    assert {f"/practices/{{practice}}{path}" for path in named} <= paths.keys()


def test_while_a_key_is_exchanged_in_two_rounds_each_process_opens_what_another_sealed() -> None:
    old, new = new_key_setting(), new_key_setting()
    rounds = [KeyRing.from_setting(setting) for setting in (old, f"{old},{new}", f"{new},{old}")]
    for before, after in pairwise(rounds):
        for one, other in ((before, after), (after, before)):
            assert other.open("number", one.seal("number", "+16175550180")) == "+16175550180"
            assert one.index("+16175550180") in other.indexes("+16175550180")


@pytest.mark.skipif(shutil.which("curl") is None, reason="the handbook's lines need curl: apt-get install curl")
async def test_its_lines_do_what_it_says(house: House, tmp_path: Path):
    backup, rehearsal, earlier, pages = SESSIONS
    (tmp_path / "at").mkdir()
    plan = tmp_path / "my-practice.yaml"
    shutil.copy(SAMPLE, plan)
    for number in STAFF:
        house.exchange.phone(number).behaviour = NoAnswer()
    await asyncio.to_thread(house.run, "apply", str(plan))
    key = (await asyncio.to_thread(house.run, "key", "create", "--all", "--name", "operators")).split()[-1]
    environment = house.environment | {
        "NIGHTBELL_KEY": key,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "NO_PROXY": "127.0.0.1",
    }

    async def runs(lines: str) -> str:
        lines = lines.replace("http://127.0.0.1:8080", f"http://127.0.0.1:{house.port}")
        return await asyncio.to_thread(bash, lines, environment, tmp_path / "at")

    with house.process("serve", "--port", str(house.port)):
        await house.is_ready()
        call = await until_holding(house)
        await call.hang_up()
        assert "Backed up into backups/today." in await runs(backup)
        plan.write_text(SAMPLE.read_text().replace("is closed", "is shut"))
        await asyncio.to_thread(house.run, "apply", str(plan))
        rehearsed, published = await asyncio.gather(runs(rehearsal), runs(earlier))  # which know nothing of each other
        assert "Pages that wait for a next step: 1." in rehearsed
        assert call.sid[:6] in rehearsed
        assert "version 3 is published" in published
        assert "is closed" in await house.value("SELECT document FROM plan_versions WHERE version = 3")
        assert "Called back by hand" in await runs(pages)
    assert await house.value("SELECT state FROM pages") == "resolved"
