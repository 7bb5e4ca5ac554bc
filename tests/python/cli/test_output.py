"""Where the command prints: streams that are closed or no files, and characters that would steer a terminal."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from samples import environment, regression_table

from pyamlz import archive, export, lab, linear_regressor
from pyamlz._cli import output
from pyamlz._cli.main import main
from pyamlz._lib.columns import aligned, printable
from pyamlz.lab import Experiment

AMLZ = f"{sys.executable} -m pyamlz"
ROOM = Path(output.__file__).parent
HOSTILE = "a\x1b[2Jb\rc\nd\x9be\x7ff\u202eg\u2028h\udc80i"
SHOWN = r"a\x1b[2Jb\rc\nd\x9be\x7ff\u202eg\u2028h\udc80i"
STEERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069]")


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", command], env=environment(), capture_output=True, text=True)


class TestPrintable:
    def test_shows_what_a_terminal_would_obey(self):
        assert printable(HOSTILE) == SHOWN

    @pytest.mark.parametrize("text", ["", "x = 1", "naïve façade", "π, 日本語, 😀", "a\u00a0b\u3000c"])
    def test_leaves_what_people_read(self, text):
        assert printable(text) == text

    def test_holds_for_cells_of_tables(self):
        assert aligned(["name", "x"], [["a\nb", "1"]]) == "name  x\n" + r"a\nb  1" + "\n"


def test_nothing_but_one_file_prints():
    for path in ROOM.glob("*.py"):
        if path.name != "output.py":
            text = path.read_text().replace("console.print(", "")  # dead code in grey, which is a program's own text
            assert not re.search(r"\bprint\(|std(out|err)\.write|\.buffer\.write", text), path.name


class TestClosedStreams:
    def test_output_goes_nowhere(self, tmp_path):
        done = shell(f"{AMLZ} show linear_regressor >&-")
        assert (done.returncode, done.stderr) == (0, "")
        path = tmp_path / "page"
        done = shell(f"{AMLZ} export linear_regressor --lang c --features 2 -o {path} >&- 2>&- <&-")
        assert (done.returncode, done.stderr) == (0, "")
        assert path.read_text() == export.to_c(linear_regressor(), linear_regressor().dims(2))

    def test_a_checkpoint_does_not_become_one_of_them(self, tmp_path):
        """Its file would have the number of standard output, and what is printed would be in it."""
        whole, closed = tmp_path / "whole.amlz", tmp_path / "closed.amlz"
        command = f"{AMLZ} search demo --seed 1 --max-evaluations 2000 --checkpoint"
        assert shell(f"{command} {whole}").returncode == 0
        assert shell(f"{command} {closed} --log {tmp_path / 'log'} >&- 2>&- <&-").returncode == 0
        assert closed.read_bytes() == whole.read_bytes()
        assert [json.loads(line)["kind"] for line in (tmp_path / "log").read_text().splitlines()] == [
            "header",
            "progress",
            "end",
        ]

    def test_errors_keep_their_exit_code(self):
        done = shell(f"{AMLZ} show nothing.txt 2>&-")
        assert (done.returncode, done.stdout) == (2, "")
        assert shell(f"{AMLZ} --nonsense 2>&-").returncode == 2

    def test_input_is_said_to_be_closed(self):
        done = shell(f"{AMLZ} show - <&-")
        assert (done.returncode, done.stderr) == (2, "pyamlz: standard input: is closed\n")

    def test_json_with_the_rest_closed_is_json_alone(self):
        done = shell(f"{AMLZ} search demo --seed 1 --max-evaluations 500 --json 2>&-")
        assert json.loads(done.stdout)["evaluations"] == 500


class WriteOnly:
    """The least that `print` needs."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


class TestOddStreams:
    def run(self, stream, *arguments):
        with contextlib.redirect_stdout(stream):
            return main([*arguments])

    @pytest.mark.parametrize("kind", [io.StringIO, WriteOnly])
    def test_get_text(self, kind):
        stream = kind()
        assert self.run(stream, "export", "linear_regressor", "--lang", "c", "--features", "2") == 0
        found = stream.getvalue() if isinstance(stream, io.StringIO) else stream.text
        assert found == export.to_c(linear_regressor(), linear_regressor().dims(2))
        assert self.run(kind(), "show", "linear_regressor") == 0

    def test_that_take_no_bytes_say_so(self, capsys, monkeypatch):
        monkeypatch.setattr(output, "printable", printable)
        with contextlib.redirect_stdout(io.StringIO()), pytest.raises(output.FileError, match=r"name a file"):
            output.write(b"\xff\xfe")

    def test_programs_come_from_a_text_too(self, monkeypatch, capsys):
        monkeypatch.setattr(sys, "stdin", io.StringIO(str(linear_regressor())))
        assert main(["show", "-", "--quiet"]) == 0
        assert "def Setup" in capsys.readouterr().out

    def test_none_at_all(self, monkeypatch):
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, name, None)
        assert main(["show", "linear_regressor"]) == 0
        assert main(["show", "nothing.txt"]) == 2
        assert main(["show", "-"]) == 2

    def test_that_fail_end_the_command(self, capsys):
        class Full(io.StringIO):
            def write(self, text):
                raise OSError(28, "No space left on device")

        assert self.run(Full(), "show", "linear_regressor") == 1
        assert "output cannot be written: No space left on device" in capsys.readouterr().err


class TestHostileNames:
    @pytest.fixture
    def forged(self, tmp_path):
        """The archive of a run whose preset has a name that it should not have."""
        path = tmp_path / "run.amlz"
        lab.run(Experiment.of(regression_table(), "NAME"), seed=1, max_evaluations=300, checkpoint=path)
        found = archive.read(path)
        values = {name: getattr(found, name) for name in type(found).__slots__}
        session = json.loads(found.session)
        session["preset"]["name"] = HOSTILE
        archive.write(path, type(found)(**{**values, "session": json.dumps(session)}))
        return str(path)

    @pytest.mark.parametrize(
        "command", ["show", "show --all", "watch --once", "compare", "resume", "explain", "lineage", "show --json"]
    )
    def test_are_shown_and_not_sent(self, command, forged, capsys):
        name, *options = command.split()
        files = [forged, forged] if name == "compare" else [forged]
        assert main([name, *files, *options]) == 0
        told = capsys.readouterr()
        assert not STEERS.search(told.out + told.err)
        if name in ("show", "watch") and "--json" not in options:
            assert SHOWN in told.out

    def test_of_files(self, tmp_path, capsys):
        name = "a\x1b[31m\nb.txt"
        assert main(["show", str(tmp_path / name)]) == 2
        assert main(["resume", str(tmp_path / f"{name}.amlz")]) == 3
        with pytest.raises(SystemExit):
            main(["show", "x", name])
        told = capsys.readouterr()
        assert not STEERS.search(told.out + told.err)
        assert r"a\x1b[31m" in told.err

    def test_of_programs_that_are_ranked(self, tmp_path, capsys):
        path = tmp_path / "a\x1b[31m\nb.txt"
        path.write_text(str(linear_regressor()))
        assert (
            main(["select", str(path), "--preset", "linear", "--seed", "1", "--seeds", "1", "--set", "tasks.n_tasks=2"])
            == 0
        )
        told = capsys.readouterr()
        assert not STEERS.search(told.out + told.err)
        assert r"a\x1b[31m\nb.txt" in told.out

    def test_in_logs(self, tmp_path, capsys):
        """Of what a line tells, a part that is no number is not taken for one."""
        path = tmp_path / "run.jsonl"
        header = {"kind": "header", "version": "0", "seed": 1, "config": {}}
        row = {"kind": "progress", "experiment": HOSTILE, "evaluations": 1, "seconds": 1.0}
        path.write_text("".join(json.dumps(line) + "\n" for line in (header, row)))
        assert main(["watch", "--once", str(path)]) == 2
        told = capsys.readouterr()
        assert not STEERS.search(told.out + told.err)
        assert "line 2: experiment: expected a number" in told.err


@pytest.mark.parametrize(
    ("command", "setting", "then"),
    [
        (
            ["tune", "linear_regressor", "--trials", "2", "--stages", "1", "--seeds", "1"],
            "trials = 2",
            "a file with the",
        ),
        (["select", "linear_regressor", "--stages", "1", "--seeds", "1"], "keep = ", "a file with the program"),
        (["search", "--max-evaluations", "50"], "population_size = ", "--checkpoint FILE.amlz keeps"),
    ],
)
def test_long_commands_show_settings_if_asked_and_what_to_do_next(
    command: list[str], setting: str, then: str, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--seed", "3", "--set", "tasks.n_train=20", "--set", "select.n_tasks=3", "--set", "final.n_tasks=3"]
    preset = ["demo"] if command[0] == "search" else ["--preset", "demo"]
    for more in ([], ["--verbose"]):
        assert main([*command, *preset, *small, *more]) == 0
        told = capsys.readouterr()
        assert (setting in told.out + told.err) == bool(more)
        assert f"# next: {then}" in told.out + told.err


def test_studies_say_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "difficulty", "--small", "--hours", "0", "--verbose", "-o", str(tmp_path / "s")]) == 0
    told = capsys.readouterr()
    assert "random_evaluations = 20000" in told.out + told.err
    assert f"next: pyamlz resume {tmp_path / 's'}" in told.out + told.err
