"""Kills a search at random instants, resumes it each time, and compares its end with that of one left in peace.

    python tests/tools/kill.py KILLS [SEED]

Each process gets SIGKILL, or now and then SIGTERM, at a random instant of its life: while it starts, searches, saves,
restores. The last one may end. Then checkpoint and result must be those of a search that was never stopped, byte for
byte. Exit code 1, and the files are kept, if they are not.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = [sys.executable, "-m", "pyamlz"]
SETTINGS = ["--set", "sufficient_fitness=1", "--set", "max_evaluations=150_000", "--set", "cache_period=15_000"]
PER_KILL = 150_000  # evaluations that the search has for each kill
LONGEST = 1.2  # seconds until a kill


def search(checkpoint: Path, kills: int, seed: int, every: float) -> list[str]:
    evaluations = ["--max-evaluations", str((kills + 2) * PER_KILL)]
    return [
        *COMMAND, "search", "demo", "--seed", str(seed), "--json", "--quiet", *SETTINGS, *evaluations,
        "--checkpoint", str(checkpoint), "--every-seconds", str(every),
    ]  # fmt: skip


def result(output: bytes) -> dict[str, object]:
    """What a run found, without its times and its rate."""
    return {key: value for key, value in json.loads(output).items() if "second" not in key}


def check(kills: int, seed: int, folder: Path) -> dict[str, int]:
    """Counts of what happened; AssertionError if anything was lost."""
    draw = random.Random(seed)
    whole, torn = folder / "whole.amlz", folder / "torn.amlz"
    peace = subprocess.run(search(whole, kills, seed, 1e9), capture_output=True, check=True)
    counts = {"killed": 0, "terminated": 0, "before the first checkpoint": 0, "ended by themselves": 0}
    while True:
        there = torn.exists()
        command = [*COMMAND, "resume", str(torn), "--json", "--quiet", "--every-seconds", "0.02"]
        process = subprocess.Popen(
            command if there else search(torn, kills, seed, 0.02), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        done = counts["killed"] + counts["terminated"]
        if done < kills:
            time.sleep(draw.uniform(0.0, LONGEST))
            number = signal.SIGTERM if draw.random() < 0.1 else signal.SIGKILL
            ended = process.poll() is not None
            process.send_signal(number)
            output, complaint = process.communicate()
            counts["ended by themselves" if ended else "killed" if number == signal.SIGKILL else "terminated"] += 1
            counts["before the first checkpoint"] += not torn.exists()
            wanted = (0,) if ended else (-signal.SIGKILL,) if number == signal.SIGKILL else (-signal.SIGTERM, 0, 130)
            assert process.returncode in wanted, (process.returncode, complaint.decode())
        else:
            output, complaint = process.communicate()
            assert process.returncode == 0, complaint.decode()
            break
    assert result(output) == result(peace.stdout), "another result"
    assert torn.read_bytes() == whole.read_bytes(), "another checkpoint"
    left = sorted(path.name for path in folder.iterdir())
    assert [name for name in left if not name.endswith(".tmp")] == ["torn.amlz", "whole.amlz"], left
    return {**counts, "temporary files left": len(left) - 2}


def main() -> int:
    kills = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    folder = Path(tempfile.mkdtemp(prefix="kill-"))
    began = time.monotonic()
    try:
        counts = check(kills, seed, folder)
    except AssertionError as error:
        print(f"failed: {error}; see {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    told = ", ".join(f"{count} {what}" for what, count in counts.items())
    print(f"kill: {told}; the same bytes as undisturbed; {time.monotonic() - began:.0f} s, seed {seed}")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main())
