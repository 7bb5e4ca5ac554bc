"""Ready callbacks: what they do, when they stop a run, and that a clock has a part only where it is said."""

import io
import json
import shutil
import subprocess
import sys
import threading
from types import ModuleType

import pytest
from samples import environment, linear_space, linear_tasks

from pyamlz import AmlzError, FileError, InputError, Islands, Progress, Search, archive
from pyamlz.search import callbacks
from pyamlz.search.callbacks import Checkpoint, EarlyStopping, JsonLines, ProgressBar, TensorBoard

TASKS = linear_tasks()


def search(seed=1, **settings):
    return Search(TASKS, linear_space(TASKS), seed=seed, **{"population_size": 30, "cache_period": 200, **settings})


def islands():
    return Islands([search(1), search(2)], seed=3, every_evaluations=100)


def at(evaluations, fitness):
    return Progress(evaluations=evaluations, best_fitness=fitness)


class Bad:
    """A callback that fails."""

    every_evaluations = 300

    def begin(self, search):
        pass

    def __call__(self, progress):
        raise ZeroDivisionError

    def end(self, result):
        assert result is None


class TestEarlyStopping:
    def test_stops_where_patience_is_over(self):
        one = search()
        result = one.run(callbacks=[EarlyStopping(500, every_evaluations=100)])
        assert result.stop_reason == "callback"
        last = result.history[-1].evaluation
        assert result.evaluations == -(-last // 100) * 100 + 500

    def test_small_improvements_do_not_count(self):
        stopping = EarlyStopping(200, min_delta=0.25, every_evaluations=50)
        stopping.begin(search())
        looks = [(100, 0.25), (200, 0.5), (250, 0.5), (300, 0.5), (350, 0.75), (549, 1.0), (550, 1.0)]
        assert [stopping(at(*look)) for look in looks] == [False, False, False, True, False, False, True]

    def test_parts_and_other_callbacks_make_no_difference(self):
        whole = search()
        whole.run(callbacks=[EarlyStopping(400)])
        parts, stopping = search(), EarlyStopping(400)
        reasons = []
        while not reasons or reasons[-1] != "callback":
            reasons.append(parts.run(max_evaluations=130, callbacks=[lambda progress: None, stopping]).stop_reason)
        assert len(reasons) > 3
        assert parts.digest == whole.digest

    def test_counts_anew_for_another_search(self):
        stopping = EarlyStopping(300)
        first, second, fresh = search(), search(), search()
        first.run(callbacks=[stopping])
        assert first.run(callbacks=[stopping]).evaluations == first.progress.evaluations
        second.run(callbacks=[stopping])
        fresh.run(callbacks=[EarlyStopping(300)])
        assert second.digest == fresh.digest

    def test_stops_islands_at_the_same_place(self):
        one, other = islands(), islands()
        for each in (one, other):
            assert each.run(callbacks=[EarlyStopping(600)]).stop_reason == "callback"
        assert one.digest == other.digest

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [((0,), "patience"), ((5, -0.1), "min_delta"), ((5, float("nan")), "min_delta"), ((5, 0.0, 0), "every")],
    )
    def test_refuses(self, arguments, message):
        with pytest.raises(InputError, match=message):
            EarlyStopping(*arguments)


class TestCheckpoint:
    @pytest.mark.parametrize(("make", "load"), [(search, Search.load), (islands, Islands.load)])
    def test_saves_meanwhile_and_at_the_end(self, tmp_path, make, load):
        path, sizes = tmp_path / "run.amlz", []

        def look(progress):
            if path.exists():
                sizes.append(load(path).progress.evaluations)
            return len(sizes) > 2

        one = make()
        one.run(callbacks=[Checkpoint(path, every_seconds=1e-9), look])
        assert sizes
        resumed = load(path)
        assert resumed.digest == one.digest
        one.run(max_evaluations=200)
        resumed.run(max_evaluations=200)
        assert resumed.digest == one.digest

    def test_the_search_goes_on_while_it_is_written(self, tmp_path, monkeypatch):
        path, one, write = tmp_path / "run.amlz", search(), archive.write
        written, seen, go_on = [], [], threading.Event()

        def slow(path, saved):
            assert not written or go_on.wait(60)  # the first time the run has not begun
            write(path, saved)
            written.append(saved.evaluations)

        def look(progress):
            seen.append(progress.evaluations)
            if len(seen) > 4:
                assert written == [0]
                go_on.set()
            return len(seen) > 4

        monkeypatch.setattr(archive, "write", slow)
        result = one.run(callbacks=[Checkpoint(path, every_seconds=0), look])
        assert written[0] == 0 < written[1] < seen[-1] <= written[-1] == result.evaluations
        assert Search.load(path).digest == one.digest

    def test_waits_its_time_and_saves_after_errors(self, tmp_path):
        path, one = tmp_path / "run.amlz", search()
        digests = []

        def look(progress):
            digests.append(Search.load(path).digest)

        begun = one.digest
        one.run(max_evaluations=100, callbacks=[Checkpoint(path, every_seconds=3600), look])
        assert set(digests) == {begun}
        assert Search.load(path).digest == one.digest
        path.unlink()
        with pytest.raises(ZeroDivisionError):
            one.run(max_evaluations=1000, callbacks=[Checkpoint(path, every_seconds=3600), Bad()])
        assert Search.load(path).progress.evaluations == 300
        assert one.run(max_evaluations=10).evaluations == 310

    def test_goes_on_where_it_cannot_write_any_more(self, tmp_path):
        one, folder = search(), tmp_path / "here"
        folder.mkdir()
        checkpoint = Checkpoint(folder / "run.amlz", every_seconds=0)
        with pytest.raises(FileError, match=r"none.run\.amlz: the folder cannot be opened"):
            one.run(max_evaluations=500, callbacks=[Checkpoint(tmp_path / "none" / "run.amlz")])
        with pytest.warns(RuntimeWarning, match=r"no checkpoint: .*here.run\.amlz"):
            result = one.run(
                max_evaluations=500, callbacks=[checkpoint, lambda progress: shutil.rmtree(folder, ignore_errors=True)]
            )
        assert (result.evaluations, result.stop_reason) == (500, "max_evaluations")
        assert "run.amlz" in checkpoint.failure

    def test_refuses(self, tmp_path):
        with pytest.raises(InputError, match="every_seconds"):
            Checkpoint(tmp_path / "run.amlz", every_seconds=-1)

    def test_leaves_what_is_somebody_elses(self, tmp_path):
        path = tmp_path / "notes.txt"
        path.write_text("mine")
        with pytest.raises(InputError, match=r"notes.txt: is there already, and no archive"):
            search().run(max_evaluations=10, callbacks=[Checkpoint(path)])
        assert path.read_text() == "mine"
        path = tmp_path / "run.amlz"
        search().save(path)
        before = path.read_bytes()
        with pytest.raises(InputError, match=r"run.amlz: is there already"):
            search(2).run(max_evaluations=10, callbacks=[Checkpoint(path, new=True)])
        assert path.read_bytes() == before

    def test_is_held_while_it_is_written(self, tmp_path):
        path = tmp_path / "run.amlz"

        def again(progress):
            with pytest.raises(InputError, match=r"run.amlz: is in use already"):
                search(2).run(max_evaluations=10, callbacks=[Checkpoint(path)])
            return True

        one = search()
        one.run(callbacks=[Checkpoint(path), again])
        assert Search.load(path).digest == one.digest
        search(2).run(max_evaluations=10, callbacks=[Checkpoint(path)])


class TestProgressBar:
    def test_ends_with_a_line(self):
        stream = io.StringIO()
        result = search().run(max_evaluations=400, callbacks=[ProgressBar(stream)])
        (line,) = stream.getvalue().splitlines()
        assert "400 programs" in line
        assert f"best {result.fitness:.5f}" in line
        assert "experiment" not in line

    def test_ends_with_errors_too(self, monkeypatch):
        ended = []

        class Shown(callbacks.Reporter):
            def __exit__(self, *error):
                ended.append(True)

        monkeypatch.setattr(callbacks, "reporter", lambda stream: Shown())
        with pytest.raises(ZeroDivisionError):
            search().run(callbacks=[ProgressBar(io.StringIO()), Bad()])
        assert ended == [True]


class TestTensorBoard:
    def test_writes_points(self, tmp_path, monkeypatch):
        points, closed = [], []

        class SummaryWriter:
            def __init__(self, folder):
                assert folder == str(tmp_path)

            def add_scalar(self, name, value, step):
                points.append((name, value, step))

            def close(self):
                closed.append(True)

        module = ModuleType("tensorboardX")
        module.SummaryWriter = SummaryWriter
        monkeypatch.setitem(sys.modules, "tensorboardX", module)
        result = search(max_cost=12.0).run(
            max_evaluations=1000, callbacks=[TensorBoard(tmp_path, every_evaluations=250)]
        )
        assert closed == [True]
        best = [(value, step) for name, value, step in points if name == "fitness/best"]
        assert [step for _, step in best] == [250, 500, 750, 1000]
        assert best[-1][0] == result.fitness
        shares = [value for name, value, step in points if name.startswith("evaluations/") and step == 500]
        assert len(shares) == 5
        assert sum(shares) == pytest.approx(1)

    def test_writes_files(self, tmp_path):
        pytest.importorskip("tensorboardX")
        search().run(max_evaluations=500, callbacks=[TensorBoard(tmp_path, every_evaluations=250)])
        assert list(tmp_path.glob("events.out.tfevents.*"))

    def test_says_what_to_install(self, tmp_path, monkeypatch):
        for name in ("tensorboardX", "torch", "torch.utils.tensorboard"):
            monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(AmlzError, match=r"pip install .tensorboardX>="):
            TensorBoard(tmp_path)


def test_json_lines_go_on_after_an_error(tmp_path):
    path, one = tmp_path / "run.jsonl", search()
    with pytest.raises(ZeroDivisionError):
        one.run(max_evaluations=400, callbacks=[JsonLines(path, every_evaluations=100), Bad()])
    one.run(max_evaluations=200, callbacks=[JsonLines(path, every_evaluations=100)])
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["header", *["progress"] * 5, "end"]
    assert [row["evaluations"] for row in rows[1:]] == [100, 200, 300, 400, 500, 500]


def test_importing_pyamlz_imports_no_report():
    script = "import sys, pyamlz; print([m for m in sys.modules if m.startswith(('pyamlz.report', 'rich', 'torch'))])"
    found = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
