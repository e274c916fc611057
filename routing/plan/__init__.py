"""The plan: one practice's configuration, read from its document, checked, and compiled."""

from routing.plan.beside import Beside, with_beside
from routing.plan.compile import compile_plan
from routing.plan.document import Document
from routing.plan.faults import Fault, PlanFaults
from routing.plan.plan import CallerIs, Category, Destination, LinesAre, Operators, Plan, Route
from routing.plan.publish import Publishable, Waived, check, publishable
from routing.plan.reading import read
from routing.plan.schema import json_schema

__all__ = [
    "Beside",
    "CallerIs",
    "Category",
    "Destination",
    "Document",
    "Fault",
    "LinesAre",
    "Operators",
    "Plan",
    "PlanFaults",
    "Publishable",
    "Route",
    "Waived",
    "check",
    "compile_plan",
    "json_schema",
    "publishable",
    "read",
    "with_beside",
]
