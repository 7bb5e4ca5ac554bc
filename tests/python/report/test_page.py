"""Pages: what is on them, that they hold together, and that nothing in a file's name or text becomes HTML."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Any

import pytest
from pages import Page
from samples import linear_space, linear_tasks

from pyamlz import Search, archive
from pyamlz._cli.main import main
from pyamlz._lib.errors import MissingExtraError
from pyamlz.report import report

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

HOSTILE = "a <script>alert(1)</script> & 'b'.csv"
EXAMPLES = "\n".join(["x,y,label", *(f"{i % 7},{i % 5},{int((i % 7 > 3) != (i % 5 > 2))}" for i in range(200))]) + "\n"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a run on data of one's own in a file with a hostile name, and its log of many lines."""
    folder = tmp_path_factory.mktemp("own")
    table = folder / HOSTILE.replace("/", "_")
    table.write_text(EXAMPLES, encoding="utf-8")
    arguments = ["search", "--data", str(table), "--target", "label", "--seed", "7", "--quiet"]
    limits = ["--max-evaluations", "3000", "--set", "population_size=50"]
    files = ["--checkpoint", str(folder / "own.amlz"), "--log", str(folder / "own.jsonl")]
    assert main([*arguments, *limits, *files]) == 0
    return folder / "own.amlz"


@pytest.fixture(scope="module")
def page(own: Path) -> str:
    return report(own, log_path=own.with_suffix(".jsonl"))


def test_contents_lead_to_what_is_there(page: str) -> None:
    found = Page(page)
    contents = [link for link in found.links if link in {f"#{name}" for name in found.ids}]
    assert contents[:5] == ["#program", "#unseen", "#search", "#ancestors", "#provenance"]
    assert [link for link in found.links if link not in contents] == []
    assert len(found.ids) == len(set(found.ids))


def test_a_section_that_is_not_there_is_not_in_the_contents(own: Path) -> None:
    found = Page(report(own, retrace=False))
    assert "#ancestors" not in found.links
    assert "ancestors" not in found.ids


def test_what_a_reader_asks_first_is_on_top(own: Path) -> None:
    os.utime(own, (0, 1_700_000_000))
    top = report(own, log_path=own.with_suffix(".jsonl"), retrace=False).partition("<nav")[0]
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", top))
    assert facts["seed"] == "7"
    assert facts["saved"] == "2023-11-14 22:13 UTC"
    assert re.fullmatch(r"\d+\.\d s", facts["duration"])
    assert facts["programs scored"] == "3,000"
    assert ".csv: 200 rows, 2 features; 8 tasks of" in facts["data"]
    assert "of your own" not in top


def test_own_data_are_scored_on_held_out_rows_and_not_on_tasks_that_share_them(page: str) -> None:
    section = page.partition('<section id="unseen">')[2].partition("</section>")[0]
    assert "Scores on the 40 rows of the table that were held out" in section
    assert re.findall(r"<tr><td>(.*?)</td>", section)[:2] == ["the program found", "constant"]
    assert re.search(r"<th>accuracy</th><th>log loss</th>", section)
    assert len(re.findall(r"[\d.]+ \([\d.]+ to [\d.]+\)", section)) >= 4
    assert "lowest" not in section


def test_without_a_log_the_duration_is_not_made_up(own: Path) -> None:
    assert "<dt>duration</dt><dd>not recorded</dd>" in report(own, retrace=False)


def test_names_of_files_become_no_html(page: str) -> None:
    assert "<script" not in page
    assert re.search(r"<h1>a &lt;script&gt;.* &amp; &#39;b&#39;.csv, label</h1>", page)


def test_texts_in_an_archive_become_no_html(tmp_path: Path) -> None:
    task_set = linear_tasks()
    search = Search(task_set, linear_space(task_set), seed=1, population_size=50)
    search.run(max_evaluations=200)
    search.save(tmp_path / "search.amlz")
    found = archive.read(tmp_path / "search.amlz")
    assert isinstance(found, archive.Checkpoint)
    source = '{"generator":"<b>bold</b>","arguments":{}}'
    tasks = dataclasses.replace(found.tasks, source=source)
    changed = dataclasses.replace(found, tasks=tasks, writer="<img src=x onerror=alert(1)>")
    (tmp_path / "search.amlz").write_bytes(archive.encode(changed))
    page = report(tmp_path / "search.amlz", retrace=False)
    assert "<img" not in page
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_figures_are_there_for_wide_and_narrow_screens_in_colours_of_the_page(page: str) -> None:
    figures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    assert len(figures) >= 4
    for figure in figures:
        assert figure.count("<svg") == 2
        assert not re.search(r"#[0-9a-f]{6}\b|\bblack\b", figure)
        names = set(re.findall(r"var\(--(\w+)\)", figure))
        assert names <= set(re.findall(r"--(\w+):", page))
        texts = re.findall(r"<text[^>]*>", figure)
        assert texts
        for text in texts:
            assert "fill: var(--" in text  # without, it would be black on a dark page
        narrow = figure.partition('class="narrow"')[2]
        width = float(re.search(r'viewBox="0 0 ([\d.]+)', narrow)[1])  # type: ignore[index]
        sizes = [float(size) for size in re.findall(r"font(?:-size)?: ([\d.]+)px", narrow)]
        assert min(sizes) * 358 / width > 11  # pixels on a screen of 390


def test_a_log_with_one_line_of_progress_says_so(own: Path, tmp_path: Path) -> None:
    lines = own.with_suffix(".jsonl").read_text("utf-8").splitlines()
    (header,), progress = lines[:1], [line for line in lines if '"kind":"progress"' in line]
    (tmp_path / "one.jsonl").write_text("\n".join([header, *progress[:1], ""]), encoding="utf-8")
    page = report(own, log_path=tmp_path / "one.jsonl", retrace=False)
    assert "too few lines of progress" in page
    assert "Throughput" not in page


def test_the_program_found_is_in_the_figure_of_sizes(page: str) -> None:
    figure = re.search(r'<figure[^>]*aria-label="Fitness against size".*?</figure>', page, re.DOTALL)
    assert figure is not None
    assert figure[0].count("the program found") == 2


def test_a_missing_extra_is_named(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    missing: dict[str, Any] = {"jinja2": None}
    monkeypatch.setattr(sys, "modules", {**sys.modules, **missing})
    with pytest.raises(MissingExtraError, match="jinja2 is missing"):
        report(own)
