"""Settings: from the environment, and from an optional file of the same names. The environment wins."""

import os
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Final, Self

from dotenv import dotenv_values
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from calendars.guard import networks_of
from storage.database import sqlalchemy_url
from storage.seal import KeyRing, KeySettingError, new_key_setting
from telephony.transport import TWILIO_API

FILE_SETTING: Final = "NIGHTBELL_SETTINGS"
DEFAULT_FILE: Final = "nightbell.env"


_NUMBER: Final = r"\+[1-9]\d{6,14}"
NEARLY: Final = 0.9
"""How alike a name must be to one of ours to be a misspelt one. TWILIO_API_KEY is less so."""
_SCHEMES: Final = ("https://", "http://")
_ONE_NUMBER: Final = "a number with its country, such as +16175550100"


class SettingsError(Exception):
    """A setting is missing or wrong. The message says which, and what it takes; it never shows a secret."""


def _named(name: str) -> AliasChoices:
    return AliasChoices(name, name.lower())


class Settings(BaseSettings):
    """Every setting, with its name in the environment as the alias."""

    # By their own names the fields are set in code only: the prefix keeps others' `DATABASE_URL` or `CLOCK` out.
    model_config = SettingsConfigDict(
        extra="ignore", populate_by_name=True, env_prefix="nightbell_field_", env_file_encoding="utf-8"
    )

    account_sid: Annotated[str, Field(validation_alias=_named("TWILIO_ACCOUNT_SID"))] = ""
    auth_token: Annotated[SecretStr, Field(validation_alias=_named("TWILIO_AUTH_TOKEN"))] = SecretStr("")
    auth_token_secondary: Annotated[SecretStr, Field(validation_alias=_named("TWILIO_AUTH_TOKEN_SECONDARY"))] = (
        SecretStr("")
    )
    api_url: Annotated[str, Field(validation_alias=_named("TWILIO_API_URL"))] = TWILIO_API
    second_account_sid: Annotated[str, Field(validation_alias=_named("NIGHTBELL_SECOND_ACCOUNT_SID"))] = ""
    second_auth_token: Annotated[SecretStr, Field(validation_alias=_named("NIGHTBELL_SECOND_AUTH_TOKEN"))] = SecretStr(
        ""
    )
    second_api_url: Annotated[str, Field(validation_alias=_named("NIGHTBELL_SECOND_API_URL"))] = TWILIO_API
    second_number: Annotated[
        str,
        Field(validation_alias=_named("NIGHTBELL_SECOND_NUMBER"), pattern=rf"^({_NUMBER})?$", description=_ONE_NUMBER),
    ] = ""
    public_url: Annotated[str, Field(validation_alias=_named("NIGHTBELL_PUBLIC_URL"))] = ""
    database_url: Annotated[SecretStr | None, Field(validation_alias=_named("NIGHTBELL_DATABASE_URL"))] = None
    data_dir: Annotated[Path, Field(validation_alias=_named("NIGHTBELL_DATA_DIR"))] = Path(".data")
    encryption_keys: Annotated[SecretStr | None, Field(validation_alias=_named("NIGHTBELL_ENCRYPTION_KEYS"))] = None
    clock: Annotated[str, Field(validation_alias=_named("NIGHTBELL_CLOCK"))] = ""
    calls_per_second: Annotated[float, Field(validation_alias=_named("NIGHTBELL_CALLS_PER_SECOND"), gt=0, le=1000)] = (
        1.0
    )
    operators: Annotated[
        str,
        Field(
            validation_alias=_named("NIGHTBELL_OPERATORS"),
            pattern=rf"^({_NUMBER}\s*(,\s*|$))*$",
            description="numbers with their country, separated by commas, such as +16175550150, +16175550151",
        ),
    ] = ""
    fallback_dir: Annotated[Path | None, Field(validation_alias=_named("NIGHTBELL_FALLBACK_DIR"))] = None
    fallback_url: Annotated[str, Field(validation_alias=_named("NIGHTBELL_FALLBACK_URL"))] = ""
    operators_webhook: Annotated[
        str,
        Field(
            validation_alias=_named("NIGHTBELL_OPERATORS_WEBHOOK"),
            pattern=r"^(https?://[^\s/@]+(/\S*)?)?$",
            description="a URL without a name or a password in it, such as https://chat.example.org/hooks/nightbell",
        ),
    ] = ""
    probe_key: Annotated[SecretStr, Field(validation_alias=_named("NIGHTBELL_PROBE_KEY"))] = SecretStr("")
    probe_from: Annotated[
        str,
        Field(validation_alias=_named("NIGHTBELL_PROBE_FROM"), pattern=rf"^({_NUMBER})?$", description=_ONE_NUMBER),
    ] = ""
    webhook_secret: Annotated[SecretStr, Field(validation_alias=_named("NIGHTBELL_WEBHOOK_SECRET"))] = SecretStr("")
    alerts_again_after: Annotated[
        int, Field(validation_alias=_named("NIGHTBELL_ALERTS_AGAIN_AFTER"), ge=1, le=1440)
    ] = 15
    """Minutes."""
    calendar_networks: Annotated[str, Field(validation_alias=_named("NIGHTBELL_CALENDAR_NETWORKS"))] = ""
    log_format: Annotated[
        str, Field(validation_alias=_named("NIGHTBELL_LOG_FORMAT"), pattern="^(json|text)$", description="json or text")
    ] = "text"
    log_level: Annotated[
        str,
        Field(
            validation_alias=_named("NIGHTBELL_LOG_LEVEL"),
            pattern="^(debug|info|warning|error)$",
            description="debug, info, warning or error",
        ),
    ] = "info"

    @field_validator("database_url", "encryption_keys", mode="after")
    @classmethod
    def _blank_is_unset(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value is not None and value.get_secret_value().strip() else None

    @field_validator("database_url", mode="after")
    @classmethod
    def _only_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            sqlalchemy_url(value.get_secret_value())
        return value

    @field_validator("fallback_dir", mode="before")
    @classmethod
    def _blank_folder_is_unset(cls, value: object) -> object:
        return value or None

    @field_validator("second_api_url", mode="before")
    @classmethod
    def _blank_url_is_twilios(cls, value: object) -> object:
        return value or TWILIO_API

    @field_validator("public_url", "fallback_url", mode="after")
    @classmethod
    def _with_scheme(cls, value: str) -> str:
        if value and not value.startswith(_SCHEMES):
            raise ValueError("it must begin with https://, as Twilio is to call it, such as https://calls.example.org")
        return value

    @field_validator("api_url", "second_api_url", mode="after")
    @classmethod
    def _an_api(cls, value: str) -> str:
        if value and not value.startswith(_SCHEMES):
            raise ValueError(
                f"it must begin with https://, such as {TWILIO_API}; an emulator is at http://127.0.0.1:8090"
            )
        return value

    @field_validator("calendar_networks", mode="after")
    @classmethod
    def _networks(cls, value: str) -> str:
        try:
            networks_of(value)
        except ValueError:
            raise ValueError("it takes networks, such as 10.1.0.0/16, fd00::/8") from None
        return value

    @model_validator(mode="after")
    def _no_moved_clock_on_real_calls(self) -> Self:
        urls = {"TWILIO_API_URL": self.api_url}
        if self.has_second:
            urls["NIGHTBELL_SECOND_API_URL"] = self.second_api_url
        for name, url in urls.items():
            if self.clock and url.rstrip("/") == TWILIO_API:
                raise ValueError(
                    "NIGHTBELL_CLOCK moves the clock, which is for rehearsals: it is refused with Twilio's own API. "
                    f"Unset it, or point {name} at the emulator"
                )
        return self

    @model_validator(mode="after")
    def _second_provider_is_whole(self) -> Self:
        parts = {
            "NIGHTBELL_SECOND_ACCOUNT_SID": self.second_account_sid,
            "NIGHTBELL_SECOND_AUTH_TOKEN": self.second_auth_token.get_secret_value(),
            "NIGHTBELL_SECOND_NUMBER": self.second_number,
        }
        missing = [name for name, value in parts.items() if not value]
        if missing and (len(missing) < len(parts) or self.second_api_url.rstrip("/") != TWILIO_API):
            raise ValueError(f"a second provider needs {', '.join(missing)}, too; or unset all of NIGHTBELL_SECOND_...")
        there = (self.second_account_sid, self.second_api_url.rstrip("/"))
        if not missing and there == (self.account_sid, self.api_url.rstrip("/")):
            raise ValueError(
                "NIGHTBELL_SECOND_ACCOUNT_SID is the first provider's: take another account, or another region of it "
                "with NIGHTBELL_SECOND_API_URL"
            )
        return self

    @property
    def has_second(self) -> bool:
        """Whether a second provider is set."""
        return bool(self.second_account_sid)

    @property
    def operator_numbers(self) -> tuple[str, ...]:
        """Who is texted when the server, or a practice that names no operators, needs a person."""
        return tuple(number.strip() for number in self.operators.split(",") if number.strip())

    @property
    def tokens(self) -> tuple[str, ...]:
        """The first provider's auth tokens that webhooks may be signed with."""
        both = (self.auth_token.get_secret_value(), self.auth_token_secondary.get_secret_value())
        return tuple(token for token in both if token)

    @property
    def second_tokens(self) -> tuple[str, ...]:
        """The second provider's likewise; none without one."""
        return (self.second_auth_token.get_secret_value(),) if self.has_second else ()

    def require_twilio(self) -> None:
        """Raise SettingsError unless webhooks can be checked and calls placed."""
        missing = [
            name
            for name, value in (
                ("TWILIO_ACCOUNT_SID", self.account_sid),
                ("TWILIO_AUTH_TOKEN", self.auth_token.get_secret_value()),
                ("NIGHTBELL_PUBLIC_URL", self.public_url),
            )
            if not value
        ]
        if missing:
            raise SettingsError(
                f"{', '.join(missing)} must be set: in the environment, or in the file {DEFAULT_FILE} "
                f"(another file: {FILE_SETTING}). The README lists them under 'Settings'."
            )

    def key_ring(self) -> KeyRing:
        """The keys for patient data. With the embedded database a first key is made and kept in the data folder.

        Raises SettingsError: a database of one's own wants keys of one's own, kept apart from it.
        """
        try:
            if self.encryption_keys is not None and self.encryption_keys.get_secret_value():
                return KeyRing.from_setting(self.encryption_keys.get_secret_value())
            if self.database_url is not None:
                raise SettingsError(
                    "NIGHTBELL_ENCRYPTION_KEYS must be set with NIGHTBELL_DATABASE_URL; "
                    "make one with `nightbell new-key`"
                )
            return KeyRing.from_setting(_kept_key(self.data_dir / "encryption.key"))
        except KeySettingError as error:
            raise SettingsError(str(error)) from error


def _kept_key(path: Path) -> str:
    """The key in the file, which is made when it is not there. Whole or not at all: others may start just now."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent, prefix=path.name) as file:  # readable to its owner alone
            file.write(new_key_setting() + "\n")
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text().strip()


def load_settings() -> Settings:
    """The settings of this process. Raises SettingsError with every fault."""
    file = os.environ.get(FILE_SETTING, DEFAULT_FILE)
    if FILE_SETTING in os.environ and not Path(file).is_file():
        raise SettingsError(f"{FILE_SETTING}: there is no file {file}")
    try:
        _refuse_unknown(file)
        return Settings(_env_file=file)
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}: it is not UTF-8 text (byte {error.start})") from None
    except ValidationError as error:
        faults = [f"{_where(fault['loc'])}: {_what(fault)}" for fault in error.errors()]
        raise SettingsError("; ".join(faults).removeprefix("settings: ")) from None


def _what(fault: ErrorDetails) -> str:
    """What the setting takes, in words; a pattern is for machines."""
    if fault["type"] == "string_pattern_mismatch":
        fields = Settings.model_fields.values()
        return next(f"it takes {f.description}" for f in fields if str(fault["loc"][0]) in _aliases(f))
    return fault["msg"].removeprefix("Value error, ")


def _refuse_unknown(file: str) -> None:
    """Raise SettingsError for a name that is nearly one of ours: what it was to set would silently stay as it is.

    In the file, any unknown name with our prefix; in the environment, where others put theirs, what is nearly one.
    """
    known = {str(alias) for field in Settings.model_fields.values() for alias in _aliases(field)} | {FILE_SETTING}
    written = dotenv_values(file, encoding="utf-8") if Path(file).is_file() else {}
    for where, names in ((file, written), ("the environment", os.environ)):
        unknown = [name for name in names if name.upper() not in known]
        near = {name: get_close_matches(name.upper(), known, 1, NEARLY) for name in unknown}
        ours = [name for name in unknown if near[name] or (names is written and name.upper().startswith("NIGHTBELL_"))]
        if ours:
            meant = near[ours[0]] or get_close_matches(ours[0].upper(), known, 1)
            mend = f"; did you mean {meant[0]}?" if meant else ""
            raise SettingsError(f"{where}: there is no setting {', '.join(ours)}{mend}")


def _aliases(field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    return [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else []


def _where(location: tuple[int | str, ...]) -> str:
    return str(location[0]) if location else "settings"
