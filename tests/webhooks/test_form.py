"""A form is read as the standard library reads it."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.form import read_form

texts = st.text(st.sampled_from("ab+%=&; 2fF\u00e9\u4e2d\0\n\ud7ff"), max_size=8)


@given(pairs=st.lists(st.tuples(texts, texts), max_size=6))
def test_what_was_posted_comes_back(pairs) -> None:
    assert read_form(urlencode(pairs)) == pairs


@given(body=st.text(st.sampled_from("ab+%=&;2fFcCeE\u00e9 \0#"), max_size=30))
@pytest.mark.parametrize("quoted", ["", "%e2%82", "%zz", "&&", "=", "a", "%C3%A9=%"])
def test_whatever_is_posted_is_read_as_the_library_does(body, quoted) -> None:
    assert read_form(body + quoted) == parse_qsl(body + quoted, keep_blank_values=True)
