"""A real Apache Kafka without Docker: one KRaft node on the installed Java, from its Maven artifacts.

The artifacts are fetched once with Maven and kept in `$FAIRLEAD_CACHE` (default `~/.cache/fairlead`). Every server has
a directory, ports and a process of its own, so that a test may kill it and start it again on its data.
"""

from __future__ import annotations

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.backends.certificates import Certificates

KAFKA_VERSION = "4.3.1"
SERVER = "kafka_2.13"
"""The artifact that a broker is started from."""
START_SECONDS = 180
LOOK_SECONDS = 0.1
STOP_SECONDS = 20
FETCH_SECONDS = 600
PORTS = (20_000, 32_000)
BRIEF = ("-XX:TieredStopAtLevel=1",)
"""For a Java that lives for minutes: it compiles quickly rather than well, and starts in half the time."""
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>fairlead</groupId><artifactId>for-tests</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>{artifact}</artifactId>
      <version>{version}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={directory}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
log.index.size.max.bytes=262144
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
"""


SECURED = """
listeners=PLAINTEXT://127.0.0.1:{port},SSL://127.0.0.1:{tls},SASL_SSL://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SSL://127.0.0.1:{tls},SASL_SSL://127.0.0.1:{sasl}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={certificates.server_file}
ssl.truststore.type=PEM
ssl.truststore.location={certificates.ca}
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=OAUTHBEARER,PLAIN
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config=\
  org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
listener.name.sasl_ssl.plain.sasl.jaas.config=\
  org.apache.kafka.common.security.plain.PlainLoginModule required user_fairlead="right-password";
"""
"""These lines replace those above with the same names: a listener that wants certificates, and one with a login."""


class KafkaNotStarted(Exception):
    """The server could not be fetched or did not come up; the message says what to look at."""


def missing_tools() -> str | None:
    """Why no server can be started here, or none."""
    if shutil.which("java") is None:
        return "there is no Java"
    if shutil.which("mvn") is None and not _is_complete(SERVER):
        return "there is no Maven to fetch Apache Kafka with"
    return None


def libraries(artifact: str = SERVER) -> Path:
    """The folder with an artifact's jars; fetched when they are not there yet. Raises `KafkaNotStarted`."""
    target = _libraries(artifact)
    if not _is_complete(artifact):
        target.parent.mkdir(parents=True, exist_ok=True)
        # Fetched beside and renamed: two test runs at once, or one that is interrupted, leave nothing half done.
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            _fetch(artifact, Path(scratch))
            with suppress(OSError):
                (Path(scratch) / "lib").rename(target)
    return target


class KafkaServer:
    """One broker with its own data. `bootstrap` stays the same over stops, kills and starts."""

    def __init__(self, certificates: Certificates | None = None, *, is_measured: bool = False) -> None:
        """With certificates it listens at `tls` (which wants one of clients) and `sasl` (token or password), too.

        One that `is_measured` is compiled as one that runs for weeks; for others that costs more than it brings.
        """
        self._options = () if is_measured else BRIEF
        self._directory = Path(tempfile.mkdtemp(prefix="fairlead-kafka-"))
        self._output = self._directory / "server.log"
        self._configuration = self._directory / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None
        port, controller, tls, sasl = _free_ports(4)
        self.bootstrap, self.tls, self.sasl = (f"127.0.0.1:{each}" for each in (port, tls, sasl))
        written = PROPERTIES.format(port=port, controller=controller, directory=self._directory)
        if certificates is not None:
            written += SECURED.format(port=port, controller=controller, tls=tls, sasl=sasl, certificates=certificates)
        self._configuration.write_text(written, "utf-8")
        atexit.register(self.remove)

    def start(self) -> Self:
        """Start it, on the data it left behind if there is any; about three seconds. Raises `KafkaNotStarted`."""
        if not (self._directory / "data").exists():
            self._format()
        self._output.write_bytes(b"")
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [*_java(*self._options), "kafka.Kafka", str(self._configuration)], stdout=output, stderr=output
            )
        self._wait_until_started(self._process)
        return self

    def stop(self) -> None:
        """End it in order; the data stays."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it as a crash would; what it had acknowledged stays."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Make it hang: connections stay open, nothing is answered until `thaw`.

        The signal is only sent when it returns, and a thread may answer before it stops: the system tells the parent
        when the last one has.
        """
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """Kill it and delete its data."""
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)
        atexit.unregister(self.remove)

    def __enter__(self) -> Self:
        with ExitStack() as on_failure:
            on_failure.callback(self.remove)
            self.start()
            on_failure.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.remove()

    def _format(self) -> None:
        # An id that began with a dash would be read as an option.
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode().replace("-", "_")
        command = [*_java(*BRIEF), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._configuration)]
        result = subprocess.run(command, capture_output=True, timeout=START_SECONDS, check=False)
        if result.returncode:
            raise KafkaNotStarted(f"formatting its storage failed: {result.stderr.decode()[-2000:]}")

    def _wait_until_started(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while b"Kafka Server started" not in self._output.read_bytes():
            if time.monotonic() > deadline or _has_ended_within(process, LOOK_SECONDS):
                self.kill()
                raise KafkaNotStarted(f"it did not come up: {self._output.read_text('utf-8')[-2000:]}")

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


def _has_ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.returncode is not None


def _libraries(artifact: str) -> Path:
    cache = os.environ.get("FAIRLEAD_CACHE") or Path.home() / ".cache" / "fairlead"
    return Path(cache) / f"{'kafka' if artifact == SERVER else artifact}-{KAFKA_VERSION}"


def _is_complete(artifact: str) -> bool:
    return (_libraries(artifact) / f"{artifact}-{KAFKA_VERSION}.jar").exists()


def _fetch(artifact: str, scratch: Path) -> None:
    (scratch / "pom.xml").write_text(POM.format(artifact=artifact, version=KAFKA_VERSION), "utf-8")
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
    try:
        result = subprocess.run(command, cwd=scratch, capture_output=True, timeout=FETCH_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KafkaNotStarted(f"fetching Apache Kafka with Maven failed: {error}") from error
    if result.returncode:
        raise KafkaNotStarted(f"fetching Apache Kafka with Maven failed: {result.stdout.decode()[-2000:]}")


def _java(*options: str) -> list[str]:
    return ["java", "-Xmx512m", "-XX:+UseSerialGC", *options, "-cp", f"{libraries()}/*"]


def _free_ports(count: int) -> list[int]:
    """Ports below those that the system gives to outgoing connections: one of these could take it before we do.

    Chosen by the system's own chance: test tools seed the module's, and two runs would then want the same ports.
    """
    free: list[int] = []
    chance = random.SystemRandom()
    while len(free) < count:
        port = chance.randint(*PORTS)
        with socket.socket() as probe:
            if port not in free and probe.connect_ex(("127.0.0.1", port)):
                free.append(port)
    return free
