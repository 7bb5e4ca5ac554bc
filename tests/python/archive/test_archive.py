"""Archives: what is written is read again, and what cannot be read is not written."""

import dataclasses
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from archives import (
    CHECKPOINT,
    DIMS,
    SAMPLES,
    SPACE,
    checkpoint,
    seal,
    search_of,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import random_programs

from pyamlz import ArchiveError, InputError, Program, Settings
from pyamlz._lib.native import MUTATIONS
from pyamlz.archive import (
    Checkpoint,
    Counts,
    Islands,
    Member,
    PopulationArchive,
    ProgramArchive,
    _msgpack,
    decode,
    encode,
    from_json,
    pack,
    read,
    to_json,
    unpack,
    write,
)
from pyamlz.archive._codec import _kind_of, _minor_of
from pyamlz.archive._members import ACTIONS, Members

WIDE = Program.parse("def Predict():\n  s200 = s1 + s1\n")
ROOT = Path(__file__).resolve().parents[3]


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
                Member(pack(Program.random(SPACE, seed)), fitness, birth, parent, data.draw(st.sampled_from(ACTIONS)))
            )
        archive = PopulationArchive(dims=DIMS, population=tuple(members))
        assert decode(encode(archive)) == archive

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_any_numbers_in_a_checkpoint(self, data: st.DataObject) -> None:
        word, long, size = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), st.integers(1, 2**32 - 1)
        saved: Checkpoint = decode(CHECKPOINT)
        sizes = sorted(data.draw(st.sets(st.integers(1, saved.tasks.train), max_size=4)))
        hurdles = tuple((n_train, data.draw(st.integers(1, saved.tasks.valid))) for n_train in sizes)
        method = Settings(
            algorithm=data.draw(st.sampled_from(["evolution", "random_search"])),
            combine=data.draw(st.sampled_from(["mean", "median"])),
            population_size=saved.config.settings.population_size,
            tournament_size=data.draw(size),
            mutate_prob=data.draw(st.floats(0, 1)),
            mutations=data.draw(st.dictionaries(st.sampled_from(list(MUTATIONS)), st.floats(1e-3, 1e3), min_size=1)),
            fec_train=2,
            fec_valid=2,
            cache_period=10,
            cache_work=data.draw(st.integers(1, 2**64 - 1)),
            history_size=data.draw(st.integers(100, 2**32 - 1)),
            max_cost=data.draw(st.floats(0, sys.float_info.max)),
            redraws=data.draw(word),
            hurdles=hurdles,
            hurdle_percentile=data.draw(st.floats(0, 1, exclude_min=True, exclude_max=True)),
            hurdle_window=data.draw(size),
        )
        config = dataclasses.replace(saved.config, seed=data.draw(long), settings=method)
        numbers = data.draw(st.lists(long, min_size=8, max_size=8))
        stops = tuple(data.draw(st.lists(long, min_size=len(hurdles), max_size=len(hurdles))))
        counted = (saved.mark.counts.evaluations, *numbers, stops, data.draw(long))
        mark = dataclasses.replace(
            saved.mark,
            counts=Counts(**dict(zip(Counts.__slots__, counted, strict=True))),
            rng=(1, *data.draw(st.tuples(long, long, long))),
        )
        record = dataclasses.replace(saved.tasks, count=data.draw(size), epochs=data.draw(size), digest=data.draw(long))
        session = data.draw(st.none() | st.text(st.characters(exclude_categories=["Cs"])))
        archive = dataclasses.replace(
            saved, config=config, tasks=record, mark=mark, digest=data.draw(word), session=session
        )
        assert decode(encode(archive)) == archive

    def test_islands(self) -> None:
        young, classes, old = (
            dataclasses.replace(decode(SAMPLES[name]), session=None) for name in ("new", "classes", "checkpoint")
        )
        for islands in [(old,), (young, classes), (old, old, classes, old)]:
            archive = Islands(islands=islands, session='{"generation": 3}')
            found = decode(encode(archive))
            assert found == archive
            assert found.best == max((i.best for i in islands if i.best is not None), key=lambda best: best.fitness)
            # Each of them is an archive, byte for byte.
            assert all(encode(island) in encode(archive) for island in islands)
        assert Islands(islands=(young,)).best is None

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
            found, data = read(path), path.read_bytes()
            assert decode(encode(found)) == found, path.name
            assert encode(found) == data or data[8] < _minor_of(_kind_of(found)), path.name

    def test_beginning_and_end_are_as_described(self) -> None:
        for data in SAMPLES.values():
            assert data.startswith(bytes([*b"\x94\xa4amlz\x92\x01", _minor_of(_kind_of(decode(data)))]))
            assert seal(data[:-5]) == data


# ---------------------------------------------------------------- what cannot be written


NUMBERS = [True, -1, 0, 2**31, 2**64, 0.5, -0.0, math.nan, math.inf]
ODD = [None, *NUMBERS, "", "text", "\ud800", b"", b"\xff", (), (1,), [], {}]


def near(value: Any) -> list[Any]:
    """Other values of the same kind."""
    if isinstance(value, int):
        return [value + 1, value - 1, value * 2]
    if isinstance(value, Sequence):
        return [value[:-1], (*value, *value[-1:]), tuple(reversed(value))] if not isinstance(value, str | bytes) else []
    return []


class TestEncoding:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"fitness": 1}, r"population\[0\].fitness: expected a real, got an integer"),
            ({"fitness": math.nan}, r"population\[0\].fitness: expected a real from 0 to 1, got nan"),
            ({"fitness": 1.5}, r"population\[0\].fitness: expected a real from 0 to 1, got 1.5"),
            ({"evaluation": -1}, r"population\[0\].birth: expected an integer, got a negative integer"),
            ({"evaluation": True}, r"population\[0\].birth: expected an integer, got a boolean"),
            ({"evaluation": 2.0}, r"population\[0\].birth: expected an integer, got a real"),
            ({"evaluation": 2**64}, r"population\[0\].birth: expected an integer from 0 to 18446744073709551615, got "),
            ({"parent": 7}, r"population\[0\].parent: expected an integer from 0 to 6, got 7"),
            ({"action": 7}, r"population\[0\].action: expected one of insert, .*, regrow, got 7"),
            ({"action": "mutate"}, r"population\[0\].action: expected one of insert, .*, regrow, got 'mutate'"),
            ({"packed": "text"}, r"population\[0\].program: expected a binary, got a string"),
            ({"packed": b""}, r"population\[0\].program: byte 1 of the program: the program ends too early"),
            ({"packed": pack(WIDE)}, r"population\[0\].program: instruction 1 of a function: address out of range"),
            ({"packed": Program()}, r"population\[0\].program: expected a binary, got a Program"),
        ],
    )
    def test_members(self, change: dict[str, Any], message: str) -> None:
        member = Member(pack(Program()), 0.5, 7, 3, "remove")
        encode(PopulationArchive(dims=DIMS, population=(member,)))
        with pytest.raises(ArchiveError, match=f"^archive: {message}"):
            encode(PopulationArchive(dims=DIMS, population=(dataclasses.replace(member, **change),)))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"session": "x" * (2**24 + 1)}, "session: expected at most 16777216 bytes, got 16777217"),
            ({"session": "\ud800"}, "session: expected a string, got one that UTF-8 cannot have"),
            ({"session": b"{}"}, "session: expected a string, got a binary"),
            ({"writer": "\u00e9" * 33}, "writer: expected at most 64 bytes, got 66"),
            ({"dims": None}, "dims: expected a Dims, got nil"),
            ({"mark": None}, "mark: expected a Mark, got nil"),
            ({"best": None}, "best: expected a Member, got nil"),
            ({"evaluations": 36}, "evaluations: expected an integer from 16 to 26, by the mark, got 36"),
        ],
    )
    def test_checkpoints(self, change: dict[str, Any], message: str) -> None:
        with pytest.raises(ArchiveError, match=f"^archive: {message}"):
            encode(dataclasses.replace(decode(CHECKPOINT), **change))

    def test_members_of_another_search(self) -> None:
        """What a search told is not checked again, unless it is put beside what is not of that search."""
        saved = checkpoint(search_of(25))
        assert isinstance(saved.mark.population, Members)
        small = dataclasses.replace(DIMS, n_scalars=2)
        with pytest.raises(ArchiveError, match=r"population\[\d\].program: instruction \d of a function: address out"):
            encode(PopulationArchive(dims=small, population=saved.mark.population))
        counts = dataclasses.replace(saved.mark.counts, evaluations=4)
        mark = dataclasses.replace(saved.mark, counts=counts)
        with pytest.raises(ArchiveError, match=r"mark.population\[\d\].birth: expected an integer from 1 to 4, got"):
            encode(dataclasses.replace(saved, mark=mark))

    @pytest.mark.parametrize("name", SAMPLES)
    def test_nothing_is_decoded(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        archive = decode(SAMPLES[name])
        monkeypatch.setattr(_msgpack.Reader, "__init__", None)
        assert encode(archive) == SAMPLES[name]

    @pytest.mark.parametrize("path", ["", "config", "tasks", "mark", "mark.counts", "best", "dims"])
    def test_what_is_written_can_be_read(self, path: str) -> None:
        """Whatever stands in a field: it is refused, or comes back."""
        saved = decode(SAMPLES["hurdles"])
        steps = path.split(".") if path else []
        nodes = [saved]
        for step in steps:
            nodes.append(getattr(nodes[-1], step))
        refused = 0
        for field in dataclasses.fields(nodes[-1]):
            for odd in (*ODD, *near(getattr(nodes[-1], field.name))):
                try:
                    found = dataclasses.replace(nodes[-1], **{field.name: odd})
                except InputError:
                    continue
                for node, step in zip(reversed(nodes[:-1]), reversed(steps), strict=True):
                    found = dataclasses.replace(node, **{step: found})
                try:
                    data = encode(found)
                except ArchiveError:
                    refused += 1
                else:
                    assert encode(decode(data)) == data, (field.name, odd)
        assert refused > 0 or path == "dims"

    def test_other_things(self) -> None:
        with pytest.raises(
            ArchiveError,
            match="expected a ProgramArchive, PopulationArchive, Checkpoint, Islands or ModelArchive, got a dict",
        ):
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
