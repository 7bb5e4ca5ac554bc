"""Runs on the user's own table: which rows changed is told, and the table is found where it may be."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from samples import images, write_image_folder

from pyamlz import ArchiveError, DataError, InputError, archive, lab, tasks
from pyamlz.lab import Experiment, Session
from pyamlz.lab._toml import tables_of
from pyamlz.tasks import split_rows

RNG = np.random.default_rng(2)
X = RNG.normal(size=(100, 3))
FRAME = pd.DataFrame(X, columns=["a", "b", "c"]).assign(label=X @ [1.0, -2.0, 0.5])
SHORT = ["population_size=10", "tournament_size=3", "tasks.n_tasks=2", "max_evaluations=400", "select.every=100"]


def begun(folder: Path, *more: str, **arguments: Any) -> Path:
    """A run that has just begun on own.csv, in the same folder."""
    folder.mkdir(exist_ok=True)
    FRAME.to_csv(folder / "own.csv", index=False)
    texts = [f"tasks.path={folder / 'own.csv'}", "tasks.target=label", *SHORT, *more]
    cut = Experiment.load("table").replace(**tables_of(texts))
    path = folder / "run.amlz"
    lab.run(cut, seed=3, checkpoint=path, max_evaluations=400, max_seconds=1e-6, **arguments)
    return path


def change(folder: Path, row: int, column: str = "label", value: float = 7.5) -> None:
    frame = pd.read_csv(folder / "own.csv")
    frame.loc[row, column] = value
    frame.to_csv(folder / "own.csv", index=False)


class TestChangedData:
    @pytest.mark.parametrize("part", ["search", "select", "test"])
    @pytest.mark.parametrize("column", ["label", "b"])
    def test_is_told_by_row_whatever_it_is_for(self, tmp_path: Path, part: str, column: str) -> None:
        path = begun(tmp_path)
        row = int(getattr(split_rows(tasks.read_table(FRAME, "label")), part)[3])
        change(tmp_path, row, column)
        with pytest.raises(ArchiveError, match=rf"own\.csv: the data are not those .*: rows {row + 1} are others"):
            lab.resume(path, max_seconds=60)

    def test_is_told_by_rows_columns_and_names(self, tmp_path: Path) -> None:
        path = begun(tmp_path)
        FRAME[:-1].to_csv(tmp_path / "own.csv", index=False)
        with pytest.raises(ArchiveError, match="expected 100 rows, got 99"):
            lab.resume(path, max_seconds=60)
        FRAME.rename(columns={"b": "z"}).to_csv(tmp_path / "own.csv", index=False)
        with pytest.raises(ArchiveError, match="expected columns a, b, c, got a, z, c"):
            lab.resume(path, max_seconds=60)

    def test_written_in_another_way_is_the_same(self, tmp_path: Path) -> None:
        path = begun(tmp_path)
        FRAME.to_csv(tmp_path / "own.csv", index=False, sep=";", encoding="utf-8-sig")
        assert lab.resume(path, max_seconds=60).evaluations == 400


class TestMoving:
    @pytest.fixture
    def wanted(self, tmp_path: Path) -> tuple[str, float]:
        outcome = lab.resume(begun(tmp_path / "still"), max_seconds=60)
        assert outcome.final is not None
        return str(outcome.program), outcome.final.fitness

    def check(self, wanted: tuple[str, float], path: Path, **arguments: Any) -> None:
        outcome = lab.resume(path, max_seconds=60, **arguments)
        assert outcome.final is not None
        assert (str(outcome.program), outcome.final.fitness) == wanted

    def test_with_the_archive(self, tmp_path: Path, wanted: tuple[str, float]) -> None:
        begun(tmp_path / "here")
        shutil.move(tmp_path / "here", tmp_path / "there")
        self.check(wanted, tmp_path / "there" / "run.amlz")

    def test_to_the_working_folder(
        self, tmp_path: Path, wanted: tuple[str, float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = begun(tmp_path / "here")
        (tmp_path / "work").mkdir()
        shutil.move(tmp_path / "here" / "own.csv", tmp_path / "work" / "own.csv")
        monkeypatch.chdir(tmp_path / "work")
        self.check(wanted, path)

    def test_a_relative_path_from_elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a").mkdir()
        monkeypatch.chdir(tmp_path / "a")
        path = begun(Path())
        monkeypatch.chdir(tmp_path)
        assert lab.resume(os.path.join("a", path), max_seconds=60).evaluations == 400

    def test_to_where_it_is_told(self, tmp_path: Path, wanted: tuple[str, float]) -> None:
        path = begun(tmp_path / "here")
        shutil.move(tmp_path / "here" / "own.csv", tmp_path / "other name.csv")
        with pytest.raises(DataError, match=r"own\.csv: the run's data are not there \(looked in .*; --data says"):
            lab.resume(path, max_seconds=60)
        FRAME[::-1].to_csv(tmp_path / "wrong.csv", index=False)
        with pytest.raises(ArchiveError, match="rows 1 to 100 are others"):
            lab.resume(path, data=tmp_path / "wrong.csv")
        self.check(wanted, path, data=tmp_path / "other name.csv")
        session = Session.of(archive.read(path), str(path))  # type: ignore[arg-type]
        assert session is not None
        assert session.preset.table["tasks"]["path"].endswith("own.csv")

    def test_into_the_archive(self, tmp_path: Path, wanted: tuple[str, float]) -> None:
        path = begun(tmp_path / "here", embed=True)
        (tmp_path / "here" / "own.csv").unlink()
        self.check(wanted, path)
        path.rename(tmp_path / "again.amlz")
        self.check(wanted, tmp_path / "again.amlz")

    def test_too_much_to_embed_is_told(self, tmp_path: Path) -> None:
        table = tasks.Table(RNG.normal(size=(50_000, 40)), np.arange(50_000.0))
        preset = Experiment.load("table").replace(**tables_of(SHORT)).with_table(table)
        with pytest.raises(InputError, match="expected a table of at most 12 MiB, packed, to embed in an archive, got"):
            lab.run(preset, seed=1, checkpoint=tmp_path / "x.amlz", embed=True)
        assert not (tmp_path / "x.amlz").exists()

    def test_islands(self, tmp_path: Path) -> None:
        path = begun(tmp_path / "here", "islands=2", "migration.every=100")
        shutil.move(tmp_path / "here", tmp_path / "there")
        assert lab.resume(tmp_path / "there" / "run.amlz", max_seconds=60).evaluations == 400
        change(tmp_path / "there", 5)
        with pytest.raises(ArchiveError, match="rows 6 are others"):
            lab.resume(tmp_path / "there" / path.name)


def test_data_frames_run_and_resume(tmp_path: Path) -> None:
    preset = Experiment.load("table").replace(**tables_of(SHORT)).with_table(tasks.read_table(FRAME, "label"))
    whole = lab.run(preset, seed=3)
    lab.run(preset, seed=3, checkpoint=tmp_path / "x.amlz", max_seconds=1e-6)
    with pytest.raises(DataError, match="data: the run's data are not there"):
        lab.resume(tmp_path / "x.amlz", max_seconds=60)
    again = lab.resume(tmp_path / "x.amlz", max_seconds=60, data=FRAME)
    assert again.program == whole.program
    with pytest.raises(InputError, match="expected a preset whose tasks are made of a table"):
        Experiment.load("demo").with_table(tasks.read_table(FRAME, "label"))


def test_damaged_records_are_refused(tmp_path: Path) -> None:
    path = begun(tmp_path, embed=True)
    saved = archive.read(path)
    assert isinstance(saved, archive.Checkpoint)
    values = archive.from_json(saved.session or "", "session")
    good = values["data"][0]
    for broken in (7, [7], [{**good, "rows": "x"}], [{**good, "read": {}}], [{**good, "features": [1]}]):
        with pytest.raises(ArchiveError, match=r"session\.data"):
            Session.parse(archive.to_json({**values, "data": broken}), str(path))
    for examples in (3, {**good["examples"], "X": "AAAA"}, {**good["examples"], "y": good["examples"]["X"]}):
        session = Session.parse(archive.to_json({**values, "data": [{**good, "examples": examples}]}), str(path))
        with pytest.raises(ArchiveError, match=r"session\.data: expected examples|are not those"):
            session.preset.tasks("tasks", 1)


@pytest.mark.parametrize("section", ["select", "final"])
def test_changed_images_are_told_too(section: str, tmp_path: Path) -> None:
    """Those of the search are known by the digest of its tasks, the others by digests of their own."""
    settings = [f"{part}.n_tasks=1" for part in ("tasks", "select", "final")] + ["population_size=10"]
    data = images(d=16)
    folder = write_image_folder(tmp_path / "images", data)
    sizes = ["tasks.n_train=40", "tasks.n_valid=10", "tasks.epochs=1", "tasks.pairs=[[0, 1]]"]
    texts = [*settings, *sizes, f"tasks.dataset={folder}"]
    experiment = Experiment.load("baseline").replace(**tables_of(texts))
    lab.run(experiment, seed=1, checkpoint=tmp_path / "x.amlz", max_evaluations=30, max_seconds=60)
    session = Session.of(archive.read(tmp_path / "x.amlz"), "x")  # type: ignore[arg-type]
    assert session is not None
    assert set(session.digests or ()) == {"select", "final"}
    lab.resume(tmp_path / "x.amlz", max_seconds=60)
    saved = archive.read(tmp_path / "x.amlz")
    assert isinstance(saved, archive.Checkpoint)
    values = archive.from_json(saved.session or "", "session")
    values["digests"][section] = "0" * 64
    archive.write(tmp_path / "x.amlz", replace(saved, session=archive.to_json(values)))
    with pytest.raises(ArchiveError, match=f"the images of .* for the {section} tasks are not those"):
        lab.resume(tmp_path / "x.amlz")


def test_runs_of_version_0_1_are_told_apart(tmp_path: Path) -> None:
    """They knew no digests, and drew other tasks; what they found can still be fitted."""
    path = begun(tmp_path)
    saved = archive.read(path)
    assert isinstance(saved, archive.Checkpoint)
    values = archive.from_json(saved.session or "", "session")
    del values["data"]
    archive.write(path, replace(saved, session=archive.to_json(values)))
    with pytest.raises(ArchiveError, match=r"begun on a table by version 0\.1.*`pyamlz fit` takes what it has found"):
        lab.resume(path)
    model, scores = lab.fit(path)
    assert model.n_examples == 800
    assert [one.name for one in scores] == ["the program found", "constant", "linear model"]


def test_archives_of_other_runs_are_as_before(tmp_path: Path) -> None:
    lab.run(Experiment.load("demo"), seed=1, checkpoint=tmp_path / "x.amlz", max_evaluations=100)
    saved = archive.read(tmp_path / "x.amlz")
    assert isinstance(saved, archive.Checkpoint)
    assert "data" not in archive.from_json(saved.session or "", "session")
