"""`pyamlz export`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from samples import linear_space, linear_tasks

from pyamlz import Model, Search, tasks
from pyamlz._cli.main import main
from pyamlz.explain import dataflow
from pyamlz.export import model_to_c, model_to_python, to_c, to_latex, to_python
from pyamlz.program import baselines
from pyamlz.program.baselines import neural_network
from pyamlz.tasks import Preparation, Table

LR = baselines.linear_regressor()


def test_c_goes_to_a_file_or_standard_output(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    target = tmp_path / "learner.h"
    arguments = ["export", "linear_regressor", "--lang", "c", "--features", "4"]
    assert main([*arguments, "-o", str(target)]) == 0
    assert target.read_text() == to_c(LR, LR.dims(4))
    assert main([*arguments, "--name", "lr", "--kind", "binary", "--precision", "f64", "--seed", "5"]) == 0
    assert capfdbinary.readouterr().out.decode() == to_c(
        LR, LR.dims(4, "binary"), name="lr", precision="float64", seed=5
    )


def test_python_latex_and_dot(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["export", "neural_network", "--lang", "python", "--features", "3", "--name", "Net"]) == 0
    network = baselines.neural_network()
    assert capfdbinary.readouterr().out.decode() == to_python(network, network.dims(3), name="Net")
    assert main(["export", "neural_network", "--lang", "latex", "--features", "3"]) == 0
    assert capfdbinary.readouterr().out.decode() == to_latex(network, network.dims(3))
    assert main(["export", "neural_network", "--lang", "dot", "--features", "3"]) == 0
    assert capfdbinary.readouterr().out.decode() == dataflow(network, network.dims(3)).to_dot()


def test_the_best_of_a_checkpoint(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    task_set = linear_tasks()
    search = Search(task_set, linear_space(task_set), seed=1, population_size=50)
    search.run(max_evaluations=500)
    search.save(tmp_path / "run.amlz")
    assert main(["export", str(tmp_path / "run.amlz"), "--lang", "c"]) == 0
    best = search.best.program
    assert capfdbinary.readouterr().out.decode() == to_c(best, best.dims(4))


@pytest.mark.skipif(importlib.util.find_spec("onnxruntime") is None, reason="needs onnx and onnxruntime")
def test_onnx_has_learned_the_presets_first_task(tmp_path: Path) -> None:
    import onnxruntime

    from pyamlz._lib.random import derived_seed
    from pyamlz.lab import Experiment

    target = tmp_path / "model.onnx"
    arguments = ["export", "linear_regressor", "--lang", "onnx", "--preset", "demo", "--seed", "1", "-o", str(target)]
    assert main(arguments) == 0
    task_set = Experiment.load("demo").tasks("final", derived_seed(1, "final"))
    assert isinstance(task_set, tasks.TaskSet)
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    (predictions,) = session.run(None, {"features": task_set.valid_x[0]})
    assert abs(predictions - task_set.valid_y[0]).max() < 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["linear_regressor", "--lang", "c"], "--features: expected the number"),
        (["linear_regressor", "--lang", "onnx", "--features", "4"], "--preset: expected"),
        (["linear_regressor", "--lang", "c", "--features", "4", "--set", "a=1"], "--set: expected only with --preset"),
        (["linear_regressor", "--lang", "c", "--features", "0"], "n_features"),
        (["linear_regressor", "--lang", "c", "--features", "4", "--name", "for"], "name: expected an identifier"),
        (["linear_regressor", "--lang", "c", "--features", "4", "--kind", "multiclass"], "n_classes"),
        (["nothing", "--lang", "c", "--features", "4"], "program: expected a built-in program"),
        (["linear_regressor", "--lang", "c", "--features", "4", "-o", "/nowhere/x.h"], "/nowhere/x.h"),
    ],
)
def test_mistakes(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", *arguments]) in (1, 2)
    assert message in capsys.readouterr().err


class TestModels:
    @pytest.fixture
    def model(self, tmp_path):
        y = np.arange(40) % 2
        table = Table(np.column_stack([y * 3.0 + 1, np.arange(40.0)]), y * 1.0, ("no", "yes"), ("size", "number"))
        made = Model(neural_network(), Preparation.of(table))
        made.learn(table, epochs=20)
        made.save(tmp_path / "model.amlz")
        return str(tmp_path / "model.amlz")

    @pytest.mark.parametrize(("lang", "write"), [("c", model_to_c), ("python", model_to_python)])
    def test_carry_what_was_learned(self, amlz, model, lang, write):
        code, out, _ = amlz("export", model, "--lang", lang)
        assert (code, out) == (0, write(Model.load(model)))

    def test_untrained_is_the_program_alone(self, amlz, model):
        code, out, _ = amlz("export", model, "--lang", "c", "--untrained", "--seed", "0")
        dims = Model.load(model).learner.dims
        assert (code, out) == (0, to_c(Model.load(model).program, dims))

    def test_say_themselves_what_they_are(self, amlz, model):
        code, _, err = amlz("export", model, "--lang", "c", "--features", "3")
        assert code == 2
        assert "--features: expected only without a model, which says it itself, or with --untrained" in err
