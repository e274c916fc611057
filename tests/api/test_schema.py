"""Made-up requests against the API's own description: no answer but those that it promises, and never a 500."""

import asyncio
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import booleans
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import describe
from tests.api.conftest import ORIGIN, Operator
from tests.api.test_calls_and_pages import a_call, a_page

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = {
    found.ok().definition.raw["operationId"]: found.ok()
    for found in schemathesis.openapi.from_dict(describe()).get_all_operations()
}
KNOWN = {"practice": "maple-pediatrics", "sid": "CA1", "id": "p1", "version": "1"}
"""Half of the requests lead to something that there is."""
MANY = 15
"""Requests for each operation."""


@pytest.mark.parametrize("name", OPERATIONS)
async def test_only_what_is_promised_is_answered(operator: Operator, name: str):
    await a_call(operator, "CA1")
    await a_page(operator)
    loop = asyncio.get_running_loop()

    right, wrong = (OPERATIONS[name].as_strategy(generation_mode=mode) for mode in GenerationMode)

    @given(case=right | wrong, known=booleans())
    @settings(
        max_examples=MANY, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def send(case: Any, known: bool) -> None:
        if known:
            case.path_parameters.update({name: value for name, value in KNOWN.items() if name in case.path_parameters})
        case.headers["Authorization"] = f"Bearer {operator.keys.every}"
        asked = requests.Request(**case.as_transport_kwargs(base_url=f"{ORIGIN}/v1")).prepare()
        answer = asyncio.run_coroutine_threadsafe(answered(operator.http, asked), loop).result()
        case.validate_response(answer, checks=CHECKS)

    await asyncio.to_thread(send)


async def answered(http: httpx.AsyncClient, asked: requests.PreparedRequest) -> httpx.Response:
    return await http.request(asked.method, asked.url, headers=dict(asked.headers), content=asked.body)
