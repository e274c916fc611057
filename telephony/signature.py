"""Twilio's request signature: making it, and checking it against either of two tokens.

The source of every fact is the section "Signature" of TWILIO.md: base64(HMAC-SHA1(token, URL + for each key in
case-sensitive order: key + value)), duplicates dropped and sorted; a body that is no form is covered by its SHA-256 in
the URL's ``bodySHA256``; Voice drops the port of an HTTPS URL and SMS keeps it; user information is dropped.
twilio's own ``RequestValidator.validate`` skips the body's hash for a parsed form and raises on odd values, so only its
``compute_signature`` is used here.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from twilio.request_validator import RequestValidator

HEADER = "X-Twilio-Signature"

_DEFAULT_PORTS = {"https": 443, "http": 80}


class _Form(dict[str, list[str]]):
    """A form with repeated keys, in the shape that ``compute_signature`` asks for."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def sign(url: str, params: Sequence[tuple[str, str]], token: str) -> str:
    """Sign a request as Twilio does.

    ``url`` is signed as it stands (no fragment, raw query); ``params`` are the decoded fields of a form body, blanks
    and duplicates included, and empty for GET and for bodies that are not forms.
    """
    form = _Form()
    for name, value in params:
        form.setdefault(name, []).append(value)
    return str(RequestValidator(token).compute_signature(url, form))


def verify(
    url: str,
    params: Sequence[tuple[str, str]],
    signature: object,
    tokens: Iterable[str | None],
    *,
    body: bytes | None = None,
) -> bool:
    """Tell whether ``signature`` was made by the holder of one of ``tokens`` (primary, secondary; blanks ignored).

    When the URL carries ``bodySHA256``, ``body`` must be given and hash to it, whatever the parameters. A missing
    header, bytes or any other odd value is False: nothing a stranger can send makes this raise.
    """
    if not isinstance(signature, str) or not signature.isascii():
        return False
    try:
        if not _body_matches(url, body):
            return False
        forms = _forms_of(url)
        # The first that fits ends it: which one that was is no secret.
        return any(
            compare_digest(sign(form, params, str(token)), signature) for token in tokens if token for form in forms
        )
    except (AttributeError, TypeError, ValueError):  # odd values: a broken port, a file where a text belongs
        return False


def signed_url(public_origin: str, raw_path: str | bytes, raw_query: str | bytes) -> str:
    """Build the URL that Twilio signed: the configured origin plus the raw path and query as they came in.

    Never built from Host or X-Forwarded headers, which anyone can send.
    """
    path = raw_path.decode("latin-1") if isinstance(raw_path, bytes) else raw_path
    query = raw_query.decode("latin-1") if isinstance(raw_query, bytes) else raw_query
    return public_origin.rstrip("/") + path + (f"?{query}" if query else "")


def _body_matches(url: str, body: bytes | None) -> bool:
    if "bodySHA256" not in url and "%" not in url:
        return True  # spares most webhooks a second reading of their query
    hashes = [value for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True) if name == "bodySHA256"]
    if not hashes:
        return True
    if body is None or len(hashes) > 1:
        return False
    return compare_digest(sha256(body).hexdigest().encode(), hashes[0].lower().encode())


def _forms_of(url: str) -> tuple[str, ...]:
    """The URL as it stands, without its port, and with it spelled out, since Twilio's products differ; likely first."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    bare = host if parts.port is None else host.rpartition(":")[0]
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    hosts = [host, f"{bare}:{port}"]
    if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} or parts.scheme == "https":
        hosts.insert(0, bare)
    return tuple(_with_host(parts, each) for each in dict.fromkeys(hosts))


def _with_host(parts: SplitResult, host: str) -> str:
    return urlunsplit(parts._replace(netloc=host, fragment=""))
