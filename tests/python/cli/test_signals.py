"""Long commands end on Ctrl-C, SIGTERM and a hangup: soon, with what they found, whatever they were started with."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import time

import pytest
from samples import command, environment

from pyamlz import lab

SOON = 1.5  # seconds: one is promised, and these machines are busy
SEARCH = ["search", "demo", "--seed", "1", "--set", "sufficient_fitness=1", "--every-seconds", "1000"]


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def end(process, number):
    """Sends a signal; exit code and output."""
    began = time.monotonic()
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert time.monotonic() - began < SOON
    return process.returncode, output


def start(*arguments, before=""):
    """The command as a child of a shell that did this before."""
    line = shlex.join(command(*arguments))
    return subprocess.Popen(
        ["sh", "-c", f"{before} exec {line}"],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


class TestWhateverItWasStartedWith:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    @pytest.mark.parametrize("before", ["", "trap '' INT;", "trap '' TERM;", "trap '' INT TERM HUP;"])
    def test_a_search_ends(self, before, number, tmp_path):
        path = tmp_path / "run.amlz"
        process = start(*SEARCH, "--checkpoint", str(path), before=before)
        wait_for(path, process)
        code, output = end(process, number)
        assert code == 130
        assert "not solved (interrupted)" in output
        assert lab.resume(path, max_seconds=0.01).stop_reason == "max_seconds"

    def test_in_the_background_of_a_shell(self, tmp_path):
        """Where it has Ctrl-C ignored."""
        path = tmp_path / "run.amlz"
        line = shlex.join(command(*SEARCH, "--checkpoint", str(path)))
        script = f"{line} & while ! test -e {path}; do sleep 0.05; done; kill $!; wait $!; echo code $?"
        done = subprocess.run(["sh", "-c", script], env=environment(), capture_output=True, text=True, timeout=60)
        assert done.stdout.endswith("code 130\n")

    def test_a_hangup_ends_it_but_for_nohup(self, tmp_path):
        path = tmp_path / "run.amlz"
        process = start(*SEARCH, "--checkpoint", str(path))
        wait_for(path, process)
        assert end(process, signal.SIGHUP)[0] == 130
        path = tmp_path / "nohup.amlz"
        process = start(*SEARCH, "--checkpoint", str(path), before="trap '' HUP;")
        wait_for(path, process)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert process.poll() is None
        assert end(process, signal.SIGTERM)[0] == 130

    def test_resume_ends_too(self, tmp_path):
        path = tmp_path / "run.amlz"
        process = start(*SEARCH, "--checkpoint", str(path))
        wait_for(path, process)
        end(process, signal.SIGTERM)
        time.sleep(0.05)
        before = path.stat().st_mtime_ns
        process = start("resume", str(path), before="trap '' INT;")
        while path.stat().st_mtime_ns == before:
            time.sleep(0.02)
        assert end(process, signal.SIGTERM)[0] == 130


SLOW = ["--preset", "linear", "--seed", "1", "--set", "tasks.n_train=20_000", "--set", "select.n_tasks=100"]
OTHERS = {
    "climb": ["climb", "--seed", "1"],
    "tune": ["tune", "neural_network", "--trials", "5_000", "--threads", "2", *SLOW],
    "select": ["select", "{programs}", *SLOW],
    "islands": [*SEARCH, "--islands", "3"],
    "study": ["study", "difficulty", "--seeds", "50", "--threads", "1"],
}


@pytest.fixture
def programs(tmp_path):
    folder = tmp_path / "programs"
    folder.mkdir()
    for number in range(500):
        text = f"def Predict():\n  s1 = dot(v0, v1)\ndef Learn():\n  s2 = {number / 1000}\n  v1 = s2 * v0\n"
        (folder / f"{number}.txt").write_text(text)
    return sorted(map(str, folder.iterdir()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", OTHERS)
def test_other_long_commands_end_too(name, number, programs, tmp_path):
    """With Ctrl-C ignored when they were started; and they can be gone on with."""
    path = tmp_path / "checkpoint"
    words = [word for each in OTHERS[name] for word in (programs if each == "{programs}" else [each])]
    process = start(*words, "--checkpoint", str(path), "--json", before="trap '' INT;")
    wait_for(path, process)
    time.sleep(0.7)
    code, output = end(process, number)
    assert code == 130
    assert json.loads(output)["stop_reason"] == "interrupted"
    process = start("resume", str(path), "--json")
    time.sleep(2.0)
    assert process.poll() is None
    assert end(process, signal.SIGTERM)[0] == 130
