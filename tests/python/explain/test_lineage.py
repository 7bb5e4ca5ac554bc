"""The ancestors of the best program."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from samples import linear_space, linear_tasks

from pyamlz import ArchiveError, Islands, Program, Search, SearchError
from pyamlz.explain import changes, improvements, lineage

TASKS = linear_tasks()


def search_of(seed: int = 1, **settings: object) -> Search:
    return Search(TASKS, linear_space(TASKS), seed=seed, population_size=50, **settings)  # type: ignore[arg-type]


def test_each_ancestor_is_one_mutation_from_the_one_before(tmp_path: Path) -> None:
    search = search_of()
    search.run(max_evaluations=3000)
    search.save(tmp_path / "run.amlz")
    shares: list[float] = []
    line = lineage(tmp_path / "run.amlz", callbacks=[lambda progress: shares.append(progress.share)])
    best = search.best
    assert (line[-1].evaluation, line[-1].fitness, line[-1].program) == (best.evaluation, best.fitness, best.program)
    assert line[-1].action == best.action
    assert line[0].evaluation <= 50  # of the first population
    assert [a.evaluation for a in line] == sorted(a.evaluation for a in line)
    assert len(line) > 5
    assert shares == sorted(shares)
    assert len(shares) > 3000 // 50  # now and then, not only at the end
    assert shares[-1] == 1
    for before, after in pairwise(line):
        found = changes(before.program, after.program)
        if after.action == "identity":
            assert found == []
        if after.action in ("alter_argument", "randomize_instruction"):
            assert len(found) in (0, 2)
            assert [change[0] for change in found] in ([], ["-", "+"])


def test_a_callback_ends_it(tmp_path: Path) -> None:
    search = search_of()
    search.run(max_evaluations=500)
    search.save(tmp_path / "run.amlz")
    with pytest.raises(SearchError, match="callbacks: one of them ended it"):
        lineage(tmp_path / "run.amlz", callbacks=[lambda progress: progress.share > 0.3])


def test_it_is_that_of_a_search_that_is_watched() -> None:
    """Parents as the population tells them while the search is on its way."""
    search = search_of(4)
    parents: dict[int, int] = {}
    programs: dict[int, Program] = {}
    for _ in range(40):
        search.run(max_evaluations=50)
        for member in search.population:
            parents[member.evaluation] = member.parent
            programs[member.evaluation] = member.program
    expected = [search.best.evaluation]
    while parents[expected[-1]]:
        expected.append(parents[expected[-1]])
    line = lineage(search.checkpoint())
    assert [a.evaluation for a in line] == expected[::-1]
    assert [a.program for a in line] == [programs[n] for n in expected[::-1]]


def islands_of(evaluations: int, n: int = 3) -> Islands:
    islands = Islands([search_of(seed) for seed in range(1, n + 1)], seed=1, every_evaluations=100, share=0.3)
    islands.run(max_evaluations=evaluations)
    return islands


@pytest.mark.parametrize("evaluations", [40, 150, 299, 300, 301, 345, 400, 3000, 3333])
def test_it_leads_over_islands(tmp_path: Path, evaluations: int) -> None:
    """Before, at and after migrations: what comes from elsewhere is what was there at that time."""
    islands = islands_of(evaluations)
    islands.save(tmp_path / "islands.amlz")
    line = lineage(tmp_path / "islands.amlz")
    last, best = line[-1], islands.best
    assert (last.evaluation, last.fitness, last.program) == (best.evaluation, best.fitness, best.program)
    assert best in islands.searches[last.island].population or best == islands.searches[last.island].best
    assert line[0].evaluation <= 50
    for before, after in pairwise(line):
        assert before.evaluation < after.evaluation
        if after.action == "migration":
            assert 1 <= (after.evaluation - 1) % 100 + 1 <= 15
            assert before.program == after.program
        else:
            assert before.island == after.island
    if evaluations >= 3000:
        assert {a.action for a in line} >= {"migration", "alter_argument"}
        assert len({a.island for a in line}) > 1


def test_that_of_islands_is_that_of_islands_that_are_watched() -> None:
    """Members by island and evaluation, as populations tell them on the way; copies have the same program."""
    islands = Islands([search_of(seed) for seed in (1, 2)], seed=1, every_evaluations=100, share=0.3)
    seen: dict[tuple[int, int], Program] = {}
    for _ in range(60):
        islands.run(max_evaluations=30)
        for i, search in enumerate(islands.searches):
            seen |= {(i, member.evaluation): member.program for member in search.population}
    line = lineage(islands.checkpoint())
    assert len(line) > 5
    assert all(seen[a.island, a.evaluation] == a.program for a in line)


def test_improvements_go_up() -> None:
    search = search_of(2)
    search.run(max_evaluations=2000)
    line = lineage(search.checkpoint())
    better = improvements(line)
    assert better[0] == line[0]
    assert better[-1] == line[-1]
    assert all(a.fitness < b.fitness for a, b in pairwise(better))


def test_changes_by_hand() -> None:
    one = Program.parse("def Setup():\n s2 = 0.5\ndef Learn():\n s3 = s0 - s1\n v2 = s3 * v0\n")
    other = Program.parse("def Setup():\n s2 = 0.25\ndef Learn():\n v2 = s3 * v0\n v1 = v1 + v2\n")
    assert changes(one, other) == [
        "- Setup: s2 = 0.5",
        "+ Setup: s2 = 0.25",
        "- Learn: s3 = s0 - s1",
        "+ Learn: v1 = v1 + v2",
    ]
    assert changes(one, one) == []


def test_what_cannot_be_retraced(tmp_path: Path) -> None:
    with pytest.raises(SearchError, match="nothing was evaluated yet"):
        lineage(search_of().checkpoint())
    search = search_of()
    search.run(max_evaluations=500)
    search.take([Program()] * 3)
    with pytest.raises(ArchiveError, match="taken in programs from elsewhere"):
        lineage(search.checkpoint())
    search.best.program.save(tmp_path / "program.amlz")
    with pytest.raises(ArchiveError, match="expected a checkpoint"):
        lineage(tmp_path / "program.amlz")
