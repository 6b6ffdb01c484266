"""What is compressed is unpacked up to a bound: by the driver, whichever codec it is, and no byte further."""

from __future__ import annotations

import subprocess
import sys
import zlib
from collections.abc import Callable, Mapping

import aiokafka.codec
import cramjam
import pytest
from aiokafka.record import default_records
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.default_records import _DefaultRecordBatchPy as PlainBatch
from aiokafka.record.legacy_records import LegacyRecordBatch, LegacyRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from service.kafka.codecs import UNPACKING, TooMuch, at_most

CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
"""As the protocol numbers them."""
ENCODE: Mapping[str, Callable[[bytes], bytes]] = {
    **{codec: getattr(aiokafka.codec, f"{codec}_encode") for codec in CODECS},
    "snappy": lambda content: bytes(cramjam.snappy.compress_raw(content)),
    "snappy in blocks": aiokafka.codec.snappy_encode,
    "gzip in two": lambda content: aiokafka.codec.gzip_encode(content[:7]) + aiokafka.codec.gzip_encode(content[7:]),
    "lz4 in two": lambda content: aiokafka.codec.lz4_encode(content[:7]) + aiokafka.codec.lz4_encode(content[7:]),
    "zstd in two": lambda content: aiokafka.codec.zstd_encode(content[:7]) + aiokafka.codec.zstd_encode(content[7:]),
}
"""As producers write, each in all forms that a reader must know."""
RECORD_BYTES = 100_000


def batch_of(codec: str) -> bytes:
    builder = DefaultRecordBatchBuilder(2, CODECS[codec], False, -1, -1, -1, 100_000_000)
    builder.append(0, None, None, bytes(RECORD_BYTES), [])
    return bytes(builder.build())


@given(st.sampled_from(sorted(ENCODE)), st.binary(min_size=1, max_size=300), st.integers(1, 300), st.integers(-3, 3))
def test_what_fits_is_unpacked_and_what_does_not_is_refused(form: str, part: bytes, times: int, room: int) -> None:
    """To the byte."""
    content = part * times
    limit_bytes = max(1, len(content) + room)
    found = UNPACKING[form.partition(" ")[0]](ENCODE[form](content), limit_bytes)
    assert found == (content if len(content) <= limit_bytes else None)


@given(st.sampled_from(sorted(ENCODE)), st.data())
def test_a_broken_stream_is_its_librarys_error(form: str, data: st.DataObject) -> None:
    """Whatever bytes come: the content, nothing, or an exception of the codec. None hangs or ends the process."""
    packed = bytearray(ENCODE[form](b"what a record says, again and again. " * 20))
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    packed = packed[: data.draw(st.integers(0, len(packed)))]
    try:
        found = UNPACKING[form.partition(" ")[0]](bytes(packed), 10_000)
    except (OSError, EOFError, ValueError, cramjam.DecompressionError, zlib.error):
        return
    assert found is None or len(found) <= 10_000


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("batch", [DefaultRecordBatch, PlainBatch])
def test_the_driver_keeps_to_it(batch: type[DefaultRecordBatch], codec: str) -> None:
    """Compiled or not. Somebody who says nothing may read what any honest topic holds."""
    packed = batch_of(codec)
    assert len(packed) < RECORD_BYTES / 10
    with at_most(RECORD_BYTES), pytest.raises(TooMuch, match="FAIRLEAD_KAFKA__UNPACKED_LIMIT_BYTES"):
        list(batch(packed))
    with at_most(RECORD_BYTES + 100):
        assert [record.value for record in batch(packed)] == [bytes(RECORD_BYTES)]
    assert [record.value for record in batch(packed)] == [bytes(RECORD_BYTES)]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4"])
def test_the_driver_keeps_to_it_in_the_format_of_old_brokers(codec: str) -> None:
    builder = LegacyRecordBatchBuilder(1, CODECS[codec], 1_000_000)
    builder.append(0, 0, None, bytes(RECORD_BYTES))
    packed = bytes(builder.build())
    with at_most(RECORD_BYTES), pytest.raises(TooMuch):
        list(LegacyRecordBatch(packed, 1))
    assert [record.value for record in LegacyRecordBatch(packed, 1)] == [bytes(RECORD_BYTES)]


def test_the_batches_of_one_read_share_what_is_allowed() -> None:
    """A page holds what all its batches unpack to."""
    packed = batch_of("zstd")
    with at_most(3 * RECORD_BYTES + 300) as allowance:
        for _ in range(3):
            list(DefaultRecordBatch(packed))
        with pytest.raises(TooMuch):
            list(DefaultRecordBatch(packed))
        assert 3 * RECORD_BYTES <= allowance.used_bytes <= allowance.limit_bytes


def test_every_codec_of_the_driver_is_bounded() -> None:
    """One that it learns must not come unseen."""
    known = {name.removeprefix("CODEC_").lower() for name in vars(default_records.DefaultRecordBase)} & {
        name.removesuffix("_decode") for name in vars(aiokafka.codec) if name.endswith("_decode")
    }
    assert known == set(UNPACKING) == set(CODECS)


BOMB = """
import resource, struct, sys, zlib
import cramjam
from service.kafka.codecs import UNPACKING

MEGABYTE = bytes(1_000_000)

def bomb(codec):
    if codec == "snappy":
        block = bytes(cramjam.snappy.compress_raw(MEGABYTE[:32_768]))
        return b"\\x82SNAPPY\\0" + bytes(8) + (struct.pack(">i", len(block)) + block) * 6_000
    if codec == "gzip":
        stream = zlib.compressobj(wbits=31)
        return b"".join(stream.compress(MEGABYTE) for _ in range(200)) + stream.flush()
    stream = getattr(cramjam, codec).Compressor()
    for _ in range(200):
        stream.compress(MEGABYTE)
    return bytes(stream.finish())

packed = bomb(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = UNPACKING[sys.argv[1]](packed, int(sys.argv[2]))
print(int(found is None), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("codec", CODECS)
def test_two_hundred_megabytes_never_stand_in_memory(codec: str) -> None:
    """What is taken beyond the bound is little, however much there would be."""
    limit_bytes = 8_000_000
    told = subprocess.run(
        [sys.executable, "-c", BOMB, codec, str(limit_bytes)], capture_output=True, text=True, check=True
    )
    is_refused, grown_kilobytes = map(int, told.stdout.split())
    assert is_refused
    assert grown_kilobytes * 1024 < 3 * limit_bytes
