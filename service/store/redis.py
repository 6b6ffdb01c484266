"""The store in Redis: what is sent to it, and how a connection to it is made.

All that must not be interrupted happens in one of eight scripts under `lua/`; this module only packs their arguments
and reads their words. Every script may be run again without harm, so the driver's retries are welcome, but few. A Redis
that does not answer, or refuses to work, is `StoreUnreachable`, with the driver's exception as its cause.

A lane's keys share the hash tag `{lane-N}`, so Redis Cluster keeps them in one slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha1
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, cast
from urllib.parse import urlsplit, urlunsplit

import orjson
from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import NoPermissionError, NoScriptError, RedisError

from service.printable import masked
from service.store.keys import LAYOUT, MARK, Hashes, Layout, Stored, read_layout
from service.store.port import NO_REVISION, Head, Refusal, Reply, StoreUnreachable

Client = Redis | RedisCluster
ScriptName = Literal["fence", "load", "read", "peek", "advance", "begin", "rebuild", "forget"]

RETRIES: Final = 2
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 0.5
TIMEOUT_S: Final = 5.0
SENTINEL_PORT: Final = 26379
SLICE: Final = 1_000
"""So many texts a script takes apart in one go."""
EMPTY: Final = b"\0"


class _Script(NamedTuple):
    text: str
    digest: str


def _script(*names: str) -> _Script:
    text = "\n".join(files(__package__).joinpath("lua", f"{name}.lua").read_text("utf-8") for name in names)
    return _Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


_SCRIPTS: Final[Mapping[ScriptName, _Script]] = {
    "fence": _script("fence"),
    "load": _script("standing", "load"),
    "read": _script("standing", "read"),
    "peek": _script("standing", "peek"),
    "advance": _script("standing", "write", "advance"),
    "begin": _script("standing", "begin"),
    "rebuild": _script("standing", "write", "rebuild"),
    "forget": _script("forget"),
}


class RedisStore:
    """The `Store` in a Redis, a Redis Cluster or what a Sentinel names, under keys that begin with `prefix`.

    `beside` are connections that only serve `client`; they are closed with it.
    """

    def __init__(self, client: Client, prefix: str, beside: Sequence[Client] = ()) -> None:
        if "{" in prefix or "}" in prefix:
            raise ValueError(f"the prefix {prefix!r} may not contain curly brackets: they choose the cluster's slot")
        self._client = client
        self._prefix = prefix
        self._beside = tuple(beside)

    async def fence(self, lane: int, token: int) -> Head | Refusal:
        """See `Store.fence`."""
        reply = await self._run("fence", self._names(lane), token)
        return _head(reply) if isinstance(reply, list) else _refusal(reply)

    async def load(
        self, lane: int, token: int, revision: int, wanted: Sequence[tuple[str, str]]
    ) -> list[bytes | None] | Refusal:
        """See `Store.load`."""
        names = self._names(lane, (key for key, _ in wanted))
        reply = await self._run("load", names, token, _sent(revision), orjson.dumps([field for _, field in wanted]))
        return reply if isinstance(reply, list) else _refusal(reply)

    async def read(self, lane: int, token: int, revision: int, keys: Sequence[str]) -> list[dict[str, bytes]] | Refusal:
        """See `Store.read`."""
        reply = await self._run("read", self._names(lane, keys), token, _sent(revision))
        return [_fields(pairs) for pairs in reply] if isinstance(reply, list) else _refusal(reply)

    async def advance(self, lane: int, token: int, revision: int, head: Head, changes: Sequence[Stored]) -> Reply:
        """See `Store.advance`."""
        by_key = _by_key(changes)
        layout, content = _parcel(by_key.values())
        moves = (_sent(revision), _sent(head.revision), head.checksum)
        return _word(await self._run("advance", self._names(lane, by_key), token, *moves, layout, content))

    async def begin(self, lane: int, token: int, layout: Layout, gone: Sequence[str] = ()) -> Reply:
        """See `Store.begin`."""
        keys = dict.fromkeys((*layout.keys, *gone))
        return _word(await self._run("begin", self._names(lane, keys), token, len(layout.keys), layout.text()))

    async def rebuild(self, lane: int, token: int, number: int, content: Hashes, head: Head | None) -> Reply:
        """See `Store.rebuild`."""
        layout, values = _parcel(content.values())
        end = ("more", b"", "") if head is None else ("last", _sent(head.revision), head.checksum)
        return _word(await self._run("rebuild", self._names(lane, content), token, number, *end, layout, values))

    async def peek(self, lane: int, keys: Sequence[str]) -> tuple[Head, list[Mapping[str, bytes]]]:
        """See `Store.peek`."""
        head, *contents = await self._run("peek", self._names(lane, keys))
        return _head(head), [_fields(pairs) for pairs in contents]

    async def forget(self, lane: int) -> None:
        """See `Store.forget`."""
        head, _ = await self.peek(lane, ())
        found = read_layout(head.layout)
        await self._run("forget", self._names(lane, dict.fromkeys((*LAYOUT.keys, *(found.keys if found else ())))))

    async def eviction_policies(self) -> frozenset[str]:
        """What each server does when its memory is full (`maxmemory-policy`); empty where it must not be asked.

        From `INFO memory`, for hosted servers refuse `CONFIG`.
        """
        try:
            if isinstance(self._client, RedisCluster):
                await self._client.initialize()
                nodes = self._client.get_primaries()
                answers = [await self._client.info("memory", target_nodes=node) for node in nodes]
            else:
                answers = [await self._client.info("memory")]
        except NoPermissionError:
            return frozenset()
        except (RedisError, OSError) as error:
            raise StoreUnreachable(f"the memory: {type(error).__name__}: {error}") from error
        return frozenset(str(each["maxmemory_policy"]) for each in answers if "maxmemory_policy" in each)

    async def close(self) -> None:
        """See `Store.close`."""
        for client in (self._client, *self._beside):
            await client.aclose()

    def _names(self, lane: int, keys: Iterable[str] = ()) -> list[str]:
        """Full names of the lane's head and of these keys."""
        start = f"{self._prefix}{{lane-{lane}}}:"
        return [f"{start}head", *(start + key for key in keys)]

    async def _run(self, name: ScriptName, keys: Sequence[str], *arguments: bytes | str | int) -> Any:
        script = _SCRIPTS[name]
        try:
            try:
                return await self._client.execute_command("EVALSHA", script.digest, len(keys), *keys, *arguments)
            except NoScriptError:
                return await self._client.execute_command("EVAL", script.text, len(keys), *keys, *arguments)
        except (RedisError, OSError) as error:
            raise StoreUnreachable(f"the memory: {type(error).__name__}: {error}") from error


def connect(
    url: str, prefix: str, timeout_s: float = TIMEOUT_S, tls: Mapping[str, str] = MappingProxyType({})
) -> RedisStore:
    """A store at this address; nothing is sent before the first call. Raises ValueError for an address of no kind.

    `redis://[user:password@]host:port[/db]`, with `rediss://` for TLS, whose options are in `tls` (`ssl_ca_certs`,
    `ssl_certfile`, `ssl_keyfile`: paths) or follow as a query. `redis+cluster://` and `rediss+cluster://` name one node
    of a Redis Cluster, `redis+sentinel://host:port,host:port/service` and `rediss+sentinel://` the sentinels and the
    service they watch.
    """
    scheme, _, kind = urlsplit(url).scheme.partition("+")
    plain = urlunsplit(urlsplit(url)._replace(scheme=scheme))
    options: dict[str, Any] = {
        "retry": Retry(ExponentialWithJitterBackoff(base=FIRST_PAUSE_S, cap=LONGEST_PAUSE_S), RETRIES),
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        **(tls if scheme == "rediss" else {}),
    }
    match kind:
        case "":
            return RedisStore(Redis.from_url(plain, **options), prefix)
        case "cluster":
            return RedisStore(RedisCluster.from_url(plain, **options), prefix)
        case "sentinel":
            sentinel, service = _sentinel(plain, options)
            return RedisStore(sentinel.master_for(service), prefix, sentinel.sentinels)
        case _:
            raise ValueError(f"{masked(url)}: after the plus sign stands cluster or sentinel")


def _sentinel(url: str, options: Mapping[str, Any]) -> tuple[Sentinel, str]:
    """Sentinels and the name of their service. User and password are the service's; sentinels are asked without."""
    parts = urlsplit(url)
    account, at, hosts = parts.netloc.rpartition("@")
    service = parts.path.strip("/")
    if not service:
        raise ValueError(f"{masked(url)}: after the sentinels' addresses stands the name of the service they watch")
    addresses = [urlsplit(f"//{host}") for host in hosts.split(",")]
    asked: dict[str, Any] = {**parse_url(urlunsplit(parts._replace(netloc=f"{account}{at}service", path="")))}
    del asked["host"]
    asked["ssl"] = asked.pop("connection_class", None) is not None
    tls = {name: value for name, value in asked.items() if name.startswith("ssl")}
    sentinels = [(address.hostname, address.port or SENTINEL_PORT) for address in addresses]
    return Sentinel(sentinels, sentinel_kwargs={**options, **tls}, **{**options, **asked}), service  # type: ignore[no-untyped-call]  # the driver left it out


def _by_key(changes: Iterable[Stored]) -> dict[str, dict[str, bytes | None]]:
    """The last value of each field of each key."""
    found: dict[str, dict[str, bytes | None]] = {}
    for key, field, value in changes:
        found.setdefault(key, {})[field] = value
    return found


def _parcel(contents: Iterable[Mapping[str, bytes | None]]) -> tuple[bytes, bytes]:
    """Layout and bytes of the keys' changes as `write.lua` takes them."""
    layout: list[tuple[list[str], list[str]]] = []
    pieces: list[bytes] = []
    for fields in contents:
        kept: list[bytes] = []
        gone: list[bytes] = []
        for field, value in fields.items():
            if value is None:
                gone.append(field.encode())
            else:
                kept += (field.encode(), value)
        layout.append((_formats(kept), _formats(gone)))
        pieces += kept
        pieces += gone
    if not all(pieces):
        pieces = [piece or EMPTY for piece in pieces]
    return orjson.dumps(layout), b"".join(pieces)


def _formats(pieces: Sequence[bytes]) -> list[str]:
    """How Lua's `struct` takes the pieces apart, `SLICE` at a time. An empty one is a text that ends with a zero."""
    formats = ["c" + "c".join(map(str, map(len, pieces[at : at + SLICE]))) for at in range(0, len(pieces), SLICE)]
    return formats if all(pieces) else [each.replace("c0", "s") for each in formats]


def _sent(revision: int) -> bytes:
    return b"" if revision == NO_REVISION else b"%d" % revision


def _head(reply: Sequence[bytes | None]) -> Head:
    revision, checksum, building, layout = reply
    return Head(
        int(revision) if revision else NO_REVISION,
        checksum.decode() if checksum else "",
        building is not None,
        layout.decode() if layout else "",
    )


def _fields(pairs: Sequence[bytes]) -> dict[str, bytes]:
    found = dict(zip(map(bytes.decode, pairs[::2]), pairs[1::2], strict=True))
    found.pop(MARK, None)
    return found


def _word(reply: bytes) -> Reply:
    return cast(Reply, reply.decode())


def _refusal(reply: bytes) -> Refusal:
    return cast(Refusal, reply.decode())
