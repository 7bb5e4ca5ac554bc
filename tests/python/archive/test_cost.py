"""What reading archives costs, and that it does nothing else."""

import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
from archives import (
    CHECKPOINT,
    ISLANDS,
    POPULATION,
    PROGRAM,
    SAMPLES,
    TASKS,
    Raw,
    assemble,
    changed,
    checkpoint,
    newer,
    parts_of,
    place_of,
    refused,
    search_of,
)
from samples import environment, linear_space, linear_tasks

from pyamlz import Program, Search
from pyamlz.archive import decode, encode, pack, read, write

ROOT = Path(__file__).resolve().parents[3]


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
    counts = [10**6, 0, 0, 0, 0, 0, 0, 0, 0, [], 0]
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
SMALLEST = encode(checkpoint(search_of(0, TASKS, linear_space(TASKS), population_size=1)))
LARGE = {
    "members": lambda: changed(POPULATION, "population", [[EMPTY, 0.5, 300 + i, 299 + i, 1] for i in range(10000)]),
    "members of the smallest size": lambda: changed(POPULATION, "population", [[EMPTY, 0.5, 0, 0, 1]] * 10000),
    "improvements": lambda: improvements(10000),
    "small tasks": lambda: numbers_of_tasks(10000, 1),
    "large tasks": lambda: numbers_of_tasks(2, 100000),
    "session": lambda: changed(CHECKPOINT, "session", "x" * 10**6 + "\U0001f600"),
    "small islands": lambda: changed(ISLANDS, "islands", [SMALLEST] * 1024),
    "large islands": lambda: changed(
        ISLANDS, "islands", [changed(improvements(3000), "session", None), numbers_of_tasks(2, 30000)] * 2
    ),
    "island that is not there": lambda: changed(ISLANDS, "islands", Raw(b"\x91\xc6\x7f\xff\xff\xff" + bytes(10**5))),
    "newer keys": lambda: newer(CHECKPOINT, "", *((f"{i}", None) for i in range(30000))),
    "newer depth": lambda: newer(CHECKPOINT, "", ("more", Raw(b"\x91" * 10**5 + b"\xc0"))),
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
