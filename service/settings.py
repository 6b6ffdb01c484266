"""What an operator may set, and the only place that reads the environment.

A setting is `FAIRLEAD_<GROUP>__<NAME>` (`FAIRLEAD_KAFKA__BOOTSTRAP`), or a file of that name in lower case in the
folder that `FAIRLEAD_SECRETS_DIR` names. Everything has a default that works on a laptop, a bound, and a sentence that
says when to change it. A name that does not exist is an error: a misspelt limit would otherwise be no limit. What is
wrong is told without the value, which may be a secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from service.language.nearest import nearest
from service.limits import DAY_MS, HOUR_MS, UNPACKED_LIMIT_BYTES, Limits
from service.printable import SECRET_HEADERS, masked
from service.wording import worded

PREFIX: Final = "FAIRLEAD_"
SECRETS_DIR: Final = "FAIRLEAD_SECRETS_DIR"
WORKERS_MAX: Final = 64
"""More processes than that are not one machine's, and their parent has to ask each of them."""

_NOT_OURS: Final = re.compile(
    r"FAIRLEAD_(.*_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_ADDR|_PORT|_PROTO)?)"
)
"""What Kubernetes tells every container of a service that is called `fairlead`, or `fairlead-kafka`."""
_ADDRESS: Final = re.compile(r"(tcp|udp|sctp)://.*")  # Kubernetes' `FAIRLEAD_PORT` is one, a port is a number
_OF_TESTS: Final = re.compile(r"FAIRLEAD_(TEST_[A-Z]+|REQUIRE_REAL|CACHE|CRM_SALES|COMPILED|WRITE)")
"""What the tests read, which start the service in their own environment."""

_GROUP = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
Prefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")]


def _listed(value: object) -> object:
    """`a, b` from the environment is a list of two."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _in_small_letters(value: object) -> object:
    """`INFO` is `info`."""
    return value.lower() if isinstance(value, str) else value


def _refuse_halves(group: str, cert_file: Path | None, key_file: Path | None) -> None:
    if key_file is not None and cert_file is None:
        raise ValueError(f"a private key needs its certificate: set FAIRLEAD_{group}__CERT_FILE")


DEFAULTS: Final = Limits()


class KafkaSettings(BaseModel):
    """The broker, and how many lanes share the work."""

    model_config = _GROUP

    bootstrap: str = Field(default="127.0.0.1:9092", min_length=1)
    """Brokers to ask first, `host:port`, several with commas. Always set it outside a laptop."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How to talk to the broker. Use SASL_SSL wherever the network is shared."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = "SCRAM-SHA-512"
    """How to prove who we are. Change it to what the broker offers; only read with a SASL protocol."""
    username: str = ""
    """Who we are to the broker. Needed with a SASL protocol, unless a token says it."""
    password: SecretStr | None = None
    """Goes with `username`. Better a file in the secrets folder than a variable."""
    token_file: Path | None = None
    """The file with the token for OAUTHBEARER, read for every new connection: whoever renews the token replaces it."""
    ca_file: Path | None = None
    """Certificates to trust, PEM. Set it where the broker's certificate is not signed by a public authority."""
    cert_file: Path | None = None
    """Our certificate, PEM. Set it where the broker wants to know clients by theirs (mutual TLS)."""
    key_file: Path | None = None
    """The private key of `cert_file`, PEM. Leave it out where the certificate's file holds it as well."""
    key_password: SecretStr | None = None
    """Set it where the private key is encrypted. Better a file in the secrets folder than a variable."""
    topic_prefix: Prefix = ""
    """Put before every topic name. Set it where several deployments share a broker."""
    replication_factor: int | None = Field(default=None, ge=1, le=9)
    """Copies of each topic that we create; unset: the broker's default. Three in production."""
    create_topics: bool = True
    """Create topics that are missing at start. Turn it off where somebody else creates them."""
    lanes: int = Field(default=12, ge=1, le=512)
    """Partitions of the events and log topics. Choose once: changing it later is a migration."""
    session_timeout_ms: int = Field(default=6_000, ge=1_000, le=300_000)
    """A process silent for so long loses its lanes. Lower: quicker take-over; higher: fewer false alarms."""
    unpacked_limit_bytes: int = Field(default=UNPACKED_LIMIT_BYTES, ge=16_777_216, le=1_073_741_824)
    """A compressed batch that becomes larger cannot be read; each partition that is read may take so much memory for a
    moment. Raise it where honest batches shrink to less than a 60th, lower it where memory is small."""
    group: TopicName = "fairlead"
    """Consumer group. Processes of one group share the work; set it where two deployments share topics."""

    @model_validator(mode="after")
    def _can_prove_who_we_are(self) -> Self:
        if self.security_protocol.startswith("SASL"):
            if self.sasl_mechanism == "OAUTHBEARER" and self.token_file is None:
                raise ValueError("OAUTHBEARER needs a token: set FAIRLEAD_KAFKA__TOKEN_FILE")
            if self.sasl_mechanism != "OAUTHBEARER" and not (self.username and self.password):
                raise ValueError(f"{self.security_protocol} needs a username and a password")
        _refuse_halves("KAFKA", self.cert_file, self.key_file)
        if self.key_password is not None and self.cert_file is None:
            raise ValueError("a key's password needs the certificate: set FAIRLEAD_KAFKA__CERT_FILE")
        if (self.ca_file or self.cert_file) and not self.security_protocol.endswith("SSL"):
            raise ValueError("certificates need TLS: set FAIRLEAD_KAFKA__SECURITY_PROTOCOL to SSL or SASL_SSL")
        return self


class RedisSettings(BaseModel):
    """The memory: Redis or Valkey. What it holds can be lost at any time and is rebuilt from the log."""

    model_config = _GROUP

    url: str = Field(default="redis://127.0.0.1:6379/0", pattern=r"^rediss?(\+cluster|\+sentinel)?://")
    """Where it is; `rediss://` for TLS. Always set it outside a laptop. Without a password: see below."""
    username: str = ""
    """The ACL user. Set it where the server has users besides the default one."""
    password: SecretStr | None = None
    """Set it where the server asks for one. Better a file in the secrets folder than a variable."""
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = "fairlead"
    """Put before every key. Set it where several deployments share a server."""

    ca_file: Path | None = None
    """Certificates to trust, PEM. Set it where the server's certificate is not signed by a public authority."""
    cert_file: Path | None = None
    """Our certificate, PEM. Set it where the server wants to know clients by theirs (mutual TLS)."""
    key_file: Path | None = None
    """The private key of `cert_file`, PEM. Leave it out where the certificate's file holds it as well."""

    @field_validator("url")
    @classmethod
    def _keeps_no_secret(cls, url: str) -> str:
        if masked(url) != url:
            raise ValueError(
                "no name or password in the address, it is shown: put them into FAIRLEAD_REDIS__USERNAME and "
                "FAIRLEAD_REDIS__PASSWORD, or into files of the folder that FAIRLEAD_SECRETS_DIR names"
            )
        return url

    @model_validator(mode="after")
    def _certificates_need_tls(self) -> Self:
        _refuse_halves("REDIS", self.cert_file, self.key_file)
        if (self.ca_file or self.cert_file) and not self.url.startswith("rediss"):
            raise ValueError("certificates need TLS: FAIRLEAD_REDIS__URL begins with rediss://")
        return self


class IngestSettings(BaseModel):
    """Reading the CRM's topics."""

    model_config = _GROUP

    topics: Annotated[tuple[TopicName, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=("crm.records", "crm.members"), min_length=1
    )
    """The CRM's topics, with commas; the topic prefix goes before each. One topic keyed by record keeps its order."""
    batch: int = Field(default=500, ge=1, le=5_000)
    """Events taken at once. Lower it where events are large and memory is small."""
    size_limit_bytes: int = Field(default=262_144, ge=1_024, le=800_000)
    """A larger event is a dead letter, and so is one of which more than 900 kB would reach a lane (numbers written
    short grow). Raise it where honest events are larger."""
    dead_letter_limit_bytes: int = Field(default=DEFAULTS.dead_letter_limit_bytes, ge=2_048, le=900_000)
    """A larger dead letter is cut, and says so. More than an event may have; lower it where the topic takes less."""
    dropped_headers: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = SECRET_HEADERS
    """Headers that dead letters name without their values, with commas: they let somebody in. Add what yours uses."""
    division_attribute: str = Field(default="division", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """The event attribute that names the division. Choose once: changing it later is a migration."""

    @field_validator("dropped_headers")
    @classmethod
    def _written_alike(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.lower().replace("_", "-") for name in names)

    @model_validator(mode="after")
    def _dead_letters_hold_any_event(self) -> Self:
        if self.dead_letter_limit_bytes <= self.size_limit_bytes:
            raise ValueError("dead_letter_limit_bytes must be more than size_limit_bytes")
        return self


class LaneSettings(BaseModel):
    """Deciding. The defaults hold for almost everybody."""

    model_config = _GROUP

    batch_max: int = Field(default=DEFAULTS.batch_max, ge=1, le=1_000)
    """Events decided in one batch. Lower it where single events must not wait for others."""
    timers_per_batch: int = Field(default=DEFAULTS.timers_per_batch, ge=1, le=1_000)
    """Timers that may fire in one batch. Lower it where a backlog of parked records delays new ones."""
    poll_wait_ms: int = Field(default=DEFAULTS.poll_wait_ms, ge=1, le=10_000)
    """How long an idle lane waits until it looks for a new configuration; an event wakes it. Raise it for less work."""
    snapshot_min_bytes: int = Field(default=DEFAULTS.snapshot_min_bytes, ge=1_024)
    """No snapshot before the log has grown by so much. Raise it where the log's size does not matter."""
    keep_hours: int = Field(default=DEFAULTS.keep_ms // HOUR_MS, ge=1, le=87_600)
    """Decisions stay in the log for so long. Raise it to replay and audit further back."""
    forget_deleted_days: int = Field(default=DEFAULTS.deleted_ms // DAY_MS, ge=1, le=36_500)
    """A deleted record is forgotten after so many days. Raise it where old files are sent again."""
    forget_closed_days: int = Field(default=DEFAULTS.closed_ms // DAY_MS, ge=1, le=36_500)
    """A closed record is forgotten when nothing was heard of it for so many days. Lower it where the law wants that."""
    forget_untouched_days: int = Field(default=DEFAULTS.untouched_ms // DAY_MS, ge=1, le=36_500)
    """A record is forgotten when nothing was heard of it for so many days. Raise it where deals take longer."""
    log_record_max_bytes: int = Field(default=DEFAULTS.record_max_bytes, ge=10_000, le=1_200_000)
    """A batch ends before its log record grows so large. The log topic must accept 800 kB more, for escaped texts."""


class HttpSettings(BaseModel):
    """Health, metrics and documentation."""

    model_config = _GROUP

    host: str = Field(default="127.0.0.1", min_length=1)
    """The address to listen on. `0.0.0.0` in a container."""
    port: int = Field(default=8080, ge=0, le=65_535)
    """The port to listen on; 0: any free one."""


class LogSettings(BaseModel):
    """What the service says while it works."""

    model_config = _GROUP

    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_in_small_letters)] = "info"
    """The least important line to show. `debug` shows each decision."""
    format: Annotated[Literal["auto", "json", "console"], BeforeValidator(_in_small_letters)] = "auto"
    """`auto` is readable on a terminal and JSON elsewhere."""


class Settings(BaseSettings):
    """All settings. Make one with `read_settings`; in tests with `Settings(kafka=KafkaSettings(...))`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        secrets_dir_missing="ok",
        secrets_nested_delimiter="__",
    )

    kafka: KafkaSettings = KafkaSettings()
    """The broker."""
    redis: RedisSettings = RedisSettings()
    """The memory."""
    ingest: IngestSettings = IngestSettings()
    """Reading the CRM's topics."""
    lane: LaneSettings = LaneSettings()
    """Deciding."""
    http: HttpSettings = HttpSettings()
    """Health, metrics and documentation."""
    log: LogSettings = LogSettings()
    """What the service says while it works."""
    config_dir: Path | None = None
    """A directory of configuration documents to publish at start. Unset: what the log holds is used."""
    workers: int = Field(default=1, ge=1, le=WORKERS_MAX)
    """Processes that one `fairlead run` starts, each for a core. Raise it on a machine of several cores that nothing
    else gives processes to; where something does (Kubernetes), more replicas are better."""

    def limits(self) -> Limits:
        """What bounds the lanes' work."""
        lane = self.lane
        return Limits(
            batch_max=lane.batch_max,
            timers_per_batch=lane.timers_per_batch,
            poll_wait_ms=lane.poll_wait_ms,
            record_max_bytes=lane.log_record_max_bytes,
            snapshot_min_bytes=lane.snapshot_min_bytes,
            keep_ms=lane.keep_hours * HOUR_MS,
            dead_letter_limit_bytes=self.ingest.dead_letter_limit_bytes,
            deleted_ms=lane.forget_deleted_days * DAY_MS,
            closed_ms=lane.forget_closed_days * DAY_MS,
            untouched_ms=lane.forget_untouched_days * DAY_MS,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments go before variables, variables before files: a secret file may set any field of any group."""
        return init_settings, env_settings, NestedSecretsSettingsSource(file_secret_settings)


class BadSettings(Exception):
    """The settings cannot be used; each problem is a line that names the variable and says what is wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def variables() -> Mapping[str, str]:
    """Every variable there is, with the sentence that says when to change it."""
    found = {SECRETS_DIR: "A folder with one file per secret, named like the variable in lower case."}
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            for inner, inner_field in field.annotation.model_fields.items():
                found[f"{PREFIX}{name}__{inner}".upper()] = inner_field.description or ""
        else:
            found[f"{PREFIX}{name}".upper()] = field.description or ""
    return found


def read_settings() -> Settings:
    """Read the environment and the secrets folder. Raises `BadSettings` with every problem at once."""
    problems = [*_misspelt_variables(), *_misspelt_secrets()]
    misspelt = {problem.partition(":")[0] for problem in problems}
    try:
        settings = Settings(_secrets_dir=os.environ.get(SECRETS_DIR))
    except ValidationError as error:
        found = [(_variable(detail["loc"]), worded(detail)) for detail in error.errors(include_url=False)]
        problems += [f"{name}: {what}" for name, what in found if name not in misspelt]
        raise BadSettings(tuple(problems)) from None
    except SettingsError:
        raise BadSettings(tuple(problems) or ("a group cannot be set as a whole: set each of its settings",)) from None
    if problems:
        raise BadSettings(tuple(problems))
    return settings


def _misspelt_variables() -> Iterator[str]:
    """Variables with our prefix that are no settings, each with the name that was perhaps meant."""
    known = variables()
    for name in sorted(name.upper() for name in os.environ if name.upper().startswith(PREFIX)):
        if name not in known and not _is_somebody_elses(name):
            yield f"{name}: there is no such setting{_meant(name, known)}"


def _is_somebody_elses(name: str) -> bool:
    is_address = name.endswith("_PORT") and _ADDRESS.fullmatch(os.environ.get(name, "")) is not None
    return is_address or any(pattern.fullmatch(name) for pattern in (_NOT_OURS, _OF_TESTS))


def _misspelt_secrets() -> Iterator[str]:
    """Files of the secrets folder with our prefix that are no settings, or the folder, where there is none."""
    folder, known = os.environ.get(SECRETS_DIR), variables()
    if not folder:
        return
    try:
        names = sorted(path.name.upper() for path in Path(folder).iterdir())
    except OSError as error:
        yield f"{SECRETS_DIR}: the folder cannot be read ({error.strerror})"
        return
    for name in names:
        if name.startswith(PREFIX) and name not in known:
            yield f"{name}: there is no such setting for a file in the secrets folder{_meant(name, known)}"


def _meant(name: str, known: Mapping[str, str]) -> str:
    """The nearest name there is. One underscore for two is the commonest slip of all."""
    alike = {each.replace("__", "_"): each for each in known}
    near = nearest(name.replace("__", "_"), alike)
    return f", did you mean {alike[near]}?" if near else ""


def _variable(where: tuple[int | str, ...]) -> str:
    """The variable of a setting, or of its group where several settings do not fit together."""
    return PREFIX + "__".join(str(part) for part in where[:2]).upper()
