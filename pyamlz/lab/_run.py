"""Experiments: searches on fresh tasks, one after another, until a program is good enough (the paper, section 4.1)."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast

from pyamlz import archive
from pyamlz._lib.checks import checked_float, checked_int, checked_seed
from pyamlz._lib.errors import AmlzError, ArchiveError, InputError
from pyamlz._lib.interrupt import ENDING, interrupt_flag
from pyamlz._lib.random import derived_seed
from pyamlz.lab._experiment import Preset, Section, differences
from pyamlz.lab._fit import Scored, model_of, scored
from pyamlz.lab._session import Candidate, Session
from pyamlz.lab._tune import tuned
from pyamlz.program import Dims, Program
from pyamlz.program.baselines import TUNABLE, built_in
from pyamlz.search import Evaluation, Evaluator, Islands, Progress, Search, Variant
from pyamlz.search._islands import session_of
from pyamlz.search._reporter import Reporter, Status
from pyamlz.search.log import RunLog
from pyamlz.tasks import TaskSet
from pyamlz.tasks._reading import DataSource

__all__ = ["EVERY", "Comparison", "Outcome", "StopReason", "resume", "run"]

StopReason: TypeAlias = Literal[
    "sufficient_fitness", "max_evaluations", "max_train_steps", "max_experiments", "max_seconds", "interrupted"
]
_UNLIMITED = 2**63  # evaluations, training steps, experiments
_ENDS = ("max_evaluations", "max_train_steps")  # of an experiment
_STEPS_EVERY = 10_000  # evaluations between two looks at training steps, without select tasks
EVERY: Final = 60.0  #: seconds between two checkpoints, unless told otherwise

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A built-in program on the final tasks.

    Attributes:
        name: of the program.
        learning_rate: the best of several on the select tasks (the search's without those); None if it has none.
        fitness: on the final tasks.
    """

    name: str
    learning_rate: float | None
    fitness: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of experiments found.

    Attributes:
        preset: what was run.
        program: the best program, by `select_fitness` if there are select tasks, else by `best_fitness`.
        simplified: the same without its dead code.
        dims: the memory of the search's programs.
        best_fitness: its fitness on the tasks of its search.
        select_fitness: its fitness on the select tasks; None without them.
        final: how it does on the final tasks; None without them.
        comparisons: built-in programs on the final tasks.
        experiments: how many were begun.
        evaluations: programs scored by the searches of all experiments.
        train_steps: training steps of all these searches.
        seconds: time that the experiments took, without the final evaluation; since it was resumed, if it was.
        evaluations_per_second: programs scored in one of these seconds.
        unsaved: why the last checkpoint could not be written; None if it was, or if none was wanted.
        stop_reason: "sufficient_fitness", or what ended the run before: "max_evaluations" (in all, or of the only
            experiment), "max_train_steps" (of the only experiment), "max_experiments", "max_seconds", "interrupted".
        seed: what everything random was derived from.
        scores: of a run on a table of the user's own, how the program does on rows that were held out, trained on all
            others as :func:`pyamlz.lab.fit` does, and how others do.
    """

    preset: Preset
    program: Program
    simplified: Program
    dims: Dims
    best_fitness: float
    select_fitness: float | None
    final: Evaluation | None
    comparisons: tuple[Comparison, ...]
    experiments: int
    evaluations: int
    train_steps: int
    seconds: float
    evaluations_per_second: float
    unsaved: str | None
    stop_reason: StopReason
    seed: int
    scores: tuple[Scored, ...] = ()


def run(
    preset: Preset,
    *,
    seed: int,
    max_evaluations: int | None = None,
    max_seconds: float | None = None,
    variant: Variant = "auto",
    reporter: Reporter | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    every: float = EVERY,
    log: str | os.PathLike[str] | None = None,
    embed: bool = False,
) -> Outcome:
    """Runs a preset.

    Each experiment is a search on tasks of its own. With a ``[select]`` table, its best program is tried on the select
    tasks, the same for all experiments, every so many evaluations if it has become better; so what is found depends on
    the seed alone, unless `max_seconds` or Ctrl-C ends the run. A preset without sufficient_fitness has one
    experiment, unless it says otherwise.

    Args:
        preset: the preset.
        seed: 0 to 2**64 - 1.
        max_evaluations: programs to score in all experiments, 1 or more.
        max_seconds: time for all experiments, over 0.
        variant: kernels to use; all give the same bits.
        reporter: shows the progress, and what went wrong with checkpoints.
        checkpoint: a file, which must not exist yet, for :func:`resume` to go on from. It is written at the beginning,
            every so many seconds, and when the run ends or is interrupted. Where it cannot be written later on, the run
            says so and goes on.
        every: seconds between two checkpoints, 0 or more.
        log: a file, which must not exist yet, for :mod:`pyamlz.search.log`. Where it cannot be written later on, the
            run says so and goes on without.
        embed: keep the user's own table in the checkpoint, so that it goes on wherever it is.

    Raises:
        InputError: an argument or a setting is wrong, or nothing could ever end the run.
        FileError: the first checkpoint, or the first line of the log, cannot be written.
    """
    session = Session(
        preset=preset,
        seed=checked_seed("seed", seed),
        max_evaluations=_or_none(max_evaluations, lambda n: checked_int("max_evaluations", n, 1, _UNLIMITED)),
        max_seconds=_or_none(max_seconds, lambda n: checked_float("max_seconds", n, 0.0, over=True)),
        seconds=None,
        experiment=1,
        evaluations=0,
        train_steps=0,
        champion=None,
        **_new_experiment(preset),
    )
    endless = not set(_ENDS) & set(preset.config)
    if endless and max_evaluations is None and max_seconds is None and "sufficient_fitness" not in preset.config:
        raise InputError("max_evaluations, max_seconds: expected one of them, since the preset sets no end")
    for path in (checkpoint, log):
        if path is not None and os.path.lexists(path):
            raise InputError(f"{os.fspath(path)}: is there already; resume it, remove it, or choose another name")
    return _Run(session, variant, reporter or Reporter(), _Saver(checkpoint, every), log, embed=embed).outcome()


def resume(
    path: str | os.PathLike[str],
    *,
    max_seconds: float | None = None,
    variant: Variant = "auto",
    reporter: Reporter | None = None,
    every: float = EVERY,
    seed: int | None = None,
    overrides: Iterable[str] = (),
    log: str | os.PathLike[str] | None = None,
    data: DataSource | None = None,
) -> Outcome:
    """Goes on with a run from its checkpoint, which is kept up to date, to the limits that it was begun with.

    It ends in the same outcome, and in the same bytes of the checkpoint, as a run that was never stopped. What may be
    other than at the beginning is the time limit, the kernels, the path, and how often it is saved.

    Args:
        path: the checkpoint.
        max_seconds: time for the rest, over 0, in place of what is left of the run's own limit.
        variant: kernels to use.
        reporter: shows the progress.
        every: seconds between two checkpoints, 0 or more.
        seed: what the seed should be, if that is known.
        overrides: what settings should be, as "key=value".
        log: the run's log, to go on with it; or a new one.
        data: where the user's own table is now, if it is neither where it was, nor in the archive's folder, nor in the
            working folder.

    Raises:
        ArchiveError: the file is no checkpoint of a run, or what it holds contradicts itself, or what was expected.
        InputError: another argument is wrong.
    """
    name = os.fspath(path)
    saved = archive.read(path)
    if not isinstance(saved, archive.Checkpoint | archive.Islands) or saved.session is None:
        kind = "one of a search alone" if isinstance(saved, archive.Checkpoint) else type(saved).__name__
        raise ArchiveError(f"{name}: expected a checkpoint of a run, which `search --checkpoint` makes, got {kind}")
    if isinstance(saved, archive.Islands):
        session = Session.parse(session_of(saved, name), name, data)
        session.check(saved.islands, name)
    else:
        session = Session.parse(saved.session, name, data)
        session.check([saved], name)
    _check_same(name, session, seed, overrides)
    runs = _Run(session, variant, reporter or Reporter(), _Saver(path, every), log, saved)
    if max_seconds is not None:
        runs.max_seconds = checked_float("max_seconds", max_seconds, 0.0, over=True)
    return runs.outcome()


def _new_experiment(preset: Preset) -> dict[str, Any]:
    """What a session has of an experiment that has not begun."""
    return {"considered": 0, "tried": (-1.0,) * preset.config["islands"], "best": None}


def _or_none(value: T | None, check: Callable[[T], V]) -> V | None:
    return None if value is None else check(value)


def _check_same(name: str, session: Session, seed: int | None, overrides: Iterable[str]) -> None:
    """Refuses what is other than when the run was begun."""
    wrong = "a resumed run goes on as it was begun"
    if seed is not None and seed != session.seed:
        raise ArchiveError(f"seed: {name} has {session.seed}, got {seed}; {wrong}")
    wanted = session.preset.changed(overrides)
    for key, here, there in differences(session.preset.config, wanted.config):
        raise ArchiveError(f"{key}: {name} has {here!r}, got {there!r}; {wrong}")


class _Saver:
    """Writes checkpoints, or nothing if there is no path."""

    def __init__(self, path: str | os.PathLike[str] | None, every: float) -> None:
        self.path = path
        self.every = checked_float("every", every, 0.0)
        self.next = math.inf
        self.failure: str | None = None

    def is_due(self) -> bool:
        return time.monotonic() >= self.next

    def save(self, search: Search | Islands, session: Session) -> None:
        """Raises AmlzError where it fails; it is tried again when it is due."""
        if self.path is None:
            return
        self.next = time.monotonic() + self.every
        try:
            search.save(self.path, session=session.dump())
            self.failure = None
        except AmlzError as error:
            self.failure = str(error)
            raise


class _Run:
    """Experiments, one after the other."""

    def __init__(
        self,
        session: Session,
        variant: Variant,
        reporter: Reporter,
        saver: _Saver,
        log: str | os.PathLike[str] | None,
        saved: archive.Checkpoint | archive.Islands | None = None,
        embed: bool = False,
    ) -> None:
        self.preset, self.seed, self.config = session.preset, session.seed, session.preset.config
        self.session = session
        self.variant, self.reporter, self.saver = variant, reporter, saver
        self.max_seconds: float | None = None  # of this call
        if session.max_seconds is not None:
            self.max_seconds = session.max_seconds - (session.seconds or 0.0)
        # What is wrong in the final tasks should show before the search, not after.
        self.final, self.select = self._evaluator_on("final"), self._evaluator_on("select")
        self.champion = session.champion
        self.log = None if log is None else RunLog(log, warn=reporter.warn)
        if self.log is not None:
            self.log.open(self.seed, self.preset.self_contained().config)
        self.experiment = _Experiment(self, session, saved)
        # All tables have been read now, to the last row that the run will ever need.
        self.session = replace(session, data=self.preset.tables.records(embed=embed) or None)
        self.began = time.monotonic()
        self.done_before = self.evaluations

    def outcome(self) -> Outcome:
        """Runs, and says what was found."""
        with interrupt_flag(*ENDING):
            self.saver.save(self.experiment.search, self.state())
            best, stop_reason = self._go_on()
            seconds = self.elapsed()
            dims = self.experiment.search.space.dims
            done = self.evaluations - self.done_before
            draws = derived_seed(self.seed, "final", "draws")
            outcome = Outcome(
                preset=self.preset,
                program=best.program,
                simplified=best.program.simplified(dims),
                dims=dims,
                best_fitness=best.fitness,
                select_fitness=best.select_fitness,
                final=None if self.final is None else self.final.evaluate(best.program, draws),
                comparisons=() if self.final is None else self._compare(self.final, best, draws),
                experiments=self.session.experiment,
                evaluations=self.evaluations,
                train_steps=self.session.train_steps + self.experiment.search.progress.train_steps,
                seconds=seconds,
                evaluations_per_second=done / seconds if seconds > 0 else 0.0,
                unsaved=self.saver.failure,
                stop_reason=stop_reason,
                seed=self.seed,
                scores=() if stop_reason == "interrupted" else self._scores(best),
            )
            if self.log is not None:
                self.log.close(_told(outcome))
            return outcome

    def _scores(self, best: Candidate) -> tuple[Scored, ...]:
        is_of_table = self.preset.is_of_table and self.final is not None
        if not is_of_table or self.preset.table_settings().get("multiclass") == "pairs":
            return ()
        return scored(*model_of(best.program, self.preset, self.seed))

    @property
    def evaluations(self) -> int:
        """Programs scored in all experiments."""
        return self.session.evaluations + self.experiment.search.progress.evaluations

    @property
    def evaluations_left(self) -> int:
        """Programs that all experiments may still score."""
        most = self.session.max_evaluations
        return _UNLIMITED if most is None else most - self.evaluations

    def elapsed(self) -> float:
        """Seconds of this call."""
        return time.monotonic() - self.began

    def seconds(self) -> float | None:
        """Seconds that are left; None for no limit."""
        return None if self.max_seconds is None else max(self.max_seconds - self.elapsed(), 0.0)

    def state(self) -> Session:
        """The session as it is now."""
        used = None
        if self.session.max_seconds is not None:
            used = (self.session.seconds or 0.0) + self.elapsed()
        e = self.experiment
        return replace(self.session, seconds=used, considered=e.considered, tried=e.tried, best=e.best)

    def save(self) -> None:
        """Writes a checkpoint; says so where that fails, and goes on."""
        try:
            self.saver.save(self.experiment.search, self.state())
        except AmlzError as error:
            self.reporter.warn(f"no checkpoint: {error}")

    def _go_on(self) -> tuple[Candidate, StopReason]:
        """Runs experiments until one succeeds or a limit is reached."""
        has_end = "sufficient_fitness" in self.config and bool(set(_ENDS) & set(self.config))
        most = self.config.get("max_experiments", _UNLIMITED if has_end else 1)
        while True:
            reason = self.experiment.run()
            best = self.experiment.best
            assert best is not None
            if self.session.champion is not None and self.session.champion.merit >= best.merit:
                best = self.session.champion
            if reason not in _ENDS or self.evaluations_left <= 0:
                return best, reason
            if self.session.experiment == most:
                return best, reason if most == 1 else "max_experiments"
            self.session = replace(
                self.session,
                experiment=self.session.experiment + 1,
                evaluations=self.evaluations,
                train_steps=self.session.train_steps + self.experiment.search.progress.train_steps,
                champion=best,
                **_new_experiment(self.preset),
            )
            self.experiment = _Experiment(self, self.session)

    def _evaluator_on(self, section: Section) -> Evaluator | None:
        """An evaluator on the tasks of a section, if the preset has it."""
        tasks = self.preset.tasks(section, derived_seed(self.seed, section))
        return None if tasks is None else self.preset.evaluator(tasks, self.variant)

    def _compare(self, final: Evaluator, best: Candidate, draws: int) -> tuple[Comparison, ...]:
        """Scores the built-in programs that the preset names on the final tasks."""
        names = self.preset.compared(final.tasks.tasks.kind)
        tuning = self.select
        if tuning is None and names:
            tuning = self.preset.evaluator(self.tasks_of(best.experiment))
        comparisons = []
        for name in names:
            rate: float | None = None
            if name in TUNABLE and tuning is not None:
                program, rate = tuned(name, tuning, draws)
            else:
                program = built_in(name)
            comparisons.append(Comparison(name, rate, final.evaluate(program, draws).fitness))
        return tuple(comparisons)

    def tasks_of(self, experiment: int, island: int | None = None) -> TaskSet:
        """What the search of an experiment, or one of its islands, scores programs on."""
        labels = (experiment,) if island is None else (experiment, island)
        tasks = self.preset.tasks("tasks", derived_seed(self.seed, "tasks", *labels), island or 0)
        assert tasks is not None
        return tasks

    def search_of(self, experiment: int, begun: bool) -> Search | Islands:
        """The search of an experiment, or its islands; one that is to be restored has not begun."""
        seed, config = self.seed, self.config
        if config["islands"] == 1:
            own = derived_seed(seed, "search", experiment)
            return self.preset.search(self.tasks_of(experiment), seed=own, variant=self.variant, begun=begun)
        searches = [
            self.preset.search(
                self.tasks_of(experiment, island),
                seed=derived_seed(seed, "search", experiment, island),
                variant=self.variant,
                begun=begun,
            )
            for island in range(config["islands"])
        ]
        return Islands(searches, seed=derived_seed(seed, "migration", experiment), **config["migration"])


class _Experiment:
    """One search, or islands, on tasks of its own, whose best programs are tried on the select tasks."""

    def __init__(self, runs: _Run, session: Session, saved: archive.Checkpoint | archive.Islands | None = None) -> None:
        self.runs = runs
        self.search = runs.search_of(session.experiment, begun=saved is None)
        if saved is not None:
            restore: Callable[[Any, str], None] = self.search.restore
            restore(saved, os.fspath(runs.saver.path or "archive"))
        if runs.log is not None:
            runs.log.experiment = session.experiment
        self.considered, self.tried, self.best = session.considered, session.tried, session.best
        self._select_seed = derived_seed(session.seed, "select", "draws")

    def run(self) -> StopReason:
        """Searches until the experiment ends; "max_evaluations" stands for its own limit or that of all."""
        runs, search = self.runs, self.search
        goal: float | None = runs.config.get("sufficient_fitness")
        steps = runs.config.get("max_train_steps")
        # Steps are looked at when so many programs more are done, so that the end depends on counts alone.
        every = _UNLIMITED if steps is None else _STEPS_EVERY
        if runs.select is not None:
            every = self._select_every()
        done = search.progress.evaluations
        end = min(runs.config.get("max_evaluations", _UNLIMITED), done + runs.evaluations_left)
        while True:
            if self.considered == done:
                is_good = self.best is not None and goal is not None and self.best.merit >= goal
                is_spent = steps is not None and search.progress.train_steps >= steps
                if is_good or is_spent or done >= end:
                    runs.save()
                    if runs.log is not None:
                        runs.log(search.progress)
                    return "sufficient_fitness" if is_good else "max_train_steps" if is_spent else "max_evaluations"
            target = min((self.considered // every + 1) * every, end)
            left, reason = runs.seconds(), "max_evaluations"
            if left == 0 and done > 0:
                reason = "max_seconds"
            elif done < target:
                result = search.run(
                    max_evaluations=target - done,
                    max_seconds=left if left is None else max(left, 1e-9),
                    sufficient_fitness=goal if runs.select is None else None,
                    callbacks=[self._look] if runs.log is None else [self._look, runs.log],
                )
                done, reason = result.evaluations, result.stop_reason
            if reason in ("max_seconds", "interrupted"):
                runs.save()  # before the program is considered, since when that is depends on the machine's speed
                self._consider()
                return cast(StopReason, reason)
            self._consider()
            self.considered = done

    def _select_every(self) -> int:
        """Evaluations from one look at the select tasks to the next.

        Islands have to stop for it, all at the same count; where they migrate, not more often than for that, unless
        the end depends on the steps that are done by then.
        """
        config = self.runs.config
        every, n = config["select"]["every"], config["islands"]
        migration = config["migration"]["every"]
        never_migrate = n == 1 or migration * n >= config.get("max_evaluations", _UNLIMITED)
        as_told = never_migrate or "max_train_steps" in config
        return int(n * (every if as_told else max(every, migration)))

    def _look(self, progress: Progress) -> None:
        """Called every fraction of a second."""
        runs = self.runs
        runs.reporter.update(
            Status(
                experiment=runs.session.experiment,
                evaluations=runs.session.evaluations + progress.evaluations,
                seconds=runs.elapsed(),
                evaluations_per_second=progress.evaluations_per_second,
                best_fitness=progress.best_fitness,
                mean_fitness=progress.mean_fitness,
                hits=(progress.cache_hits + progress.fec_hits) / max(progress.evaluations, 1),
                select_fitness=None if self.best is None else self.best.select_fitness,
            )
        )
        if runs.saver.is_due():
            runs.save()

    def _consider(self) -> None:
        """Takes the best program of each island, or of the search, if it is better than what there is."""
        tried, select = list(self.tried), self.runs.select
        for island, best in enumerate(self.search.bests):
            if best is None or best.fitness <= tried[island]:
                continue
            tried[island] = best.fitness
            merit = None if select is None else select.evaluate(best.program, self._select_seed).fitness
            candidate = Candidate(best.program, best.fitness, merit, self.runs.session.experiment)
            if self.best is None or candidate.merit > self.best.merit:
                self.best = candidate
        self.tried = tuple(tried)


def _told(outcome: Outcome) -> dict[str, Any]:
    """What the last line of a log has."""
    names = ("stop_reason", "experiments", "evaluations", "train_steps", "seconds", "best_fitness", "select_fitness")
    final = None if outcome.final is None else outcome.final.fitness
    values = {name: getattr(outcome, name) for name in names}
    return {**values, "final_fitness": final, "program": str(outcome.program)}
