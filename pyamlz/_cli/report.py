"""The commands that look at runs: `pyamlz report`, `lineage`, `compare` and `watch`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

from pyamlz import archive
from pyamlz._cli import output
from pyamlz._cli.arguments import DONE, command
from pyamlz._cli.data import where_data_are
from pyamlz._cli.outputs import check_output
from pyamlz._lib.columns import printable
from pyamlz._lib.errors import AmlzError, ArchiveError, InputError
from pyamlz._lib.files import replace_file
from pyamlz.explain import Ancestor, changes, improvements, lineage
from pyamlz.lab import Session, differences
from pyamlz.search import Callback, Progress, log

__all__ = ["add_reports"]

_WIDTH, _HEIGHT = 64, 12  # of charts in the terminal, in letters


def add_reports(commands: Any) -> None:
    """Adds the commands to the subparsers of `pyamlz`."""
    report = command(commands, "report", _report, "make a page of HTML of a run, which opens offline")
    report.add_argument("file", metavar="FILE.amlz", help="the run's checkpoint")
    report.add_argument("-o", "--output", metavar="FILE.html", help="the page (default: beside the checkpoint)")
    where_data_are(report)
    report.add_argument("--log", metavar="FILE.jsonl", help="the run's log, for throughput over time")
    report.add_argument(
        "--lineage",
        choices=("auto", "yes", "no"),
        default="auto",
        help="run the search again to retrace the best program (default: if that is 5 million programs or less)",
    )

    ancestors = command(commands, "lineage", _lineage, "retrace the best program of a search, by running it again")
    ancestors.add_argument("file", metavar="FILE.amlz", help="a checkpoint of a search or of islands")
    ancestors.add_argument("--all", action="store_true", help="also ancestors that were not better than those before")

    compare = command(commands, "compare", _compare, "print what two runs or more have found, and in what they differ")
    compare.add_argument("files", nargs="+", metavar="FILE.amlz", help="their checkpoints")

    watch = command(commands, "watch", _watch, "show a run while it is going on, from its checkpoint or log")
    watch.add_argument("file", metavar="FILE.amlz|FILE.jsonl", help="what it writes")
    watch.add_argument("--every", type=float, default=2.0, metavar="SECONDS", help="between two looks (default: 2)")
    watch.add_argument("--once", action="store_true", help="look once")


# ---------------------------------------------------------------- report and lineage


def _report(arguments: argparse.Namespace) -> int:
    from pyamlz.report import report  # matplotlib takes its time

    path = arguments.output or os.path.splitext(arguments.file)[0] + ".html"
    check_output(path, arguments)
    page = report(
        arguments.file,
        log_path=arguments.log,
        data=arguments.data,
        retrace={"auto": None, "yes": True, "no": False}[arguments.lineage],
        callbacks=_tellers(arguments),
    )
    replace_file(path, page.encode("utf-8"))
    if not arguments.quiet:
        output.line(path, output.say(arguments))
    return DONE


def _tellers(arguments: argparse.Namespace) -> list[Callback]:
    """Says now and then how much of a search was run again."""
    if arguments.quiet or not output.is_terminal(sys.stderr):
        return []
    last = [time.monotonic()]

    def tell(progress: Progress) -> None:
        now, share = time.monotonic(), progress.share or 0.0
        if now - last[0] > 1 or share == 1:
            last[0] = now
            output.overwrite(f"retracing: {100 * share:.0f} %", is_last=share == 1)

    return [tell]


def _lineage(arguments: argparse.Namespace) -> int:
    line = lineage(arguments.file, callbacks=_tellers(arguments))
    shown = line if arguments.all else improvements(line)
    if arguments.json:
        rows = [
            {
                **{name: getattr(a, name) for name in ("evaluation", "island", "action", "fitness")},
                "program": str(a.program),
            }
            for a in shown
        ]
        output.print_json({"programs": len(line), "ancestors": rows})
        return DONE
    output.note(arguments, f"{len(line)} programs, of which {len(improvements(line))} were better than all before them")
    for text in _steps(shown):
        output.block(f"{text}\n")
    return DONE


def _steps(shown: Sequence[Ancestor]) -> Iterable[str]:
    for number, ancestor in enumerate(shown):
        yield f"\nevaluation {ancestor.place}: fitness {ancestor.fitness:.7f}, by {ancestor.action}"
        if number == 0:
            yield str(ancestor.program).rstrip("\n")
        else:
            yield from (f"  {change}" for change in changes(shown[number - 1].program, ancestor.program))


# ---------------------------------------------------------------- compare


def _searches(path: str) -> tuple[archive.Checkpoint | archive.Islands, list[archive.Checkpoint]]:
    found = archive.read(path)
    if isinstance(found, archive.Islands):
        return found, list(found.islands)
    if isinstance(found, archive.Checkpoint):
        return found, [found]
    raise ArchiveError(f"{path}: expected a checkpoint, got a {type(found).__name__}")


def _compare(arguments: argparse.Namespace) -> int:
    if len(arguments.files) < 2:
        raise InputError("expected two files or more to compare")
    runs = {path: _searches(path) for path in arguments.files}
    bests = {path: found.best for path, (found, _) in runs.items()}
    goal = min((best.fitness for best in bests.values() if best is not None), default=0.0)
    rows = []
    for path, (_, searches) in runs.items():
        best = bests[path]
        rows.append(
            {
                "file": path,
                "evaluations": sum(search.evaluations for search in searches),
                "best_fitness": None if best is None else best.fitness,
                "evaluations_to_goal": _evaluations_to(goal, searches),
                "program": None if best is None else str(best.program),
            }
        )
    settings = [_settings(path, found) for path, (found, _) in runs.items()]
    differing = {
        key: [values.get(key) for values in settings]
        for key in sorted({key for other in settings[1:] for key, *_ in differences(settings[0], other)})
    }
    if arguments.json:
        output.print_json({"goal": goal, "runs": rows, "differences": differing})
        return DONE
    output.line(f"{'best fitness':>12}  {'evaluations':>12}  {f'to {goal:.5f}':>12}  file")
    for row in rows:
        fitness = "none" if row["best_fitness"] is None else f"{row['best_fitness']:.7f}"
        to_goal = "-" if row["evaluations_to_goal"] is None else f"{row['evaluations_to_goal']:,}"
        output.line(f"{fitness:>12}  {row['evaluations']:>12,}  {to_goal:>12}  {row['file']}")
    for key, values in differing.items():
        output.line(f"{key}: {' | '.join('-' if value is None else str(value) for value in values)}")
    return DONE


def _evaluations_to(goal: float, searches: Sequence[archive.Checkpoint]) -> int | None:
    """Evaluations of one search until its best fitness reached the goal; the fewest of all islands."""
    found = [row.evaluation for search in searches for row in search.mark.history if row.fitness >= goal]
    found += [s.best.evaluation for s in searches if s.best is not None and s.best.fitness >= goal]
    return min(found, default=None)


def _settings(path: str, found: archive.Checkpoint | archive.Islands) -> dict[str, Any]:
    """The settings of a run, flat."""
    session = Session.of(found, path)
    if session is not None:
        return {"seed": session.seed, **_flat(session.preset.as_dict())}
    config = found.islands[0].config if isinstance(found, archive.Islands) else found.config
    return {"seed": config.seed, "precision": config.precision, **config.settings.as_dict()}


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in table.items():
        values.update(_flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value})
    return values


# ---------------------------------------------------------------- watch


def _watch(arguments: argparse.Namespace) -> int:
    if not arguments.every > 0:
        raise InputError(f"--every: expected a number over 0, got {arguments.every}")
    is_live = output.is_terminal(sys.stdout) and not arguments.once
    last = None
    while True:
        try:
            text = "\n".join(_look(arguments.file))
        except AmlzError as error:
            if arguments.once or not os.path.lexists(arguments.file):
                raise
            text = str(error)  # a log of which nothing is written yet
        if text != last:
            if is_live:
                output.clear()
            output.block(f"{text}\n")
            last = text
        if arguments.once:
            return DONE
        time.sleep(arguments.every)


def _look(path: str) -> Iterable[str]:
    """What there is to be seen of a run now."""
    if archive.is_archive(path):
        yield from _look_at_checkpoint(path)
    else:
        yield from _look_at_log(path)


def _look_at_checkpoint(path: str) -> Iterable[str]:
    found, searches = _searches(path)
    session = Session.of(found, path)
    if session is not None:
        yield f"{printable(session.preset.name)}, seed {session.seed}, experiment {session.experiment}"
    evaluations = sum(search.evaluations for search in searches)
    best = found.best
    yield f"{evaluations:,} programs scored, best fitness {'none' if best is None else f'{best.fitness:.7f}'}"
    points = sorted((row.evaluation, row.fitness) for search in searches for row in search.mark.history)
    points += [] if best is None else [(best.evaluation, best.fitness)]
    yield from _chart(points, max(search.evaluations for search in searches))
    if best is not None:
        yield f"\n{best.program}".rstrip("\n")


def _look_at_log(path: str) -> Iterable[str]:
    rows = [row for row in log.read(path) if row["kind"] == "progress"]
    if not rows:
        raise InputError(f"{path}: has no line of progress yet")
    last = rows[-1]
    rows = [row for row in rows if row["experiment"] == last["experiment"]]
    known = (last["cache_hits"] + last["fec_hits"]) / max(last["evaluations"], 1)
    yield f"experiment {last['experiment']}: {last['evaluations']:,} programs scored in {last['seconds']:.1f} s"
    yield f"best fitness {last['best_fitness']:.7f}, mean {last['mean_fitness']:.7f}; known before: {100 * known:.1f} %"
    yield from _chart([(row["evaluations"], row["best_fitness"]) for row in rows], last["evaluations"])


def _chart(points: Sequence[tuple[int, float]], end: int) -> Iterable[str]:
    """Best fitness over evaluations, in letters."""
    if not points:
        return
    reached = []
    for column in range(_WIDTH):
        until = end * (column + 1) / _WIDTH
        reached.append(max((fitness for x, fitness in points if x <= until), default=0.0))
    top = max(reached) or 1.0
    for row in range(_HEIGHT, 0, -1):
        label = f"{top * row / _HEIGHT:6.3f}"
        yield f"{label} |" + "".join("#" if value >= top * (row - 0.5) / _HEIGHT else " " for value in reached)
    yield " " * 7 + "+" + "-" * _WIDTH
    yield " " * 8 + f"0{'evaluations':^{_WIDTH - 1 - len(f'{end:,}')}}{end:,}"
