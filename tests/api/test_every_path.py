"""What holds for every path there is: the table is the application's own, so that a new path is in it."""

import re
from typing import Any, NamedTuple

import pytest

from api.app import describe
from tests.api.conftest import Operator

DOCUMENT = describe()


class Operation(NamedTuple):
    """One way to use one path."""

    method: str
    path: str
    told: dict[str, Any]

    @property
    def url(self) -> str:
        return filled(self.path)

    @property
    def has_fields(self) -> bool:
        return "$ref" in str(self.told.get("requestBody", ""))


VALUES = {"practice": "maple-pediatrics", "version": "1", "id": "1", "sid": "CA1", "member": "chen"}
OPERATIONS = [
    Operation(method.upper(), path, told) for path, way in DOCUMENT["paths"].items() for method, told in way.items()
]


def each(operations: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("op", operations, ids=[op.told["operationId"] for op in operations])


OF_PRACTICES = [op for op in OPERATIONS if "{practice}" in op.path]
every_operation, every_practices = each(OPERATIONS), each(OF_PRACTICES)
with_fields = each([op for op in OPERATIONS if op.has_fields])


def filled(path: str, practice: str = "maple-pediatrics") -> str:
    return "/v1" + re.sub(r"\{(\w+)\}", lambda m: (VALUES | {"practice": practice})[m[1]], path)


def example_of(op: Operation) -> dict[str, Any]:
    schema = op.told["requestBody"]["content"]["application/json"]["schema"]
    return dict(resolved(schema)["examples"][0])


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


@every_operation
async def test_no_key(operator: Operator, op: Operation):
    await operator.refused(401, op.method, op.url, key=None, content=b"{", headers={"Content-Type": "text/odd"})


@every_practices
async def test_the_key_of_another_practice(operator: Operator, op: Operation):
    for practice in ("maple-pediatrics", "nowhere"):
        await operator.refused(403, op.method, filled(op.path, practice), key="oak")


@every_practices
async def test_a_practice_that_there_is_not(operator: Operator, op: Operation):
    body = example_of(op) if op.has_fields else None
    expected = 422 if op.told["operationId"] == "putDraft" else 404
    await operator.refused(expected, op.method, filled(op.path, "nowhere"), body, key="every")


@every_operation
async def test_an_unknown_parameter_and_one_given_twice(operator: Operator, op: Operation):
    told = await operator.refused(400, op.method, f"{op.url}?colour=red", key="every")
    assert told["errors"][0]["parameter"] == "colour"
    known = [p["name"] for p in op.told.get("parameters", []) if p["in"] == "query"]
    for name in known:
        told = await operator.refused(400, op.method, f"{op.url}?{name}=1&{name}=1", key="every")
        assert told["errors"][0] == {"parameter": name, "detail": "it is given twice", "mend": "Give it once."}


@with_fields
async def test_a_body_with_an_unknown_field_or_of_another_form(operator: Operator, op: Operation):
    example, url = example_of(op), op.url
    told = await operator.refused(422, op.method, url, {**example, "colour": "red"})
    assert told["errors"][0]["pointer"] == "/colour"
    for body in ([], "text", 1, [example]):
        await operator.refused(422, op.method, url, body)
    for content, status in ((b"{", 400), (b"\xff", 400), (b'{"reason": "\0"}', 400), (b'"\\ud800"', 422), (b" ", 400)):
        await operator.refused(status, op.method, url, content=content, headers={"Content-Type": "application/json"})
    await operator.refused(415, op.method, url, content=b"{}", headers={"Content-Type": "text/plain"})
    for name in example:
        await operator.refused(422, op.method, url, {**example, name: {"a": []}})
        await operator.refused(422, op.method, url, {**example, name: "\u0000"})


async def test_each_operation_by_a_key_that_may_only_read(operator: Operator):
    reading = {"verifyPlan", "previewPlan", "explainCall"}
    for op in OF_PRACTICES:
        if op.method != "GET" and op.told["operationId"] not in reading:
            body = example_of(op) if op.has_fields else None
            await operator.refused(403, op.method, op.url, body, key="reader")


@every_operation
def test_it_is_described_with_examples_and_errors(op: Operation):
    assert op.told["summary"]
    assert op.told["description"]
    assert {"400", "401", "403", "404", "406", "500", "503"} <= op.told["responses"].keys()
    bodies = [response for response in op.told["responses"].values() if "content" in response]
    for content in [op.told["requestBody"], *bodies] if "requestBody" in op.told else bodies:
        for kind in content["content"].values():
            schema = resolved(kind["schema"])
            items = resolved(schema.get("properties", {}).get("items", {}).get("items", {}))
            assert "example" in kind or "examples" in schema or "examples" in items, op.told["operationId"]
    assert DOCUMENT["security"] == [{"key": []}]


async def test_the_document_is_served(operator: Operator):
    assert (await operator.asks("GET", "/v1/openapi.json")).json() == DOCUMENT
