"""Archives: what is written is read again, what breaks a rule is refused with a message that says where."""

import dataclasses
import math
import os
import struct
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from archives import (
    DIMS,
    SPACE,
    TASKS,
    Pairs,
    Raw,
    assemble,
    changed,
    checkpoint,
    class_tasks,
    packed,
    parts_of,
    place_of,
    seal,
    search_of,
    small_archives,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import environment, full_space, instruction_of, linear_space, linear_tasks, random_programs

from pyamlz import ArchiveError, Dims, InputError, Program, ProgramError, Search, tasks
from pyamlz._ffi import ffi, lib
from pyamlz.archive import (
    Checkpoint,
    HistoryRow,
    Member,
    PopulationArchive,
    ProgramArchive,
    data_of,
    decode,
    encode,
    from_json,
    pack,
    read,
    restore,
    task_set_of,
    to_json,
    unpack,
    write,
)
from pyamlz.ops import find_op

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = small_archives()
CHECKPOINT, POPULATION, PROGRAM = SAMPLES["checkpoint"], SAMPLES["population"], SAMPLES["program"]


def bring(search: Search, saved: Checkpoint, name: str = "run.amlz") -> None:
    """Brings the search to where the saved one was."""
    restore(search._handle.pointer, saved, name)


def refused(data: bytes, name: str = "run.amlz") -> str:
    """The message with which an archive is refused, without the file's name."""
    with pytest.raises(ArchiveError) as caught:
        decode(data, name)
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    return message.removeprefix(f"{name}: ")


# ---------------------------------------------------------------- what is written is read again


class TestRoundTrips:
    @pytest.mark.parametrize("name", SAMPLES)
    def test_samples(self, name: str) -> None:
        archive = decode(SAMPLES[name])
        assert encode(archive) == SAMPLES[name]
        assert decode(encode(archive)) == archive

    def test_programs(self) -> None:
        for program in random_programs(50):
            assert unpack(pack(program)) == program
            assert Member(pack(program), 0.5).program == program
            archive = decode(encode(ProgramArchive(program=program)))
            assert archive == ProgramArchive(program=program)
            assert archive.dims is None

    def test_writer_is_kept(self) -> None:
        data = encode(ProgramArchive(writer="other 1.2 \u00e9", program=Program()))
        archive = decode(data)
        assert archive.writer == "other 1.2 \u00e9"
        assert encode(archive) == data

    def test_strings_of_a_checkpoint_are_kept(self) -> None:
        """They need not be JSON in the form that is written here."""
        saved = checkpoint(search_of(5), source='{ "a": 1}', session="\u00e4\u20ac\U0001f600")
        found = decode(encode(saved))
        assert (found.tasks.source, found.session) == ('{ "a": 1}', "\u00e4\u20ac\U0001f600")

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def test_any_population(self, data: st.DataObject) -> None:
        seeds = data.draw(st.lists(st.integers(0, 2**64 - 1), max_size=20))
        members = []
        for seed in seeds:
            birth = data.draw(st.integers(0, 2**64 - 1))
            parent = data.draw(st.integers(0, max(birth - 1, 0)))
            fitness = data.draw(st.floats(0, 1))
            members.append(
                Member(pack(Program.random(SPACE, seed)), fitness, birth, parent, data.draw(st.integers(0, 7)))
            )
        archive = PopulationArchive(dims=DIMS, population=tuple(members))
        assert decode(encode(archive)) == archive

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_any_numbers_in_a_checkpoint(self, data: st.DataObject) -> None:
        word, long, size = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), st.integers(1, 2**32 - 1)
        saved: Checkpoint = decode(CHECKPOINT)
        config = dataclasses.replace(
            saved.config,
            seed=data.draw(long),
            algorithm=data.draw(st.integers(0, 1)),
            combine=data.draw(st.integers(0, 1)),
            tournament_size=data.draw(size),
            mutate_prob=data.draw(st.floats(0, 1)),
            mutations=tuple(data.draw(st.lists(st.floats(1e-3, 1e3), min_size=8, max_size=8))),
            cache_work=data.draw(st.integers(1, 2**64 - 1)),
            history_size=data.draw(st.integers(100, 2**32 - 1)),
            max_cost=data.draw(st.floats(0, sys.float_info.max)),
        )
        counts = data.draw(st.lists(long, min_size=7, max_size=7))
        mark = dataclasses.replace(
            saved.mark,
            counts=saved.mark.counts._replace(**dict(zip(saved.mark.counts._fields[1:], counts, strict=True))),
            rng=(1, *data.draw(st.tuples(long, long, long))),
        )
        record = dataclasses.replace(saved.tasks, count=data.draw(size), epochs=data.draw(size), digest=data.draw(long))
        session = data.draw(st.none() | st.text(st.characters(exclude_categories=["Cs"])))
        archive = dataclasses.replace(
            saved, config=config, tasks=record, mark=mark, digest=data.draw(word), session=session
        )
        assert decode(encode(archive)) == archive

    def test_files(self, tmp_path: Path) -> None:
        path = tmp_path / "population.amlz"
        for name in ("population", "checkpoint"):
            write(path, decode(SAMPLES[name]))
            assert path.read_bytes() == SAMPLES[name]
            assert read(path) == decode(SAMPLES[name])
            assert read(str(path)) == read(path)

    def test_space(self) -> None:
        saved = decode(CHECKPOINT)
        assert saved.space == SPACE
        assert saved.dims == DIMS

    def test_golden(self) -> None:
        for path in (ROOT / "archive" / "golden").glob("*.amlz"):
            assert encode(read(path)) == path.read_bytes(), path.name

    def test_beginning_and_end_are_as_described(self) -> None:
        for data in SAMPLES.values():
            assert data.startswith(b"\x94\xa4amlz\x92\x01\x00")
            assert seal(data[:-5]) == data


# ---------------------------------------------------------------- what cannot be written


class TestEncoding:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"fitness": 1}, r"population\[0\].fitness \(byte \d+\): expected a real, got an integer"),
            ({"fitness": math.nan}, r"population\[0\].fitness .*: expected a real from 0 to 1, got nan"),
            ({"fitness": 1.5}, "expected a real from 0 to 1, got 1.5"),
            ({"birth": -1}, "expected an integer, got a negative integer"),
            ({"birth": True}, "expected an integer, got a boolean"),
            ({"birth": 2.0}, "expected an integer, got a real"),
            ({"birth": 2**64}, "cannot be encoded: "),
            ({"parent": 7}, r"population\[0\].parent .*: expected an integer from 0 to 6, got 7"),
            ({"action": 8}, "expected an integer from 0 to 7, got 8"),
            ({"packed": "text"}, "expected a binary, got a string"),
            ({"packed": b""}, "the program ends too early"),
            ({"packed": Program()}, "cannot be encoded: "),
        ],
    )
    def test_members(self, change: dict[str, Any], message: str) -> None:
        member = Member(pack(Program()), 0.5, 7, 3, 1)
        encode(PopulationArchive(dims=DIMS, population=(member,)))
        with pytest.raises(ArchiveError, match=message):
            encode(PopulationArchive(dims=DIMS, population=(member._replace(**change),)))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"session": "x" * (2**24 + 1)}, "session .*: expected at most 16777216 bytes, got 16777217"),
            ({"session": "\ud800"}, "cannot be encoded"),
            ({"session": b"{}"}, "session .*: expected a string, got a binary"),
            ({"writer": "\u00e9" * 33}, "writer .*: expected at most 64 bytes, got 66"),
            ({"dims": None}, "cannot be encoded"),
            ({"mark": None}, "cannot be encoded"),
            ({"best": None}, "best .*: expected an array of 5, got nil"),
            ({"evaluations": 36}, "evaluations: expected an integer from 20 to 30, by the mark, got 36"),
        ],
    )
    def test_checkpoints(self, change: dict[str, Any], message: str) -> None:
        with pytest.raises(ArchiveError, match=message):
            encode(dataclasses.replace(decode(CHECKPOINT), **change))

    def test_other_things(self) -> None:
        with pytest.raises(ArchiveError, match="expected a ProgramArchive, PopulationArchive or Checkpoint, got dict"):
            encode({"kind": "program"})  # type: ignore[arg-type]

    def test_nothing_is_touched(self, tmp_path: Path) -> None:
        path = tmp_path / "x.amlz"
        path.write_text("before")
        with pytest.raises(ArchiveError):
            write(path, PopulationArchive(dims=DIMS, population=(Member(b"", 0.5),)))
        assert path.read_text() == "before"
        assert os.listdir(tmp_path) == ["x.amlz"]


class TestJson:
    def test_one_string_for_a_value(self) -> None:
        assert to_json({"b": [1, 2.5, None], "a": "\u00e9"}) == '{"a":"\\u00e9","b":[1,2.5,null]}'
        assert from_json(to_json({"b": [1, 2.5, None], "a": "\u00e9"}), "x") == {"b": [1, 2.5, None], "a": "\u00e9"}

    @pytest.mark.parametrize("value", [math.nan, math.inf, {1, 2}, b"", {"x": object()}, {(1,): 2}])
    def test_what_is_no_json(self, value: object) -> None:
        with pytest.raises(ArchiveError, match="JSON: expected plain values, got "):
            to_json(value)

    def test_cycles(self) -> None:
        cycle: list[Any] = []
        cycle.append(cycle)
        with pytest.raises(ArchiveError, match="JSON: expected plain values"):
            to_json(cycle)

    @pytest.mark.parametrize(
        "string", ["", "{", "[1,]", "NaN", "[Infinity]", "-Infinity", "[" * 10**6, "1" * 5000, "1 2", " " * 2**25]
    )
    def test_strings_that_are_none(self, string: str) -> None:
        with pytest.raises(ArchiveError, match=r"^run.amlz: session: expected JSON, got "):
            from_json(string, "run.amlz: session")


# ---------------------------------------------------------------- what is refused


def without(data: bytes, path: str) -> bytes:
    parts = parts_of(data)
    node, index = place_of(parts, path)
    del node[index]
    return assemble(parts)


def renamed(data: bytes, path: str, key: object) -> bytes:
    parts = parts_of(data)
    node, index = place_of(parts, path)
    node[index] = (key, node[index][1])
    return assemble(parts)


def swapped(data: bytes, path: str) -> bytes:
    """With two neighbouring keys in the other order."""
    parts = parts_of(data)
    node, index = place_of(parts, path)
    node[index], node[index + 1] = node[index + 1], node[index]
    return assemble(parts)


def repeated(data: bytes, path: str, at_end: bool = False) -> bytes:
    parts = parts_of(data)
    node, index = place_of(parts, path)
    node.insert(len(node) if at_end else index, node[index])
    return assemble(parts)


def value_at(data: bytes, path: str) -> Any:
    node, index = place_of(parts_of(data), path)
    return node[index][1] if isinstance(node, Pairs) else node[index]


OP = pack(Program.parse("def Predict():\n  s1 = dot(v0, v1)\n"))  # sizes 0 and 1, then op, out, in1, in2, size 0
REAL = struct.pack(">d", 0.5)

FILES = {
    "empty": (b"", "expected an archive, got an empty file"),
    "beginning": (CHECKPOINT[:5], "expected an archive, got one that is cut off"),
    "text": (b"def Setup():\n", "expected an archive, got a file that does not begin like one"),
    "gzip": (b"\x1f\x8b" + CHECKPOINT, "expected an archive, got a file that does not begin like one"),
    "version only": (CHECKPOINT[:9], "expected an archive, got one that is cut off at byte 9"),
    "half a version": (
        seal(b"\x94\xa4amlz\x92\xcf" + bytes(6)),
        "version (byte 7): expected an integer, got the end of the file in its midst",
    ),
    "next major": (
        assemble(["amlz", [2, 7], {"anything": 1}]),
        "expected version 1 of the archive format, got 2.7; a newer pyamlz may read it",
    ),
    "former major": (assemble(["amlz", [0, 9], []]), "expected version 1 of the archive format, got 0.9"),
    "major in a longer form": (
        seal(b"\x94\xa4amlz\x92\xcc\x01\x00\x80"),
        "version (byte 7): expected the shortest form, got a longer one",
    ),
    "version of three": (
        assemble(["amlz", [1, 0, 0], Pairs()]),
        "expected an archive, got a file that does not begin like one",
    ),
    "bytes after the end": (PROGRAM + b"\0", "checksum"),
    "bytes before the checksum": (
        seal(PROGRAM[:-5] + b"\xc0"),
        f"byte {len(PROGRAM) - 5}: expected the checksum, got 1 more bytes before it",
    ),
    "checksum in another form": (PROGRAM[:-5] + b"\xd2" + PROGRAM[-4:], "checksum"),
    "body is an array": (assemble(["amlz", [1, 0], []]), "byte 9: expected a map, got an array"),
    "no body": (seal(b"\x94\xa4amlz\x92\x01\xcc\x80"), "byte 10: expected a map, got the end of the file"),
    "map of too many": (
        seal(b"\x94\xa4amlz\x92\x01\x00\xdf\xff\xff\xff\xff"),
        "byte 9: expected a map, got one of 4294967295 in the 0 bytes that are left",
    ),
}

# The archive with one thing changed, and what is said of it.
BROKEN = {
    # keys
    "key is missing": (without(CHECKPOINT, "config.population_size"), "config (byte", "'population_size', got 'tour"),
    "last key is missing": (
        without(CHECKPOINT, "session"),
        "byte",
        "expected the key 'session', got the end of the map",
    ),
    "first key is missing": (without(CHECKPOINT, "kind"), "byte", "expected the key 'kind', got 'writer'"),
    "unknown key": (renamed(CHECKPOINT, "tasks.epochs", "epoch"), "tasks (byte", "key 'epochs', got 'epoch'"),
    "unknown key at the end": (
        changed(PROGRAM, "program", Raw(packed(value_at(PROGRAM, "program")))).replace(
            b"\x84\xa4kind", b"\x85\xa4kind"
        ),
        "checksum",
        "damaged",
    ),
    "key twice": (
        repeated(CHECKPOINT, "config.seed"),
        "config (byte",
        "'algorithm', got 'seed', which was there before",
    ),
    "key again at the end": (
        repeated(CHECKPOINT, "mark.rng", at_end=True),
        "mark (byte",
        "expected the end of the map, got the key 'rng', which was there before",
    ),
    "keys in another order": (
        swapped(CHECKPOINT, "evaluations"),
        "byte",
        "expected the key 'evaluations', got 'digest'",
    ),
    "key that is a number": (renamed(CHECKPOINT, "mark.hall", 3), "mark (byte", "the key 'hall', got an integer"),
    "key that is a binary": (renamed(CHECKPOINT, "mark.hall", b"hall"), "mark (byte", "the key 'hall', got a binary"),
    "key that is no UTF-8": (
        renamed(CHECKPOINT, "mark.hall", Raw(b"\xa4hal\xff")),
        "mark (byte",
        "expected the key 'hall', got one that is not UTF-8",
    ),
    "long key": (renamed(CHECKPOINT, "dims", "x" * 1000), "byte", "expected the key 'dims', got 'xxxxxxxxxxx"),
    "key of another kind": (renamed(PROGRAM, "program", "population"), "byte", "key 'program', got 'population'"),
    "kind that is none": (
        changed(PROGRAM, "kind", "projekt"),
        "kind",
        "one of program, population, checkpoint, got 'proj",
    ),
    "kind that is nil": (changed(PROGRAM, "kind", None), "kind (byte", "expected a string, got nil"),
    # strings
    "writer is too long": (changed(PROGRAM, "writer", "x" * 65), "writer (byte", "expected at most 64 bytes, got 65"),
    "writer is no UTF-8": (changed(PROGRAM, "writer", Raw(b"\xa2\xc3\x28")), "writer (byte", "one that is not UTF-8"),
    "surrogate": (changed(PROGRAM, "writer", Raw(b"\xa3\xed\xa0\x80")), "writer (byte", "one that is not UTF-8"),
    "overlong UTF-8": (changed(PROGRAM, "writer", Raw(b"\xa2\xc0\x80")), "writer (byte", "one that is not UTF-8"),
    "string in a longer form": (changed(PROGRAM, "writer", Raw(b"\xd9\x01x")), "writer (byte", "the shortest form"),
    "string of too many bytes": (
        changed(PROGRAM, "writer", Raw(b"\xdb\xff\xff\xff\xff")),
        "writer (byte",
        "expected a string, got the end of the file in its midst",
    ),
    "session is too long": (
        changed(CHECKPOINT, "session", "x" * (2**24 + 1)),
        "session (byte",
        "at most 16777216 bytes",
    ),
    "source is too long": (changed(CHECKPOINT, "tasks.source", "x" * (2**20 + 1)), "tasks.source (", "at most 1048576"),
    # integers and reals
    "boolean": (changed(CHECKPOINT, "config.cache_size", True), "config.cache_size (byte", "integer, got a boolean"),
    "negative": (changed(CHECKPOINT, "config.cache_size", -1), "config.cache_size (byte", "got a negative integer"),
    "signed form": (changed(CHECKPOINT, "digest", Raw(b"\xd1\x01\x00")), "digest (byte", "got a signed integer"),
    "longer form": (changed(CHECKPOINT, "digest", Raw(b"\xcc\x7f")), "digest (byte", "the shortest form, got a longer"),
    "64 bits for 32": (
        changed(CHECKPOINT, "digest", Raw(b"\xcf" + struct.pack(">Q", 2**32 - 1))),
        "digest",
        "shortest",
    ),
    "integer that is real": (changed(CHECKPOINT, "evaluations", 25.0), "evaluations (byte", "an integer, got a real"),
    "integer of too many bits": (
        changed(CHECKPOINT, "config.cache_size", 2**32),
        "config.cache_size (byte",
        "expected an integer from 0 to 4294967295, got 4294967296",
    ),
    "too small": (
        changed(CHECKPOINT, "config.population_size", 0),
        "config.population_size (byte",
        "expected an integer from 1 to 4294967295, got 0",
    ),
    "real that is an integer": (
        changed(CHECKPOINT, "config.max_cost", 0),
        "config.max_cost (byte",
        "real, got an integer",
    ),
    "real of 32 bits": (
        changed(CHECKPOINT, "config.max_cost", Raw(b"\xca\0\0\0\0")),
        "config.max_cost (byte",
        "expected a real, got a 32-bit float",
    ),
    "NaN": (changed(CHECKPOINT, "config.mutate_prob", math.nan), "config.mutate_prob (byte", "from 0 to 1, got nan"),
    "infinity": (changed(CHECKPOINT, "config.max_cost", math.inf), "config.max_cost (byte", "got inf"),
    "negative real": (changed(CHECKPOINT, "config.mutations[2]", -0.5), "config.mutations[2] (byte", "got -0.5"),
    "types that archives do not have": (
        changed(CHECKPOINT, "config.max_cost", Raw(b"\xc7\0\1")),
        "config.max_cost (byte",
        "expected a real, got an extension",
    ),
    "reserved byte": (changed(CHECKPOINT, "digest", Raw(b"\xc1")), "digest (byte", "an integer, got a reserved byte"),
    # dims
    "no memory": (changed(POPULATION, "dims", None), "dims (byte", "expected a map, got nil"),
    "no features": (
        changed(POPULATION, "dims.features", 0),
        "dims.features (byte",
        "an integer from 1 to 65536, got 0",
    ),
    "too few scalars": (changed(POPULATION, "dims.scalars", 1), "dims.scalars (byte", "from 2 to 256, got 1"),
    "label that is none": (changed(POPULATION, "dims.label", 3), "dims.label (byte", "from 0 to 2, got 3"),
    "classes of regression": (changed(POPULATION, "dims.classes", 2), "dims (byte", "n_classes"),
    "too many classes": (changed(SAMPLES["classes"], "dims.classes", 5), "dims (byte", "n_classes"),
    # programs
    "program that ends early": (changed(PROGRAM, "program", OP[:-1]), "program (byte", "the program ends too early"),
    "program that goes on": (changed(PROGRAM, "program", OP + b"\0"), "program (byte", "bytes after the end"),
    "op that is none": (changed(PROGRAM, "program", OP[:4] + b"\xff" + OP[5:]), "program (byte", "unknown op"),
    "address that is none": (
        changed(POPULATION, "population[1].program", OP[:5] + b"\x04" + OP[6:]),
        "population[1].program (byte",
        "instruction 1 of a function: address out of range",
    ),
    "label that is written": (changed(PROGRAM, "program", OP[:5] + b"\0" + OP[6:]), "program (byte", "must not write"),
    "program is a string": (changed(PROGRAM, "program", "x"), "program (byte", "expected a binary, got a string"),
    "binary in a longer form": (changed(PROGRAM, "program", Raw(b"\xc5\0\6" + bytes(6))), "program", "shortest form"),
    "too many instructions": (
        changed(
            CHECKPOINT,
            "mark.population[3].program",
            pack(Program(setup=[instruction_of(find_op("scalar_sum"))] * 41)),
        ),
        "mark.population[3].program (byte",
        "expected at most 40 instructions in setup, got 41",
    ),
    # members
    "row is too short": (
        without(POPULATION, "population[0].action"),
        "population[0] (byte",
        "an array of 5, got one of 4",
    ),
    "row is too long": (
        repeated(POPULATION, "population[0].action"),
        "population[0] (byte",
        "array of 5, got one of 6",
    ),
    "row is a map": (changed(POPULATION, "population[0]", Pairs()), "population[0] (byte", "array of 5, got a map"),
    "row in a longer form": (
        changed(POPULATION, "population[0]", Raw(b"\xdc\0\5" + packed(value_at(POPULATION, "population[0]"))[1:])),
        "population[0] (byte",
        "expected the shortest form",
    ),
    "fitness": (
        changed(POPULATION, "population[2].fitness", 1.1),
        "population[2].fitness (byte",
        "from 0 to 1, got 1.1",
    ),
    "parent": (changed(POPULATION, "population[2].parent", 7), "population[2].parent (byte", "from 0 to 6, got 7"),
    "action": (changed(POPULATION, "population[2].action", 8), "population[2].action (byte", "from 0 to 7, got 8"),
    "parent without a birth": (
        changed(POPULATION, "population[1].birth", 0),
        "population[1].parent (byte",
        "0 to 0, got 1",
    ),
    "members that are not there": (
        changed(POPULATION, "population", Raw(b"\xdd\xff\xff\xff\xff")),
        "population (byte",
        "expected an array, got one of 4294967295 in the 0 bytes that are left",
    ),
    # config
    "algorithm": (changed(CHECKPOINT, "config.algorithm", 2), "config.algorithm (byte", "from 0 to 1, got 2"),
    "no weights": (changed(CHECKPOINT, "config.mutations", [0.0] * 8), "config", "mutations must have finite weights"),
    "7 weights": (
        changed(CHECKPOINT, "config.mutations", [1.0] * 7),
        "config.mutations (byte",
        "array of 8, got one of 7",
    ),
    "no fingerprint": (
        changed(CHECKPOINT, "config.fec_train", 0),
        "config",
        "fec_train and fec_valid must be 1 or more",
    ),
    "two functions": (without(CHECKPOINT, "config.functions[2]"), "config.functions (byte", "array of 3, got one of 2"),
    "op twice": (changed(CHECKPOINT, "config.functions[0].ops", b"\1\1"), "config.functions (byte", "an op twice"),
    "unknown op": (changed(CHECKPOINT, "config.functions[1].ops", b"\xff"), "config.functions (byte", "ops that exist"),
    "too many ops": (
        changed(CHECKPOINT, "config.functions[1].ops", bytes(129)),
        "config.functions[1].ops",
        "128 ops, got 129",
    ),
    "sizes": (
        changed(CHECKPOINT, "config.functions[1].min_size", 41),
        "config.functions (byte",
        "min_size must be at most",
    ),
    "capacity": (
        changed(CHECKPOINT, "config.functions[1].max_size", 65),
        "config.functions[1].max_size (byte",
        "0 to 64",
    ),
    "start program": (
        changed(CHECKPOINT, "config.start_program", None),
        "config.start_program (byte",
        "binary, got nil",
    ),
    # tasks
    "no tasks": (changed(CHECKPOINT, "tasks.count", 0), "tasks.count (byte", "from 1 to 4294967295, got 0"),
    "too few examples": (changed(CHECKPOINT, "tasks.train", 1), "tasks.train (byte", "from 2 to 2147483647, got 1"),
    "source is an array": (changed(CHECKPOINT, "tasks.source", []), "tasks.source (byte", "a string, got an array"),
    "data of too few tasks": (
        without(SAMPLES["data"], "tasks.data[1]"),
        "tasks.data (byte",
        "array of 2, got one of 1",
    ),
    "data of three parts": (
        without(SAMPLES["data"], "tasks.data[1][3]"),
        "tasks.data[1] (byte",
        "array of 4, got one of 3",
    ),
    "data of another length": (
        changed(SAMPLES["data"], "tasks.data[1][2]", bytes(12)),
        "tasks.data[1][2] (byte",
        "expected 16 bytes, got 12",
    ),
    # state
    "evaluations before the mark": (
        changed(CHECKPOINT, "evaluations", 19),
        "evaluations",
        "expected an integer from 20 to 30, by the mark, got 19",
    ),
    "no best": (changed(CHECKPOINT, "best", None), "best (byte", "expected an array of 5, got nil"),
    "best before all": (
        changed(SAMPLES["new"], "best", value_at(CHECKPOINT, "best")),
        "best (byte",
        "expected nil before the first evaluation, got an array",
    ),
    "birth after the mark": (
        changed(CHECKPOINT, "mark.hall[0].birth", 21),
        "mark.hall[0].birth (byte",
        "1 to 20, got 21",
    ),
    "birth that is not known": (
        changed(CHECKPOINT, "mark.hall[0].birth", 0),
        "mark.hall[0].birth (byte",
        "1 to 20, got 0",
    ),
    "member is missing": (
        without(CHECKPOINT, "mark.population[3]"),
        "mark.population (byte",
        "array of 4, got one of 3",
    ),
    "member too many": (
        repeated(CHECKPOINT, "mark.population[3]"),
        "mark.population (byte",
        "array of 4, got one of 5",
    ),
    "counts": (without(CHECKPOINT, "mark.counts[7]"), "mark.counts (byte", "an array of 8, got one of 7"),
    "random state of zeros": (
        changed(CHECKPOINT, "mark.rng", [0] * 4),
        "mark.rng",
        "a state that is not all 0, got one",
    ),
    "random state of five": (changed(CHECKPOINT, "mark.rng", [1] * 5), "mark.rng (byte", "an array of 4, got one of 5"),
    "improvement that is none": (
        repeated(CHECKPOINT, "mark.history[0]"),
        "mark.history[1]",
        "expected a fitness over ",
    ),
    "history that is too long": (
        changed(CHECKPOINT, "config.history_size", 0),
        "mark.history (byte",
        "expected an array of 0, got one of",
    ),
    "too far from the mark": (
        changed(CHECKPOINT, "evaluations", 31),
        "evaluations",
        "from 20 to 30, by the mark, got 31",
    ),
}


class TestRefusals:
    @pytest.mark.parametrize("case", FILES)
    def test_files(self, case: str) -> None:
        data, message = FILES[case]
        assert refused(data).startswith(message)

    @pytest.mark.parametrize("case", BROKEN)
    def test_contents(self, case: str) -> None:
        data, place, message = BROKEN[case]
        found = refused(data)
        assert found.startswith(place), found
        assert message in found

    @pytest.mark.parametrize("name", ["program-dims", "population", "young"])
    def test_every_truncation(self, name: str) -> None:
        data = SAMPLES[name]
        for length in range(len(data)):
            refused(data[:length])

    @pytest.mark.parametrize("name", ["program-dims", "population", "young"])
    def test_every_single_bit(self, name: str) -> None:
        data = SAMPLES[name]
        for at in range(len(data)):
            for bit in range(8):
                refused(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])

    @pytest.mark.parametrize("name", SAMPLES)
    def test_every_truncation_with_a_checksum(self, name: str) -> None:
        body = SAMPLES[name][:-5]
        for length in range(0, len(body), 1 if len(body) < 500 else 7):
            refused(seal(body[:length]))

    def test_a_message_names_byte_and_key(self) -> None:
        data = changed(CHECKPOINT, "mark.population[2].fitness", 2.0)
        at = next(i for i, (a, b) in enumerate(zip(data, CHECKPOINT, strict=True)) if a != b) - 1
        message = f"mark.population[2].fitness (byte {at}): expected a real from 0 to 1, got 2.0"
        assert refused(data) == message

    def test_files_that_cannot_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(ArchiveError, match=f"^{tmp_path}/none: cannot be read: No such file or directory$"):
            read(tmp_path / "none")
        with pytest.raises(ArchiveError, match=r"cannot be read: Is a directory|not a regular file"):
            read(tmp_path)
        with pytest.raises(ArchiveError, match="cannot be read: embedded null"):
            read("a\0b")
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ArchiveError, match="pipe: expected an archive, got something that is not a regular file"):
            read(tmp_path / "pipe")
        (tmp_path / "text").write_text("x" * 10000)
        with pytest.raises(ArchiveError, match="text: expected an archive, got a file that does not begin like one"):
            read(tmp_path / "text")
        (tmp_path / "empty").touch()
        with pytest.raises(ArchiveError, match="empty: expected an archive, got an empty file"):
            read(tmp_path / "empty")

    def test_a_file_larger_than_memory(self, tmp_path: Path) -> None:
        path = tmp_path / "sparse.amlz"
        path.write_bytes(CHECKPOINT)
        os.truncate(path, 2**43)
        with pytest.raises(ArchiveError, match=r"sparse.amlz: cannot be read: .* more than there is memory"):
            read(path)


MORE = [None, 5, 2.5, math.nan, "x", b"y", [[], [1, [2]]], Pairs([("a", Pairs([("b", [1])])), ("c", None)])]
ROWS = ["mark.counts", "mark.population[1]", "mark.hall[0]", "mark.history[0]", "best", "config.mutations"]
OTHER_TYPES = [True, -1, Raw(b"\xd0\x05"), Raw(b"\xca\0\0\0\0"), Raw(b"\xc1"), Raw(b"\xd4\0\0"), Raw(b"\xa1\xff")]
LONGER_FORMS = [Raw(b"\xcc\x05"), Raw(b"\xd9\x01x"), Raw(b"\xdd\xff\xff\xff\xff"), Raw(b"\xdc\0\0"), Raw(b"\xde\0\0")]


class TestNewerVersions:
    def newer(self, path: str, *more: Any, data: bytes = CHECKPOINT, minor: int = 1) -> bytes:
        """An archive of a newer minor version, with more at the end of what is at the path."""
        parts = parts_of(data)
        parts[1] = [1, minor]
        if path:
            node, index = place_of(parts, path)
            (node[index][1] if isinstance(node, Pairs) else node[index]).extend(more)
        else:
            parts[2].extend(more)
        return assemble(parts)

    @pytest.mark.parametrize("path", ["", "config", "tasks", "mark", "dims"])
    @pytest.mark.parametrize("value", MORE, ids=repr)
    def test_more_keys(self, path: str, value: object) -> None:
        data = self.newer(path, ("more", value), ("again", value))
        assert decode(data) == decode(CHECKPOINT)

    @pytest.mark.parametrize("path", [*ROWS, "config.functions[1]"])
    @pytest.mark.parametrize("minor", [1, 1000, 2**64 - 1])
    def test_longer_rows(self, path: str, minor: int) -> None:
        assert decode(self.newer(path, *MORE, minor=minor)) == decode(CHECKPOINT)

    @pytest.mark.parametrize("path", ["mark.rng", "config.functions", "tasks.data[0]"])
    def test_other_arrays_stay_as_they_are(self, path: str) -> None:
        assert "expected an array of" in refused(self.newer(path, 1, data=SAMPLES["data"]))

    def test_keys_must_be_there(self) -> None:
        data = without(self.newer("config", ("more", 1)), "config.seed")
        assert "config (byte" in refused(data)

    @pytest.mark.parametrize("value", [*OTHER_TYPES, *LONGER_FORMS], ids=repr)
    def test_other_encodings_are_refused_there_too(self, value: object) -> None:
        refused(self.newer("config", ("more", value)))

    def test_depth_is_no_matter(self) -> None:
        data = self.newer("", ("more", Raw(b"\x91" * 10**5 + b"\xc0")))
        assert decode(data) == decode(CHECKPOINT)
        assert "more (byte" not in refused(self.newer("", ("more", Raw(b"\x91" * 10**5))))

    def test_the_own_version_has_none(self) -> None:
        assert "expected an array of 8, got one of 9" in refused(self.newer("mark.counts", 1, minor=0))
        assert "the end of the map, got the key 'more'" in refused(self.newer("mark", ("more", 1), minor=0))


# ---------------------------------------------------------------- what reading costs, and what it must not do


def numbers_of_tasks(count: int, examples: int) -> bytes:
    parts = parts_of(SAMPLES["data"])
    binary = [bytes(4 * examples * n) for n in (1, 1)] * 2
    for path, value in {
        "dims.features": 1,
        "config.fec_size": 0,
        "tasks.count": count,
        "tasks.train": examples,
        "tasks.valid": examples,
        "tasks.data": [binary] * count,
    }.items():
        node, index = place_of(parts, path)
        node[index] = (node[index][0], value)
    return assemble(parts)


def improvements(count: int) -> bytes:
    parts = parts_of(SAMPLES["checkpoint"])
    rows = [[i / count, i + 1, 0, 0] for i in range(count)]
    counts = [10**6, 0, 0, 0, 0, 0, 0, 0]
    for path, value in {
        "evaluations": 10**6,
        "config.history_size": count,
        "mark.history": rows,
        "mark.counts": counts,
    }.items():
        node, index = place_of(parts, path)
        node[index] = (node[index][0], value)
    return assemble(parts)


EMPTY = pack(Program())
LARGE = {
    "members": lambda: changed(POPULATION, "population", [[EMPTY, 0.5, 300 + i, 299 + i, 1] for i in range(10000)]),
    "members of the smallest size": lambda: changed(POPULATION, "population", [[EMPTY, 0.5, 0, 0, 1]] * 10000),
    "improvements": lambda: improvements(10000),
    "small tasks": lambda: numbers_of_tasks(10000, 1),
    "large tasks": lambda: numbers_of_tasks(2, 100000),
    "session": lambda: changed(CHECKPOINT, "session", "x" * 10**6 + "\U0001f600"),
    "newer keys": lambda: TestNewerVersions().newer("", *((f"{i}", None) for i in range(30000))),
    "newer depth": lambda: TestNewerVersions().newer("", ("more", Raw(b"\x91" * 10**5 + b"\xc0"))),
    "members that are not there": lambda: changed(
        POPULATION, "population", Raw(b"\xdd\x00\x80\x00\x00" + bytes(10**6))
    ),
    "string that is not there": lambda: changed(PROGRAM, "writer", Raw(b"\xdb\x7f\xff\xff\xff" + bytes(10**5))),
    "binary that is not there": lambda: changed(PROGRAM, "program", Raw(b"\xc6\x7f\xff\xff\xff" + bytes(10**5))),
}


class TestCost:
    @pytest.mark.parametrize("case", LARGE)
    def test_memory(self, case: str) -> None:
        data = LARGE[case]()
        is_whole = "not there" not in case
        if is_whole:
            decode(data)
        tracemalloc.start()
        try:
            archive = decode(data) if is_whole else refused(data)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert archive is not None
        print(f"{case}: {len(data)} bytes, peak {peak / len(data):.1f} times as much besides")
        assert peak + len(data) <= 20 * len(data) + 256 * 1024

    def test_size_and_speed(self, tmp_path: Path) -> None:
        """1000 members as the demo has them."""
        task_set = linear_tasks()
        space = linear_space(task_set)
        search = Search(task_set, space, seed=1, population_size=1000, cache_period=1000)
        search.run(max_evaluations=3000)
        times = {"taken": 0.0, "encoded": 0.0, "written": 0.0, "read": 0.0}
        path = tmp_path / "demo.amlz"
        for _ in range(3):
            began = time.perf_counter()
            saved = checkpoint(search)
            times["taken"] = time.perf_counter() - began
            data = encode(saved)
            times["encoded"] = time.perf_counter() - began - times["taken"]
            began = time.perf_counter()
            write(path, saved)
            times["written"] = time.perf_counter() - began
            began = time.perf_counter()
            read(path)
            times["read"] = time.perf_counter() - began
        shown = ", ".join(f"{name} in {1000 * seconds:.1f} ms" for name, seconds in times.items())
        print(f"checkpoint of {len(saved.mark.population)} members, {len(data)} bytes: {shown}")
        assert len(data) < 300_000

    def test_nothing_is_executed_or_opened(self) -> None:
        code = """
import sys
sys.path.insert(0, "tests/fuzz")
from mutated import is_accepted, mutants, seeds
originals = seeds()
archives = list(mutants(originals, 300, 7)) + originals
for data in originals + archives[:20]:
    is_accepted(data)  # so that everything is imported
events = []
sys.addaudithook(lambda event, arguments: events.append(event))
accepted = sum(is_accepted(data) for data in archives)
seen = set(events)
assert accepted >= len(originals), accepted
print(sorted(seen))
"""
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        assert result.stdout.strip() == "[]"

    @pytest.mark.parametrize("pure", [{}, {"MSGPACK_PUREPYTHON": "1"}], ids=["compiled", "pure"])
    def test_mutated_archives(self, pure: dict[str, str]) -> None:
        """With both implementations of msgpack."""
        result = subprocess.run(
            [sys.executable, "tests/fuzz/mutated.py", "3000", "1"],
            cwd=ROOT,
            env={**environment(), **pure},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith("3000 archives: ")


# ---------------------------------------------------------------- searches


def wide() -> tuple[Any, Any, dict[str, Any]]:
    labels = class_tasks()
    space = full_space(Dims.of(labels, n_scalars=3, n_vectors=4, n_matrices=1), size=3)
    return labels, space, {"precision": "float64", "combine": "median"}


CASES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "plain": (TASKS, SPACE, {}),
    "random search": (TASKS, SPACE, {"algorithm": "random_search"}),
    "no caches": (TASKS, SPACE, {"cache_size": 0, "fec_size": 0}),
    "a small cache": (TASKS, SPACE, {"cache_size": 3, "fec_size": 0}),
    "work": (TASKS, SPACE, {"cache_period": 1000, "cache_work": 300}),
    "a cost": (TASKS, SPACE, {"max_cost": 20.0}),
    "classes": wide(),
    "empty start": (TASKS, SPACE, {"start": "empty"}),
    "a program": (TASKS, SPACE, {"start": Program.random(SPACE, 9)}),
}


class TestSearches:
    @pytest.mark.parametrize("evaluations", [0, 1, 3, 10, 25, 200])
    @pytest.mark.parametrize("case", CASES)
    def test_restored(self, case: str, evaluations: int) -> None:
        task_set, space, arguments = CASES[case]
        whole = search_of(evaluations, task_set, space, **arguments)
        saved = decode(encode(checkpoint(whole)))
        restored = search_of(0, task_set, space, **arguments)
        bring(restored, saved)
        assert restored.digest == whole.digest
        assert encode(checkpoint(restored)) == encode(saved)
        for search in (whole, restored):
            lib.amlz_search_run(search._handle.pointer, 137, 2.0, ffi.NULL)
        assert restored.digest == whole.digest
        assert checkpoint(restored) == checkpoint(whole)

    def test_contents(self) -> None:
        search = search_of(25)
        saved = checkpoint(search, source="{}", session="[]")
        assert (saved.evaluations, saved.digest, saved.mark.counts.evaluations) == (25, search.digest, 20)
        assert saved.best is not None
        assert (saved.best.program, saved.best.fitness) == (search.best.program, search.best.fitness)
        assert (saved.tasks.count, saved.tasks.train, saved.tasks.valid, saved.tasks.epochs) == (2, 3, 2, 1)
        assert (saved.tasks.source, saved.tasks.data, saved.session) == ("{}", None, "[]")
        assert (saved.config.seed, saved.config.population_size) == (3, 4)
        assert isinstance(saved.mark.history[0], HistoryRow)

    @pytest.mark.parametrize("precision", ["float32", "float64"])
    @pytest.mark.parametrize("kind", ["regression", "multiclass", "binary"])
    def test_tasks_in_the_archive(self, kind: str, precision: Any) -> None:
        task_set = {"regression": TASKS, "multiclass": class_tasks()}.get(kind) or tasks.from_arrays(
            class_tasks().train_x, (class_tasks().train_y > 0) * 1.0, kind="binary"
        )
        space = full_space(Dims.of(task_set, n_scalars=3, n_vectors=4, n_matrices=1), size=3)
        search = search_of(25, task_set, space, precision=precision)
        source = to_json({"generator": "x", "arguments": {}})
        saved = decode(encode(checkpoint(search, data=data_of(task_set, precision), source=source)))
        again = task_set_of(saved)
        assert again.source == {"generator": "x", "arguments": {}}
        restored = search_of(0, again, space, precision=precision)
        bring(restored, saved)
        assert restored.digest == search.digest
        assert data_of(again, precision) == saved.tasks.data

    def test_tasks_that_are_not_there_or_none(self) -> None:
        with pytest.raises(ArchiveError, match=r"run.amlz: tasks.data: expected the tasks' numbers, got nil"):
            task_set_of(decode(CHECKPOINT), "run.amlz")
        data = changed(SAMPLES["data"], "tasks.data[1][0]", b"\xff" * 24)
        with pytest.raises(ArchiveError, match=r"run.amlz: tasks.data: train_x: expected finite numbers, got nan"):
            task_set_of(decode(data), "run.amlz")
        data = changed(SAMPLES["data"], "tasks.source", "{")
        with pytest.raises(ArchiveError, match=r"run.amlz: tasks.source: expected JSON"):
            task_set_of(decode(data), "run.amlz")

    def test_other_tasks(self) -> None:
        data = changed(SAMPLES["data"], "tasks.data[1][1]", bytes(12))
        saved = decode(data)
        restored = search_of(0, task_set_of(saved))
        with pytest.raises(ArchiveError, match=r"run.amlz: tasks.digest: expected tasks with \d+, got \d+"):
            bring(restored, saved)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"seed": 4}, "config.seed: expected a search with 3, got 4"),
            ({"population_size": 5}, "config.population_size: expected a search with 4, got 5"),
            ({"cache_period": 11}, "config.cache_period: expected a search with 10, got 11"),
            ({"mutations": {"insert": 1}}, "config.mutations: expected a search with "),
            ({"fixed_program": Program.random(SPACE, 1)}, "config.start_program: expected a search with "),
            ({"space": full_space(DIMS, size=3)}, "config.functions: expected a search with "),
            ({"space": full_space(Dims.of(TASKS, n_scalars=5, n_vectors=3, n_matrices=2), 2)}, "dims.n_scalars: "),
            ({"task_set": linear_tasks(n_features=2, n_tasks=3, n_train=3, n_valid=2)}, "tasks.count: expected tasks"),
        ],
    )
    def test_another_search(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ArchiveError, match=f"^run.amlz: {message}"):
            bring(search_of(**arguments), decode(CHECKPOINT))

    def test_a_search_that_has_run(self) -> None:
        with pytest.raises(ArchiveError, match=r"run.amlz: mark.population\[0\]: items must be put before"):
            bring(search_of(1), decode(CHECKPOINT))

    @pytest.mark.parametrize(
        ("path", "value", "message"),
        [
            ("digest", 5, r"digest: expected 5, got \d+: this library does not find the same results"),
            ("best.fitness", 0.9, "best: expected the search's best program, got another member: this library"),
            ("mark.population[1].fitness", 0.875, "digest: expected "),
            ("mark.rng[2]", 7, "digest: expected "),
            ("mark.counts[1]", 19, "mark: each evaluation must have been a cache hit"),
            ("mark.history", [], "mark: the last improvement must be the best program"),
        ],
    )
    def test_contents_that_contradict_each_other(self, path: str, value: object, message: str) -> None:
        saved = decode(changed(CHECKPOINT, path, value))
        with pytest.raises(ArchiveError, match=f"^run.amlz: {message}"):
            bring(search_of(), saved)

    def test_the_order_of_the_hall(self) -> None:
        parts = parts_of(CHECKPOINT)
        node, index = place_of(parts, "mark.hall")
        node[index][1].reverse()
        with pytest.raises(ArchiveError, match=r"mark.hall\[1\]: programs of the hall must have more and more"):
            bring(search_of(), decode(assemble(parts)))

    def test_members_that_are_none(self) -> None:
        """Checkpoints that were put together by hand."""
        saved = decode(CHECKPOINT)
        mark = dataclasses.replace(saved.mark, hall=(Member(b"\xff", 0.5, 1),))
        with pytest.raises(ArchiveError, match=r"mark.hall\[0\].program: "):
            bring(search_of(), dataclasses.replace(saved, mark=mark))
        with pytest.raises(ProgramError, match="byte 2 of the program: the program ends too early"):
            unpack(b"\x01")

    def test_errors_are_input_errors(self) -> None:
        assert issubclass(ArchiveError, InputError)
