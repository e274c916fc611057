"""Signatures: the known vectors, the odd values, and twilio's own computation."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from telephony.signature import sign, signed_url, verify

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
PARAMS = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
DUPLICATED = [
    ("Sid", "CA123"),
    ("SidAccount", "AC123"),
    ("Digits", "5678"),
    ("Digits", "1234"),
    ("Digits", "1234"),
]


def test_known_vector():
    assert sign(URL, PARAMS, "12345") == SIGNATURE
    assert verify(URL, PARAMS, SIGNATURE, ["12345"])


def test_known_vector_with_duplicates():
    # TWILIO.md reads as if the other parameters stayed; the vector is of these five alone.
    assert sign(URL, DUPLICATED, "12345") == "IK+Dwps556ElfBT0I3Rgjkr1wJU="
    assert verify(URL, list(reversed(DUPLICATED)), "IK+Dwps556ElfBT0I3Rgjkr1wJU=", ["12345"])


def test_either_token_will_do():
    assert verify(URL, PARAMS, SIGNATURE, ["new-one", "12345"])
    assert verify(URL, PARAMS, SIGNATURE, ["12345", None])
    assert not verify(URL, PARAMS, SIGNATURE, ["new-one", None, ""])
    assert not verify(URL, PARAMS, SIGNATURE, [])


def test_blank_token_never_opens():
    assert not verify(URL, PARAMS, sign(URL, PARAMS, ""), ["", None])


def test_blanks_are_signed():
    with_blanks = [*PARAMS, ("ToCity", ""), ("FromZip", "")]
    assert sign(URL, with_blanks, "12345") != SIGNATURE
    assert verify(URL, with_blanks, sign(URL, with_blanks, "12345"), ["12345"])
    assert not verify(URL, PARAMS, sign(URL, with_blanks, "12345"), ["12345"])


@pytest.mark.parametrize(
    "changed",
    [
        [*PARAMS, ("Extra", "1")],
        PARAMS[1:],
        [("CallSid", "CA1234567890ABCDF"), *PARAMS[1:]],
        [],
    ],
)
def test_changed_parameters_are_refused(changed):
    assert not verify(URL, changed, SIGNATURE, ["12345"])


@pytest.mark.parametrize("odd", [None, b"RSOYDt4T1cUTdK1PDd93/VVr8B8=", "", 7, ["x"], "ünicode", SIGNATURE + "\n"])
def test_odd_headers_are_refused(odd):
    assert verify(URL, PARAMS, odd, ["12345"]) is False


@pytest.mark.parametrize("odd", [[("A", b"bytes")], [("A", None)], [("A", ["1"])], [(1, "2")], "nonsense", [("A",)]])
def test_odd_parameters_are_refused(odd):
    assert verify(URL, odd, SIGNATURE, ["12345"]) is False


@pytest.mark.parametrize("odd", ["https://host:99999/x", "https://[broken/x", "", "https://host:port/x"])
def test_odd_urls_are_refused(odd):
    assert verify(odd, PARAMS, SIGNATURE, ["12345"]) is False


def test_port_may_be_signed_or_not():
    with_port = URL.replace("mycompany.com", "mycompany.com:443")
    other_port = URL.replace("mycompany.com", "mycompany.com:8443")
    assert verify(with_port, PARAMS, sign(URL, PARAMS, "t"), ["t"])
    assert verify(URL, PARAMS, sign(with_port, PARAMS, "t"), ["t"])
    assert verify(other_port, PARAMS, sign(URL, PARAMS, "t"), ["t"])
    assert verify(other_port, PARAMS, sign(other_port, PARAMS, "t"), ["t"])
    assert not verify(URL, PARAMS, sign(other_port, PARAMS, "t"), ["t"])


def test_user_information_is_dropped():
    assert verify(URL.replace("https://", "https://me:secret@"), PARAMS, sign(URL, PARAMS, "t"), ["t"])


def test_body_hash_is_checked_even_with_parameters():
    body = b'{"a": 1}'
    url = f"{URL}&bodySHA256={hashlib.sha256(body).hexdigest()}"
    assert verify(url, [], sign(url, [], "t"), ["t"], body=body)
    assert not verify(url, [], sign(url, [], "t"), ["t"], body=body + b" ")
    assert not verify(url, [], sign(url, [], "t"), ["t"])
    assert not verify(url, PARAMS, sign(url, PARAMS, "t"), ["t"], body=b"other")
    twice = f"{url}&bodySHA256=0"
    assert not verify(twice, [], sign(twice, [], "t"), ["t"], body=body)


def test_signed_url_is_built_from_the_configured_origin():
    assert signed_url("https://night.example/", b"/twilio/voice", b"a=%20b&c=") == (
        "https://night.example/twilio/voice?a=%20b&c="
    )
    assert signed_url("https://night.example", "/twilio/voice", "") == "https://night.example/twilio/voice"


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.dictionaries(st.text("abcXYZ019_", min_size=1, max_size=8), _TEXT), _TEXT.filter(bool))
def test_agrees_with_twilio_for_ordinary_forms(form, token):
    assert sign(URL, list(form.items()), token) == RequestValidator(token).compute_signature(URL, form)
    assert verify(URL, list(form.items()), sign(URL, list(form.items()), token), [token])


def test_is_the_documented_construction():
    text = URL + "".join(name + value for name, value in sorted(PARAMS))
    digest = hmac.new(b"12345", text.encode(), hashlib.sha1).digest()
    assert sign(URL, PARAMS, "12345") == base64.b64encode(digest).decode()
