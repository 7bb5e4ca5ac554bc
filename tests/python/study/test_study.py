"""Studies: units that are done once, in any number of threads and sittings; what is left of a study that was killed."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from typing import ClassVar

import pytest
from samples import Counted, command, environment

from pyamlz import DataError, FileError, InputError, study
from pyamlz.study import Interrupted, RawData, Record, ResultTable, Study, Unit, run


class Squares(Study):
    """Squares of what a cell and the seed say; it counts its units, and may wait for something in each."""

    NAME = "squares"
    SUMMARY = "squares of numbers"
    SETTINGS: ClassVar = {"add": 0, "scale": 1.0, "label": "x"}
    SMALL: ClassVar = {"add": 1}
    SEEDS = (3, 1)

    def __init__(self, settings):
        super().__init__(settings)
        self.units = []
        self.before = lambda unit: None

    def cells(self):
        return [{"base": base} for base in (1, 2, 3)]

    def measure(self, cell, seed):
        self.units.append((cell["base"], seed))
        self.before((cell["base"], seed))
        return {"square": (cell["base"] + seed + self.settings["add"]) ** 2}

    def table(self, records):
        rows = [[str(cell["base"]), sum(r.result["square"] for r in self.of(records, cell))] for cell in self.cells()]
        return ResultTable(["base", "sum"], rows, ["Sums of squares."])

    def draw(self, records, figure):
        figure.subplots().plot([record.result["square"] for record in records])


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    """Most tests have none, which take a second each."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)


ALL = {(base, seed) for base in (1, 2, 3) for seed in (1, 2)}


def squares(*overrides):
    return Squares.configured(overrides)


def lines(folder):
    return (folder / "raw.jsonl").read_bytes().splitlines(keepends=True)


def results(folder):
    """What is in the raw data but for times, in an order of its own."""
    tables = [json.loads(line) for line in lines(folder)]
    return sorted(json.dumps([table["cell"], table["seed"], table["result"]]) for table in tables)


class TestRun:
    def test_does_each_unit_once(self, tmp_path):
        one = squares()
        report = run(one, tmp_path, n_seeds=2)
        assert (report.stop_reason, report.done, report.wanted) == ("done", 6, 6)
        assert len(one.units) == 6
        assert set(one.units) == ALL
        assert report.table.rows == [["1", 4 + 9], ["2", 9 + 16], ["3", 16 + 25]]

    def test_writes_its_files(self, tmp_path, monkeypatch):
        monkeypatch.undo()
        pytest.importorskip("matplotlib.figure")
        report = run(squares("add=1"), tmp_path / "a" / "b", n_seeds=1, command="pyamlz study squares --set add=1")
        folder = report.folder
        names = {"raw.jsonl", "meta.json", "table.md", "table.csv", "figure.png", "figure.svg"}
        assert {path.name for path in folder.iterdir()} == names
        assert report.missing is None
        assert (folder / "table.md").read_text() == report.table.markdown()
        rows = list(csv.reader((folder / "table.csv").read_text().splitlines()))
        assert rows == [["base", "sum"], ["1", "9"], ["2", "16"], ["3", "25"]]
        assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")
        assert b"<svg" in (folder / "figure.svg").read_bytes()
        meta = json.loads((folder / "meta.json").read_text())
        assert (meta["study"], meta["settings"]["add"], meta["seeds"]) == ("squares", 1, 1)
        assert meta["command"] == "pyamlz study squares --set add=1"
        assert set(meta["versions"]) == {"pyamlz", "compiler", "python", "numpy"}
        assert set(meta["machine"]) == {"cpu", "cores", "kernels", "system", "architecture"}

    def test_writes_the_table_without_matplotlib(self, tmp_path):
        report = run(squares(), tmp_path, n_seeds=1)
        wanted = r"no figure: matplotlib is missing or too old: pip install 'matplotlib>=[\d.]+'"
        assert re.fullmatch(wanted, report.missing)
        assert (tmp_path / "table.md").exists()
        assert not (tmp_path / "figure.png").exists()

    def test_again_does_nothing(self, tmp_path):
        first = run(squares(), tmp_path, n_seeds=2)
        before = lines(tmp_path)
        again = squares()
        second = run(again, tmp_path, n_seeds=2)
        assert again.units == []
        assert lines(tmp_path) == before
        assert second.table == first.table

    def test_with_more_seeds_adds_those(self, tmp_path):
        run(squares(), tmp_path, n_seeds=1)
        more = squares()
        run(more, tmp_path, n_seeds=2)
        assert set(more.units) == {(1, 2), (2, 2), (3, 2)}
        assert len(lines(tmp_path)) == 6

    def test_with_fewer_seeds_keeps_and_counts_what_there_is(self, tmp_path):
        more = run(squares(), tmp_path, n_seeds=2)
        fewer = run(squares(), tmp_path, n_seeds=1)
        assert (fewer.done, fewer.wanted) == (3, 3)
        assert fewer.table == more.table

    def test_tells_what_it_does(self, tmp_path):
        told = Counted()
        run(squares(), tmp_path, n_seeds=1, callbacks=[told])
        said = [progress.stage for progress in told.seen]
        assert [line.partition(",")[0] for line in said] == ["1 of 3: 1", "2 of 3: 2", "3 of 3: 3"]
        said = []
        run(squares(), tmp_path, n_seeds=2, callbacks=[lambda progress: said.append(progress.stage)])
        assert said[0] == "3 of 6 units are done already"
        assert any(line.startswith("4 of 6: 1, seed 2, ") for line in said)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"n_seeds": 0}, "n_seeds: expected"),
            ({"threads": 0}, "threads: expected"),
            ({"max_seconds": -1.0}, "max_seconds: expected"),
        ],
    )
    def test_refuses_wrong_arguments(self, tmp_path, arguments, message):
        with pytest.raises(InputError, match=message):
            run(squares(), tmp_path / "new", **{"n_seeds": 1, **arguments})
        assert not (tmp_path / "new").exists()


class TestThreads:
    def test_do_not_change_results(self, tmp_path):
        for threads in (1, 2, 5):
            run(squares(), tmp_path / str(threads), n_seeds=4, threads=threads)
        assert results(tmp_path / "2") == results(tmp_path / "1") == results(tmp_path / "5")
        for name in ("table.md", "table.csv"):
            assert (tmp_path / "2" / name).read_bytes() == (tmp_path / "1" / name).read_bytes()

    def test_work_at_the_same_time_and_no_more_than_allowed(self, tmp_path):
        together = threading.Barrier(2, timeout=20)
        at_work, most = [], []

        def wait(unit):
            at_work.append(unit)
            most.append(len(at_work))
            together.wait()  # with one thread nobody would come
            time.sleep(0.01)
            at_work.remove(unit)

        two = squares()
        two.before = wait
        assert run(two, tmp_path, n_seeds=2, threads=2).done == 6
        assert max(most) == 2


class TestHours:
    def test_end_the_handing_out_of_units(self, tmp_path):
        none = squares()
        report = run(none, tmp_path, n_seeds=2, max_seconds=0.0)
        assert (report.stop_reason, report.done, report.table) == ("max_seconds", 0, None)
        assert none.units == []

    def test_let_units_at_work_end(self, tmp_path, monkeypatch):
        now = [0.0]
        monkeypatch.setattr("pyamlz.study._framework.time.monotonic", lambda: now[0])
        slow = squares()
        slow.before = lambda unit: now.append(now.pop() + 1800.0)
        report = run(slow, tmp_path, n_seeds=2, max_seconds=4320)
        assert (report.stop_reason, report.done) == ("max_seconds", 3)
        assert run(squares(), tmp_path, n_seeds=2).done == 6

    def test_that_are_enough_change_nothing(self, tmp_path):
        assert run(squares(), tmp_path, n_seeds=2, max_seconds=3600).stop_reason == "done"


class TestFailures:
    def test_of_a_unit_keep_the_others(self, tmp_path):
        """Those that were done, and those that were at work."""
        bad = squares()
        begun = threading.Event()

        def before(unit):
            if unit == (3, 1):
                assert begun.wait(20)
                raise InputError("something")
            if unit == (1, 2):
                begun.set()
                time.sleep(0.2)

        bad.before = before
        with pytest.raises(InputError, match="something"):
            run(bad, tmp_path, n_seeds=9, threads=2)
        assert len(lines(tmp_path)) == 3
        assert run(squares(), tmp_path, n_seeds=2).done == 6
        assert len(set(results(tmp_path))) == len(lines(tmp_path)) == 6

    def test_interrupted_units_are_not_recorded(self, tmp_path):
        stopped = squares()

        def before(unit):
            if unit == (2, 1):
                raise Interrupted

        stopped.before = before
        report = run(stopped, tmp_path, n_seeds=2)
        assert (report.stop_reason, report.done) == ("interrupted", 1)
        assert run(squares(), tmp_path, n_seeds=2).done == 6

    def test_ctrl_c_drops_the_units_at_work(self, tmp_path):
        """They may have been cut short; and it is said what is done."""
        stopped = squares()

        def before(unit):
            if unit == (3, 1):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.3)

        stopped.before = before
        report = run(stopped, tmp_path, n_seeds=2)
        assert (report.stop_reason, report.done) == ("interrupted", 2)
        assert [row[1] for row in report.table.rows] == [4, 9, 0]
        assert run(squares(), tmp_path, n_seeds=2).done == 6
        assert results(tmp_path) == results_of(tmp_path / "whole", seeds=2)


def results_of(folder, seeds):
    run(squares(), folder, n_seeds=seeds)
    return results(folder)


class TestRawData:
    @pytest.mark.parametrize("left", [b'{"cell": {"ba', b"\0\0\0\0", b"\0\0\0\n", b'{"cell": {}}\n', b"7\n", b"\xff\n"])
    def test_damaged_at_the_end_loses_that_line_only(self, tmp_path, left):
        run(squares(), tmp_path, n_seeds=1)
        path = tmp_path / "raw.jsonl"
        whole = lines(tmp_path)
        path.write_bytes(b"".join(whole[:2]) + left)
        again = squares()
        assert run(again, tmp_path, n_seeds=1).done == 3
        assert again.units == [(3, 1)]
        assert lines(tmp_path)[:2] == whole[:2]
        assert len(lines(tmp_path)) == 3

    @pytest.mark.parametrize("cut", [1, 5, 20])
    def test_cut_short_loses_the_last_line_only(self, tmp_path, cut):
        run(squares(), tmp_path, n_seeds=1)
        path = tmp_path / "raw.jsonl"
        path.write_bytes(path.read_bytes()[:-cut])
        again = squares()
        run(again, tmp_path, n_seeds=1)
        assert again.units == [(3, 1)]
        assert results(tmp_path) == results_of(tmp_path / "whole", seeds=1)

    def test_damaged_elsewhere_is_refused(self, tmp_path):
        run(squares(), tmp_path, n_seeds=1)
        whole = lines(tmp_path)
        (tmp_path / "raw.jsonl").write_bytes(b"".join([whole[0], b"{}\n", *whole[1:]]))
        with pytest.raises(DataError, match=r"raw\.jsonl: line 2: expected a table of cell, seed"):
            run(squares(), tmp_path, n_seeds=1)
        assert len(lines(tmp_path)) == 4  # nothing was cut off

    def test_of_several_machines_may_be_put_together(self, tmp_path):
        run(squares(), tmp_path, n_seeds=1)
        path = tmp_path / "raw.jsonl"
        path.write_bytes(path.read_bytes() * 2)
        assert run(squares(), tmp_path, n_seeds=2).table == run(squares(), tmp_path / "other", n_seeds=2).table

    def test_that_contradict_each_other_are_refused(self, tmp_path):
        run(squares(), tmp_path, n_seeds=1)
        path = tmp_path / "raw.jsonl"
        path.write_bytes(path.read_bytes() + path.read_bytes().replace(b'"square": 4', b'"square": 5'))
        with pytest.raises(DataError, match=r"line 4: another result than before of the same unit"):
            run(squares(), tmp_path, n_seeds=1)

    def test_of_cells_that_the_study_does_not_have_are_refused(self, tmp_path):
        run(squares(), tmp_path, n_seeds=1)
        path = tmp_path / "raw.jsonl"
        path.write_bytes(path.read_bytes().replace(b'"base": 2', b'"base": 7'))
        with pytest.raises(DataError, match="a unit that this study does not have"):
            run(squares(), tmp_path, n_seeds=1)

    def test_are_open_for_one_at_a_time(self, tmp_path):
        path = tmp_path / "raw.jsonl"
        with RawData(path), pytest.raises(FileError, match="another process is at work on it"):
            RawData(path)
        with RawData(path) as raw:
            assert raw.records == []

    def test_are_written_at_once(self, tmp_path):
        """Before the file is closed."""
        record = Record(Unit({"base": 1}, 1), {"square": 4}, 0.5, "0.1.0")
        with RawData(tmp_path / "raw.jsonl") as raw:
            raw.append(record)
            assert Record.parse((tmp_path / "raw.jsonl").read_bytes()) == record
            assert record.unit in raw
            assert Unit({"base": 1}, 2) not in raw

    def test_that_cannot_be_written_are_an_error(self, tmp_path, monkeypatch):
        """Nothing of it, or a part, which is cut off the next time."""
        record = Record(Unit({}, 1), {}, 0.5, "")
        with RawData(tmp_path / "raw.jsonl") as raw:
            raw.append(record)
            write = os.write
            monkeypatch.setattr("os.write", lambda file, data: write(file, data[:10]))
            with pytest.raises(FileError, match=r"raw\.jsonl: cannot be written: the system took only a part"):
                raw.append(Record(Unit({}, 2), {}, 0.5, ""))
        with RawData(tmp_path / "raw.jsonl") as raw:
            assert raw.records == [record]


class TestFolder:
    def test_with_other_settings_is_refused(self, tmp_path):
        run(squares(), tmp_path, n_seeds=1)
        with pytest.raises(InputError, match=r"add: .* has 0, got 2; name another folder"):
            run(squares("add=2"), tmp_path, n_seeds=1)

    def test_with_another_study_is_refused(self, tmp_path):
        run(squares(), tmp_path, n_seeds=1)

        class Cubes(Squares):
            NAME = "cubes"

        with pytest.raises(InputError, match="has the study 'squares', got 'cubes'"):
            run(Cubes.configured(), tmp_path, n_seeds=1)

    @pytest.mark.parametrize("content", [b"", b"[]", b'{"study": "squares"}', b"\xff"])
    def test_with_a_damaged_meta_file_is_refused(self, tmp_path, content):
        run(squares(), tmp_path, n_seeds=1)
        (tmp_path / "meta.json").write_bytes(content)
        with pytest.raises(DataError, match=r"meta\.json: expected what a study writes there"):
            run(squares(), tmp_path, n_seeds=1)

    def test_with_data_of_something_unknown_is_refused(self, tmp_path):
        (tmp_path / "raw.jsonl").touch()
        with pytest.raises(InputError, match=r"has raw\.jsonl without meta\.json"):
            run(squares(), tmp_path, n_seeds=1)

    def test_that_cannot_be_made_is_an_error(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(FileError, match="cannot be made"):
            run(squares(), tmp_path / "file" / "folder", n_seeds=1)


class TestSettings:
    def test_keep_their_types(self):
        settings = squares("add=1e6", "scale=2", "label=7").settings
        assert settings == {"add": 1_000_000, "scale": 2.0, "label": "7"}
        assert [type(value) for value in settings.values()] == [int, float, str]

    def test_of_the_small_version_may_be_replaced_too(self):
        assert Squares.configured(small=True).settings["add"] == 1
        assert Squares.configured(["add=5"], small=True).settings["add"] == 5

    @pytest.mark.parametrize(
        ("override", "message"),
        [
            ("ad=1", "unknown key 'ad'; did you mean 'add'"),
            ("add", "--set: expected KEY=VALUE, got 'add'"),
            ("add=x", "add: expected a number, got 'x'"),
            ("add=1.5", "add: expected an integer"),
            ("add=inf", "add: expected an integer"),
            ("scale=nan", "scale: expected a number"),
        ],
    )
    def test_that_are_wrong_are_refused(self, override, message):
        with pytest.raises(InputError, match=message):
            squares(override)


class TestTable:
    TABLE = ResultTable(["name", "n", "x"], [["a", 1234567, 0.000123456], ["b", 0, None]], ["A note."])

    def test_is_markdown_for_people(self):
        assert self.TABLE.markdown() == (
            "| name | n | x |\n| --- | ---: | ---: |\n| a | 1,234,567 | 0.0001235 |\n| b | 0 |  |\n\nA note.\n"
        )

    def test_is_csv_with_all_digits(self):
        assert self.TABLE.csv() == "name,n,x\na,1234567,0.000123456\nb,0,\n"


class TestCommand:
    def test_lists_studies(self, amlz):
        code, out, _ = amlz("study", "--list")
        assert code == 0
        for name, kind in study.STUDIES.items():
            assert f"{name} " in out
            assert kind.SUMMARY in out
        assert set(json.loads(amlz("study", "--list", "--json")[1])) == set(study.STUDIES)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "NAME: expected one of difficulty"),
            (["dificulty"], "unknown study 'dificulty'; did you mean 'difficulty'"),
            (["difficulty", "--set", "evaluations=1"], "unknown key 'evaluations'"),
        ],
    )
    def test_refuses_wrong_usage(self, amlz, arguments, message):
        code, _, err = amlz("study", *arguments)
        assert code == 2
        assert message in err

    def test_tells_the_table_as_json(self, amlz, tmp_path):
        options = ["--small", "--seeds", "1", "--hours", "0", "-o", str(tmp_path / "s"), "--json"]
        code, out, _ = amlz("study", "difficulty", *options)
        assert code == 0
        told = json.loads(out)
        assert (told["study"], told["stop_reason"], told["done"], told["rows"]) == (
            "difficulty",
            "max_seconds",
            0,
            None,
        )

    def test_killed_goes_on_to_the_same_results(self, tmp_path):
        """At any moment: of lines that are there none is lost, none comes twice."""
        options = ["study", "difficulty", "--small", "--seeds", "1", "--threads", "2"]
        whole = tmp_path / "whole"
        subprocess.run(command(*options, "-o", str(whole)), env=environment(), capture_output=True, check=True)
        killed = tmp_path / "killed"
        seen = []
        for _ in range(2):
            process = subprocess.Popen(
                command(*options, "-o", str(killed)), env=environment(), stdout=subprocess.PIPE, text=True
            )
            for line in process.stdout:
                if " of " in line and "seed" in line:
                    break  # a unit is done, others are at work
            process.kill()
            process.communicate()
            now = [line for line in lines(killed) if line.endswith(b"\n")]
            assert now[: len(seen)] == seen
            seen = now
        subprocess.run(command(*options, "-o", str(killed)), env=environment(), capture_output=True, check=True)
        assert results(killed) == results(whole)
        assert (killed / "table.md").read_bytes() == (whole / "table.md").read_bytes()
