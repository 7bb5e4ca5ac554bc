"""Recorded vectors: all agree, a changed value is noticed wherever it is, and a broken file is said to be one."""

import copy
import gzip
import json
import math

import pytest
from samples import VARIANTS_HERE, VECTORS

from pyamlz import InputError
from pyamlz.bench import conform


@pytest.fixture(scope="module")
def records():
    """Data sets 1 (regression) and 3 (binary) at F = 4, each op once, and some programs on these that do something."""
    with gzip.open(VECTORS, "rt") as file:
        every = [json.loads(line) for line in file]
    every = [record for record in every if record["F"] == 4]
    data = [r for r in every if r["kind"] == "data" and r["dataset"] in (1, 3)]
    ops = {r["ins"][0]: r for r in every if r["kind"] == "op"}
    programs = [r for r in every if r["kind"] == "program" and r["dataset"] in (1, 3)]
    programs = [r for r in programs if r["train_errors"] and not is_idle(r, data)]
    whole = [r for r in programs if len(r["train_errors"]) == len(r["valid_errors"]) == 10]
    going = [[r for r in whole if r["eval"] == how and 0.1 < r["fitness"] < 0.9][:3] for how in ("rms", "accuracy")]
    stopped = [r for r in programs if 0 < len(r["train_errors"]) < 10][:2]
    return [*data, *ops.values(), *going[0], *going[1], *stopped]


def is_idle(program, data):
    """Whether its Predict leaves s1 as it is on the first example: then this error is that of predicting 0."""
    label = next(r["train_y"][0] for r in data if r["dataset"] == program["dataset"])
    idle = 0.5 if program["eval"] == "accuracy" else abs(label)
    return math.isclose(program["train_errors"][0], idle)


def write(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def first(records, kind, **wanted):
    return next(
        i
        for i, record in enumerate(records)
        if record["kind"] == kind and all(record.get(key) == value for key, value in wanted.items())
    )


class TestReference:
    @pytest.mark.parametrize("variant", VARIANTS_HERE)
    def test_agrees_in_double_precision(self, variant):
        report = conform(str(VECTORS), "float64", variant)
        assert [str(failure) for failure in report.failures] == []
        assert report.passed == 1145
        assert str(report) == "1145 passed, 0 failed"

    def test_agrees_in_single_precision_but_for_one_in_a_thousand(self):
        report = conform(str(VECTORS), "float32")
        assert report.passed + len(report.failures) == 1145
        assert len(report.failures) <= 1
        assert not [failure for failure in report.failures if failure.what[0] in "svm"]


class TestChanges:
    def changed(self, records, tmp_path, index, change):
        """The failures of one record, on line 3, when it is changed."""
        mine = copy.deepcopy([*records[:2], records[index]])
        change(mine[2])
        return conform(write(tmp_path / "changed.jsonl", mine)).failures

    def test_none_is_no_failure(self, records, tmp_path):
        for index in range(2, len(records)):
            assert self.changed(records, tmp_path, index, lambda record: None) == []

    @pytest.mark.parametrize(("letter", "index"), [("s", (3,)), ("v", (2, 1)), ("m", (1, 5))])
    def test_of_any_memory_are_noticed(self, records, tmp_path, letter, index):
        for position, record in enumerate(records):
            if record["kind"] != "op":
                continue

            def change(changed, value=record["after"][letter][index[0]]):
                target = changed["after"][letter]
                if len(index) == 1:
                    target[index[0]] = value * (1 + 1e-8) if isinstance(value, float) and value else 1.0
                else:
                    old = value[index[1]]
                    target[index[0]][index[1]] = old * (1 + 1e-8) if isinstance(old, float) and old else 1.0

            (failure,) = self.changed(records, tmp_path, position, change)
            assert failure.line == 3
            assert f", {letter}{index[0]}" in failure.what

    def test_between_special_values_are_noticed(self, records, tmp_path):
        position = first(records, "op")
        for value in ("nan", "inf", "-inf"):

            def change(record, value=value):
                record["after"]["s"][2] = value

            (failure,) = self.changed(records, tmp_path, position, change)
            assert str(failure).endswith(f", s2: expected {value}, got {float(records[position]['after']['s'][2])}")

    @pytest.mark.parametrize("how", ["rms", "accuracy"])
    def test_of_programs_are_noticed(self, records, tmp_path, how):
        position = first(records, "program", eval=how)

        def fitness(record):
            record["fitness"] *= 1 + 1e-7

        def steps(record):
            record["train_steps"] -= 1

        def train_error(record):
            record["train_errors"][4] += 1e-7

        def valid_error(record):
            record["valid_errors"][9] = 1 - record["valid_errors"][9]

        def fewer_errors(record):
            record["train_errors"].pop()

        def code(record):
            record.update(setup=[], predict=[], learn=[])

        for change, what in [
            (fitness, "fitness"),
            (steps, "train_steps"),
            (train_error, "train_errors[4]"),
            (valid_error, "valid_errors[9]"),
            (fewer_errors, "number of train_errors"),
        ]:
            (failure,) = self.changed(records, tmp_path, position, change)
            assert (failure.line, failure.what) == (3, what)
        assert self.changed(records, tmp_path, position, code)

    def test_of_where_a_program_was_stopped_are_noticed(self, records, tmp_path):
        stopped = max(i for i, record in enumerate(records) if record["kind"] == "program")

        def longer(record):
            record["train_errors"].append(1.0)

        (failure,) = self.changed(records, tmp_path, stopped, longer)
        assert failure.what == "number of train_errors"

    @pytest.mark.parametrize(("index", "label"), [(0, 2.5), (1, None)])
    def test_of_the_data_are_noticed(self, records, tmp_path, index, label):
        mine = copy.deepcopy(records)
        labels = mine[index]["train_y"]
        labels[0] = 1 - labels[0] if label is None else label
        failures = conform(write(tmp_path / "changed.jsonl", mine)).failures
        how = "rms" if index == 0 else "accuracy"
        assert first(records, "program", eval=how) + 1 in [failure.line for failure in failures]

    def test_of_an_op_are_noticed(self, records, tmp_path):
        def change(record):
            record["ins"][0] = 23 if record["ins"][0] == 24 else 24

        assert self.changed(
            records, tmp_path, next(i for i, r in enumerate(records) if r.get("ins", [0])[0] == 23), change
        )


class TestFiles:
    def test_may_be_gzipped_or_not_and_have_empty_lines(self, records, tmp_path):
        text = "\n".join(json.dumps(record) for record in records) + "\n\n"
        (tmp_path / "plain.jsonl").write_text(text)
        (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(text.encode()))
        plain, gzipped = (conform(str(tmp_path / name)) for name in ("plain.jsonl", "packed.jsonl.gz"))
        assert plain == gzipped
        assert plain.passed > 60

    def test_failures_name_their_lines(self, records, tmp_path):
        mine = copy.deepcopy(records)
        position = first(mine, "program")
        mine[position]["fitness"] = 0.5
        (failure,) = conform(write(tmp_path / "changed.jsonl", mine)).failures
        assert str(failure).startswith(f"line {position + 1}: fitness: expected 0.5, got 0.")

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("{", "not JSON"),
            ("[" * 100_000, "not JSON"),
            ("[]", "expected a JSON object, got list"),
            ('{"kind": "op", "F": NaN}', "not JSON: NaN must be written as a string"),
            ("{}", "kind: expected data, op or program, got None"),
            ('{"kind": "test"}', "kind: expected data, op or program, got 'test'"),
            ('{"kind": "op"}', "F is missing"),
            ('{"kind": "op", "F": true}', "F: expected int"),
            ('{"kind": "op", "F": 0}', "F: expected 1 to"),
            ('{"kind": "op", "F": 4, "ins": 3}', "ins: expected list"),
            ('{"kind": "op", "F": 4, "ins": [1, 2]}', r"ins: expected \[op, out, in1, in2, constants\]"),
            ('{"kind": "op", "F": 4, "ins": [99, 2, 1, 1, []]}', "ins: unknown op 99"),
            ('{"kind": "op", "F": 4, "ins": [1, 300, 1, 1, []]}', "ins: scalar_sum: out"),
            ('{"kind": "op", "F": 4, "ins": [1, 2, 1, 1, [1]]}', "ins: scalar_sum: constants: expected 0"),
            ('{"kind": "op", "F": 4, "ins": [56, 2, 0, 0, ["x"]]}', "ins: constants: expected a number"),
            ('{"kind": "op", "F": 4, "ins": [1, 2, 1, 1, []], "before": []}', "before: expected dict"),
            (
                '{"kind": "op", "F": 4, "ins": [1, 2, 1, 1, []], "before": {"s": [1]}}',
                "before: s: expected a list of 8",
            ),
            ('{"kind": "data", "F": 2, "train_x": [[1, 2], [3]]}', r"train_x\[1\]: expected a list of 2"),
            ('{"kind": "data", "F": 1, "train_x": [[1]], "train_y": []}', "train_y: expected a list of 1"),
            ('{"kind": "program", "F": 4, "eval": "mse"}', "eval: expected rms or accuracy"),
        ],
    )
    def test_with_a_broken_line_name_it(self, records, tmp_path, line, message):
        path = tmp_path / "broken.jsonl"
        path.write_text(json.dumps(records[0]) + "\n" + line + "\n")
        with pytest.raises(InputError, match=rf"broken\.jsonl, line 2: {message}"):
            conform(str(path))

    @pytest.mark.parametrize("constants", ["[1e999]", '["inf"]'])
    def test_with_constants_that_are_infinite_name_the_line(self, tmp_path, constants):
        path = tmp_path / "infinite.jsonl"
        path.write_text(f'{{"kind": "op", "F": 4, "ins": [56, 2, 0, 0, {constants}]}}\n')
        with pytest.raises(InputError, match="line 1: ins: scalar_constant: constants: expected a finite number"):
            conform(str(path))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"dataset": 77}, "dataset: no data set 77 with F = 4 before this line"),
            ({"fitness": None}, "fitness: expected a number, got None"),
            ({"predict": [[1, 0, 1, 1, []]]}, "Predict, instruction 1, s0 = s1 [+] s1: programs must not write"),
            ({"learn": [[27, 9, 0, 1, []]]}, "Learn, instruction 1, .*: address out of range"),
            ({"setup": [[0, 0, 0, 0, []]] * 65}, "setup: expected at most 64"),
        ],
    )
    def test_with_a_broken_program_name_the_line(self, records, tmp_path, change, message):
        position = first(records, "program")
        mine = copy.deepcopy(records[: position + 1])
        mine[position].update(change)
        with pytest.raises(InputError, match=f"line {position + 1}: {message}"):
            conform(write(tmp_path / "broken.jsonl", mine))

    @pytest.mark.parametrize("instruction", [[1, 0, 1, 1, []], [1, 9, 1, 1, []]])
    def test_with_an_op_that_cannot_run_name_the_line(self, records, tmp_path, instruction):
        broken = {**records[first(records, "op")], "ins": instruction}
        with pytest.raises(InputError, match="line 1: Predict, instruction 1"):
            conform(write(tmp_path / "broken.jsonl", [broken]))

    def test_with_data_that_are_none_name_the_line_that_uses_them(self, records, tmp_path):
        mine = copy.deepcopy(records)
        mine[first(mine, "data", dataset=3)]["train_y"][0] = 0.5
        with pytest.raises(InputError, match="data set 3 with F = 4: train_y: expected 0 or 1"):
            conform(write(tmp_path / "labels.jsonl", mine))

    def test_that_cannot_be_read_are_errors(self, records, tmp_path):
        (tmp_path / "empty.jsonl").write_text("")
        (tmp_path / "data.jsonl").write_text(json.dumps(records[0]))
        (tmp_path / "notgzip.jsonl.gz").write_text("x")
        whole = gzip.compress(json.dumps(records).encode())
        (tmp_path / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])
        (tmp_path / "latin.jsonl").write_bytes(b'{"kind": "\xe9"}')
        for name, message in [
            ("none.jsonl", "cannot be read: No such file"),
            ("empty.jsonl", "expected vectors, found none"),
            ("data.jsonl", "expected vectors, found none"),
            ("notgzip.jsonl.gz", "cannot be read"),
            ("cut.jsonl.gz", "cannot be read"),
            ("latin.jsonl", "line 1: not JSON"),
            ("", "cannot be read"),
        ]:
            with pytest.raises(InputError, match=message):
                conform(str(tmp_path / name))
