"""Who is told when the server needs a person, and at which numbers in turn."""

from dataclasses import replace

import pytest
from whenever import Instant, hours

from escalation.policy import Target, TargetKind
from escalation.roster import Facts
from routing.operators import Operator, listed, operator_at, operators_of
from routing.plan import Plan, compile_plan, json_schema, read
from tests.routing.conftest import Edit

WRITTEN = 'operators: {sms: ["+16175550190"]}'
NIGHT = Instant.from_utc(2026, 11, 22, 7, 10)
"""Chen is on call, Osei the backup."""
CHEN, OSEI, OSEI_LANDLINE, OPERATOR = "+16175550121", "+16175550122", "+16175550132", "+16175550190"
BACKUP = Operator(OSEI, (OSEI, OSEI_LANDLINE), "Dr. Kofi Osei")


def plan(edit: Edit, written: str) -> Plan:
    return compile_plan(read(edit((WRITTEN, f"operators: {{{written}}}"))))


def test_whoever_is_on_call_at_that_moment_and_the_listed_numbers_each_once(edit: Edit) -> None:
    made = plan(edit, f'page: [backup, osei], sms: ["{OPERATOR}", "{OSEI_LANDLINE}", "{OPERATOR}"], call: true')
    assert made.operators.page[0] == Target(TargetKind.SCHEDULE, "backup")
    assert operators_of(made, NIGHT) == [BACKUP, listed(OPERATOR)]
    names = {one.name for one in operators_of(made, NIGHT + hours(24 * 7))}
    assert names == {"Dr. Mira Patel", "Dr. Kofi Osei", ""}


def test_one_name_is_a_list_of_one_and_nobody_is_nobody(edit: Edit, maple: Plan) -> None:
    assert [one.name for one in operators_of(plan(edit, "page: chen"), NIGHT)] == ["Dr. Ana Chen"]
    assert operators_of(maple, NIGHT) == [Operator(OPERATOR, (OPERATOR,))]
    assert operators_of(plan(edit, ""), NIGHT) == []


def test_who_answered_stop_is_only_rung(edit: Edit) -> None:
    made = plan(edit, "page: backup")
    roster = replace(made.escalation.roster, numbers={OSEI: Facts(stopped=True)})
    stopped = replace(made, escalation=replace(made.escalation, roster=roster))
    assert operators_of(stopped, NIGHT) == [replace(BACKUP, sms="")]


@pytest.mark.parametrize(
    ("tried", "following"), [("", OSEI), (OSEI, OSEI_LANDLINE), (OSEI_LANDLINE, ""), ("+16175550199", "")]
)
def test_numbers_are_rung_one_after_the_other(tried: str, following: str) -> None:
    assert BACKUP.after(tried) == following


def test_a_number_is_its_owner_s_whether_on_call_or_not(maple: Plan) -> None:
    assert operator_at(maple, OSEI_LANDLINE) == BACKUP
    assert operator_at(maple, OPERATOR) == listed(OPERATOR)


def test_the_schema_describes_every_way_to_tell_them() -> None:
    fields = json_schema()["$defs"]["OperatorsDoc"]["properties"]
    assert all(fields[name]["description"] for name in ("page", "sms", "call", "webhook"))
