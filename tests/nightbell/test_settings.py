import threading
from pathlib import Path

import pytest

from nightbell.settings import Settings, SettingsError, load_settings
from storage.seal import new_key_setting

SECRET = "hunter2-made-up"


@pytest.fixture(autouse=True)
def bare(environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return environment


def test_nothing_has_to_be_set_to_look_around() -> None:
    settings = load_settings()
    assert settings.api_url == "https://api.twilio.com"
    assert settings.data_dir == Path(".data")
    assert settings.tokens == ()
    assert settings.calls_per_second == 1.0


def test_the_environment_wins_over_the_file(bare, tmp_path) -> None:
    (tmp_path / "nightbell.env").write_text(
        "NIGHTBELL_PUBLIC_URL=https://file.example.org\nTWILIO_ACCOUNT_SID=AC1 # a comment\n"
    )
    bare.setenv("NIGHTBELL_PUBLIC_URL", "https://environment.example.org")
    settings = load_settings()
    assert settings.public_url == "https://environment.example.org"
    assert settings.account_sid == "AC1"


def test_another_file_can_be_named_and_must_be_there(bare, tmp_path) -> None:
    (tmp_path / "other.env").write_text("TWILIO_ACCOUNT_SID=AC2\n")
    bare.setenv("NIGHTBELL_SETTINGS", "other.env")
    assert load_settings().account_sid == "AC2"
    bare.setenv("NIGHTBELL_SETTINGS", "gone.env")
    with pytest.raises(SettingsError, match=r"NIGHTBELL_SETTINGS: there is no file gone\.env"):
        load_settings()


SECOND = {
    "NIGHTBELL_SECOND_ACCOUNT_SID": "AC2",
    "NIGHTBELL_SECOND_AUTH_TOKEN": SECRET,
    "NIGHTBELL_SECOND_NUMBER": "+16175550170",
}


def test_a_second_provider_is_set_whole(bare) -> None:
    assert not load_settings().has_second
    assert load_settings().second_tokens == ()
    for name, value in SECOND.items():
        bare.setenv(name, value)
    settings = load_settings()
    assert settings.has_second
    assert settings.second_api_url == "https://api.twilio.com"
    assert settings.second_tokens == (SECRET,)
    assert SECRET not in repr(settings)
    bare.setenv("NIGHTBELL_SECOND_API_URL", "")
    assert load_settings().second_api_url == "https://api.twilio.com"


@pytest.mark.parametrize("missing", SECOND)
def test_a_second_provider_that_lacks_something_is_told_what(bare, missing) -> None:
    for name, value in SECOND.items():
        bare.setenv(name, value if name != missing else "")
    with pytest.raises(SettingsError, match=f"a second provider needs {missing}, too") as error:
        load_settings()
    assert SECRET not in str(error.value)


def test_a_second_provider_is_no_url_alone(bare) -> None:
    bare.setenv("NIGHTBELL_SECOND_API_URL", "https://api.sydney.au1.twilio.com")
    with pytest.raises(SettingsError, match="a second provider needs NIGHTBELL_SECOND_ACCOUNT_SID, "):
        load_settings()


def test_the_same_account_is_a_second_provider_in_another_region_only(bare) -> None:
    for name, value in {**SECOND, "TWILIO_ACCOUNT_SID": "AC2"}.items():
        bare.setenv(name, value)
    with pytest.raises(SettingsError, match="another region of it with NIGHTBELL_SECOND_API_URL"):
        load_settings()
    bare.setenv("NIGHTBELL_SECOND_API_URL", "https://api.sydney.au1.twilio.com")
    assert load_settings().has_second


def test_a_moved_clock_is_refused_with_a_second_provider_that_is_twilio_itself(bare) -> None:
    for name, value in SECOND.items():
        bare.setenv(name, value)
    bare.setenv("TWILIO_API_URL", "http://127.0.0.1:8090")
    bare.setenv("NIGHTBELL_CLOCK", "2026-11-22T02:10:00-05:00")
    with pytest.raises(SettingsError, match="point NIGHTBELL_SECOND_API_URL at the emulator"):
        load_settings()


def test_a_misspelt_name_in_the_file_is_told(tmp_path) -> None:
    (tmp_path / "nightbell.env").write_text("NIGHTBELL_PUBLICURL=https://x.example.org\nTWILIO_API_KEY=other\n")
    with pytest.raises(SettingsError, match="no setting NIGHTBELL_PUBLICURL; did you mean NIGHTBELL_PUBLIC_URL"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "meant"),
    [("NIGHTBELL_OPERATOS", "NIGHTBELL_OPERATORS"), ("TWILO_AUTH_TOKEN_SECONDARY", "TWILIO_AUTH_TOKEN_SECONDARY")],
)
def test_a_misspelt_name_is_told_wherever_it_stands(bare, tmp_path, name, meant) -> None:
    bare.setenv(name, "x")
    with pytest.raises(SettingsError, match=f"the environment: there is no setting {name}; did you mean {meant}"):
        load_settings()
    bare.delenv(name)
    (tmp_path / "nightbell.env").write_text(f"{name}=x\n")
    with pytest.raises(SettingsError, match=f"nightbell.env: there is no setting {name}; did you mean {meant}"):
        load_settings()


def test_what_belongs_to_others_is_left_alone(bare) -> None:
    for name in (
        "TWILIO_API_KEY",
        "TWILIO_REGION",
        "TWILIO_EDGE",
        "NIGHTBELL_LONG_TESTS",
        "DATABASE_URL",
        "CLOCK",
        "OPERATORS",
    ):
        bare.setenv(name, "x")
    load_settings()


def test_a_file_in_another_encoding_is_told(tmp_path) -> None:
    (tmp_path / "nightbell.env").write_bytes("TWILIO_ACCOUNT_SID=Nú".encode("utf-16"))
    with pytest.raises(SettingsError, match="not UTF-8"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        (
            "NIGHTBELL_ALERTS_AGAIN_AFTER",
            "0",
            "NIGHTBELL_ALERTS_AGAIN_AFTER: Input should be greater than or equal to 1",
        ),
        ("NIGHTBELL_CALLS_PER_SECOND", "0", "NIGHTBELL_CALLS_PER_SECOND: Input should be greater than 0"),
        ("NIGHTBELL_CALLS_PER_SECOND", "fast", "NIGHTBELL_CALLS_PER_SECOND: Input should be a valid number"),
        ("NIGHTBELL_LOG_FORMAT", "xml", "NIGHTBELL_LOG_FORMAT: it takes json or text$"),
        ("NIGHTBELL_LOG_LEVEL", "chatty", "NIGHTBELL_LOG_LEVEL: it takes debug, info, warning or error$"),
        ("NIGHTBELL_OPERATORS", "me, you", r"NIGHTBELL_OPERATORS: it takes numbers .* such as \+16175550150, \+1617"),
        ("NIGHTBELL_OPERATORS_WEBHOOK", "chat", "NIGHTBELL_OPERATORS_WEBHOOK: it takes a URL .* such as https://chat"),
        ("NIGHTBELL_PROBE_FROM", "0199", r"NIGHTBELL_PROBE_FROM: it takes a number .* such as \+16175550100$"),
        ("NIGHTBELL_PUBLIC_URL", "calls.example.org", "NIGHTBELL_PUBLIC_URL: it must begin with https://"),
        ("TWILIO_API_URL", "localhost:8090", "TWILIO_API_URL: it must begin with"),
        ("NIGHTBELL_SECOND_API_URL", "localhost:8090", "NIGHTBELL_SECOND_API_URL: it must begin with"),
        ("NIGHTBELL_SECOND_NUMBER", "617 555 0170", "NIGHTBELL_SECOND_NUMBER: it takes a number with its country"),
        ("NIGHTBELL_DATABASE_URL", f"mysql://me:{SECRET}@host/x", "NIGHTBELL_DATABASE_URL must begin with postgresql"),
        ("NIGHTBELL_CLOCK", "2026-11-22T02:10:00-05:00", "refused with Twilio's own API"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_takes(bare, name, value, says) -> None:
    bare.setenv(name, value)
    with pytest.raises(SettingsError, match=says) as error:
        load_settings()
    assert SECRET not in str(error.value)


def test_all_faults_are_told_at_once(bare) -> None:
    bare.setenv("NIGHTBELL_LOG_FORMAT", "xml")
    bare.setenv("NIGHTBELL_CALLS_PER_SECOND", "0")
    with pytest.raises(SettingsError, match=r"CALLS_PER_SECOND.*LOG_FORMAT"):
        load_settings()


def test_a_moved_clock_is_for_other_apis_than_twilios(bare) -> None:
    bare.setenv("NIGHTBELL_CLOCK", "2026-11-22T02:10:00-05:00")
    bare.setenv("TWILIO_API_URL", "https://api.twilio.com/")
    with pytest.raises(SettingsError, match="rehearsals"):
        load_settings()
    bare.setenv("TWILIO_API_URL", "http://127.0.0.1:8090")
    assert load_settings().clock


def test_what_answering_needs_is_asked_for_by_name(bare) -> None:
    bare.setenv("TWILIO_ACCOUNT_SID", "AC1")
    with pytest.raises(SettingsError, match=r"^TWILIO_AUTH_TOKEN, NIGHTBELL_PUBLIC_URL must be set"):
        load_settings().require_twilio()
    bare.setenv("TWILIO_AUTH_TOKEN", SECRET)
    bare.setenv("NIGHTBELL_PUBLIC_URL", "https://calls.example.org")
    load_settings().require_twilio()


def test_no_secret_is_shown(bare) -> None:
    key = new_key_setting()
    for name in ("TWILIO_AUTH_TOKEN", "TWILIO_AUTH_TOKEN_SECONDARY"):
        bare.setenv(name, SECRET)
    bare.setenv("NIGHTBELL_DATABASE_URL", f"postgresql://me:{SECRET}@host/x")
    bare.setenv("NIGHTBELL_ENCRYPTION_KEYS", key)
    settings = load_settings()
    assert settings.tokens == (SECRET, SECRET)
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.key_ring())):
        assert SECRET not in shown
        assert key.split(":")[1] not in shown


def test_one_token_is_enough(bare) -> None:
    bare.setenv("TWILIO_AUTH_TOKEN_SECONDARY", SECRET)
    assert load_settings().tokens == (SECRET,)


def test_a_database_of_ones_own_wants_keys_of_ones_own(bare) -> None:
    bare.setenv("NIGHTBELL_DATABASE_URL", "postgresql://me@host/x")
    with pytest.raises(SettingsError, match="nightbell new-key"):
        load_settings().key_ring()
    bare.setenv("NIGHTBELL_ENCRYPTION_KEYS", "k1:c2hvcnQ=")
    with pytest.raises(SettingsError, match="5 bytes instead of 32") as error:
        load_settings().key_ring()
    assert "c2hvcnQ" not in str(error.value)


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_setting_is_an_unset_one(bare, blank) -> None:
    bare.setenv("NIGHTBELL_DATABASE_URL", blank)
    bare.setenv("NIGHTBELL_ENCRYPTION_KEYS", blank)
    settings = load_settings()
    assert (settings.database_url, settings.encryption_keys) == (None, None)


def test_the_embedded_database_gets_a_key_that_is_kept(bare, tmp_path) -> None:
    bare.setenv("NIGHTBELL_DATA_DIR", str(tmp_path / "data"))
    sealed = load_settings().key_ring().seal("f", "private")
    assert load_settings().key_ring().open("f", sealed) == "private"
    kept = tmp_path / "data/encryption.key"
    assert kept.stat().st_mode & 0o077 == 0
    assert list(kept.parent.iterdir()) == [kept]


def test_processes_that_start_at_once_get_the_same_key(tmp_path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    rings, together = [], threading.Barrier(8)

    def start() -> None:
        together.wait()
        rings.append(settings.key_ring())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ring.index("x") for ring in rings}) == 1
    assert len(rings) == 8
