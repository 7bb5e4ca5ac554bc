"""The commands `select` and `tune`."""

import json

import pytest

from pyamlz import Program, linear_regressor, load


@pytest.fixture
def runs(amlz, quick, tmp_path):
    """Checkpoints of two runs."""
    paths = [str(tmp_path / f"run{seed}.amlz") for seed in (1, 2)]
    for seed, path in enumerate(paths, 1):
        assert amlz("search", quick, "--seed", str(seed), "--checkpoint", path, "--quiet")[0] == 0
    return paths


class TestSelect:
    def test_ranks_the_programs_of_several_runs_and_tests_the_best(self, amlz, quick, runs):
        code, out, err = amlz("select", *runs, "linear_regressor", "--preset", quick, "--seed", "3", "--stages", "2")
        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert lines[0].startswith(f"# {quick}, seed 3: ")
        assert lines[0].endswith("candidates; tasks: 2, 8")
        assert lines[1].split()[:3] == ["candidate", "live", "same"]
        assert lines[2].startswith("linear_regressor ")  # the searches are too short to come near it
        assert any(line.startswith(f"{runs[0]}: ") for line in lines[3:12])
        assert "test of the first: 0." in out
        assert "standard deviation 0.0" in out
        assert f"{linear_regressor()}# next: " in out

    def test_prints_json(self, amlz, quick, runs):
        arguments = ["select", *runs, "--preset", quick, "--seed", "3", "--seeds", "2", "--json"]
        code, out, err = amlz(*arguments)
        assert code == 0
        found = json.loads(out)
        assert found["candidates"] >= len(found["ranking"])
        assert sum(1 + len(ranked["same_as"]) for ranked in found["ranking"]) == found["candidates"]
        fitness = [ranked["fitness"][-1] for ranked in found["ranking"]]
        assert fitness == sorted(fitness, reverse=True)
        assert [len(tasks) for tasks in found["test"]["task_fitness"]] == [10, 10]
        assert amlz(*arguments) == (code, out, err)
        assert amlz(*arguments, "--threads", "3") == (code, out, err)
        assert json.loads(amlz(*arguments[:-1], "--json", "--seed", "4")[1])["test"] != found["test"]

    @pytest.mark.parametrize("name", ["best.txt", "best.amlz"])
    def test_writes_the_best(self, amlz, quick, runs, tmp_path, name):
        path = str(tmp_path / name)
        _, out, _ = amlz("select", *runs, "--preset", quick, "--seed", "3", "--json", "-o", path)
        assert load(path) == Program.parse(json.loads(out)["program"])

    def test_refuses_what_it_cannot_use(self, amlz, quick, runs, tmp_path):
        (tmp_path / "damaged.amlz").write_bytes(b"amlz")
        code, out, err = amlz("select", *runs, str(tmp_path / "damaged.amlz"), "--preset", quick)
        assert (code, out) == (3, "")
        assert "damaged.amlz" in err
        for wrong in (
            ["no such file"],
            [runs[0], "--stages", "0"],
            [runs[0], "--seeds", "0"],
            [runs[0], "--keep", "0"],
        ):
            code, out, err = amlz("select", "--preset", quick, *wrong)
            assert (code, out) == (2, "")
            assert err.startswith("pyamlz: ")


class TestTune:
    def test_prints_constants_before_and_after(self, amlz, quick, tmp_path):
        path = tmp_path / "slow.txt"
        path.write_text(str(linear_regressor(0.0001)))
        code, out, err = amlz("tune", str(path), "--preset", quick, "--seed", "1", "--trials", "50")
        assert (code, err) == (0, "")
        table, _, program = out.partition("\n\n# the program with these constants: fitness ")
        lines = table.splitlines()
        assert lines[0] == f"# {quick}, seed 1: 50 trials; tasks: 8"
        assert lines[2].split()[:6] == ["Setup", "1:", "s2", "=", "0.0001", "0.0001"]
        before, after = (float(line.split()[2]) for line in lines[4:6])
        assert lines[4].startswith("test before: ")
        assert after > before + 0.3
        assert Program.parse(program.partition("\n")[2]).learn == linear_regressor().learn

    def test_prints_json_and_writes_the_program(self, amlz, quick, tmp_path):
        path = str(tmp_path / "tuned.txt")
        arguments = ["tune", "linear_regressor", "--preset", quick, "--seed", "1", "--trials", "9", "--json"]
        code, out, err = amlz(*arguments, "--stages", "2", "--threads", "2", "-o", path)
        assert (code, err.startswith(f"# {quick}, seed 1: 9 trials; tasks: 2, 8")) == (0, True)
        found = json.loads(out)
        assert load(path) == Program.parse(found["program"])
        assert [number for number, _ in found["trials"]] == list(range(9))
        assert found["fitness"] == found["trials"][found["trial"]][1][-1]
        assert json.loads(amlz(*arguments, "--stages", "2")[1]) == found
        assert json.loads(amlz(*arguments, "--seeds", "0")[1])["test"] == {}

    def test_points_out_coupled_constants_and_replaces_them(self, amlz, quick):
        arguments = ["tune", "evolved_linear_form", "--preset", quick, "--seed", "1", "--trials", "2"]
        _, out, _ = amlz(*arguments)
        assert "# coupled: Learn 5: s2 = norm(m1)  (a factor in Predict 4; Learn 6)\n" in out
        assert "  s2 = norm(m1)\n" in out
        _, out, _ = amlz(*arguments, "--decouple")
        assert "# replaced: Learn 14: s4 = std(m0)  (a factor in Learn 16)\n" in out
        assert "  s4 = std(m0)\n" not in out

    @pytest.mark.parametrize("wrong", [["--trials", "0"], ["--low", "0"], ["--keep", "2"], ["--threads", "0"]])
    def test_refuses_numbers_out_of_range(self, amlz, quick, wrong):
        code, _, err = amlz("tune", "linear_regressor", "--preset", quick, "--quiet", *wrong)
        assert code == 2
        assert err.startswith(f"pyamlz: {wrong[0][2:]}: expected")
