"""Keys: without one nothing opens, and none opens more than it should."""

import pytest
from whenever import TimeDelta

from storage import api_keys, audit
from tests.api.conftest import MAPLE, NIGHT, Operator, make_key


async def test_a_key_opens_its_practice(operator: Operator):
    answer = await operator.asks("GET", "")
    assert answer.json() == {
        "id": "maple-pediatrics",
        "name": "Maple Pediatrics",
        "numbers": ["+16175550100"],
        "timezone": "America/New_York",
        "version": 1,
    }
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("key", [None, "nbk_000000000000_" + "0" * 64, "nbk_", "x\x80", "nbk_a_b", " "])
@pytest.mark.parametrize("path", ["", "/v1/practices", "/v1/openapi.json", "/v1/nowhere", "/v1/"])
async def test_nothing_opens_without_a_key(operator: Operator, key: str | None, path: str):
    headers = {"Authorization": b"Bearer x\xff"} if key == "x\x80" else {}
    answer = await operator.asks("GET", path, key=None if headers else key, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="nightbell"'


async def test_a_key_with_a_wrong_secret_opens_nothing(operator: Operator):
    key = operator.keys.maple
    await operator.refused(401, "GET", "", key=key[:-1] + ("0" if key[-1] != "0" else "1"))


async def test_a_key_is_not_taken_from_basic_credentials_or_the_url(operator: Operator):
    await operator.refused(401, "GET", "", key=None, headers={"Authorization": f"Basic {operator.keys.maple}"})
    await operator.refused(401, "GET", f"?access_token={operator.keys.maple}", key=None)


async def test_an_expired_key_opens_nothing(operator: Operator):
    key = await make_key(operator.parts, None, expires=NIGHT + TimeDelta(hours=1))
    assert (await operator.asks("GET", "", key=key)).status_code == 200
    operator.clock.at = NIGHT + TimeDelta(hours=1)
    await operator.refused(401, "GET", "", key=key)


async def test_a_revoked_key_opens_nothing_from_its_next_request_on(operator: Operator):
    number = operator.keys.maple.split("_")[1]
    async with operator.parts.database.transaction() as connection:
        await api_keys.revoke(connection, number, "Dana", NIGHT)
        await api_keys.revoke(connection, number, "Dana", NIGHT)
    await operator.refused(401, "GET", "")
    rows = await operator.sql("SELECT actor, action, subject FROM audit ORDER BY id")
    assert [tuple(row) for row in rows][-1] == ("Dana", "revoke API key", number)
    assert [row.action for row in rows].count("create API key") == 4
    assert [row.action for row in rows].count("revoke API key") == 1


async def test_a_key_is_stored_as_a_hash_only(operator: Operator):
    rows = await operator.sql("SELECT api_keys::text AS row FROM api_keys")
    secrets = [token.split("_")[2] for token in (operator.keys.every, operator.keys.maple)]
    assert not any(secret in row.row for row in rows for secret in secrets)


async def test_the_last_use_is_noted_once_a_minute(operator: Operator):
    async def last() -> object:
        (row,) = await operator.sql("SELECT last_used_at FROM api_keys WHERE name = 'front desk'")
        return row.last_used_at

    assert await last() is None
    for seconds, noted in ((0, 0), (59, 0), (60, 60)):
        operator.clock.at = NIGHT + TimeDelta(seconds=seconds)
        await operator.asks("GET", "")
        assert await last() == (NIGHT + TimeDelta(seconds=noted)).to_stdlib()


async def test_a_key_of_one_practice_cannot_tell_whether_another_exists(operator: Operator):
    told = [await operator.refused(403, "GET", f"/v1/practices/{name}") for name in ("oak-street", "nowhere", "a%00b")]
    assert len({answer["detail"] for answer in told}) == 1
    listed = (await operator.asks("GET", "/v1/practices")).json()["items"]
    assert [practice["id"] for practice in listed] == ["maple-pediatrics"]


async def test_a_key_for_all_sees_all_and_is_told_what_there_is_not(operator: Operator):
    listed = (await operator.asks("GET", "/v1/practices", key="every")).json()["items"]
    assert [practice["id"] for practice in listed] == ["maple-pediatrics", "oak-street"]
    for name in ("nowhere", "a%00b", "x" * 65):
        await operator.refused(404, "GET", f"/v1/practices/{name}", key="every")


async def test_the_audit_trail_holds(operator: Operator):
    async with operator.parts.database.transaction() as connection:
        assert await audit.verify(connection) == (4, None)


async def test_no_path_of_calls_wants_a_key(operator: Operator):
    assert (await operator.http.get("/healthz")).status_code == 200
    assert (await operator.http.post("/twilio/voice")).status_code == 403
    assert "X-Request-Id" not in (await operator.http.get("/healthz")).headers
    assert (await operator.asks("GET", MAPLE)).status_code == 200
