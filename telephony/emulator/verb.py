"""A TwiML document, parsed: what it asks for, apart from doing it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin


@dataclass(frozen=True, slots=True)
class Verb:
    """One element. Wrong attributes are gone already: the accessors never fail."""

    name: str
    attributes: Mapping[str, str]
    text: str
    children: tuple["Verb", ...]

    def of(self, attribute: str, default: str = "") -> str:
        """The attribute's text."""
        return self.attributes.get(attribute, default)

    def number(self, attribute: str, default: int) -> int:
        """The attribute as a whole number."""
        value = self.attributes.get(attribute)
        return default if value is None else int(value)

    def flag(self, attribute: str, *, default: bool) -> bool:
        """The attribute as true or false."""
        value = self.attributes.get(attribute)
        return default if value is None else value.strip().lower() == "true"

    def words(self, attribute: str) -> tuple[str, ...]:
        """The attribute as a list of tokens, separated by blanks."""
        return tuple(self.attributes.get(attribute, "").split())

    def method(self, attribute: str = "method") -> str:
        """The attribute as an HTTP method, POST by default."""
        return self.attributes.get(attribute, "POST").upper()

    def named(self, *names: str) -> Iterator["Verb"]:
        """The children with one of these names, in order."""
        return (child for child in self.children if child.name in names)


@dataclass(frozen=True, slots=True)
class Document:
    """The verbs of one response, and the URL that its relative URLs start from."""

    url: str
    verbs: tuple[Verb, ...]

    def resolve(self, url: str) -> str:
        """An absolute URL for one that the document names; the empty one is the document's own."""
        return urljoin(self.url, url) if url else self.url


@dataclass(frozen=True, slots=True)
class Errand:
    """What a call does next: fetch a document from a URL, or perform the one given."""

    url: str
    method: str = "POST"
    params: tuple[tuple[str, str], ...] = ()
    twiml: str | None = None
