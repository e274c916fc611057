import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import SealError
from storage.seal import KeyRing, KeySettingError, new_key_setting

OLD, NEW = new_key_setting(), new_key_setting()
RING = KeyRing.from_setting(OLD)
PRIVATE = "+16175550180"

texts = st.text(st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(plain=texts, field=st.sampled_from(["calls.caller", "é"]))
def test_what_was_sealed_is_opened(plain, field) -> None:
    sealed = RING.seal(field, plain)
    assert RING.open(field, sealed) == plain
    assert sealed != RING.seal(field, plain)  # equal values do not show
    assert len(plain) < 6 or plain.encode() not in sealed


@given(value=json_values)
def test_json_too(value) -> None:
    assert RING.open_json("messages.fields", RING.seal_json("messages.fields", value)) == value


@given(data=st.data())
def test_any_change_is_noticed(data) -> None:
    sealed = bytearray(RING.seal("calls.caller", PRIVATE))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealError) as error:
        RING.open("calls.caller", bytes(sealed))
    assert PRIVATE not in str(error.value)


@given(rest=st.binary(max_size=40))
def test_no_bytes_at_all_are_opened_or_break_anything(rest) -> None:
    for sealed in (rest, RING.seal("f", PRIVATE)[: len(rest)]):
        with pytest.raises(SealError):
            RING.open("f", sealed)


def test_a_value_cannot_be_moved_to_another_field() -> None:
    with pytest.raises(SealError, match=r"calls\.callback: the sealed value was changed, or belongs to another field"):
        RING.open("calls.callback", RING.seal("calls.caller", PRIVATE))


def test_a_key_that_is_gone_is_named_by_its_id() -> None:
    with pytest.raises(SealError, match=OLD.split(":", maxsplit=1)[0]) as error:
        KeyRing.from_setting(NEW).open("calls.caller", RING.seal("calls.caller", PRIVATE))
    assert OLD.split(":")[1] not in str(error.value)


def test_keys_are_rotated_with_the_new_one_first() -> None:
    rotated = KeyRing.from_setting(f"{NEW}, {OLD}")
    assert rotated.open("calls.caller", RING.seal("calls.caller", PRIVATE)) == PRIVATE
    assert KeyRing.from_setting(NEW).open("f", rotated.seal("f", PRIVATE)) == PRIVATE
    assert rotated.indexes(PRIVATE) == [KeyRing.from_setting(NEW).index(PRIVATE), RING.index(PRIVATE)]


def test_the_blind_index_is_equal_for_equal_values_only_and_tells_nothing() -> None:
    assert RING.index(PRIVATE) == RING.index(PRIVATE)
    assert RING.index(PRIVATE) != RING.index("+16175550181")
    assert RING.index(PRIVATE) != KeyRing.from_setting(NEW).index(PRIVATE)
    assert len(RING.index(PRIVATE)) == 16


def test_a_new_key_is_new() -> None:
    assert new_key_setting() != new_key_setting()


SHORT = base64.urlsafe_b64encode(b"sixteen bytes ..").decode()


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("", "no key given"),
        (" , ", "expected `id:key`"),
        ("justakey", "entry 1: expected `id:key`"),
        (f":{SHORT}", "entry 1: expected `id:key`"),
        (f"{OLD},{'i' * 64}:{SHORT}", "entry 2: expected `id:key`"),
        (f"k1:{SHORT}", "16 bytes instead of 32"),
        ("k1:abc", "entry 1: the key is not base64"),
        ("k1:ключ", "entry 1: the key is not base64"),
        (f"{OLD},{OLD}", "two keys have the same id"),
    ],
)
def test_a_wrong_setting_is_explained_without_the_key(setting, says) -> None:
    with pytest.raises(KeySettingError, match=says) as error:
        KeyRing.from_setting(setting)
    for secret in (SHORT, OLD.split(":")[1], "justakey", "ключ"):
        assert secret not in str(error.value)


def test_the_ring_does_not_show_its_keys() -> None:
    assert OLD.split(":")[1] not in repr(RING)
    assert OLD.split(":")[1] not in repr(RING._keys)
