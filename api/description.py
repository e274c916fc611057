"""The OpenAPI document: what FastAPI makes of the paths, with the errors and the key added."""

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from api.problems import MEDIA_TYPE, Details

ERRORS: Final = "x-errors"
"""An operation's own error statuses, besides those of all; replaced by the responses that they stand for."""
_REF: Final = "#/components/schemas/{model}"
_ALL: Final = {
    400: "The URL, or the form of the body, has faults.",
    401: "There is no key, or it does not work.",
    403: "The key is for another practice, or may only read.",
    404: "There is no such thing.",
    406: "JSON is not accepted.",
    500: "The server failed.",
    503: "The database does not answer; try again.",
}
_OF_BODIES: Final = {
    413: "The body is too long.",
    415: "The body is of another kind, or compressed.",
    422: "The body has faults, each with its place and its mend.",
}
_OWN: Final = {
    409: "It cannot be done as things are now.",
    412: "The draft was changed by somebody else; get it again.",
    428: "Say which draft you mean, with If-Match.",
}


def errors(*statuses: int) -> dict[str, Any]:
    """What `openapi_extra` takes, for an operation that answers these errors besides those of all."""
    return {ERRORS: list(statuses)}


def completed(document: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The document with error responses, the security scheme and the server's path."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    _, made = models_json_schema([(Details, "serialization")], ref_template=_REF)
    schemas.update(made["$defs"])
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["responses"] = {
        f"Error{status}": _response(status, words) for status, words in (_ALL | _OF_BODIES | _OWN).items()
    }
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "nbk_<id>_<secret>"}}
    for operation in (op for path in document["paths"].values() for op in path.values()):
        _complete(operation)
    return {**document, "servers": [{"url": prefix}], "security": [{"key": []}]}


def _complete(operation: dict[str, Any]) -> None:
    operation["responses"].pop("422", None)
    bodies = _OF_BODIES if "requestBody" in operation else ()
    for status in (*_ALL, *bodies, *operation.pop(ERRORS, ())):
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/Error{status}"}
    for response in operation["responses"].values():
        if "content" in response:
            response["headers"] = _REQUEST_ID | response.get("headers", {})


_REQUEST_ID: Final = {
    "X-Request-Id": {"description": "Also in the server's log.", "required": True, "schema": {"type": "string"}}
}


def _response(status: int, words: str) -> dict[str, Any]:
    headers = dict(_REQUEST_ID)
    if status == 401:  # noqa: PLR2004 - unauthorized
        headers["WWW-Authenticate"] = {"required": True, "schema": {"type": "string"}}
    schema = {"$ref": _REF.format(model="Details")}
    return {"description": words, "headers": headers, "content": {MEDIA_TYPE: {"schema": schema}}}
