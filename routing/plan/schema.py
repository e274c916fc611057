"""The JSON Schema of the document, for editors and for the API's documentation."""

from typing import Any

from routing.plan.document import Document


def json_schema() -> dict[str, Any]:
    """The document's JSON Schema (draft 2020-12), its short forms included. YAML's numeric keys count as text."""
    made = Document.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
