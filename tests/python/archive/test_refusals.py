"""What is refused of archives: each rule of the format broken once, damage of every kind."""

import math
import os
import struct
from pathlib import Path
from typing import Any

import pytest
from archives import (
    CHECKPOINT,
    GOLDEN,
    ISLANDS,
    POPULATION,
    PROGRAM,
    SAMPLES,
    Pairs,
    Raw,
    assemble,
    changed,
    newer,
    packed,
    parts_of,
    place_of,
    refused,
    seal,
    without,
)
from samples import instruction_of

from pyamlz import ArchiveError, Program
from pyamlz.archive import pack, read
from pyamlz.archive._codec import MINOR
from pyamlz.program import find_op


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


def damaged(data: bytes) -> bytes:
    return data[:100] + bytes([data[100] ^ 1]) + data[101:]


HURDLES = SAMPLES["hurdles"]
OP = pack(Program.parse("def Predict():\n  s1 = dot(v0, v1)\n"))  # sizes 0 and 1, then op, out, in1, in2, size 0

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
        "one of program, population, checkpoint, islands, got 'proj",
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
    "action": (changed(POPULATION, "population[2].action", 16), "population[2].action (byte", "from 0 to 15, got 16"),
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
    "no weights": (changed(CHECKPOINT, "config.mutations", [0.0] * 16), "config", "mutations must have finite weights"),
    "8 weights": (
        changed(CHECKPOINT, "config.mutations", [1.0] * 8),
        "config.mutations (byte",
        "array of 16, got one of 8",
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
    "redraws": (
        changed(CHECKPOINT, "config.redraws", 2**32),
        "config.redraws (byte",
        "0 to 4294967295, got 4294967296",
    ),
    "redraws that are real": (
        changed(CHECKPOINT, "config.redraws", 1.0),
        "config.redraws (byte",
        "integer, got a real",
    ),
    "no redraws": (without(CHECKPOINT, "config.redraws"), "config (byte", "key 'redraws', got 'hurdles'"),
    "five hurdles": (
        changed(CHECKPOINT, "config.hurdles", [[i, 1] for i in range(1, 6)]),
        "config.hurdles (byte",
        "expected an array, got one of 5",
    ),
    "hurdle of three": (
        changed(CHECKPOINT, "config.hurdles", [[1, 1, 1]]),
        "config.hurdles[0] (byte",
        "an array of 2, got one of 3",
    ),
    "hurdle without examples": (
        changed(HURDLES, "config.hurdles[0].n_valid", 0),
        "config.hurdles[0].n_valid (byte",
        "expected an integer from 1 to 2147483647, got 0",
    ),
    "hurdle with more examples than integers": (
        changed(HURDLES, "config.hurdles[1].n_train", 2**31),
        "config.hurdles[1].n_train (byte",
        "expected an integer from 1 to 2147483647, got 2147483648",
    ),
    "hurdles that do not grow": (
        changed(HURDLES, "config.hurdles[1].n_train", 1),
        "config",
        "hurdles must have larger n_train from one to the next",
    ),
    "hurdle beyond the training examples": (
        changed(HURDLES, "config.hurdles[1].n_train", 5),
        "tasks.train (byte",
        "from 5 to 2147483647, got 4",
    ),
    "hurdle beyond the validation examples": (
        changed(HURDLES, "config.hurdles[0].n_valid", 4),
        "tasks.valid (byte",
        "from 4 to 2147483647, got 3",
    ),
    "percentile of everything": (
        changed(HURDLES, "config.hurdle_percentile", 1.0),
        "config",
        "hurdle_percentile must be over 0 and under 1",
    ),
    "percentile of nothing": (
        changed(HURDLES, "config.hurdle_percentile", -0.0),
        "config",
        "hurdle_percentile must be over 0 and under 1",
    ),
    "percentile over 1": (
        changed(CHECKPOINT, "config.hurdle_percentile", 1.5),
        "config.hurdle_percentile (byte",
        "expected a real from 0 to 1, got 1.5",
    ),
    "no window": (changed(HURDLES, "config.hurdle_window", 0), "config", "hurdle_window must be 1 or more"),
    "window of too many bits": (
        changed(CHECKPOINT, "config.hurdle_window", 2**32),
        "config.hurdle_window (byte",
        "got 4294967296",
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
        changed(CHECKPOINT, "evaluations", 15),
        "evaluations",
        "expected an integer from 16 to 26, by the mark, got 15",
    ),
    "no best": (changed(CHECKPOINT, "best", None), "best (byte", "expected an array of 5, got nil"),
    "best before all": (
        changed(SAMPLES["new"], "best", value_at(CHECKPOINT, "best")),
        "best (byte",
        "expected nil before the first evaluation, got an array",
    ),
    "birth after the mark": (
        changed(CHECKPOINT, "mark.hall[0].birth", 17),
        "mark.hall[0].birth (byte",
        "1 to 16, got 17",
    ),
    "birth that is not known": (
        changed(CHECKPOINT, "mark.hall[0].birth", 0),
        "mark.hall[0].birth (byte",
        "1 to 16, got 0",
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
    "counts": (without(CHECKPOINT, "mark.counts[7]"), "mark.counts (byte", "an array of 11, got one of 10"),
    "stops at too many hurdles": (
        changed(HURDLES, "mark.counts[9]", [3, 11, 0]),
        "mark.counts.hurdle_stops (byte",
        "expected an array of 2, got one of 3",
    ),
    "stops without hurdles": (
        changed(CHECKPOINT, "mark.counts[9]", [0]),
        "mark.counts.hurdle_stops (byte",
        "expected an array of 0, got one of 1",
    ),
    "stops that are nil": (
        changed(HURDLES, "mark.counts[9][1]", None),
        "mark.counts.hurdle_stops[1] (byte",
        "an integer, got nil",
    ),
    "duplicates that are negative": (
        changed(HURDLES, "mark.counts[8]", -1),
        "mark.counts.duplicates (byte",
        "an integer, got a negative integer",
    ),
    "too far from the mark, with hurdles alone": (
        changed(HURDLES, "evaluations", 81),
        "evaluations",
        "from 40 to 80, by the mark, got 81",
    ),
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
    # islands
    "no islands": (changed(ISLANDS, "islands", []), "islands (byte", "expected an array of 1 to 1024, got one of 0"),
    "too many islands": (
        changed(ISLANDS, "islands", [b""] * 1025),
        "islands (byte",
        "expected an array of 1 to 1024, got one of 1025",
    ),
    "islands with memory": (renamed(ISLANDS, "islands", "dims"), "byte", "expected the key 'islands', got 'dims'"),
    "island that is nil": (changed(ISLANDS, "islands[1]", None), "islands[1] (byte", "expected a binary, got nil"),
    "island that is empty": (changed(ISLANDS, "islands[1]", b""), "islands[1]: ", "an archive, got an empty file"),
    "island that is cut off": (
        changed(ISLANDS, "islands[1]", CHECKPOINT[:-9]),
        "islands[1]: checksum (byte",
        "cut off",
    ),
    "island that is damaged": (
        changed(ISLANDS, "islands[0]", damaged(CHECKPOINT)),
        "islands[0]: checksum (byte",
        "the file is damaged",
    ),
    "island that goes on": (
        changed(ISLANDS, "islands[0]", CHECKPOINT + b"\0"),
        "islands[0]: checksum (byte",
        "the file is damaged",
    ),
    "island of another kind": (
        changed(ISLANDS, "islands[2]", POPULATION),
        "islands[2]: kind",
        "expected checkpoint, got 'population'",
    ),
    "islands in islands": (
        changed(ISLANDS, "islands[2]", ISLANDS),
        "islands[2]: kind",
        "expected checkpoint, got 'islands'",
    ),
    "island of a newer version": (
        changed(ISLANDS, "islands[1]", newer(CHECKPOINT, "")),
        "islands[1]: version",
        f"expected version 1.{MINOR}, that of the archive around it, got 1.{MINOR + 1}",
    ),
    "island of a former version": (
        changed(ISLANDS, "islands[1]", (GOLDEN / "1.0-new.amlz").read_bytes()),
        "islands[1]: version",
        f"expected version 1.{MINOR}, that of the archive around it, got 1.0",
    ),
    "islands of the version before it": (
        seal(ISLANDS[:8] + bytes([MINOR + 1]) + ISLANDS[9:-5]),
        "islands[0]: version",
        f"expected version 1.{MINOR + 1}, that of the archive around it, got 1.{MINOR}",
    ),
    "island with a session": (
        changed(ISLANDS, "islands[0]", CHECKPOINT),
        "islands[0]: session (byte",
        "expected nil in an archive of islands, which has one for all, got a string",
    ),
    "rule broken in an island": (
        changed(ISLANDS, "islands[2]", changed(HURDLES, "mark.history[0].fitness", 2.0)),
        "islands[2]: mark.history[0].fitness (byte",
        "expected a real from 0 to 1, got 2.0",
    ),
    "session of islands is too long": (
        changed(ISLANDS, "session", "x" * (2**24 + 1)),
        "session (byte",
        "at most 16777216 bytes",
    ),
    "too far from the mark": (
        changed(CHECKPOINT, "evaluations", 27),
        "evaluations",
        "from 16 to 26, by the mark, got 27",
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

    @pytest.mark.parametrize("name", ["program-dims", "population", "young", "islands"])
    def test_every_truncation(self, name: str) -> None:
        data = SAMPLES[name]
        for length in range(len(data)):
            refused(data[:length])

    @pytest.mark.parametrize("name", ["program-dims", "population", "young", "hurdles"])
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
