"""`nightbell pin`: set, listed and taken away, without ever being shown."""

from tests.nightbell.conftest import Willow


def test_a_pin_is_set_listed_and_cleared(willow: Willow) -> None:
    assert "Nobody has a PIN yet" in willow("pin", "list").out
    assert "Dr. Ana Chen takes pages by calling" in willow("pin", "set", "chen", "--pin", "470219").out
    listed = willow("pin", "list").out
    assert "chen" in listed
    assert "470219" not in listed
    assert "chen has no PIN any more" in willow("pin", "clear", "chen").out


def test_what_is_refused_says_why(willow: Willow) -> None:
    assert "there are: chen" in willow("pin", "set", "ghost").err, "before the PIN is asked for"
    assert "4 to 8 digits" in willow("pin", "set", "chen", "--pin", "12").err
    assert "pin list" in willow("pin", "clear", "chen").err
