"""What newer versions of the format add is skipped; what former ones did not have takes the values that mean off."""

import math
from pathlib import Path

import pytest
from archives import (
    CHECKPOINT,
    GOLDEN,
    ISLANDS,
    SAMPLES,
    Pairs,
    Raw,
    assemble,
    newer,
    parts_of,
    place_of,
    refused,
    without,
)

from pyamlz import Search
from pyamlz.archive import Checkpoint, decode, encode
from pyamlz.archive._codec import MINOR

MORE = [None, 5, 2.5, math.nan, "x", b"y", [[], [1, [2]]], Pairs([("a", Pairs([("b", [1])])), ("c", None)])]
ROWS = ["mark.counts", "mark.population[1]", "mark.hall[0]", "mark.history[0]", "best", "config.mutations"]
OTHER_TYPES = [True, -1, Raw(b"\xd0\x05"), Raw(b"\xca\0\0\0\0"), Raw(b"\xc1"), Raw(b"\xd4\0\0"), Raw(b"\xa1\xff")]
LONGER_FORMS = [Raw(b"\xcc\x05"), Raw(b"\xd9\x01x"), Raw(b"\xdd\xff\xff\xff\xff"), Raw(b"\xdc\0\0"), Raw(b"\xde\0\0")]


class TestNewerVersions:
    @pytest.mark.parametrize("path", ["", "config", "tasks", "mark", "dims"])
    @pytest.mark.parametrize("value", MORE, ids=repr)
    def test_more_keys(self, path: str, value: object) -> None:
        data = newer(CHECKPOINT, path, ("more", value), ("again", value))
        assert decode(data) == decode(CHECKPOINT)

    @pytest.mark.parametrize("path", [*ROWS, "config.functions[1]"])
    @pytest.mark.parametrize("minor", [MINOR + 1, 1000, 2**64 - 1])
    def test_longer_rows(self, path: str, minor: int) -> None:
        assert decode(newer(CHECKPOINT, path, *MORE, minor=minor)) == decode(CHECKPOINT)

    @pytest.mark.parametrize("path", ["mark.rng", "config.functions", "tasks.data[0]"])
    def test_other_arrays_stay_as_they_are(self, path: str) -> None:
        assert "expected an array of" in refused(newer(SAMPLES["data"], path, 1))

    def test_keys_must_be_there(self) -> None:
        data = without(newer(CHECKPOINT, "config", ("more", 1)), "config.seed")
        assert "config (byte" in refused(data)

    @pytest.mark.parametrize("value", [*OTHER_TYPES, *LONGER_FORMS], ids=repr)
    def test_other_encodings_are_refused_there_too(self, value: object) -> None:
        refused(newer(CHECKPOINT, "config", ("more", value)))

    def test_depth_is_no_matter(self) -> None:
        data = newer(CHECKPOINT, "", ("more", Raw(b"\x91" * 10**5 + b"\xc0")))
        assert decode(data) == decode(CHECKPOINT)
        assert "more (byte" not in refused(newer(CHECKPOINT, "", ("more", Raw(b"\x91" * 10**5))))

    def test_the_own_version_has_none(self) -> None:
        assert "expected an array of 11, got one of 12" in refused(newer(CHECKPOINT, "mark.counts", 1, minor=MINOR))
        assert "the end of the map, got the key 'more'" in refused(newer(CHECKPOINT, "mark", ("more", 1), minor=MINOR))

    def test_islands(self) -> None:
        """More keys in an archive in the archive, and in rows there."""
        assert decode(newer(ISLANDS, "", ("more", 1))) == decode(ISLANDS)
        parts = parts_of(newer(ISLANDS, ""))
        node, index = place_of(parts, "islands[2]")
        for path, more in (("", ("more", [1])), ("config.hurdles[0]", 7), ("mark", ("more", None)), ("mark.counts", 8)):
            node[index] = newer(node[index], path, more)
        assert decode(assemble(parts)) == decode(ISLANDS)
        assert len(assemble(parts)) > len(ISLANDS)


class TestFormerVersions:
    """Archives of version 1.0, which are made here of those in the folder of golden ones."""

    @staticmethod
    def former(name: str, minor: int = 0) -> bytes:
        return (GOLDEN / f"1.{minor}-{name}.amlz").read_bytes()

    @pytest.mark.parametrize("name", ["new", "float32", "float64"])
    def test_what_was_not_there_is_off(self, name: str) -> None:
        saved = decode(self.former(name))
        assert isinstance(saved, Checkpoint)
        config, counts = saved.config.settings, saved.mark.counts
        assert (config.redraws, config.hurdles, config.hurdle_percentile, config.hurdle_window) == (0, (), 0.75, 100)
        assert (counts.duplicates, counts.hurdle_stops) == (0, ())
        assert (config.max_mutations, config.simplify) == (1, False)
        assert set(config.mutations) == {"insert", "remove", "randomize_function", "alter_argument"}

    @pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.amlz")), ids=lambda path: path.stem)
    def test_what_is_written_again_is_of_the_last_version(self, path: Path) -> None:
        last = max(GOLDEN.glob(f"*{path.name[3:]}"))
        assert encode(decode(path.read_bytes())) == last.read_bytes()

    def test_searches_go_on(self) -> None:
        search = Search.load(GOLDEN / "1.0-float64.amlz")
        assert f"{search.digest:016x}" == "011c545cffac2d65"
        assert search.progress.evaluations == 33

    def test_keys_that_came_later(self) -> None:
        parts = parts_of(self.former("float32"))
        node, index = place_of(parts, "config")
        node[index][1].append(("redraws", 0))
        assert "config" in (found := refused(assemble(parts)))
        assert "expected the end of the map, got the key 'redraws'" in found
        found = refused(newer(CHECKPOINT, "", minor=0))
        assert "config.mutations" in found
        assert "expected an array of 8, got one of 16" in found
        parts = parts_of(self.former("float32", minor=1))
        node, index = place_of(parts, "config")
        node[index][1].append(("max_mutations", 1))
        assert "expected the end of the map, got the key 'max_mutations'" in refused(assemble(parts))

    def test_counts_that_came_later(self) -> None:
        parts = parts_of(self.former("float32"))
        node, index = place_of(parts, "mark.counts")
        node[index][1].extend([0, []])
        assert "expected an array of 8, got one of 10" in refused(assemble(parts))

    def test_islands(self) -> None:
        found = refused(newer(ISLANDS, "", minor=0))
        assert found == "kind: expected one of program, population, checkpoint, got 'islands'"
