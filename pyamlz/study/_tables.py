"""Public tables, from a CSV file to programs in use: how good, how quick, and whether all exports answer alike.

Each table ships inside a package. A unit is what a newcomer does with one: `pyamlz search --data` with the defaults,
for so many seconds, then `fit`, predictions on the held-out rows, and exports to C, Python and ONNX, which answer there
too. Beside it are a constant, scikit-learn's logistic or ridge regression, and its gradient boosting, each with default
settings, on the same rows and features. With `seconds` it depends on the machine's speed what is found; with
`evaluations` it does not, and times are left out.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from pyamlz import export, lab, plot
from pyamlz._lib.extras import imported
from pyamlz._lib.random import derived_seed
from pyamlz.lab._fit import linear_predictions
from pyamlz.search import Model, scores_of
from pyamlz.study._framework import Interrupted, Settings, Study
from pyamlz.study._rawdata import Cell, Record
from pyamlz.study._table import ResultTable
from pyamlz.tasks import Preparation, Table, split_rows

__all__ = ["Tables"]

Array: TypeAlias = npt.NDArray[Any]

_EXTRA: Final = "tables"
_METHODS: Final = ("pyamlz", "constant", "linear", "boosting")
_LOST: Final = 1e9  # how far answers are apart of which only one is a number
_LANGUAGES: Final = ("C", "Python", "ONNX")


class _Source(NamedTuple):
    """A table in a package: which module has it, how to take it from there, and the column of its labels."""

    module: str
    frame: Callable[[Any], Any]
    target: str


def _of_sklearn(name: str) -> _Source:
    def frame(datasets: Any) -> Any:
        loaded = getattr(datasets, f"load_{name}")(as_frame=True)
        return loaded.frame

    return _Source("sklearn.datasets", frame, "target")


SOURCES: Final[dict[str, _Source]] = {
    "iris": _of_sklearn("iris"),
    "breast_cancer": _of_sklearn("breast_cancer"),
    "digits": _of_sklearn("digits"),
    "diabetes": _of_sklearn("diabetes"),
    "anes96": _Source("statsmodels.datasets.anes96", lambda module: module.load_pandas().data, "vote"),
    "penguins": _Source("plotnine.data", lambda data: data.penguins, "species"),
    "mpg": _Source("plotnine.data", lambda data: data.mpg, "hwy"),
    "diamonds": _Source("plotnine.data", lambda data: data.diamonds, "price"),
}  #: by name


class Tables(Study):
    """See the module."""

    NAME = "tables"
    SUMMARY = "eight public tables, from a CSV file to exports, beside scikit-learn"
    SETTINGS: ClassVar[Settings] = {"tables": "", "seconds": 60.0, "evaluations": 0}
    SMALL: ClassVar[Settings] = {"tables": "iris,diabetes", "seconds": 0.0, "evaluations": 300}
    SEEDS = (2, 1)

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._names = self.chosen("tables", SOURCES)

    def cells(self) -> list[Cell]:
        return [{"table": name} for name in self._names]

    def measure(self, cell: Cell, seed: int) -> dict[str, Any]:
        source = SOURCES[cell["table"]]
        frame = source.frame(imported(source.module, _EXTRA))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{cell['table']}.csv"
            frame.to_csv(path, index=False)
            return self._measured(path, source.target, derived_seed(seed, self.NAME, cell["table"]))

    def _measured(self, path: Path, target: str, seed: int) -> dict[str, Any]:
        seconds, evaluations = float(self.settings["seconds"]), int(self.settings["evaluations"])
        experiment = lab.Experiment.load("table").replace(tasks={"path": str(path), "target": target})
        clock = _Clock()
        found = lab.run(
            experiment,
            seed=seed,
            max_evaluations=evaluations or None,
            max_seconds=seconds or None,
            checkpoint=path.with_suffix(".run.amlz"),
        )
        if found.stop_reason == "interrupted":
            raise Interrupted
        took = {"search": clock.lap()}
        model, (own, constant, *_) = lab.fit(path.with_suffix(".run.amlz"))
        took["fit"] = clock.lap()
        model.save(path.with_suffix(".amlz"))
        model = Model.load(path.with_suffix(".amlz"))
        table = experiment.own_table()
        rows = split_rows(table)
        test, prepared = table.take(rows.test), model.preparation
        x, y = prepared.features(table.take(rows.training)), prepared.labels(table.take(rows.training))
        features, labels = prepared.features(test), prepared.labels(test)
        scores = {"pyamlz": own.scores, "constant": constant.scores}
        for name, predictions in (("linear", linear_predictions), ("boosting", _boosted)):
            clock.lap()
            with imported("threadpoolctl", _EXTRA).threadpool_limits(1):  # more wait for each other beside other work
                predicted = predictions(x, y, features, prepared)
            took[name] = clock.lap()
            assert predicted is not None
            scores[name] = scores_of(prepared, predicted, labels)
        result = {
            "kind": prepared.kind,
            "rows": table.n_rows,
            "features": prepared.n_features,
            "scores": {name: [score.rounded().to_json() for score in own] for name, own in scores.items()},
            "is_evolved": found.is_evolved,
            "evaluations": found.evaluations,
            "apart": {name: apart(model, test) for name, apart in _APART.items()},
            "program": str(model.program),
        }
        return {**result, "seconds": took} if seconds else result

    def table(self, records: list[Record]) -> ResultTable:
        columns = ["table", "rows", "features", "by", "seeds", "measure", "score", "low", "high", "spread"]
        columns += [f"second {name}" for name in ("measure", "score", "low", "high")]
        columns += ["seconds", "evolved", "exports apart"]
        rows: list[list[Any]] = []
        for cell in self.cells():
            results = [record.result for record in self.of(records, cell)]
            for method in _METHODS if results else ():
                first, second = ([result["scores"][method][i] for result in results] for i in range(2))
                row: list[Any] = [cell["table"], results[0]["rows"], results[0]["features"]]
                row += [_title(method, results[0]["kind"]), len(results), first[0]["name"], *_means(first)]
                row.append(_spread(first) if method == "pyamlz" else None)
                row += [second[0]["name"], *_means(second), _seconds(method, results)]
                rows.append([*row, *(_own(results) if method == "pyamlz" else (None, None))])
        notes = [
            "Scores are those on the fifth of the rows that was held out, the same for all; low and high are the means "
            "of their 95 % bootstrap intervals, spread is the best less the worst seed. Seconds: search and fit of "
            "pyamlz, fitting and predicting of the others. Evolved: seeds whose program was found by evolution, the "
            "others reported the program that they started from. Exports apart: the largest difference of what C, "
            "Python and ONNX answer on all these rows from what the model does; of numbers as a share of their "
            "standard deviation, of classes the number of rows with another one.",
        ]
        return ResultTable(columns, rows, notes)

    def draw(self, records: list[Record], figure: Any) -> None:
        axes = figure.subplots()
        cells = [cell for cell in self.cells() if self.of(records, cell)]
        for place, method in enumerate(_METHODS):
            for i, cell in enumerate(cells):
                values = [record.result["scores"][method][0]["value"] for record in self.of(records, cell)]
                shown = [value for value in values if value is not None]
                label = {"label": method} if i == 0 else {}
                axes.plot([i + 0.1 * place] * len(shown), shown, "o", color=f"C{place}", alpha=0.7, **label)
        axes.set_xticks(range(len(cells)), [cell["table"].replace("_", "\n") for cell in cells])
        axes.set(ylabel="accuracy or R2 on held-out rows", ylim=(-0.1, 1.05))
        plot.legend(axes)


class _Clock:
    """Seconds since it was last asked."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def lap(self) -> float:
        last, self._last = self._last, time.monotonic()
        return round(self._last - last, 3)


def _boosted(x: Array, y: Array, new: Array, preparation: Preparation) -> Array:
    """What scikit-learn's gradient boosting predicts, as programs do."""
    ensemble = imported("sklearn.ensemble", _EXTRA)
    if not preparation.classes:
        predicted: Array = ensemble.HistGradientBoostingRegressor(random_state=0).fit(x, y).predict(new)
        return predicted
    shares: Array = ensemble.HistGradientBoostingClassifier(random_state=0).fit(x, y).predict_proba(new)
    return shares[:, 1] if preparation.kind == "binary" else shares


# ---------------------------------------------------------------- rows of the table


def _title(method: str, kind: str) -> str:
    if method == "linear":
        return "ridge regression" if kind == "regression" else "logistic regression"
    return {"boosting": "gradient boosting"}.get(method, method)


def _means(scores: list[dict[str, Any]]) -> list[float | None]:
    """Value, low and high, over seeds; None for what is infinite."""
    by_figure = [[score[figure] for score in scores] for figure in ("value", "low", "high")]
    return [None if None in values else statistics.fmean(values) for values in by_figure]


def _spread(scores: list[dict[str, Any]]) -> float | None:
    values = [score["value"] for score in scores]
    return max(values) - min(values) if len(values) > 1 and None not in values else None


def _own(results: list[dict[str, Any]]) -> tuple[int, float | None]:
    """How many programs were evolved, and how far the exports are apart."""
    apart = [a for result in results for a in result["apart"].values() if a is not None]
    return sum(result["is_evolved"] for result in results), max(apart, default=None)


def _seconds(method: str, results: list[dict[str, Any]]) -> float | None:
    took = [result["seconds"] for result in results if "seconds" in result]
    if not took or method == "constant":
        return None
    return statistics.fmean(t["search"] + t["fit"] if method == "pyamlz" else t[method] for t in took)


# ---------------------------------------------------------------- exports

_MAIN: Final = """
#include <stdio.h>
#include "m.h"
int main(void)
{
    double row[M_COLUMNS];
    m_state state;
    m_load(&state);
    while (fread(row, sizeof row, 1, stdin) == 1) {
        printf("%.17g\\n", (double)m_answer(&state, row@));
    }
    return 0;
}
"""


def _apart(model: Model, test: Table, answers: Array) -> float:
    """How far answers, numbers or places of classes, are from those of the model."""
    own = model.predict(test)
    if model.classes:
        return float(np.sum(np.array([model.classes.index(answer) for answer in own]) != answers))
    if not np.array_equal(np.isfinite(own), np.isfinite(answers)):
        return _LOST
    known = np.isfinite(own)  # a program that has lost its way answers nothing
    apart = np.max(np.abs(own - answers)[known], initial=0.0) / (np.std(own[known]) or 1.0)
    return float(min(apart, _LOST))


def _c_apart(model: Model, test: Table) -> float | None:
    """Of the C export; None without a compiler."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "m.h").write_text(export.model_to_c(model, name="m"), "utf-8")
        (place / "m.c").write_text(_MAIN.replace("@", ", NULL" if model.preparation.kind == "multiclass" else ""))
        command = [compiler, "-std=c99", "-O2", "-ffp-contract=off", "-o", "m", "m.c", "-lm"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        rows = np.ascontiguousarray(model.preparation.rows(test), dtype=np.float64)
        done = subprocess.run([place / "m"], input=rows.tobytes(), check=True, capture_output=True)
    return _apart(model, test, np.array(done.stdout.split(), dtype=np.float64))


def _python_apart(model: Model, test: Table) -> float:
    module: dict[str, Any] = {}
    exec(export.model_to_python(model, name="Own"), module)
    names = [column.name for column in model.preparation.columns]
    places = [test.features.index(name) for name in names]
    categories = [test.categories.get(name) for name in names]
    rows = [
        [
            None if np.isnan(value) else value if known is None else known[int(value)]
            for value, known in zip(row[places].tolist(), categories, strict=True)
        ]
        for row in test.X
    ]
    answers = module["Own"]().predict(rows)
    return _apart(model, test, np.array([model.classes.index(a) for a in answers] if model.classes else answers))


def _onnx_apart(model: Model, test: Table) -> float:
    runtime = imported("onnxruntime", _EXTRA)
    session = runtime.InferenceSession(export.model_to_onnx(model), providers=["CPUExecutionProvider"])
    (answers,) = session.run(["class" if model.classes else "answer"], {"rows": model.preparation.rows(test)})
    return _apart(model, test, answers)


_APART: Final[dict[str, Callable[[Model, Table], float | None]]] = dict(
    zip(_LANGUAGES, (_c_apart, _python_apart, _onnx_apart), strict=True)
)
