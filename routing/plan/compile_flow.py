"""From the document's nodes to those of `ivr.flow`."""

from collections.abc import Mapping

from ivr.flow import (
    Announcement,
    Choice,
    Connect,
    Field,
    HangUp,
    Inform,
    Menu,
    Message,
    Node,
    Queue,
    Survey,
    Text,
    Transfer,
)
from routing.plan.document import Document
from routing.plan.document_flow import (
    ChoiceDoc,
    ConnectDoc,
    HangUpDoc,
    InformDoc,
    MenuDoc,
    MessageDoc,
    QueueDoc,
    SurveyDoc,
    TransferDoc,
)
from routing.plan.fields import FIRST_LANGUAGE


def compile_node(document: Document, name: str) -> Node:  # noqa: PLR0911 - one for each kind of node
    """The node of that name."""
    match document.flow[name].does:
        case MenuDoc() as doc:
            return _menu(name, doc, document)
        case ConnectDoc() as doc:
            return _connect(name, doc, document)
        case MessageDoc() as doc:
            return _message(name, doc, document)
        case TransferDoc() as doc:
            return Transfer(name, doc.to, doc.busy or doc.no_answer, doc.no_answer)
        case QueueDoc() as doc:
            return _queue(name, doc)
        case InformDoc() as doc:
            return Inform(name, text(document, doc.say), doc.then, doc.emergency)
        case SurveyDoc() as doc:
            return Survey(name, text(document, doc.say), doc.then)
        case HangUpDoc() as doc:
            return HangUp(name, text(document, doc.say))


def text(document: Document, said: Mapping[str, str]) -> Text:
    """The words by language; those given without a language are in the practice's first."""
    first = document.first_language
    return Text({(first if tag == FIRST_LANGUAGE else tag): words for tag, words in said.items()})


def _menu(name: str, doc: MenuDoc, document: Document) -> Menu:
    return Menu(
        name=name,
        prompt=text(document, doc.say),
        choices=tuple(_choice(key, choice, document) for key, choice in doc.keys.items()),
        otherwise=doc.otherwise,
        tries=doc.tries,
        wait=doc.wait,
        speech=doc.speech,
    )


def _choice(key: str, doc: ChoiceDoc, document: Document) -> Choice:
    first = document.first_language
    words = {tag or first: tuple(said) for tag, said in doc.words.items()}
    return Choice(
        key=key,
        go=doc.go,
        label=text(document, doc.say) if doc.say else None,
        language=doc.language,
        words=words or None,
    )


def _connect(name: str, doc: ConnectDoc, document: Document) -> Connect:
    return Connect(
        name=name,
        policy=policy_of(document, doc) or "",
        category=doc.category,
        confirm_callback_number=doc.confirm_callback_number,
        record_reason=doc.record_reason,
    )


def policy_of(document: Document, doc: ConnectDoc) -> str | None:
    """The policy that a connect names, else its category's; None when there is none."""
    category = document.categories.get(doc.category)
    return doc.policy or (category.policy if category else None)


def _message(name: str, doc: MessageDoc, document: Document) -> Message:
    return Message(
        name=name,
        category=doc.category,
        ask=tuple(Field(field) for field in doc.ask),
        confirm_callback_number=doc.confirm_callback_number,
        record=doc.record,
        then=doc.then,
        prompt=text(document, doc.say) if doc.say else None,
    )


def _queue(name: str, doc: QueueDoc) -> Queue:
    return Queue(
        name=name,
        destination=doc.for_,
        at_most=doc.at_most,
        announce=tuple(Announcement(told) for told in doc.announce),
        otherwise=doc.otherwise,
    )
