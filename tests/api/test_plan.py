"""The plan through the API: drafts, faults, publishing, versions."""

import pytest

from tests.api.conftest import OAK, SAMPLE, YAML, Operator

NEW = SAMPLE.replace("maple-pediatrics", "elm-clinic").replace("+16175550100", "+16175550102")
FAULTY = SAMPLE.replace("go: urgent}", "go: urgnt}", 1).replace("{to: front_desk,", "{to: front_dsk,")
CHANGED = SAMPLE.replace("Thank you for calling", "Thanks for calling")


async def test_a_draft_is_saved_changed_and_thrown_away(operator: Operator):
    await operator.refused(404, "GET", "/plan/draft")
    await operator.refused(404, "DELETE", "/plan/draft")
    saved = await operator.asks("PUT", "/plan/draft", content=FAULTY, headers=YAML)
    assert saved.status_code == 204
    tag = saved.headers["ETag"]
    got = await operator.asks("GET", "/plan/draft", key="reader")
    assert (got.text, got.headers["ETag"]) == (FAULTY, tag)
    assert got.headers["Content-Type"].startswith("application/yaml")
    changed = await operator.asks("PUT", "/plan/draft", content=SAMPLE, headers=YAML | {"If-Match": tag})
    assert changed.status_code == 204
    assert changed.headers["ETag"] != tag
    gone = await operator.asks("DELETE", "/plan/draft", headers={"If-Match": changed.headers["ETag"]})
    assert gone.status_code == 204
    await operator.refused(404, "GET", "/plan/draft")


async def test_nobodys_draft_is_overwritten_unseen(operator: Operator):
    first = await operator.asks("PUT", "/plan/draft", content="a", headers=YAML)
    second = await operator.asks("PUT", "/plan/draft", content="b", headers=YAML | {"If-Match": first.headers["ETag"]})
    for method, more in (("PUT", {"content": "c"}), ("DELETE", {})):
        await operator.refused(428, method, "/plan/draft", headers=YAML if more else {}, **more)
        stale = {"If-Match": first.headers["ETag"]}
        await operator.refused(412, method, "/plan/draft", headers=stale | (YAML if more else {}), **more)
    assert (await operator.asks("GET", "/plan/draft")).text == "b"
    assert second.status_code == 204
    assert (await operator.asks("PUT", "/plan/draft", content="d", headers=YAML | {"If-Match": "*"})).status_code == 204
    await operator.asks("DELETE", "/plan/draft", headers={"If-Match": "*"})
    await operator.refused(412, "PUT", "/plan/draft", content="e", headers=YAML | {"If-Match": "*"})


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/yaml", 422),
        (b"\xff", "application/yaml", 400),
        (b"a: \0", "application/yaml", 400),
        (b"a", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_what_is_no_draft(operator: Operator, content: bytes, kind: str, status: int):
    await operator.refused(status, "PUT", "/plan/draft", content=content, headers={"Content-Type": kind})
    await operator.refused(404, "GET", "/plan/draft")


async def test_all_faults_are_told_at_once(operator: Operator):
    told = (await operator.asks("POST", "/plan/verify", content=FAULTY, headers=YAML, key="reader")).json()
    assert told["fit"] is False
    assert {fault["pointer"] for fault in told["faults"]} >= {"/flow/day/transfer/to", "/flow/night/menu/keys/1/go"}
    assert all(fault["line"] and fault["check"] and fault["mend"] for fault in told["faults"])
    assert (await operator.asks("POST", "/plan/verify", content=SAMPLE, headers=YAML)).json()["fit"] is True


async def test_the_draft_is_verified_and_published_without_a_body(operator: Operator):
    for path in ("/plan/verify", "/plan/publish"):
        await operator.refused(404, "POST", path)
    await operator.asks("PUT", "/plan/draft", content=CHANGED, headers=YAML)
    assert (await operator.asks("POST", "/plan/verify")).json()["fit"] is True
    await operator.refused(412, "POST", "/plan/publish", headers={"If-Match": '"other"'})
    made = await operator.asks("POST", "/plan/publish")
    assert (made.status_code, made.json()["version"]) == (201, 2)
    assert (await operator.asks("GET", made.headers["Location"])).json()["document"] == CHANGED
    await operator.refused(404, "GET", "/plan/draft")


async def test_publishing_is_what_apply_does(operator: Operator):
    made = await operator.asks("POST", "/plan/publish", content=CHANGED, headers=YAML)
    assert made.json() == {"practice": "maple-pediatrics", "version": 2, "is_new": True, "waived": []}
    rows = await operator.sql("SELECT version, published_by FROM plan_versions WHERE practice = 'maple-pediatrics'")
    assert [tuple(row) for row in rows] == [(1, "a test"), (2, "front desk")]
    assert operator.parts.plans.by_number("+16175550100").version == 2
    again = await operator.asks("POST", "/plan/publish", content=CHANGED, headers=YAML)
    assert (again.status_code, again.json()["is_new"], again.json()["version"]) == (200, False, 2)


async def test_a_plan_with_faults_is_refused_whole(operator: Operator):
    told = await operator.refused(422, "POST", "/plan/publish", content=FAULTY, headers=YAML)
    assert {fault["check"] for fault in told["errors"]} >= {"unknown-target"}
    assert operator.parts.plans.by_number("+16175550100").version == 1
    for text in ("a: [", "- 1", "{", "practice: &a [*a]", "a: 1\na: 2"):
        await operator.refused(422, "POST", "/plan/publish", content=text, headers=YAML)


async def test_another_practices_plan_or_number_is_refused(operator: Operator):
    told = await operator.refused(422, "POST", "/plan/publish", content=OAK, headers=YAML)
    assert told["errors"][0]["pointer"] == "/practice"
    verdict = (await operator.asks("POST", "/plan/verify", content=OAK, headers=YAML)).json()
    assert (verdict["fit"], verdict["faults"][0]["pointer"]) == (False, "/practice")
    taken = SAMPLE.replace("+16175550100", "+16175550101")
    told = await operator.refused(409, "POST", "/plan/publish", content=taken, headers=YAML)
    assert told["errors"][0]["pointer"] == "/numbers"


async def test_a_key_for_all_sets_up_a_practice(operator: Operator):
    elm = "/v1/practices/elm-clinic"
    await operator.refused(404, "GET", elm, key="every")
    await operator.asks("PUT", f"{elm}/plan/draft", content=NEW, headers=YAML, key="every")
    made = await operator.asks("POST", f"{elm}/plan/publish", key="every")
    assert made.status_code == 201
    assert (await operator.asks("GET", elm, key="every")).json()["numbers"] == ["+16175550102"]
    assert operator.parts.plans.by_number("+16175550102").practice == "elm-clinic"


async def test_versions_are_listed_in_parts(operator: Operator):
    for n in range(2, 6):
        await operator.asks("POST", "/plan/publish", content=f"{SAMPLE}# {n}\n", headers=YAML)
    seen, cursor = [], ""
    while cursor is not None:
        part = (await operator.asks("GET", f"/plan/versions?limit=2{cursor and f'&cursor={cursor}'}")).json()
        seen += [(version["version"], version["is_current"]) for version in part["items"]]
        cursor = part["next"]
    assert seen == [(5, True), (4, False), (3, False), (2, False), (1, False)]


async def test_a_cursor_is_of_its_own_list_only(operator: Operator):
    await operator.asks("POST", "/plan/publish", content=CHANGED, headers=YAML)
    cursor = (await operator.asks("GET", "/plan/versions?limit=1")).json()["next"]
    for path in (f"/closures?cursor={cursor}", "/plan/versions?cursor=x", "/plan/versions?cursor=", "/calls?cursor=%00",
                 f"/plan/versions?cursor={cursor[:-4]}AAAA", f"/plan/versions?cursor={'A' * 600}"):  # fmt: skip
        told = await operator.refused(400, "GET", path)
        assert told["errors"][0]["parameter"] == "cursor"
    for limit in ("0", "201", "x", "-1", "1e9"):
        await operator.refused(400, "GET", f"/plan/versions?limit={limit}")


async def test_a_version_that_there_is_not(operator: Operator):
    await operator.refused(404, "GET", "/plan/versions/2")
    await operator.refused(404, "GET", f"/plan/versions/{(1 << 31) - 2}")
    for odd in ("0", "x", "2147483647", "99999999999999999999"):
        await operator.refused(400, "GET", f"/plan/versions/{odd}")
