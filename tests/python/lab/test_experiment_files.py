"""Presets: those that come with the package, files, overrides, and what is said about mistakes."""

import dataclasses
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from samples import images, write_image_folder

from pyamlz import Evaluator, Experiment, InputError, Program, archive, lab, linear_regressor, neural_network
from pyamlz.archive import find_program, find_start
from pyamlz.lab._toml import dump_toml, load_toml, tables_of
from pyamlz.program import FunctionSpace, find_op

SMALL = """
max_evaluations = 500
population_size = 20
[tasks]
generator = "linear"
n_tasks = 2
n_train = 20
n_valid = 10
[space]
scalars = 4
vectors = 3
matrices = 0
[space.setup]
size = 2
ops = ["scalar_constant"]
[space.predict]
size = 1
ops = [27]
[space.learn]
max_size = 6
ops = ["scalar_difference", "scalar_product", "scalar_vector_product", "vector_sum"]
"""

# What the paper says of each experiment: memory (scalars, vectors, matrices), sizes of Setup, Predict and Learn (None:
# not searched), ids of their ops, counted from 0; population, start, and arguments of the tasks.
SETTING = [56, 57, 58, 59, 60, 61, 62, 63, 64]
FEW = ([56, 59, 60, 61, 62, 63, 64], [1, 23, 27, 31, 48], [1, 2, 3, 16, 18, 23, 25, 28, 39, 40])
UNIFORM = [*range(56), 60, 61]
GAUSSIAN = [*range(56), 63, 64]
LINEAR = {"n_features": 8, "n_tasks": 3, "n_train": 1000, "n_valid": 100}
PAIRS = {"generator": "projected_binary", "n_features": 16, "n_tasks": 10}
PAPER = {
    "linear": ((4, 3, 1), (5, 1, 4), ([56, 57], [27], [2, 3, 18, 23]), 1000, "random", LINEAR),
    "linear_learn": ((4, 3, 1), (None, None, 4), ([], [], [2, 3, 18, 23]), 1000, "random", LINEAR),
    "affine": ((5, 3, 1), (6, 2, 6), ([56, 57], [1, 27], [1, 2, 3, 18, 23]), 1000, "random", LINEAR),
    "affine_learn": ((5, 3, 1), (None, None, 6), ([], [], [1, 2, 3, 18, 23]), 1000, "random", LINEAR),
    "baseline": ((5, 9, 2), (7, 11, 23), FEW, 100, "empty", {**PAIRS, "n_train": 8000, "epochs": 1}),
    "binary": ((8, 14, 3), (21, 21, 45), (SETTING, UNIFORM, UNIFORM), 100, "empty", {**PAIRS, "n_train": 8000}),
    "few_examples": (
        *((10, 16, 4), (21, 21, 45), (SETTING, GAUSSIAN, GAUSSIAN), 100, "neural_network"),
        {**PAIRS, "n_train": 80, "epochs": 100},
    ),
    "fast_training": (
        *((10, 16, 4), (21, 21, 45), (SETTING, GAUSSIAN, GAUSSIAN), 100, "neural_network"),
        {**PAIRS, "n_train": 800, "epochs": 10},
    ),
    "multiclass": (
        *((10, 16, 4), (21, 21, 45), (SETTING, GAUSSIAN, GAUSSIAN), 100, "softmax_network"),
        {"generator": "projected_multiclass", "n_features": 16, "n_tasks": 10},
    ),
}
LEARNED = {
    "linear_learn": "def Learn():\n  s3 = s0 - s1\n  s3 = s3 * s2\n  v2 = s3 * v0\n  v1 = v1 + v2",
    "affine_learn": "def Learn():\n  s4 = s0 - s1\n  s4 = s4 * s2\n  s3 = s3 + s4\n  v2 = s4 * v0\n  v1 = v1 + v2",
}


@pytest.fixture
def small(tmp_path: Path) -> str:
    (tmp_path / "small.toml").write_text(SMALL)
    return str(tmp_path / "small.toml")


@pytest.fixture(scope="module")
def image_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Ten classes, 50 images of each for training and 20 to test; the first pixel is the class."""
    return write_image_folder(tmp_path_factory.mktemp("data") / "images", images(d=36))


def smaller(name: str, image_folder: str) -> Experiment:
    """A preset on few tasks, with small images in place of Fashion-MNIST and of a table of the user's own."""
    few = [f"{section}.n_tasks=2" for section in ("tasks", "select", "final")]
    if name == "table":
        path = Path(image_folder).parent / "own.csv"
        path.write_text("x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(100)))
        few += [f"tasks.path={path}", "tasks.target=y"]
    if Experiment.load(name).table["tasks"].get("dataset") == "fashion-mnist":
        few += [f"tasks.dataset={image_folder}", "tasks.n_train=60", "tasks.n_valid=20", "tasks.epochs=2"]
        few += ["select.n_train=40"]  # with a fifth of the images there are no more for ten classes
    return load(name, [*few, "population_size=10"])


def load(name: str, texts: Iterable[str] = ()) -> Experiment:
    """An experiment with keys that are told as on the command line."""
    return Experiment.load(name).replace(**tables_of(texts))


class TestOwnPresets:
    def test_are_there(self):
        regression = {"demo", "linear", "linear_learn", "affine", "affine_learn", "nonlinear"}
        images = {"digits", "binary", "baseline", "few_examples", "fast_training", "multiclass"}
        assert set(lab.presets()) >= regression | images

    @pytest.mark.parametrize("name", lab.presets())
    def test_are_valid(self, name, image_folder):
        preset = Experiment.load(name)
        assert 20 < len(preset.description) < 120
        if preset.table["tasks"].get("dataset") == "digits":
            pytest.importorskip("sklearn")
        quick = smaller(name, image_folder)
        search = quick.search(quick.tasks("tasks", 1), seed=1)
        assert search.run(max_evaluations=20).evaluations == 20
        for section in ("select", "final"):
            tasks = quick.tasks(section, 2)
            assert 0 <= quick.evaluator(tasks).evaluate(search.best.program).fitness <= 1
            assert quick.space(tasks) == search.space

    @pytest.mark.parametrize("name", lab.presets())
    def test_come_back_from_their_own_toml(self, name, tmp_path):
        preset = Experiment.load(name)
        (tmp_path / "again.toml").write_text(preset.toml())
        assert Experiment.load(str(tmp_path / "again.toml")).table == preset.table

    def test_demo_is_the_five_minute_demo(self):
        config = Experiment.load("demo").table
        ids = [56, 27, 2, 3, 18, 23]
        names = [FunctionSpace(ids).ops] * 3
        assert [tuple(config["space"][f]["ops"]) for f in ("setup", "predict", "learn")] == names
        assert [config["space"][f]["size"] for f in ("setup", "predict", "learn")] == [10, 2, 8]
        assert (config["population_size"], config["tournament_size"], config["mutate_prob"]) == (1000, 10, 0.9)
        assert config["sufficient_fitness"] == 0.9999
        assert (config["select"]["n_tasks"], config["select"]["n_train"]) == (100, 1000)

    def test_digits_are_split_for_search_selection_and_test(self):
        pytest.importorskip("sklearn")
        preset = load("digits", ["tasks.n_tasks=2", "select.n_tasks=2", "final.n_tasks=2"])
        splits = [preset.tasks(section, 1).source["arguments"]["split"] for section in ("tasks", "select", "final")]
        assert splits == ["search", "select", "test"]

    @pytest.mark.parametrize("name", PAPER)
    def test_have_the_space_of_the_paper(self, name):
        memory, sizes, ops = PAPER[name][:3]
        config = Experiment.load(name).table
        space = config["space"]
        assert tuple(space[key] for key in ("scalars", "vectors", "matrices")) == memory
        for function, size, ids in zip(("setup", "predict", "learn"), sizes, ops, strict=True):
            found = FunctionSpace(space[function].get("ops", []))
            assert sorted(find_op(op).id for op in found.ops) == sorted(ids)
            if size is not None:
                assert space[function].get("size", space[function].get("max_size")) == size
                assert space[function].get("min_size", 0) == 0
            else:
                assert space[function] == {}

    @pytest.mark.parametrize("name", PAPER)
    def test_have_the_method_and_tasks_of_the_paper(self, name):
        population, start, tasks = PAPER[name][3:]
        config = Experiment.load(name).table
        assert (config["population_size"], config["tournament_size"], config["mutate_prob"]) == (population, 10, 0.9)
        assert (config["start"], config["algorithm"]) == (start, "evolution")
        assert {key: config["tasks"].get(key) for key in tasks} == tasks

    @pytest.mark.parametrize(("name", "learned"), LEARNED.items())
    def test_what_is_fixed_can_be_solved(self, name, learned):
        preset = load(name, ["select.n_tasks=20"])
        solution = Program.parse(preset.table["fixed_program"] + learned)
        evaluator = Evaluator(preset.tasks("select", 1))
        assert evaluator.evaluate(solution).fitness > preset.table["sufficient_fitness"]
        search = preset.search(preset.tasks("tasks", 1), seed=1)
        search.run(max_evaluations=1200)
        fixed = Program.parse(preset.table["fixed_program"])
        for member in search.population:
            assert (list(member.program.setup), list(member.program.predict)) == (
                list(fixed.setup),
                list(fixed.predict),
            )
        assert len({str(member.program) for member in search.population}) > 500

    @pytest.mark.parametrize(
        ("name", "overrides"),
        [
            ("binary", ["tasks.n_train=all"]),
            ("baseline", ["tasks.n_train=all"]),
            ("few_examples", ["tasks.n_valid=60"]),
            ("fast_training", ["tasks.n_train=all", "tasks.n_valid=60"]),
            ("multiclass", ["tasks.n_train=all"]),
        ],
    )
    def test_of_images_take_digits_too(self, name, overrides):
        pytest.importorskip("sklearn")
        few = [f"{section}.n_tasks=2" for section in ("tasks", "select", "final")]
        preset = load(name, ["tasks.dataset=digits", *overrides, *few])
        sets = [preset.tasks(section, 1) for section in ("tasks", "select", "final")]
        assert [tasks.source["arguments"]["split"] for tasks in sets] == ["search", "select", "test"]

    def test_multiclass_has_a_control_with_two_classes(self, image_folder):
        control = ["tasks.generator=projected_binary", "start=neural_network", "final.compare=['neural_network']"]
        preset = smaller("multiclass", image_folder).replace(**tables_of(control))
        tasks = preset.tasks("tasks", 1)
        assert tasks.kind == "binary"
        assert preset.search(tasks, seed=1).run(max_evaluations=20).evaluations == 20

    def test_unknown_name_suggests_the_nearest(self):
        with pytest.raises(InputError, match="unknown preset 'lineer'; did you mean 'linear'"):
            Experiment.load("lineer")


class TestFiles:
    def test_are_read_and_completed(self, small):
        config = Experiment.load(small).table
        assert config["tournament_size"] == 10
        assert config["precision"] == "float32"
        assert config["fec"] == {"size": 100_000, "train": 10, "valid": 10}
        assert config["tasks"]["n_features"] == 4
        assert config["space"]["predict"]["ops"] == ("dot_product",)

    def test_make_tasks_and_searches(self, small):
        preset = load(small, ["precision=float64", "tasks.epochs=2"])
        task_set = preset.tasks("tasks", 5)
        assert (task_set.n_tasks, task_set.n_train, task_set.epochs) == (2, 20, 2)
        assert task_set.train_x.dtype == "float64"
        assert preset.tasks("select", 5) is None
        search = preset.search(task_set, seed=1)
        assert search.config["precision"] == "float64"
        assert search.settings.population_size == 20
        assert search.space.setup.init_size == 2
        assert search.space.learn.init_size == 0

    def test_that_cannot_be_read_are_errors(self, tmp_path):
        (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
        (tmp_path / "broken.toml").write_text("population_size = = 3")
        (tmp_path / "large.toml").write_bytes(b"#" * (2**20 + 1))
        for name, message in [
            ("none.toml", "cannot be read: No such file"),
            ("binary.toml", "not UTF-8"),
            ("broken.toml", r"not TOML: .*line 1"),
            ("large.toml", "at most 1048576 bytes"),
        ]:
            with pytest.raises(InputError, match=message) as caught:
                Experiment.load(str(tmp_path / name))
            assert name in str(caught.value)


class TestMistakes:
    @pytest.mark.parametrize(
        ("override", "message"),
        [
            ("populaton_size=5", "unknown key 'populaton_size'; did you mean 'population_size'"),
            ("tasks.n_feature=5", "unknown key 'tasks.n_feature'; did you mean 'n_features'"),
            ("tasks.seed=5", "unknown key 'tasks.seed'"),
            ("space.vektors=5", "unknown key 'space.vektors'; did you mean 'vectors'"),
            ("space.setup.opps=[1]", "unknown key 'space.setup.opps'; did you mean 'ops'"),
            ("select.evry=5", "unknown key 'select.evry'; did you mean 'every'"),
            ("final.compar=5", "unknown key 'final.compar'; did you mean 'compare'"),
            ("fec.sise=5", "unknown key 'fec.sise'; did you mean 'size'"),
            ("mutations.insrt=5", "mutations: expected one of insert, remove"),
            ("population_size=0", "population_size: expected an integer from 1"),
            ("population_size=1.5", "population_size: expected an integer from 1"),
            ("population_size=true", "population_size: expected an integer from 1"),
            ("mutate_prob=2", "mutate_prob: expected a number from 0 to 1, got 2.0"),
            ("sufficient_fitness=high", "sufficient_fitness: expected a number from 0 to 1, got 'high'"),
            ("mutations=3", "mutations: expected weights by name"),
            ("fec=3", "fec: expected a table, got 3"),
            ("fec.train=0", "fec.train: expected an integer from 1"),
            ("tasks=3", "tasks.generator: expected one of linear"),
            ("tasks.generator=cubic", "tasks.generator: expected one of linear, affine"),
            ("select=3", "select: expected a table"),
            ("select.every=0", "select.every: expected an integer from 1"),
            ("final.compare=[1]", "final.compare: expected one of linear_regressor"),
            ("space.scalars=1", "space.scalars: expected an integer from 2"),
            ("space.setup.size=99", "space.setup.size: expected an integer from 0 to 64"),
            ("space.setup.max_size=4", "space.setup.size: expected either size, or min_size"),
            ("space.setup.ops=['dot']", "space.setup.ops: unknown op 'dot'; did you mean 'dot_product'"),
            ("space.setup.ops=dot_product", "space.setup.ops: expected a list of ops"),
            ("space.learn.min_size=9", "space.learn.min_size: expected an integer from 0 to 6"),
            ("algorithm=annealing", "algorithm: expected one of evolution, random_search"),
            ("precision=float16", "precision: expected one of float32, float64"),
            ("description=1", "description: expected a string"),
            ("start=nothing", "start: expected a built-in program, a program's text or a file, got 'nothing'"),
            ('start="def Setup():\\n s1 = ="', r"start: line 2, column 7"),
            ("start=[]", "start: expected a string"),
            ("start=['linear_regressor', 'nothing']", r"start\[1\]: expected a built-in program"),
            ("islands=0", "islands: expected an integer from 1 to 1024"),
            ("islands=two", "islands: expected an integer from 1"),
            ("migration=3", "migration: expected a table"),
            ("migration.evry=5", "unknown key 'migration.evry'; did you mean 'every'"),
            ("migration.share=0", "migration.share: expected a number over 0 to 1, got 0"),
            ("migration.share=1.1", "migration.share: expected a number over 0 to 1"),
            ("migration.every=0", "migration.every: expected an integer from 1"),
            ("budget=-1", "budget: expected a number from 0"),
            ("tasks=[]", "tasks.generator: expected one of linear"),
            ("tasks=[{generator='linear'}, 3]", r"tasks\[1\].generator: expected one of linear"),
            ("tasks=[{generator='linear'}, {generator='linear', n_feature=5}]", r"unknown key 'tasks\[1\].n_feature'"),
            ("fixed_program=linear_regresor", r"fixed_program: .*did you mean 'linear_regressor'"),
        ],
    )
    def test_name_the_key_and_what_was_expected(self, small, override, message):
        with pytest.raises(InputError, match=message):
            load(small, [override])

    @pytest.mark.parametrize(
        ("override", "message"),
        [
            ("novalue", "--set: expected key=value, got 'novalue'"),
            ("=5", "--set: expected key=value"),
            ("a b=5", "--set: expected key=value"),
            ("population_size=", "population_size: expected a value as in TOML, got ''"),
            ("population_size=1,5", "population_size: expected a value as in TOML"),
            ("population_size=5\nx=6", "population_size: expected a value as in TOML"),
            ("max_evaluations.x=5", "max_evaluations: expected an integer from 1 .*, got {'x': 5}"),
        ],
    )
    def test_in_overrides_are_errors(self, small, override, message):
        with pytest.raises(InputError, match=message):
            load(small, [override])

    @pytest.mark.parametrize(
        ("override", "message"),
        [
            ("tasks.n_features=0", "tasks.n_features: expected an integer from 1"),
            ("tasks.n_train='all'", "tasks.n_train: expected an integer"),
        ],
    )
    def test_in_tasks_are_errors_when_they_are_made(self, small, override, message):
        with pytest.raises(InputError, match=message):
            load(small, [override]).tasks("tasks", 1)

    def test_in_spaces_are_errors_when_they_are_made(self, small):
        preset = load(small, ["space.learn.ops=['matrix_sum']"])
        with pytest.raises(InputError, match=r"space\.learn: ops must have operands"):
            preset.search(preset.tasks("tasks", 1), seed=1)

    @pytest.mark.parametrize("missing", ["tasks", "space"])
    def test_of_leaving_out_a_table_are_errors(self, missing):
        table = {"tasks": {"generator": "linear"}, "space": {"scalars": 2, "vectors": 1, "matrices": 0}}
        Experiment.of(table)
        del table[missing]
        with pytest.raises(InputError, match=f"{missing}: this table is missing"):
            Experiment.of(table)

    def test_of_leaving_out_a_key_are_errors(self):
        space = {"scalars": 2, "vectors": 1, "matrices": 0}
        with pytest.raises(InputError, match=r"space\.vectors: this key is missing"):
            Experiment.of({"tasks": {"generator": "linear"}, "space": {"scalars": 2, "matrices": 0}})
        with pytest.raises(InputError, match=r"tasks\.dataset: this key is missing"):
            Experiment.of({"tasks": {"generator": "projected_binary"}, "space": space})


class TestExperiments:
    def test_are_equal_and_have_equal_hashes_by_their_contents(self, small, tmp_path):
        one, other = Experiment.load(small), Experiment.load(small)
        assert one == other
        assert len({one, other, one.replace(population_size=20)}) == 1
        assert one != one.replace(population_size=21)
        assert Experiment.of(one.as_dict(), "another name") == one

    def test_cannot_be_changed_behind_their_back(self, small):
        table = {"tasks": {"generator": "linear"}, "space": {"scalars": 2, "vectors": 1, "matrices": 0}}
        experiment, before = Experiment.of(table), hash(Experiment.of(table))
        table["tasks"]["n_tasks"] = 99
        experiment.as_dict()["tasks"]["n_tasks"] = 99
        assert "n_tasks" not in Experiment.of({**table, "tasks": {"generator": "linear"}})._written["tasks"]
        for where in (experiment.table, experiment.table["tasks"], experiment.settings.mutations):
            with pytest.raises(TypeError):
                where["n_tasks"] = 99
        with pytest.raises(dataclasses.FrozenInstanceError):
            experiment.name = "x"
        with pytest.raises(dataclasses.FrozenInstanceError):
            experiment.settings.population_size = 1
        assert hash(experiment) == before

    def test_are_replaced_table_by_table(self, small):
        one = Experiment.load(small)
        other = one.replace(
            population_size=50, tasks={"n_tasks": 4}, space={"setup": {"size": 3}, "predict": {}}, fec={"size": 0}
        )
        assert (other.settings.population_size, other.settings.fec_size, other.settings.fec_train) == (50, 0, 10)
        assert other.task_tables[0] == {**one.task_tables[0], "n_tasks": 4}
        assert other.table["space"]["setup"] == {"size": 3, "ops": ("scalar_constant",)}
        assert other.table["space"]["predict"] == {}
        assert (one.settings.population_size, one.task_tables[0]["n_tasks"]) == (20, 2)
        weights = one.replace(mutations={"insert": 1}).replace(mutations={"remove": 2})
        assert weights.settings.mutations == {"remove": 2.0}

    def test_lose_what_is_replaced_by_none(self, small):
        assert Experiment.load(small).replace(max_evaluations=None, population_size=None).max_evaluations is None
        assert Experiment.load(small).replace(population_size=None).settings.population_size == 100
        assert Experiment.load("linear").replace(select=None, final=None).sections == ("tasks",)

    def test_take_what_they_replace_before_defaults(self, small):
        """Another generator has other arguments; a profile other defaults."""
        assert "hidden" in Experiment.load("nonlinear").task_tables[0]
        other = Experiment.load("nonlinear").replace(tasks={"generator": "affine"})
        assert "hidden" not in other.task_tables[0]
        assert Experiment.load(small).replace(profile="fast").settings.must_learn

    def test_take_a_profile_and_what_is_set_beside_it(self):
        """Its settings replace those of the preset, wherever they come from; tasks and space stay."""
        linear = Experiment.load("linear")
        valid = linear.replace(profile="valid", tunings=3)
        assert (linear.settings.population_size, valid.settings.population_size) == (1000, 200)
        assert (valid.settings.tunings, valid.settings.start, valid.settings.cache_size) == (3, "grown", 0)
        assert set(valid.settings.mutations) >= {"rewire", "regrow"}
        assert "alter_argument" not in valid.settings.mutations
        assert (valid.task_tables, valid.table["space"]) == (linear.task_tables, linear.table["space"])
        assert Experiment.of(load_toml(valid.toml(), "valid")) == valid

    def test_of_the_profile_valid_search_go_on_and_use_threads(self, tmp_path):
        linear = Experiment.load("linear").replace(profile="valid", population_size=30, restart_period=150)
        tasks = linear.tasks("tasks", seed=3)
        whole, cut, threads = (linear.search(tasks, seed=1) for _ in range(3))
        threads.threads = 2
        for search, evaluations in ((whole, 400), (cut, 217), (threads, 400)):
            search.run(max_evaluations=evaluations)
        cut.save(tmp_path / "cut.amlz")
        resumed = type(cut).load(tmp_path / "cut.amlz")
        resumed.run(max_evaluations=183)
        assert whole.digest == resumed.digest == threads.digest
        assert f"{whole.digest:016x}" == "63397f8b72a7967f"
        assert whole.progress.restarts == 2
        assert whole.progress.tunings > 0
        assert whole.progress.rejected == 0

    def test_say_what_they_have(self):
        linear = Experiment.load("linear").replace(islands=2, final={"compare": ["linear_regressor"]})
        assert (linear.islands, linear.migration) == (2, (10_000, 0.5))
        assert linear.migration.every_evaluations == 10_000
        assert (linear.sections, linear.select_every_evaluations) == (("tasks", "select", "final"), 1000)
        assert linear.compared("regression") == ("linear_regressor",)
        assert repr(linear).startswith("<Experiment linear: ")

    def test_take_tables_in_a_list_as_a_whole(self, small):
        tables = [{"generator": "linear"}, {"generator": "affine"}]
        two = Experiment.load(small).replace(tasks=tables)
        assert [table["generator"] for table in two.task_tables] == ["linear", "affine"]
        with pytest.raises(InputError, match="tasks: expected a list of tables in place of the one that there is"):
            two.replace(tasks={"n_tasks": 3})

    def test_give_their_programs_as_they_were_read(self, small, tmp_path):
        """A file that is changed afterwards does not matter."""
        path = tmp_path / "mine.txt"
        path.write_text(str(linear_regressor(0.5)))
        experiment = Experiment.load(small).replace(start=str(path), space={"setup": {"size": 1}})
        path.write_text("nonsense")
        assert experiment.settings.start == linear_regressor(0.5)
        assert experiment.self_contained().table["start"] == str(linear_regressor(0.5))
        experiment.search(experiment.tasks("tasks", 1), seed=1)


class TestOverrides:
    def test_replace_add_and_nest(self, small):
        overrides = [
            "population_size = 7",
            "mutations.insert = 2",
            "select.n_tasks=3",
            "algorithm=random_search",
            'combine="mean"',
            "final = {n_tasks = 4, compare = ['linear_regressor']}",
        ]
        config = load(small, overrides).table
        assert config["population_size"] == 7
        assert config["mutations"] == {"insert": 2.0}
        assert config["select"] == {"every": 10_000, "n_tasks": 3}
        assert config["algorithm"] == "random_search"
        assert config["combine"] == "mean"
        assert config["final"]["compare"] == ("linear_regressor",)

    def test_do_not_change_the_preset_for_others(self):
        load("demo", ["population_size=7"])
        assert Experiment.load("demo").table["population_size"] == 1000


class TestPrograms:
    def test_are_found_by_name_text_and_file(self, tmp_path):
        program = linear_regressor()
        (tmp_path / "program").write_text(str(program))
        assert find_program("p", "linear_regressor") == program
        assert find_program("p", str(program)) == program
        assert find_program("p", str(tmp_path / "program")) == program
        with pytest.raises(InputError, match=r"^p: expected a built-in program"):
            find_program("p", "x" * 5000)

    def test_are_what_a_search_starts_from(self, small, tmp_path):
        (tmp_path / "mine.txt").write_text(str(linear_regressor(0.5)))
        for start, wanted in (
            ("linear_regressor", linear_regressor()),
            (str(tmp_path / "mine.txt"), linear_regressor(0.5)),
        ):
            preset = load(small, [f"start={start}", "space.setup.size=1", "space.learn.max_size=6"])
            search = preset.search(preset.tasks("tasks", 1), seed=1)
            search.run(max_evaluations=5)
            assert {member.program for member in search.population} == {wanted}

    def test_fill_functions_without_ops(self, small):
        preset = load(small, ["fixed_program=linear_regressor", "space.setup={}", "space.predict={}"])
        search = preset.search(preset.tasks("tasks", 1), seed=1)
        search.run(max_evaluations=50)
        assert {tuple(member.program.setup) for member in search.population} == {tuple(linear_regressor().setup)}
        assert Experiment.load("demo").table.get("fixed_program") is None
        assert Program() not in {member.program for member in search.population}


class TestIslands:
    TWO = "tasks=[{generator='linear', n_features=4, n_tasks=2}, {generator='affine', n_features=2, n_tasks=3}]"

    def test_are_one_search_unless_there_are_more(self, small):
        config = Experiment.load(small).table
        assert (config["islands"], config["migration"]) == (1, {"every": 10_000, "share": 0.5})
        assert load(small, ["islands=3", "migration.every=50"]).table["migration"] == {
            "every": 50,
            "share": 0.5,
        }

    def test_need_populations_that_are_complete_before_they_migrate(self, small):
        with pytest.raises(InputError, match=r"migration.every: expected population_size, 20, or more, got 19"):
            load(small, ["islands=2", "migration.every=19"])
        load(small, ["migration.every=19"])

    def test_are_dealt_tasks_in_turn(self, small, tmp_path):
        preset = load(small, [self.TWO])
        assert preset.table["islands"] == 2
        made = [load(small, [self.TWO, "islands=3"]).tasks("tasks", 1, island) for island in range(3)]
        assert [(t.source["generator"], t.n_features, t.n_tasks) for t in made] == [
            ("linear", 4, 2),
            ("affine", 2, 3),
            ("linear", 4, 2),
        ]
        (tmp_path / "again.toml").write_text(preset.toml())
        assert Experiment.load(str(tmp_path / "again.toml")).table == preset.table

    def test_are_as_many_as_tables_or_more(self, small):
        with pytest.raises(InputError, match=r"islands: expected 2 or more, as many as there are \[\[tasks\]\], got 1"):
            load(small, [self.TWO, "islands=1"])

    def test_have_select_tasks_like_the_first(self, small):
        preset = load(small, [self.TWO, "select.n_tasks=7"])
        select = preset.tasks("select", 1)
        assert (select.source["generator"], select.n_features, select.n_tasks) == ("linear", 4, 7)

    def test_tell_which_table_is_wrong_when_tasks_are_made(self, small):
        preset = load(small, ["tasks=[{generator='linear'}, {generator='linear', n_features=0}]"])
        with pytest.raises(InputError, match=r"tasks\[1\].n_features: expected an integer from 1"):
            preset.tasks("tasks", 1, 1)


class TestBudget:
    def limit(self, small, *overrides):
        preset = load(small, overrides)
        return preset.search(preset.tasks("tasks", 1), seed=1).settings.max_cost

    def test_is_four_networks(self, small):
        cost = neural_network().cost
        assert self.limit(small) == 4 * cost(4)
        assert self.limit(small, "tasks.n_features=8", "budget=0.5") == 0.5 * cost(8)

    def test_and_another_limit_are_both_kept(self, small):
        assert self.limit(small, "max_cost=7") == 7
        assert self.limit(small, "budget=0", "max_cost=1e9") == 1e9
        assert self.limit(small, "max_cost=1e9") == 4 * neural_network().cost(4)
        assert self.limit(small, "budget=0") == 0

    def test_stops_programs_that_cost_more(self, small):
        preset = load(small, ["budget=0.2"])
        search = preset.search(preset.tasks("tasks", 1), seed=1)
        search.run(max_evaluations=300)
        assert search.progress.rejected > 0

    @pytest.mark.parametrize("name", ["demo", "linear", "affine"])
    def test_does_not_change_the_presets(self, name):
        quick = ["tasks.n_tasks=2", "population_size=50"]
        digests = set()
        for budget in (4, 0):
            preset = load(name, [*quick, f"budget={budget}"])
            search = preset.search(preset.tasks("tasks", 1), seed=1)
            search.run(max_evaluations=2000)
            digests.add(search.digest)
            assert search.progress.rejected == 0
        assert len(digests) == 1


class TestStarts:
    """From archives, and from lists of programs."""

    @pytest.fixture
    def saved(self, small, tmp_path):
        preset = Experiment.load(small)
        search = preset.search(preset.tasks("tasks", 9), seed=9)
        search.run(max_evaluations=200)
        search.save(tmp_path / "run.amlz")
        return str(tmp_path / "run.amlz")

    def begun(self, small, *overrides):
        preset = load(small, overrides)
        return preset.search(preset.tasks("tasks", 1), seed=1)

    def test_of_a_search_are_its_population_at_its_mark(self, small, saved):
        search = self.begun(small, f"start={saved}")
        mark = archive.read(saved).mark.population
        wanted = sorted(mark, key=lambda member: -member.fitness)
        assert [member.program for member in search.population] == [member.program for member in wanted]
        assert search.progress.evaluations == len(mark) == 20
        search.run(max_evaluations=100)

    def test_of_more_than_there_is_room_are_the_fittest(self, small, saved):
        search = self.begun(small, f"start={saved}", "population_size=5")
        mark = sorted(archive.read(saved).mark.population, key=lambda member: -member.fitness)
        assert [member.program for member in search.population] == [member.program for member in mark[:5]]

    def test_of_fewer_are_filled_up_at_random(self, small, saved):
        search = self.begun(small, f"start={saved}", "population_size=50")
        assert search.progress.population == 20
        search.run(max_evaluations=30)
        assert search.progress.population == 50
        assert {member.parent for member in search.population} == {0}

    def test_of_population_archives_and_islands(self, small, saved, tmp_path):
        found = archive.read(saved)
        members = found.mark.population
        archive.write(tmp_path / "p.amlz", archive.PopulationArchive(dims=found.dims, population=members))
        archive.write(tmp_path / "i.amlz", archive.Islands(islands=(found, found)))
        assert self.begun(small, f"start={tmp_path}/p.amlz").digest == self.begun(small, f"start={saved}").digest
        assert len(find_start("start", f"{tmp_path}/i.amlz")) == 40
        archive.write(tmp_path / "none.amlz", archive.PopulationArchive(dims=found.dims, population=()))
        with pytest.raises(InputError, match=r"start: expected programs in .*none.amlz, got none"):
            load(small, [f"start={tmp_path}/none.amlz"])

    def test_of_program_archives_are_copies(self, small, tmp_path):
        linear_regressor().save(tmp_path / "one.amlz")
        search = self.begun(small, f"start={tmp_path}/one.amlz", "space.setup.size=1")
        search.run(max_evaluations=5)
        assert {member.program for member in search.population} == {linear_regressor()}

    def test_of_lists(self, small):
        search = self.begun(small, "start=['linear_regressor', 'linear_regressor']", "space.setup.size=1")
        assert [member.program for member in search.population] == [linear_regressor()] * 2

    def test_are_kept_by_presets_that_are_alone(self, small, saved):
        preset = load(small, [f"start={saved}"])
        alone = preset.self_contained()
        assert len(alone.table["start"]) == 20
        Path(saved).unlink()
        again = Experiment.of(alone.table)
        assert len(find_start("start", again.as_dict()["start"])) == 20

    def test_that_do_not_fit_are_refused(self, small):
        with pytest.raises(InputError, match=r"start: programs\[0\].learn: expected at most 1 instructions"):
            self.begun(small, "start=['linear_regressor']", "space.setup.size=1", "space.learn.max_size=1")


def test_toml_is_written_as_it_is_read():
    tomllib = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")

    table = {
        "text": 'a "quoted" \\ line\nand \x7f \u00e9 \U0001f600',
        "yes": True,
        "whole": -3,
        "real": 1e-300,
        "infinite": float("inf"),
        "list": [1, 2.5, "x", ["nested"]],
        "inline": {"a": 1, "b": 0.5},
        "table": {"x": "y", "deeper": {"z": [1]}, "empty": {}, "numbers": {"n": 1}},
    }
    assert tomllib.loads(dump_toml(table)) == table


class TestProfiles:
    def test_change_defaults_and_nothing_that_is_set(self):
        assert Experiment.load("demo").table["must_learn"] is False
        fast = load("demo", ["profile=fast"])
        assert fast.table["must_learn"] is True
        assert load("demo", ["profile=fast", "must_learn=false"]).table["must_learn"] is False
        assert fast.search(fast.tasks("tasks", 1), seed=1).settings.must_learn is True
        assert Experiment.of(fast.table).table == fast.table
