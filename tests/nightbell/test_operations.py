"""docs/operations.md names commands, settings, metrics and paths that there are."""

import re
from pathlib import Path

from typer.main import get_command
from whenever import Instant

from api.app import describe
from nightbell.cli import app
from nightbell.gauges import _HELP
from nightbell.probe.figures import write_figures
from nightbell.settings import Settings
from webhooks.site import Metrics

DOCUMENT = (Path(__file__).parents[2] / "docs/operations.md").read_text()


def test_every_command_is_one() -> None:
    known = get_command(app).commands  # type: ignore[attr-defined] # a group, which typer does not say
    named = re.findall(r"`nightbell ([a-z-]+)(?: ([a-z-]+))?", DOCUMENT)
    assert len(named) > 15
    for name, sub in named:
        assert name in known, name
        if sub and hasattr(known[name], "commands"):
            assert sub in known[name].commands, (name, sub)


def test_every_setting_is_one() -> None:
    known = {str(field.validation_alias.choices[0]) for field in Settings.model_fields.values()}  # type: ignore[union-attr]
    assert set(re.findall(r"(?:NIGHTBELL|TWILIO)_[A-Z_]+", DOCUMENT)) <= known


def test_every_metric_is_one(tmp_path: Path) -> None:
    write_figures(tmp_path / "probe.prom", [], {}, Instant.now())
    probes = set(re.findall(r"^nightbell_probe_\w+", (tmp_path / "probe.prom").read_text(), re.MULTILINE))
    families = {family.name for family in Metrics().registry.collect()}
    known = families | {f"{name}_total" for name in families} | {f"nightbell_{name}" for name in _HELP} | probes
    assert set(re.findall(r"nightbell_[a-z_]+_(?:total|seconds|up|waiting|success)", DOCUMENT)) <= known


def test_every_path_of_the_api_is_one() -> None:
    named = re.findall(r"`(GET|POST) (?:/v1/practices/\{practice\}|\.\.\.)(/[a-z/{}]+)", DOCUMENT)
    assert named
    paths = describe()["paths"]
    for method, path in named:
        assert method.lower() in paths[f"/practices/{{practice}}{path}"], path
