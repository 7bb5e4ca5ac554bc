"""Reports, and the other commands that look at runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pages import Page
from samples import linear_space, linear_tasks

from pyamlz import Islands, Program, Search
from pyamlz._cli.main import main

QUICK = ["--set", "population_size=50", "--set", "final.n_tasks=3", "--set", "select.n_tasks=2"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of experiments, the first with a log; a search alone; islands."""
    folder = tmp_path_factory.mktemp("runs")
    for name, *more in (("a", "--log", str(folder / "a.jsonl")), ("b", "--set", "tournament_size=3")):
        arguments = ["search", "demo", "--seed", "1", "--max-evaluations", "12000", "--quiet", *QUICK]
        assert main([*arguments, *more, "--checkpoint", str(folder / f"{name}.amlz")]) == 0
    task_set = linear_tasks()
    searches = [Search(task_set, linear_space(task_set), seed=s, population_size=50) for s in (1, 2, 3)]
    searches[0].run(max_evaluations=20_000)
    searches[0].save(folder / "search.amlz")
    islands = Islands(searches[1:], seed=1, every_evaluations=200)
    islands.run(max_evaluations=2000)
    islands.save(folder / "islands.amlz")
    return folder


class TestReport:
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")

    def made(self, runs: Path, name: str, *more: str) -> str:
        output = runs / f"{name}.html"
        assert main(["report", str(runs / f"{name}.amlz"), "-o", str(output), "--quiet", *more]) == 0
        return output.read_text("utf-8")

    def test_a_run_on_one_page_that_needs_nothing_else(self, runs: Path) -> None:
        text = self.made(runs, "a", "--log", str(runs / "a.jsonl"))
        page = Page(text)
        for title in ("The program found", "On tasks that it has never seen", "The search", "Where it came from"):
            assert title in page.texts
        assert len(page.ids) == len(set(page.ids))
        assert all(link.startswith("#") for link in page.links)
        assert not re.search(r"(?:src|href)=.https?:", text)
        assert "<script" not in text
        assert "12,000" in page.texts
        assert text.count("<figure") == 6

    def test_the_same_run_gives_the_same_page(self, runs: Path) -> None:
        assert self.made(runs, "a") == self.made(runs, "a")

    def test_a_search_alone_and_islands(self, runs: Path) -> None:
        page = Page(self.made(runs, "search"))
        assert "Where it came from" in page.texts
        assert "On tasks that it has never seen" not in page.texts
        text = self.made(runs, "islands")
        assert "Where it came from" in Page(text).texts
        assert re.search(r"[\d,]+ on island [01], by", text)

    def test_dead_lines_are_marked(self) -> None:
        from pyamlz.explain import arcs

        program = Program.parse("def Predict():\n s1 = dot(v0, v1)\n s3 = abs(s2)\ndef Learn():\n v1 = s0 * v0\n")
        dims = program.dims(4)
        assert re.findall("<span .*>(.*)</span>", program.html(dims)) == ["  s3 = abs(s2)"]
        drawn = arcs(program, dims)
        assert "s3 = abs(s2)" not in drawn
        assert drawn.count("<path") == 1  # v1, from a step of Learn to the next Predict
        assert drawn.count('class="kept"') == 1

    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (["none.amlz"], 3, "none.amlz: cannot be read"),
            (["a.jsonl"], 3, "a.jsonl"),
            (["a.amlz", "--log", "a.amlz"], 2, "a.amlz: line 1"),
            (["a.amlz", "-o", "nowhere/a.html"], 1, "nowhere/a.html"),
        ],
    )
    def test_mistakes(
        self,
        runs: Path,
        arguments: list[str],
        code: int,
        message: str,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.chdir(runs)
        assert main(["report", *arguments]) == code
        assert message in capsys.readouterr().err


def test_lineage(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lineage", str(runs / "search.amlz")]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^# \d+ programs, of which \d+ were better", out)
    assert "def Setup():" in out
    assert re.search(r"^  [+-] (?:Setup|Predict|Learn): ", out, re.MULTILINE)
    assert main(["lineage", str(runs / "search.amlz"), "--json", "--all"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["programs"] == len(found["ancestors"])
    fitness = [a["fitness"] for a in found["ancestors"]]
    assert fitness[-1] == max(fitness)
    assert {a["island"] for a in found["ancestors"]} == {None}


def test_lineage_of_islands(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lineage", str(runs / "islands.amlz"), "--all"]) == 0
    assert re.search(r"^evaluation [\d,]+ on island [01]: fitness", capsys.readouterr().out, re.MULTILINE)
    assert main(["lineage", str(runs / "islands.amlz"), "--json", "--all"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {a["island"] for a in found["ancestors"]} <= {0, 1}


def test_compare(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(runs / "a.amlz"), str(runs / "b.amlz")]
    assert main(["compare", *files, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [run["evaluations"] for run in found["runs"]] == [12000, 12000]
    assert found["goal"] == min(run["best_fitness"] for run in found["runs"])
    assert all(1 <= run["evaluations_to_goal"] <= 12000 for run in found["runs"])
    assert found["differences"] == {"tournament_size": [10, 3]}
    assert main(["compare", *files]) == 0
    assert "tournament_size: 10 | 3" in capsys.readouterr().out
    assert main(["compare", files[0]]) == 2
    assert "two files or more" in capsys.readouterr().err


def test_watch(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.amlz", "islands.amlz", "a.jsonl"):
        assert main(["watch", str(runs / name), "--once"]) == 0
        out = capsys.readouterr().out
        assert "programs scored" in out
        assert out.count("|") == 12
        assert "#" in out
    assert main(["watch", "/nowhere", "--once"]) != 0
    assert "/nowhere" in capsys.readouterr().err
