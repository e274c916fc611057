"""`nightbell key` and `nightbell openapi`."""

import json
import re

import pytest

from tests.nightbell.conftest import Run

TOKEN = re.compile(r"nbk_([0-9a-f]{12})_[0-9a-f]{64}\n")


def test_a_key_is_made_listed_and_revoked(maple: Run):
    made = maple(
        "key", "create", "--practice", "maple-pediatrics", "--name", "billing", "--read-only", "--expires", "90d"
    )
    assert made.code == 0
    number = TOKEN.fullmatch(made.out)[1]
    secret = made.out.strip().rsplit("_", 1)[1]
    listed = maple("key", "list").out
    (line,) = [line for line in listed.splitlines() if number in line]
    assert re.search(r"billing +maple-pediatrics +read +2026-11-22 07:10 +expires 2027-02-20 07:10", line)
    assert secret not in listed
    assert "opens nothing any more" in maple("key", "revoke", number).out
    assert re.search(rf"{number}.*revoked 2026-11-22", maple("key", "list").out)
    assert "The audit trail holds" in maple("audit").out


def test_a_key_for_all_is_asked_for_by_name(maple: Run):
    assert TOKEN.fullmatch(maple("key", "create", "--all").out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "either --practice ID or --all"),
        (["--all", "--practice", "maple-pediatrics"], "either --practice ID or --all"),
        (["--practice", "nowhere"], "there is no practice 'nowhere'"),
        (["--all", "--expires", "soon"], "--expires: 'soon' is neither days"),
        (["--all", "--expires", "2020-01-01 00:00"], "is over"),
        (["--all", "--expires", "0d"], "is neither days"),
        (["--all", "--name", "x" * 61], "--name: at most 60"),
        (["--all", "--name", "a\nb"], "--name: at most 60"),
    ],
)
def test_what_makes_no_key(maple: Run, arguments: list[str], said: str):
    before = maple("key", "list").out
    ran = maple("key", "create", *arguments)
    assert ran.code == 1
    assert said in ran.err
    assert maple("key", "list").out == before


def test_a_key_that_there_is_not_is_not_revoked(maple: Run):
    ran = maple("key", "revoke", "nothing")
    assert ran.code == 1
    assert "there is no key 'nothing'" in ran.err


def test_the_description_is_printed(run: Run):
    assert json.loads(run("openapi").out)["info"]["title"] == "Nightbell"
