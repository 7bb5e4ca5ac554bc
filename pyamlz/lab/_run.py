"""Experiments: searches on fresh tasks, one after another, until a program is good enough (the paper, section 4.1)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, TypeVar, cast

from pyamlz import archive
from pyamlz._lib.checks import checked_float, checked_int, checked_seed
from pyamlz._lib.errors import ArchiveError, InputError
from pyamlz._lib.interrupt import Flag
from pyamlz._lib.random import derived_seed
from pyamlz.archive import Candidate
from pyamlz.lab._experiment import Experiment, Section, differences
from pyamlz.lab._fit import Scored, model_of, scored
from pyamlz.lab._ray import RaySearch
from pyamlz.lab._session import Session
from pyamlz.lab._sitting import EVERY_SECONDS, Path, Sitting
from pyamlz.lab._start import Start
from pyamlz.lab._tune import tuned
from pyamlz.program import Dims, Program
from pyamlz.program.baselines import TUNABLE, built_in
from pyamlz.search import Evaluation, Evaluator, Islands, Member, Progress, Search, Variant
from pyamlz.search._crew import Threads, checked_threads
from pyamlz.search._islands import session_of
from pyamlz.search._running import Callback, Clock
from pyamlz.tasks import TaskSet
from pyamlz.tasks._reading import DataSource

__all__ = ["Comparison", "RunResult", "StopReason", "resume", "run"]

StopReason: TypeAlias = Literal[
    "sufficient_fitness",
    "max_evaluations",
    "max_train_steps",
    "max_experiments",
    "max_seconds",
    "interrupted",
    "callback",
]
_UNLIMITED = 2**63  # evaluations, training steps, experiments
_STEPS_EVERY = 10_000  # evaluations between two looks at training steps, without select tasks

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
class RunResult:
    """What a run of experiments found; what it has beyond a :class:`pyamlz.Result` is of several searches.

    Attributes:
        experiment: what was run.
        program: the best program, by `select_fitness` if there are select tasks, else by `fitness`.
        simplified: the same without its dead code.
        dims: the memory of the search's programs.
        fitness: its fitness on the tasks of its search.
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
            experiment), "max_train_steps" (of the only experiment), "max_experiments", "max_seconds", "interrupted",
            "callback".
        seed: what everything random was derived from.
        scores: of a run on a table of the user's own, how the program does on rows that were held out, trained on all
            others as :func:`pyamlz.lab.fit` does, and how others do.
    """

    experiment: Experiment
    program: Program
    simplified: Program
    dims: Dims
    fitness: float
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
    is_evolved: bool = True
    why: str = ""

    def summary(self) -> dict[str, Any]:
        """What the last line of a log has."""
        return {
            "stop_reason": self.stop_reason,
            "experiments": self.experiments,
            "evaluations": self.evaluations,
            "train_steps": self.train_steps,
            "seconds": self.seconds,
            "best_fitness": self.fitness,
            "select_fitness": self.select_fitness,
            "final_fitness": None if self.final is None else self.final.fitness,
            "program": str(self.program),
        }


def run(
    experiment: Experiment,
    *,
    seed: int,
    max_evaluations: int | None = None,
    max_seconds: float | None = None,
    variant: Variant = "auto",
    threads: Threads = "auto",
    ray: str | None = None,
    callbacks: Iterable[Callback] = (),
    checkpoint: Path | None = None,
    every_seconds: float = EVERY_SECONDS,
    log: Path | None = None,
    embed: bool = False,
) -> RunResult:
    """Runs an experiment: searches, one after the other, until a program is good enough.

    Each search is on tasks of its own. With a ``[select]`` table, its best program is tried on the select
    tasks, the same for all experiments, every so many evaluations if it has become better; so what is found depends on
    the seed alone, unless `max_seconds` or Ctrl-C ends the run. An experiment without sufficient_fitness has one
    search, unless it says otherwise.

    Args:
        experiment: what is run.
        seed: 0 to 2**64 - 1.
        max_evaluations: programs to score in all experiments, 1 or more.
        max_seconds: time for all experiments, over 0.
        variant: kernels to use; all give the same bits.
        threads: of each search that is alone, see :attr:`pyamlz.Search.threads`; the result is the same for any number.
        ray: a cluster for the islands, the address that :class:`RaySearch` takes. An island then has as many threads as
            `threads` says, or one.
        callbacks: told of the progress of the search that is going on, see :class:`pyamlz.search.Callback`; something
            true ends the run.
        checkpoint: a file, which must not exist yet, for :func:`resume` to go on from. It is written at the beginning,
            every so many seconds, and when the run ends or is interrupted: see :class:`pyamlz.search.Checkpoint`.
        every_seconds: between two checkpoints, 0 or more.
        log: a file, which must not exist yet: see :class:`pyamlz.search.JsonLines`.
        embed: keep the user's own table in the checkpoint, so that it goes on wherever it is.

    Raises:
        InputError: an argument or a setting is wrong, or nothing could ever end the run.
        FileError: the first checkpoint, or the first line of the log, cannot be written.
    """
    session = Session(
        preset=experiment,
        seed=checked_seed("seed", seed),
        max_evaluations=_or_none(max_evaluations, lambda n: checked_int("max_evaluations", n, 1, _UNLIMITED)),
        max_seconds=_or_none(max_seconds, lambda n: checked_float("max_seconds", n, 0.0, over=True)),
        seconds=None,
        experiment=1,
        evaluations=0,
        train_steps=0,
        champion=None,
        found=None,
        **_new_experiment(experiment),
    )
    endless = not _has_end(experiment) and experiment.sufficient_fitness is None
    if endless and max_evaluations is None and max_seconds is None:
        raise InputError("max_evaluations, max_seconds: expected one of them, since the experiment sets no end")
    sitting = Sitting(callbacks, checkpoint=checkpoint, every_seconds=every_seconds, log=log)
    return _Run(session, variant, threads, sitting, ray=ray, embed=embed).result()


def resume(
    path: str | os.PathLike[str],
    *,
    max_seconds: float | None = None,
    variant: Variant = "auto",
    threads: Threads = "auto",
    ray: str | None = None,
    callbacks: Iterable[Callback] = (),
    every_seconds: float = EVERY_SECONDS,
    seed: int | None = None,
    expected: Mapping[str, Any] | None = None,
    log: Path | None = None,
    data: DataSource | None = None,
) -> RunResult:
    """Goes on with a run from its checkpoint, which is kept up to date, to the limits that it was begun with.

    It ends in the same result, and in the same bytes of the checkpoint, as a run that was never stopped. What may be
    other than at the beginning is the time limit, the kernels, the path, and how often it is saved.

    Args:
        path: the checkpoint.
        max_seconds: time for the rest, over 0, in place of what is left of the run's own limit.
        variant: kernels to use.
        threads: as of :func:`run`.
        ray: as of :func:`run`; a run may go on with it that was begun without, and the other way round.
        callbacks: told of the progress, as by :func:`run`.
        every_seconds: between two checkpoints, 0 or more.
        seed: what the seed should be, if that is known.
        expected: what keys should be, with tables as dicts, as :meth:`Experiment.replace` has them.
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
    if session.preset.is_of_table and session.data is None:
        wrong = "was begun on a table by version 0.1, which drew other tasks from it"
        raise ArchiveError(f"{name}: {wrong}: it cannot go on; `pyamlz fit` takes what it has found")
    _check_same(name, session, seed, expected or {})
    sitting = Sitting(callbacks, checkpoint=path, every_seconds=every_seconds, log=log, new=False)
    runs = _Run(session, variant, threads, sitting, saved, name, ray=ray)
    if max_seconds is not None:
        runs.max_seconds = checked_float("max_seconds", max_seconds, 0.0, over=True)
    return runs.result()


def _has_end(experiment: Experiment) -> bool:
    """Whether each of its searches ends by itself."""
    return experiment.max_evaluations is not None or experiment.max_train_steps is not None


def _new_experiment(experiment: Experiment) -> dict[str, Any]:
    """What a session has of an experiment that has not begun."""
    return {"considered": 0, "tried": (-1.0,) * experiment.islands, "best": None}


def _or_none(value: T | None, check: Callable[[T], V]) -> V | None:
    return None if value is None else check(value)


def _check_same(name: str, session: Session, seed: int | None, expected: Mapping[str, Any]) -> None:
    """Refuses what is other than when the run was begun."""
    wrong = "a resumed run goes on as it was begun"
    if seed is not None and seed != session.seed:
        raise ArchiveError(f"seed: {name} has {session.seed}, got {seed}; {wrong}")
    wanted = session.preset.replace(**expected)
    for key, here, there in differences(session.preset.table, wanted.table):
        raise ArchiveError(f"{key}: {name} has {here!r}, got {there!r}; {wrong}")


class _Run:
    """Experiments, one after the other: what callbacks get as the run."""

    def __init__(
        self,
        session: Session,
        variant: Variant,
        threads: Threads,
        sitting: Sitting,
        saved: archive.Checkpoint | archive.Islands | None = None,
        name: str = "archive",
        *,
        ray: str | None = None,
        embed: bool = False,
    ) -> None:
        if ray is not None and session.preset.islands == 1:
            raise InputError("ray: expected an experiment with islands, 2 or more, got 1")
        self.preset, self.seed = session.preset, session.seed
        self.session, self.variant, self.sitting = session, variant, sitting
        self.threads = checked_threads(threads)
        self.ray, self.island_threads = ray, 1 if threads == "auto" else self.threads
        self.max_seconds: float | None = None  # of this call
        if session.max_seconds is not None:
            self.max_seconds = session.max_seconds - (session.seconds or 0.0)
        # What is wrong in the final tasks should show before the search, not after.
        self.final, self.select = self._evaluator_on("final"), self._evaluator_on("select")
        digests = self._checked_digests(name)
        self.experiment = _Experiment(self, session, saved, name)
        # All tables have been read now, to the last row that the run will ever need.
        self.session = replace(session, data=self.preset.tables.records(embed=embed) or None, digests=digests)
        self.clock = Clock()
        self.took: float | None = None  # seconds, once the experiments are over
        self.done_before = self.evaluations

    def _checked_digests(self, name: str) -> dict[str, str] | None:
        """Digests of the select and final tasks that are made of images, which must be those of the beginning.

        Raises:
            ArchiveError: they are not.
        """
        found = {}
        for section, evaluator in (("select", self.select), ("final", self.final)):
            tasks = None if evaluator is None else evaluator.tasks.tasks
            if tasks is None or "dataset" not in tasks.source.get("arguments", {}):
                continue
            found[section] = tasks.digest
            if self.session.digests is not None and self.session.digests.get(section) != tasks.digest:
                dataset = tasks.source["arguments"]["dataset"]
                wrong = f"the images of {dataset} for the {section} tasks are not those that the run was begun with"
                raise ArchiveError(f"{name}: {wrong}")
        return found or None

    def result(self) -> RunResult:
        """Runs, and says what was found."""
        result = self.sitting.hold(self, self._result)
        return replace(result, unsaved=self.sitting.unsaved)

    def _result(self, _: Flag) -> RunResult:
        best, stop_reason = self._go_on()
        self.took = seconds = self.clock.in_this_run()
        dims, start = self.experiment.search.space.dims, self.experiment.start
        done = self.evaluations - self.done_before
        draws = derived_seed(self.seed, "final", "draws")
        final = None if self.final is None else self.final.evaluate(best.program, draws)
        found = best if final is None else replace(best, final_fitness=final.fitness)
        is_over = stop_reason != "interrupted"  # or what takes long is left out
        scores = self._scores(best) if is_over else ()
        own = tuple(score.rounded() for one in scores[:1] for score in one.scores)
        self.session = replace(self.session, found=found, scores=own or None)
        comparisons = self._compare(self.final, best, draws) if is_over and self.final is not None else ()
        return RunResult(
            experiment=self.preset,
            program=best.program,
            simplified=best.program.simplified(dims),
            dims=dims,
            fitness=best.fitness,
            select_fitness=best.select_fitness,
            final=final,
            comparisons=comparisons,
            experiments=self.session.experiment,
            evaluations=self.evaluations,
            train_steps=self.session.train_steps + self.experiment.search.progress.train_steps,
            seconds=seconds,
            evaluations_per_second=done / seconds if seconds > 0 else 0.0,
            unsaved=None,
            stop_reason=stop_reason,
            seed=self.seed,
            scores=scores,
            is_evolved=start is None or best.program != start.program,
            why="" if start is None else start.why(best.program),
        )

    # ------------------------------------------------------------ what callbacks see

    @property
    def config(self) -> dict[str, Any]:
        """The settings of all experiments."""
        return self.preset.self_contained().as_dict()

    @property
    def progress(self) -> Progress:
        """That of the search that is going on, and how far all are."""
        return self.told(self.experiment.search.progress)

    @property
    def hall_of_fame(self) -> Sequence[Member]:
        """That of the search that is going on."""
        return self.experiment.search.hall_of_fame

    def saving(self) -> Callable[[Path], None]:
        """A copy of the run, and what writes a checkpoint of it."""
        return self.experiment.search.saving(session=self.state().dump())

    def told(self, progress: Progress) -> Progress:
        """What callbacks are told, of what a search tells."""
        best = self.experiment.best
        done = self.session.evaluations + progress.evaluations
        return replace(
            progress,
            experiment=self.session.experiment,
            select_fitness=None if best is None else best.select_fitness,
            **self.clock.ahead(done, self.most_evaluations, self.max_seconds, self.done_before),
        )

    # ------------------------------------------------------------ how far they are

    def _scores(self, best: Candidate) -> tuple[Scored, ...]:
        if not self.makes_models or self.final is None:
            return ()
        return scored(*model_of(best.program, self.preset, self.seed))

    @property
    def makes_models(self) -> bool:
        """Whether its programs answer about all classes of a table, so that :class:`pyamlz.Model` takes them."""
        return self.preset.is_of_table and self.preset.table_settings().get("multiclass") != "pairs"

    @property
    def evaluations(self) -> int:
        """Programs scored in all experiments."""
        return self.session.evaluations + self.experiment.search.progress.evaluations

    @property
    def evaluations_left(self) -> int:
        """Programs that all experiments may still score."""
        most = self.session.max_evaluations
        return _UNLIMITED if most is None else most - self.evaluations

    @property
    def most_experiments(self) -> int:
        """How many there are at most."""
        goes_on = self.preset.sufficient_fitness is not None and _has_end(self.preset)
        most = self.preset.max_experiments or (_UNLIMITED if goes_on else 1)
        return most

    @property
    def most_evaluations(self) -> int | None:
        """Programs that all experiments score at most; None if nothing says it."""
        each = self.preset.max_evaluations
        limits = [self.session.max_evaluations, None if each is None else each * self.most_experiments]
        most = min((limit for limit in limits if limit is not None), default=_UNLIMITED)
        return most if most < _UNLIMITED else None

    def seconds(self) -> float | None:
        """Seconds that are left; None for no limit."""
        return None if self.max_seconds is None else max(self.max_seconds - self.clock.in_this_run(), 0.0)

    def state(self) -> Session:
        """The session as it is now."""
        used = None
        if self.session.max_seconds is not None:
            used = (self.session.seconds or 0.0) + (self.clock.in_this_run() if self.took is None else self.took)
        e = self.experiment
        return replace(self.session, seconds=used, considered=e.considered, tried=e.tried, best=e.best)

    def _go_on(self) -> tuple[Candidate, StopReason]:
        """Runs experiments until one succeeds or a limit is reached."""
        while True:
            best, reason = self.experiment.run()
            if self.session.champion is not None and self.session.champion.merit >= best.merit:
                best = self.session.champion
            if reason not in ("max_evaluations", "max_train_steps") or self.evaluations_left <= 0:
                return best, reason
            if self.session.experiment == self.most_experiments:
                return best, reason if self.most_experiments == 1 else "max_experiments"
            self.session = replace(
                self.session,
                experiment=self.session.experiment + 1,
                evaluations=self.evaluations,
                train_steps=self.session.train_steps + self.experiment.search.progress.train_steps,
                champion=best,
                found=None,
                scores=None,
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
                program, rate = tuned(name, tuning, draws, self.threads)
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
        seed, preset = self.seed, self.preset
        if preset.islands == 1:
            own = derived_seed(seed, "search", experiment)
            search = preset.search(self.tasks_of(experiment), seed=own, variant=self.variant, begun=begun)
            search.threads = self.threads
            return search
        searches = [
            preset.search(
                self.tasks_of(experiment, island),
                seed=derived_seed(seed, "search", experiment, island),
                variant=self.variant,
                begun=begun,
            )
            for island in range(preset.islands)
        ]
        own, migration = derived_seed(seed, "migration", experiment), preset.migration._asdict()
        if self.ray is not None:
            return RaySearch(searches, seed=own, threads=self.island_threads, address=self.ray, **migration)
        return Islands(searches, seed=own, **migration)


class _Experiment:
    """One search, or islands, on tasks of its own, whose best programs are tried on the select tasks."""

    def __init__(
        self,
        runs: _Run,
        session: Session,
        saved: archive.Checkpoint | archive.Islands | None = None,
        name: str = "archive",
    ) -> None:
        self.runs = runs
        self.search = runs.search_of(session.experiment, begun=saved is None)
        if saved is not None:
            restore: Callable[[Any, str], None] = self.search.restore
            restore(saved, name)
        self.considered, self.tried, self.best = session.considered, session.tried, session.best
        self._select_seed = derived_seed(session.seed, "select", "draws")
        first = self.search.searches[0] if isinstance(self.search, Islands) else self.search
        program = first.settings.start
        self.start: Start | None = None
        if runs.makes_models and runs.preset.fits_start and isinstance(program, Program):
            self.start = Start(program, runs.preset, session.seed)
            if self.best is None:
                self.best = self._candidate(program, runs.preset.evaluator(first.tasks).evaluate(program).fitness)

    def run(self) -> tuple[Candidate, StopReason]:
        """Searches until the experiment ends; "max_evaluations" stands for its own limit or that of all."""
        runs, search = self.runs, self.search
        goal, steps = runs.preset.sufficient_fitness, runs.preset.max_train_steps
        callbacks = runs.sitting.callbacks
        # Steps are looked at when so many programs more are done, so that the end depends on counts alone.
        every = _UNLIMITED if steps is None else _STEPS_EVERY
        if runs.select is not None:
            every = self._select_every()
        done = search.progress.evaluations
        end = min(runs.preset.max_evaluations or _UNLIMITED, done + runs.evaluations_left)
        while True:
            if self.considered == done:
                is_good = self.best is not None and goal is not None and self.best.merit >= goal
                is_spent = steps is not None and search.progress.train_steps >= steps
                if is_good or is_spent or done >= end:
                    assert self.best is not None
                    if callbacks.now(runs.progress):
                        return self.best, "callback"
                    limit: StopReason = "max_train_steps" if is_spent else "max_evaluations"
                    return self.best, "sufficient_fitness" if is_good else limit
            target = min((self.considered // every + 1) * every, end)
            left, reason = runs.seconds(), "max_evaluations"
            if left == 0 and done > 0:
                reason = "max_seconds"
            elif done < target:
                result = search.run(
                    max_evaluations=target - done,
                    max_seconds=left if left is None else max(left, 1e-9),
                    sufficient_fitness=goal if runs.select is None else None,
                    callbacks=callbacks.within(runs.told),
                )
                done, reason = result.evaluations, result.stop_reason
            tried, best = self._candidates()
            if reason in ("max_seconds", "interrupted", "callback"):
                # Nothing is kept of it, since when it ended depends on the machine's speed.
                assert best is not None
                return best, cast(StopReason, reason)
            self.tried, self.best, self.considered = tried, best, done

    def _select_every(self) -> int:
        """Evaluations from one look at the select tasks to the next.

        Islands have to stop for it, all at the same count; where they migrate, not more often than for that, unless
        the end depends on the steps that are done by then.
        """
        preset = self.runs.preset
        every, n, migration = preset.select_every_evaluations or 0, preset.islands, preset.migration.every_evaluations
        never_migrate = n == 1 or migration * n >= (preset.max_evaluations or _UNLIMITED)
        as_told = never_migrate or preset.max_train_steps is not None
        return n * (every if as_told else max(every, migration))

    def _candidates(self) -> tuple[tuple[float, ...], Candidate | None]:
        """`tried` and `best` with the best program of each island, or of the search, if it is better than what was."""
        tried, found = list(self.tried), self.best
        for island, best in enumerate(self.search.bests):
            if best is None or best.fitness <= tried[island]:
                continue
            tried[island] = best.fitness
            candidate = self._candidate(best.program, best.fitness)
            is_better = found is None or candidate.merit > found.merit
            if is_better and (self.start is None or self.start.gain(candidate.program).is_beyond_noise):
                found = candidate
        return tuple(tried), found

    def _candidate(self, program: Program, fitness: float) -> Candidate:
        """A program with its fitness on the select tasks."""
        select = self.runs.select
        merit = None if select is None else select.evaluate(program, self._select_seed).fitness
        return Candidate(program, fitness, merit, self.runs.session.experiment)
