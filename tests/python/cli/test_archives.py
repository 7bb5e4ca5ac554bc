"""The command and archives: checkpoints, resuming, showing; and that a bad one ends in exit code 3."""

import contextlib
import dataclasses
import json
import signal
import subprocess
import time

import pytest
from samples import QUICK, linear_space, linear_tasks, start

from pyamlz import Program, Search, archive, linear_regressor
from pyamlz.archive._format import CONFIG_FIELDS

LONG = ["--set", "max_evaluations=1000000000", "--seed", "3", "--every-seconds", "0.05"]


@pytest.fixture
def checkpoint(amlz, quick, tmp_path):
    """Of a run that has ended."""
    path = str(tmp_path / "run.amlz")
    assert amlz("search", quick, "--seed", "7", "--checkpoint", path, "--quiet")[0] == 0
    return path


class TestSearchAndResume:
    def test_give_the_same_result(self, amlz, quick, checkpoint):
        wanted = json.loads(amlz("search", quick, "--seed", "7", "--json")[1])
        code, out, err = amlz("resume", checkpoint, "--json")
        assert (code, err.count("\n")) == (0, 2)
        found = json.loads(out)
        for result in (wanted, found):
            for key in ("seconds", "evaluations_per_second"):
                del result[key]
        assert found == wanted

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
    def test_write_a_last_checkpoint_when_they_are_interrupted(self, amlz, quick, tmp_path, number):
        path = tmp_path / "run.amlz"
        with _started("search", quick, *LONG[:-1], "1000", "--checkpoint", str(path), "--json", "--quiet") as process:
            _wait_for(path)
            time.sleep(0.5)
            process.send_signal(number)
            out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (130, "")
        found = json.loads(out)
        assert found["stop_reason"] == "interrupted"
        assert archive.read(path).evaluations == found["evaluations"] > 0
        code, out, _ = amlz("resume", str(path), "--max-seconds", "0.2", "--json")
        again = json.loads(out)
        assert (code, again["stop_reason"]) == (0, "max_seconds")
        assert again["evaluations"] > found["evaluations"]

    def test_keep_the_former_checkpoint_at_a_second_interruption(self, quick, tmp_path):
        path = tmp_path / "run.amlz"
        with _started("search", quick, *LONG, "--checkpoint", str(path), "--quiet") as process:
            _wait_for(path)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            time.sleep(0.001)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        assert process.returncode == 130
        assert Search.load(path).progress.evaluations > 0
        assert not list(tmp_path.glob("*.tmp"))

    def test_do_not_begin_where_there_is_something(self, amlz, quick, checkpoint):
        with open(checkpoint, "rb") as file:
            before = file.read()
        code, _, err = amlz("search", quick, "--checkpoint", checkpoint, "--quiet")
        assert code == 2
        assert err == f"pyamlz: {checkpoint}: is there already; resume it, remove it, or choose another name\n"
        with open(checkpoint, "rb") as file:
            assert file.read() == before

    def test_say_where_a_checkpoint_cannot_be_written(self, amlz, quick, tmp_path):
        code, _, err = amlz("search", quick, "--checkpoint", str(tmp_path / "none" / "run.amlz"), "--quiet")
        assert code == 1
        assert err.startswith(f"pyamlz: {tmp_path}/none/run.amlz: expected a folder that is there")

    def test_say_when_a_checkpoint_could_not_be_written_any_more(self, quick, tmp_path):
        folder = tmp_path / "folder"
        folder.mkdir()
        arguments = ["--checkpoint", str(folder / "run.amlz"), "--max-seconds", "1.5"]
        with _started("search", quick, *LONG, *arguments, "--quiet") as process:
            _wait_for(folder / "run.amlz")
            (folder / "run.amlz").unlink()
            folder.rmdir()
            out, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert out.startswith("not solved (max_seconds)" if "sufficient" in QUICK else "done (max_seconds)")
        lines = err.splitlines()
        assert lines[0].startswith(f"pyamlz: no checkpoint: {folder}/run.amlz: the folder cannot be opened")
        assert lines[-1].startswith(f"pyamlz: the last checkpoint is not written: {folder}/run.amlz")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--seed", "8"], "seed: {} has 7, got 8"),
            (["--set", "population_size=7"], "population_size: {} has 100, got 7"),
            (["--set", "space.learn.size=9"], "space.learn.size: {} has 4, got 9"),
        ],
    )
    def test_refuse_other_settings(self, amlz, checkpoint, arguments, message):
        code, _, err = amlz("resume", checkpoint, *arguments)
        assert code == 3
        assert message.format(checkpoint) in err

    @pytest.mark.parametrize("command", ["resume", "show"])
    def test_give_3_for_bad_archives(self, amlz, checkpoint, command, tmp_path):
        with open(checkpoint, "rb") as file:
            good = file.read()
        bad = {
            "empty": b"",
            "cut off": good[:-20],
            "damaged": good[:200] + bytes([good[200] ^ 1]) + good[201:],
            "longer": good + b"\0",
            "text": b"def Setup():\n",
            "newer": good.replace(b"\x92\x01", b"\x92\x02", 1),
        }
        for name, data in bad.items():
            path = tmp_path / f"{name}.amlz"
            path.write_bytes(data)
            code, out, err = amlz(command, str(path))
            assert (code, out) == (3, ""), name
            assert err.startswith(f"pyamlz: {path}: "), err
            assert err.count("\n") == 1
            assert path.read_bytes() == data
        assert amlz(command, str(tmp_path / "nothing.amlz"))[0] == 3
        assert amlz(command, str(tmp_path))[0] in (2, 3)

    def test_resume_takes_nothing_but_checkpoints_of_runs(self, amlz, tmp_path):
        linear_regressor().save(tmp_path / "program.amlz")
        code, _, err = amlz("resume", str(tmp_path / "program.amlz"))
        assert (code, "expected a checkpoint of a run" in err) == (3, True)


@contextlib.contextmanager
def _started(*arguments, **options):
    """Runs the command, and sees to it that it does not go on for ever when a test fails."""
    process = start(*arguments, **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _wait_for(path):
    for _ in range(1000):
        if path.exists():
            return
        time.sleep(0.02)
    raise TimeoutError(path)


class TestShow:
    def test_tells_what_matters_of_a_checkpoint(self, amlz, quick, checkpoint):
        code, out, _ = amlz("show", checkpoint)
        assert code == 0
        assert out.startswith(f"# a checkpoint of {quick}, written by libamlz 0.1.0\n")
        assert "3,000 programs scored" in out
        best = Program.parse(out.partition("# the best program\n")[2])
        assert best == archive.read(checkpoint).best.program

    def test_tells_all(self, amlz, checkpoint):
        out = amlz("show", checkpoint, "--all")[1]
        found = archive.read(checkpoint)
        _, _, population = out.partition("# population at the last mark, oldest first\n")
        texts = [block.partition("\n")[2] for block in population.split("\n# fitness")[1:]]
        assert [Program.parse(text) for text in texts] == [member.program for member in found.mark.population]
        assert out.count("  by ") == len(found.mark.history)

    def test_gives_json(self, amlz, quick, checkpoint):
        summary = json.loads(amlz("show", checkpoint, "--json")[1])
        assert list(summary) == [
            "kind", "writer", "dims", "precision", "seed", "evaluations", "best", "preset", "run",
        ]  # fmt: skip
        assert (summary["evaluations"], summary["preset"]) == (3000, quick)
        assert (summary["run"]["seed"], summary["run"]["ended_by"]) == (7, "max_evaluations")

    def test_gives_all_as_json_in_the_order_of_the_format(self, amlz, checkpoint):
        out = amlz("show", checkpoint, "--all", "--json")[1]
        assert out == amlz("show", checkpoint, "--all", "--json")[1]
        found = json.loads(out)
        assert list(found) == [
            "kind", "writer", "dims", "config", "tasks", "evaluations", "digest", "best", "mark", "session",
        ]  # fmt: skip
        saved = archive.read(checkpoint)
        assert list(found["config"]) == list(CONFIG_FIELDS)
        assert len(found["mark"]["population"]) == 100
        assert Program.parse(found["best"]["program"]) == saved.best.program
        assert found["mark"]["counts"] == {**dataclasses.asdict(saved.mark.counts), "hurdle_stops": []}
        assert found["session"]["seed"] == 7
        assert found["tasks"]["source"]["generator"] == "linear"

    def test_reads_while_a_search_writes(self, amlz, quick, tmp_path):
        path = tmp_path / "run.amlz"
        arguments = [*LONG[:-1], "0", "--checkpoint", str(path), "--quiet"]
        with _started("search", quick, *arguments, stdout=subprocess.DEVNULL) as process:
            _wait_for(path)
            seen = [json.loads(amlz("show", str(path), "--json")[1])["evaluations"] for _ in range(60)]
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        assert seen == sorted(seen)
        assert seen[-1] > seen[0]

    def test_knows_programs_and_populations(self, amlz, tmp_path):
        linear_regressor().save(tmp_path / "program.amlz")
        assert amlz("show", str(tmp_path / "program.amlz"))[1] == amlz("show", "linear_regressor")[1]
        assert Program.parse(amlz("show", str(tmp_path / "program.amlz"), "--all")[1]) == linear_regressor()
        tasks = linear_tasks()
        search = Search(tasks, linear_space(tasks), seed=1, population_size=12)
        search.run(max_evaluations=12)
        archive.save_population(tmp_path / "population.amlz", search.population, search.space.dims)
        out = amlz("show", str(tmp_path / "population.amlz"))[1]
        assert out.startswith("# a population of 12 programs")
        assert out.count("\n# fitness ") == 10
        assert amlz("show", str(tmp_path / "population.amlz"), "--all")[1].count("\n# fitness ") == 12
        found = json.loads(amlz("show", str(tmp_path / "population.amlz"), "--json")[1])
        assert (found["kind"], found["members"]) == ("population", 12)
        everything = json.loads(amlz("show", str(tmp_path / "population.amlz"), "--json", "--all")[1])
        assert len(everything["population"]) == 12

    def test_knows_islands(self, amlz, quick, checkpoint, tmp_path):
        saved = archive.read(checkpoint)
        tasks = linear_tasks()
        young = Search(tasks, linear_space(tasks), seed=1, population_size=12)
        young.run(max_evaluations=5)
        islands = (
            dataclasses.replace(saved, session=None),
            young.checkpoint(),
            Search(tasks, linear_space(tasks), seed=1).checkpoint(),
        )
        path = str(tmp_path / "islands.amlz")
        archive.write(path, archive.Islands(islands=islands, session=saved.session))
        out = amlz("show", path)[1]
        assert out.startswith(f"# 3 islands of {quick}, written by libamlz")
        assert f"\nisland 0: 3,000 programs scored, best fitness {saved.best.fitness:.7f}\n" in out
        assert f"\nisland 1: 5 programs scored, best fitness {young.best.fitness:.7f}\n" in out
        assert "\nisland 2: 0 programs scored\n" in out
        assert saved.best.fitness > young.best.fitness
        assert out.endswith(f"\n# the best program, of island 0\n{saved.best.program}")
        assert amlz("show", path, "--all")[1].count("\n# population at the last mark") == 3
        summary = json.loads(amlz("show", path, "--json")[1])
        assert list(summary) == ["kind", "writer", "preset", "run", "best", "islands"]
        assert [island["evaluations"] for island in summary["islands"]] == [3000, 5, 0]
        assert summary["best"]["fitness"] == saved.best.fitness
        everything = json.loads(amlz("show", path, "--all", "--json")[1])
        assert list(everything) == ["kind", "writer", "islands", "session"]
        assert everything["session"]["seed"] == 7
        assert len(everything["islands"][0]["mark"]["population"]) == 100
        evaluated = json.loads(amlz("evaluate", path, "--preset", quick, "--seed", "1", "--json")[1])
        assert Program.parse(evaluated["program"]) == saved.best.program
        assert amlz("resume", path)[0] == 3

    def test_takes_programs_of_archives_where_programs_are_taken(self, amlz, quick, checkpoint):
        wanted = archive.read(checkpoint).best.program
        out = json.loads(amlz("evaluate", checkpoint, "--preset", quick, "--seed", "1", "--json")[1])
        assert Program.parse(out["program"]) == wanted
