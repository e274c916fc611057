"""Settings: from the environment, and from an optional file of the same names. The environment wins."""

import os
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from storage.seal import KeyRing, KeySettingError, new_key_setting
from telephony.transport import TWILIO_API

FILE_SETTING: Final = "NIGHTBELL_SETTINGS"
DEFAULT_FILE: Final = "nightbell.env"


class SettingsError(Exception):
    """A setting is missing or wrong. The message says which, and what it takes; it never shows a secret."""


def _named(name: str) -> AliasChoices:
    return AliasChoices(name, name.lower())


class Settings(BaseSettings):
    """Every setting, with its name in the environment as the alias."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, env_file_encoding="utf-8")

    account_sid: Annotated[str, Field(validation_alias=_named("TWILIO_ACCOUNT_SID"))] = ""
    auth_token: Annotated[SecretStr, Field(validation_alias=_named("TWILIO_AUTH_TOKEN"))] = SecretStr("")
    auth_token_secondary: Annotated[SecretStr, Field(validation_alias=_named("TWILIO_AUTH_TOKEN_SECONDARY"))] = (
        SecretStr("")
    )
    api_url: Annotated[str, Field(validation_alias=_named("TWILIO_API_URL"))] = TWILIO_API
    public_url: Annotated[str, Field(validation_alias=_named("NIGHTBELL_PUBLIC_URL"))] = ""
    database_url: Annotated[SecretStr | None, Field(validation_alias=_named("NIGHTBELL_DATABASE_URL"))] = None
    data_dir: Annotated[Path, Field(validation_alias=_named("NIGHTBELL_DATA_DIR"))] = Path(".data")
    encryption_keys: Annotated[SecretStr | None, Field(validation_alias=_named("NIGHTBELL_ENCRYPTION_KEYS"))] = None
    clock: Annotated[str, Field(validation_alias=_named("NIGHTBELL_CLOCK"))] = ""
    calls_per_second: Annotated[float, Field(validation_alias=_named("NIGHTBELL_CALLS_PER_SECOND"), gt=0, le=1000)] = (
        1.0
    )
    operators: Annotated[
        str, Field(validation_alias=_named("NIGHTBELL_OPERATORS"), pattern=r"^(\+[1-9]\d{6,14}\s*(,\s*|$))*$")
    ] = ""
    log_format: Annotated[str, Field(validation_alias=_named("NIGHTBELL_LOG_FORMAT"), pattern="^(json|text)$")] = "text"
    log_level: Annotated[
        str, Field(validation_alias=_named("NIGHTBELL_LOG_LEVEL"), pattern="^(debug|info|warning|error)$")
    ] = "info"

    @model_validator(mode="after")
    def _no_moved_clock_on_real_calls(self) -> Self:
        if self.clock and self.api_url.rstrip("/") == TWILIO_API:
            raise ValueError(
                "NIGHTBELL_CLOCK moves the clock, which is for rehearsals: it is refused with Twilio's own API. "
                "Unset it, or point TWILIO_API_URL at the emulator"
            )
        return self

    @property
    def operator_numbers(self) -> tuple[str, ...]:
        """Who is texted when the server, or a practice that names no operators, needs a person."""
        return tuple(number.strip() for number in self.operators.split(",") if number.strip())

    @property
    def tokens(self) -> tuple[str, ...]:
        """The auth tokens that webhooks may be signed with."""
        both = (self.auth_token.get_secret_value(), self.auth_token_secondary.get_secret_value())
        return tuple(token for token in both if token)

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
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        setting = new_key_setting()
        file.write(setting + "\n")
    return setting


def load_settings() -> Settings:
    """The settings of this process. Raises SettingsError with every fault."""
    file = os.environ.get(FILE_SETTING, DEFAULT_FILE)
    if FILE_SETTING in os.environ and not Path(file).is_file():
        raise SettingsError(f"{FILE_SETTING}: there is no file {file}")
    try:
        return Settings(_env_file=file)
    except ValidationError as error:
        faults = [f"{_where(fault['loc'])}: {fault['msg'].removeprefix('Value error, ')}" for fault in error.errors()]
        raise SettingsError("; ".join(faults).removeprefix("settings: ")) from None


def _where(location: tuple[int | str, ...]) -> str:
    return str(location[0]) if location else "settings"
