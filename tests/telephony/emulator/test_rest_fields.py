"""The list of REST fields, held against Twilio's own OpenAPI document where that is at hand."""

import json
from pathlib import Path

import pytest

from telephony.emulator.rest_fields import FIELDS

OPENAPI = Path(__file__).parents[3] / "../shared/twilio/twilio_api_v2010.json"
PREFIX = "/2010-04-01/Accounts/{AccountSid}"


@pytest.fixture(scope="module")
def paths():
    if not OPENAPI.exists():
        pytest.skip("Twilio's OpenAPI document is not beside the repository (../shared/twilio)")
    return json.loads(OPENAPI.read_text(encoding="utf-8"))["paths"]


@pytest.mark.parametrize(("method", "path"), sorted(FIELDS))
def test_fields_are_twilios(paths, method, path):
    operation = paths[f"{PREFIX}{path}.json"][method.lower()]
    if method == "GET":
        theirs = {each["name"] for each in operation["parameters"] if each["in"] == "query"}
    else:
        schemas = [each["schema"] for each in operation["requestBody"]["content"].values()]
        theirs = {name for each in schemas for name in each["properties"]}
    assert theirs - FIELDS[method, path] == set(), "Twilio has these too"
    assert FIELDS[method, path] - theirs == set(), "Twilio has no such fields"
