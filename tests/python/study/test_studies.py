"""The studies themselves: what their units give, and what their tables make of it."""

import math
import signal
import sys
import time

import pytest
from figures import assert_texts_are_apart

from pyamlz import Evaluator, Experiment, InputError, Program, study, tasks
from pyamlz.explain import recognise
from pyamlz.program import baselines
from pyamlz.study import Record, Unit
from pyamlz.study._difficulty import EVOLUTION, FAST, RANDOM
from pyamlz.study.statistics import rate_ratio, wilson


def record(cell, seed=1, **result):
    return Record(Unit(cell, seed), result, 36.0, "0.1.0")


def rows(name, records, *overrides):
    """The table of a small study as a dict a row."""
    table = study.find(name).configured(overrides, small=True).table(records)
    assert len(set(table.columns)) == len(table.columns)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


@pytest.fixture(scope="module", params=study.STUDIES)
def small(request, tmp_path_factory):
    """A study that has been done, with one seed, and its report."""
    if request.param in ("baseline", "ablation", "adaptation", "transfer", "tables"):
        pytest.importorskip("sklearn")
    if request.param == "tables":
        pytest.importorskip("onnxruntime")
    configured = study.find(request.param).configured(small=True)
    return configured, study.run(configured, tmp_path_factory.mktemp(request.param), n_seeds=1, threads=2)


class TestEachStudy:
    def test_does_its_small_version(self, small):
        configured, report = small
        assert report.done == report.wanted == len(configured.cells())
        assert report.table.rows

    def test_draws_a_figure(self, small):
        if "matplotlib" not in sys.modules:
            pytest.importorskip("matplotlib")
        _, report = small
        assert (report.folder / "figure.png").stat().st_size > 5000
        assert_texts_are_apart(study.draw(report.folder))

    def test_gives_the_same_again(self, small):
        """The first unit, in this thread."""
        configured, report = small
        with study.RawData(report.folder / "raw.jsonl") as raw:
            first = min(raw.records, key=lambda record: record.seconds)
        kind = type(configured)
        assert kind(configured.settings).measure(first.unit.cell, first.unit.seed) == first.result

    def test_gives_other_results_for_another_seed(self, small):
        configured, report = small
        if configured.NAME in ("difficulty", "transfer"):
            pytest.skip("its small version finds nothing, or all")
        with study.RawData(report.folder / "raw.jsonl") as raw:
            first = raw.records[0]
        assert configured.measure(first.unit.cell, 2) != first.result

    def test_may_be_of_some_of_its_rows(self, small):
        kind = type(small[0])
        key = next((key for key in ("methods", "spaces", "presets", "tables") if key in kind.SETTINGS), None)
        if key is None:
            pytest.skip("it has the rows that it has")
        cells = kind.configured().cells()
        first = str(cells[0].get("method" if key == "methods" else key[:-1]))
        some = kind.configured([f"{key}={first}"]).cells()
        assert 0 < len(some) < len(cells)
        assert some == [cell for cell in cells if first in cell.values()]
        with pytest.raises(InputError, match=f"{key}: expected one of"):
            kind.configured([f"{key}={first},square"])

    def test_has_settings_of_both_versions(self, small):
        kind = type(small[0])
        assert set(kind.SMALL) <= set(kind.SETTINGS)
        assert all(type(kind.SMALL[key]) is type(kind.SETTINGS[key]) for key in kind.SMALL)


class TestDifficulty:
    @staticmethod
    def records():
        def cell(method):
            return {"space": "linear", "method": method}

        return [
            record(cell(RANDOM), 1, evaluations=10**8, experiments=10**4, acceptable=3),
            record(cell(RANDOM), 2, evaluations=10**8, experiments=10**4, acceptable=5),
            record(cell(EVOLUTION), 1, evaluations=10**7, experiments=10**3, acceptable=0),
            record(cell(FAST), 1, evaluations=10**7, experiments=10**3, acceptable=2),
        ]

    def test_table(self):
        random, evolution, fast = rows("difficulty", self.records())
        assert (random["space"], random["programs"], random["successes"]) == ("linear", 2 * 10**8, 8)
        assert random["rate"] == pytest.approx(4e-8)
        assert random["rate low"] == pytest.approx(wilson(8, 2 * 10**8).low)
        assert random["ratio"] is None
        assert evolution["rate high"] == pytest.approx(wilson(0, 1000).high / 10**4)
        assert (evolution["ratio"], evolution["ratio low"]) == (0.0, 0.0)
        assert fast["rate"] == pytest.approx(2e-7)
        found = (fast["ratio"], fast["ratio low"], fast["ratio high"])
        assert found == pytest.approx(rate_ratio(2, 10**7, 8, 2 * 10**8))
        assert fast["ratio"] == pytest.approx(5.0)

    def test_table_of_what_there_is(self):
        (row,) = rows("difficulty", self.records()[3:])
        assert row["method"] == FAST
        assert row["ratio"] is None
        one, other = rows("difficulty", self.records()[2:])
        assert (one["ratio"], other["ratio"]) == (None, None)

    def test_counts_the_acceptable_programs(self, monkeypatch):
        """A task that is easy: of random search each is counted, of evolution one an experiment."""
        table = Experiment.load("linear_learn").replace(tasks={"n_features": 2}, sufficient_fitness=0.45).as_dict()
        table["max_evaluations"] = 2000
        easy = Experiment.of(table, "easy")
        monkeypatch.setattr(Experiment, "load", lambda name: easy)
        sizes = ["random_evaluations=20_000", "evolution_evaluations=20_000"]
        one = study.find("difficulty").configured(sizes)
        random, evolution = (one.measure({"space": "linear_learn", "method": m}, 1) for m in (RANDOM, EVOLUTION))
        assert (random["experiments"], random["evaluations"]) == (10, 20_000)
        assert random["sufficient"] > random["acceptable"] > 10  # some are good on three tasks by chance
        assert 0 < evolution["acceptable"] <= 10
        assert "dot(v0, v1)" in random["example"]

    def test_random_search_may_leave_out_what_cannot_learn(self):
        """The best of many random programs, and when it came, are the same."""
        changes = {"algorithm": "random_search", "fec": {"size": 0}, "tasks": {"n_features": 2}}
        preset = Experiment.load("linear_learn").replace(**changes)
        tasks = preset.tasks("tasks", 1)
        plain, quick = (
            preset.replace(must_learn=value).search(tasks, seed=1).run(max_evaluations=20_000)
            for value in (False, True)
        )
        assert plain.fitness > 0.5
        assert (quick.program, quick.fitness) == (plain.program, plain.fitness)
        assert quick.progress.best_evaluation == plain.progress.best_evaluation
        assert quick.progress.rejected > 10_000


class TestNonlinear:
    @staticmethod
    def result(fitness, success, evaluations):
        return {
            **{"success": success, "beyond_linear": fitness > 0.4, "fitness": fitness, "evaluations": evaluations},
            **{"linear_regressor": 0.2, "neural_network": 0.6},
        }

    def test_table(self):
        cell = {"method": "restart"}
        results = [(0.2, False, 1000), (0.5, True, 400), (0.45, False, 1000), (0.1, False, 1000)]
        records = [record(cell, seed, **self.result(*result)) for seed, result in enumerate(results, 1)]
        (row,) = rows("nonlinear", records)
        assert (row["runs"], row["programs"], row["beyond linear"], row["successes"]) == (4, 3400, 2, 1)
        assert row["share"] == 0.25
        assert row["programs for a success"] == 3400
        assert row["programs low"] == pytest.approx(850 / wilson(1, 4).high)
        assert row["programs high"] == pytest.approx(850 / wilson(1, 4).low)
        assert row["core hours for a success"] == pytest.approx(0.04)

    def test_table_without_a_success(self):
        (row,) = rows("nonlinear", [record({"method": "restart"}, **self.result(0.2, False, 1000))])
        assert row["programs for a success"] == math.inf
        assert row["core hours for a success"] is None

    def measured(self, program, folder):
        """A restart that begins with a program and never changes it."""
        path = folder / "program.txt"
        path.write_text(str(program))
        override = f"start={path} mutate_prob=0 population_size=10 tasks.n_tasks=4 select.every=100"
        override += " space.scalars=8 space.vectors=12"
        for name, size in program.sizes.items():
            override += f" space.{name}.size={size}"
        one = study.find("nonlinear").configured(["evaluations=100", f"override={override}"])
        return one.measure({"method": "restart"}, 1)

    def test_success_is_a_network_that_learns(self, tmp_path):
        network = self.measured(baselines.neural_network(0.01), tmp_path)
        assert set(network["findings"]) >= {"hidden_layer", "relu", "gradient_step"}
        assert network["fitness"] > (network["linear_regressor"] + network["neural_network"]) / 2
        assert network["beyond_linear"]
        assert network["success"]

    def test_a_floor_that_is_nearly_zero_makes_a_relu(self, tmp_path):
        """Not if it matters: then it is a network of another kind."""
        code = str(baselines.neural_network(0.01)).replace("maximum(v3, v5)", "maximum(v3, v9)")
        for floor, is_relu in (("0.001", True), ("1.0", False)):
            filled = code.replace("def Learn():\n", f"def Learn():\n  s7 = {floor}\n  v9 = bcast(s7)\n")
            program = Program.parse(filled)
            found = self.measured(program, tmp_path)
            assert "relu" not in {finding.name for finding in recognise(program, program.dims(8))}
            assert ("relu" in found["findings"], found["success"]) == (is_relu, is_relu)

    def test_a_linear_model_is_none(self, tmp_path):
        linear = self.measured(baselines.linear_regressor(0.01), tmp_path)
        assert linear["fitness"] == pytest.approx(linear["linear_regressor"], abs=0.02)
        assert not linear["beyond_linear"]
        assert not linear["success"]


class TestAdaptation:
    def test_table(self):
        def cell(kind):
            return {"preset": "few_examples", "kind": kind}

        records = [record(cell("search"), seed, found=seed <= 8) for seed in range(1, 31)]
        records += [record(cell("control"), seed, found=False) for seed in range(1, 31)]
        few, fast, _ = rows("adaptation", records)
        assert few["adaptation"] == "noisy_relu"
        assert (few["search: with it"], few["search: runs"], few["control: with it"]) == (8, 30, 0)
        assert few["search: share"] == pytest.approx(8 / 30)
        assert few["p value"] == pytest.approx(2 * math.comb(30, 8) / math.comb(60, 8))
        assert few["the paper: searches"] == "8 of 30"
        assert (fast["search: runs"], fast["search: share"], fast["p value"]) == (0, None, None)

    def test_recognises_what_the_paper_found(self):
        """The published program that adapted to few examples has what is counted."""
        program = baselines.evolved_few_examples()
        assert "noisy_relu" in {finding.name for finding in recognise(program, program.dims(16, "binary"))}
        network = baselines.neural_network()
        found = {finding.name for finding in recognise(network, network.dims(16, "binary"))}
        assert not found & {"noisy_relu", "learning_rate_decay", "mean_of_weights_learning_rate"}


class TestTransfer:
    def test_table_has_seeds_with_all_pairs_only(self):
        pairs = [[0, 1], [0, 2], [1, 2]]
        accuracies = {"linear_regressor": (0.97, 0.98, 0.99), "neural_network": (0.98, 0.98, 0.99)}
        records = [
            record({"pair": pair, "program": name}, seed, accuracy=value)
            for seed in (1, 2)
            for name, values in accuracies.items()
            for pair, value in zip(pairs, values, strict=True)
        ]
        linear, network = rows("transfer", records[:-1], "classes=3")
        assert (linear["program"], linear["pairs"], linear["seeds"]) == ("linear_regressor", 3, 2)
        assert linear["accuracy, %"] == pytest.approx(98.0)
        assert linear["standard deviation"] == pytest.approx(0.0)
        assert linear["above the network"] == pytest.approx(-1 / 3)
        assert (network["seeds"], network["low"], network["above the network"]) == (1, None, None)

    def test_takes_one_more_program(self, tmp_path):
        path = tmp_path / "mine.txt"
        path.write_text(str(baselines.linear_regressor(0.02)))
        cells = study.find("transfer").configured([f"evolved={path}"], small=True).cells()
        names = {cell["program"] for cell in cells}
        assert len(names) == 4
        assert any(name.startswith("mine ") for name in names)


def test_transfer_ends_soon_when_it_is_interrupted(monkeypatch, tmp_path):
    """After the trial at work, and not with the last pair of classes."""
    pytest.importorskip("sklearn")
    made = study.find("transfer").configured(["trials=1000"], small=True)
    evaluate, calls = Evaluator.evaluate, []

    def interrupting(self, *arguments):
        calls.append(1)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
            while not signal.getsignal(signal.SIGINT).is_set:  # by the main thread, when it gets to it
                time.sleep(0.001)
        return evaluate(self, *arguments)

    monkeypatch.setattr(Evaluator, "evaluate", interrupting)
    report = study.run(made, tmp_path, n_seeds=1, threads=1)
    assert (report.stop_reason, report.done, len(calls)) == ("interrupted", 0, 3)


def test_transfer_by_tuning_on_pairs_together():
    """One unit a program and seed; the accuracy is the mean over all pairs with the constants tuned on some."""
    pytest.importorskip("sklearn")
    settings = ["joint=2", "classes=3", "passes=2", "first_examples=60", "dataset=digits"]
    made = study.find("transfer").configured(settings, small=True)
    assert made.cells() == [{"program": name} for name in ("linear_regressor", "neural_network", "evolved_linear_form")]
    result = made.measure({"program": "linear_regressor"}, 1)
    assert 0.8 < result["accuracy"] <= 1
    assert result == made.measure({"program": "linear_regressor"}, 1)


class TestAccuracy:
    @pytest.mark.parametrize("name", ["baseline", "ablation"])
    def test_searches_fit_the_data_at_full_size(self, name):
        """Hurdles and fingerprints, in all processes."""
        try:
            tasks.load("fashion-mnist")
        except InputError:
            pytest.skip("needs Fashion-MNIST")
        pytest.importorskip("sklearn")
        one = study.find(name).configured()
        for method in one.METHODS.values():
            preset = one._preset(method, 2)
            for island in range(2):
                made = preset.tasks("tasks", 1, island)
                assert preset.search(made, seed=1).run(max_evaluations=1).evaluations == 1

    def test_table(self):
        def result(test):
            return {"select": 0.7, "test": test, "linear_regressor": 0.7, "neural_network": 0.73, "evaluations": 100}

        cell = {"method": "basic", "processes": 1}
        records = [record(cell, seed, **result(test)) for seed, test in enumerate([0.65, 0.71, 0.74, 0.70], 1)]
        (row,) = rows("baseline", records)
        assert (row["runs"], row["accuracy"]) == (4, pytest.approx(0.70))
        assert row["above logistic regression"] == 0.5
        assert row["above the network"] == 0.25
        assert row["above the network: high"] == pytest.approx(wilson(1, 4).high)
        assert row["standard deviation"] == pytest.approx(math.sqrt((0.05**2 + 0.01**2 + 0.04**2) / 3))


def test_figures_of_studies_can_be_drawn_elsewhere(tmp_path):
    pytest.importorskip("matplotlib")
    folder = tmp_path / "difficulty"
    study.run(study.find("difficulty").configured(["spaces=linear_learn"], small=True), folder, n_seeds=1)
    figure = study.draw(folder)
    assert figure.axes[0].get_xscale() == "log"
    with pytest.raises(InputError, match="expected what a study writes there"):
        study.draw(tmp_path)


class TestTables:
    @staticmethod
    def score(value, unit=""):
        return {"name": "R2", "value": value, "low": 0.1, "high": 0.9, "n_rows": 88, "unit": unit}

    def result(self, value, evolved, **more):
        scores = {name: [self.score(0.5), self.score(50.0)] for name in ("constant", "linear", "boosting")}
        own = {"pyamlz": [self.score(value), self.score(None)]}
        sizes = {"kind": "regression", "rows": 442, "features": 10}
        return {**sizes, "scores": {**own, **scores}, "is_evolved": evolved, "apart": {"C": 0.0, "ONNX": None}, **more}

    def test_table(self):
        took = {"search": 60.0, "fit": 2.0, "linear": 0.5, "boosting": 3.0}
        one = self.result(0.4, True, seconds=took)
        other = {**self.result(0.6, False, seconds=took), "apart": {"C": 0.0, "Python": 2e-7, "ONNX": 1e-7}}
        records = [record({"table": "diabetes"}, 1, **one), record({"table": "diabetes"}, 2, **other)]
        own, constant, linear, boosting = rows("tables", records)
        assert (own["score"], own["spread"], own["evolved"]) == (0.5, pytest.approx(0.2), 1)
        assert own["second score"] is None  # a program that has lost its way
        assert own["exports apart"] == 2e-7
        assert [row["seconds"] for row in (own, constant, linear, boosting)] == [62.0, None, 0.5, 3.0]
        assert (linear["by"], linear["exports apart"]) == ("ridge regression", None)

    def test_exports_answer_as_the_model_does_on_all_held_out_rows(self, small):
        configured, report = small
        if configured.NAME != "tables":
            pytest.skip("of that study alone")
        with study.RawData(report.folder / "raw.jsonl") as raw:
            for one in raw.records:
                assert set(one.result["apart"]) == {"C", "Python", "ONNX"}
                is_regression = one.result["kind"] == "regression"
                assert max(one.result["apart"].values()) <= (1e-5 if is_regression else 0)
                value = {name: scores[0]["value"] for name, scores in one.result["scores"].items()}
                assert value["pyamlz"] > value["constant"] + 0.2
