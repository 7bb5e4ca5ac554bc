"""Kills climbs, selections, tunings and studies at random instants, resumes them each time, and compares their ends.

    python tests/tools/kill_units.py KILLS [SEED]

As kill.py does with a search. KILLS are for all four together. Each process gets SIGKILL, or now and then SIGTERM or
Ctrl-C, at a random instant of its life; the last one may end. Then result and checkpoint must be those of a command
that was left in peace. Exit code 1, and the files are kept, if they are not.
"""

import json
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = [sys.executable, "-m", "pyamlz"]
TASKS = [
    "--preset",
    "linear",
    "--seed",
    "3",
    "--stages",
    "2",
    "--keep",
    "0.5",
    "--seeds",
    "1",
    "--every-seconds",
    "0.05",
]
SLOW = ["--set", "tasks.n_train=2000", "--set", "tasks.n_tasks=40", "--set", "select.n_tasks=40"]
LONGEST = 1.6  # seconds until a kill


def commands(kills: int, folder: Path) -> dict[str, list[str]]:
    """Each takes about half a second of work for each of its kills, besides starting."""
    programs = []
    for number in range(150 * kills):
        path = folder / "programs" / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"def Predict():\n  s1 = dot(v0, v1)\ndef Learn():\n  s2 = {number / 1000}\n  v1 = s2 * v0\n")
        programs.append(str(path))
    return {
        "climb": ["climb", "--seed", "2", "--max-evaluations", str(120_000 * kills), "--every-seconds", "0.05"],
        "tune": ["tune", "neural_network", "--trials", str(20 * kills), *TASKS, *SLOW],
        "select": ["select", *programs, *TASKS, *SLOW],
        "study": ["study", "difficulty", "--small", "--seeds", str(kills // 10 + 1), "--threads", "1"],
    }


def result(output: bytes) -> object:
    """What a command found, without its times."""
    return {key: value for key, value in json.loads(output).items() if "second" not in key}


def kept(name: str, path: Path) -> object:
    """What is kept in a checkpoint or folder, without times and the paths that differ."""
    if name == "study":
        rows = [json.loads(line) for line in (path / "raw.jsonl").read_text().splitlines()]
        return sorted(json.dumps([row["cell"], row["seed"], row["result"]]) for row in rows)
    return {key: value for key, value in json.loads(path.read_bytes()).items() if key != "command"}


def check(name: str, words: list[str], kills: int, draw: random.Random, folder: Path) -> dict[str, int]:
    """Counts of what happened; AssertionError if anything was lost."""
    whole, torn = folder / f"{name}-whole", folder / f"{name}-torn"
    options = ["--json", "--quiet"]
    peace = subprocess.run([*COMMAND, *words, *options, "--checkpoint", str(whole)], capture_output=True)
    assert peace.returncode == 0, peace.stderr.decode()
    counts = {"killed": 0, "terminated": 0, "ended by themselves": 0}
    while True:
        # A study that was killed before it wrote what it is cannot be told by its folder.
        there = (torn / "meta.json" if name == "study" else torn).exists()
        begin = [*COMMAND, *words, *options, "--checkpoint", str(torn)]
        process = subprocess.Popen(
            [*COMMAND, "resume", str(torn), *options] if there else begin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        if sum(counts.values()) < kills:
            time.sleep(draw.uniform(0.0, LONGEST))
            number = draw.choice([signal.SIGTERM, signal.SIGINT]) if draw.random() < 0.2 else signal.SIGKILL
            ended = process.poll() is not None
            began = time.monotonic()
            process.send_signal(number)
            _, complaint = process.communicate()
            counts["ended by themselves" if ended else "killed" if number == signal.SIGKILL else "terminated"] += 1
            assert time.monotonic() - began < 3, f"{number} took {time.monotonic() - began:.1f} s"
            wanted = (0,) if ended else (-signal.SIGKILL,) if number == signal.SIGKILL else (-number, 0, 1, 130)
            assert process.returncode in wanted, (process.returncode, complaint.decode())
        else:
            output, complaint = process.communicate()
            assert process.returncode == 0, complaint.decode()
            break
    assert result(output) == result(peace.stdout), f"{shlex.join(words[:2])}: another result"
    assert kept(name, torn) == kept(name, whole), f"{name}: another checkpoint"
    return counts


def main() -> int:
    kills = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # in the background of a shell it is ignored, by children too
    folder = Path(tempfile.mkdtemp(prefix="kill-units-"))
    draw = random.Random(seed)
    began = time.monotonic()
    told = []
    each = -(-kills // 4)
    try:
        for name, words in commands(each, folder).items():
            counts = check(name, words, each, draw, folder)
            told.append(f"{name}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    except AssertionError as error:
        print(f"failed: {error}; see {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    print(f"kill: {'; '.join(told)}; the same as undisturbed; {time.monotonic() - began:.0f} s, seed {seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
