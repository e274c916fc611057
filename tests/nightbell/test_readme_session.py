"""The README's session with curl: exactly its lines, by bash, against `nightbell serve` as a process."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from telephony.signature import HEADER, sign
from tests.nightbell.test_processes import SAMPLE, free_port

README = Path(__file__).parents[2] / "README.md"
TOKEN, ACCOUNT = "made-up", "AC" + "0" * 32
DEADLINE = 30.0


def blocks() -> tuple[str, str]:
    """The line that makes the key, and the session."""
    section = README.read_text(encoding="utf-8").partition("## The API: a session with curl")[2].partition("\n## ")[0]
    key, session = re.findall(r"^```bash\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return key, session


@contextmanager
def serving(environment: dict[str, str], folder: Path, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "nightbell", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        try:
            end = time.monotonic() + DEADLINE
            while True:
                assert process.poll() is None, "the server stopped"
                assert time.monotonic() < end, "the server does not answer"
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(DEADLINE)


def told(out: str) -> list[dict[str, object]]:
    """The answers: each is a line of JSON."""
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's session needs curl: apt-get install curl")
def test_the_lines_do_what_they_say(tmp_path: Path, database_url: str):
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NIGHTBELL_", "TWILIO_"))}
    environment |= {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_API_URL": "http://127.0.0.1:1",
        "NIGHTBELL_PUBLIC_URL": origin,
        "NIGHTBELL_DATABASE_URL": database_url,
        "NIGHTBELL_DATA_DIR": str(tmp_path / "data"),
        "NIGHTBELL_ENCRYPTION_KEYS": "k1:" + "A" * 43 + "=",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "NO_PROXY": "127.0.0.1",
    }
    shutil.copy(SAMPLE, tmp_path / "my-practice.yaml")
    key, session = blocks()
    session = session.replace("http://127.0.0.1:8080", origin)
    with serving(environment, tmp_path, port):
        ran = bash(f"{key}\n{session}\n{the_call(origin)}\n{session.splitlines()[-1]}", environment, tmp_path)
    verdict, published, override, on_call, closure, explained, calls, later = told(ran)
    assert verdict["fit"] is True
    assert (published["version"], published["is_new"]) == (1, True)
    assert (override["member"], override["author"]) == ("patel", "front desk")
    assert on_call["duties"][0]["member"] == "patel"
    assert closure["reason"] == "A burst pipe"
    assert "A burst pipe" in str(explained["reasons"])
    assert "Maple Pediatrics is closed" in str(explained["lines"])
    assert calls["items"] == []
    assert [call["sid"] for call in later["items"]] == ["CA1"]


def the_call(origin: str) -> str:
    """A line that tells of a call as Twilio does."""
    form = {
        "CallSid": "CA1",
        "AccountSid": ACCOUNT,
        "From": "+16175550180",
        "To": "+16175550100",
        "CallStatus": "ringing",
    }
    signature = sign(f"{origin}/twilio/voice", list(form.items()), TOKEN)
    return f"curl -s -o /dev/null '{origin}/twilio/voice' -H '{HEADER}: {signature}' --data '{urlencode(form)}'"


def bash(lines: str, environment: dict[str, str], folder: Path) -> str:
    ran = subprocess.run(  # noqa: S603 - the README's own lines
        ["bash", "-e", "-o", "pipefail", "-c", lines],  # noqa: S607 - as its readers run it
        env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    return ran.stdout
