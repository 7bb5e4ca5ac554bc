"""Islands on Ray: the bits of islands on threads, on however many nodes, whatever dies."""

import random
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import rays

from pyamlz import InputError, Islands, SearchError, archive, lab
from pyamlz.lab import RaySearch
from pyamlz.lab._ray import _connect, _mix, _share

ray = pytest.importorskip("ray", reason="Ray has no wheel for this Python, or is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own
TOTAL, EVERY = 150_000, 5_000
SECONDS = 240  # for a test


@pytest.fixture(autouse=True)
def in_time():
    """Ends a test that hangs."""

    def late(number, frame):
        raise TimeoutError(f"not done within {SECONDS} s")

    former = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, former)


@pytest.fixture(scope="module")
def cluster():
    with rays.cluster() as made:
        yield made


@pytest.fixture(scope="module")
def alone():
    """Islands on threads that ran undisturbed."""
    islands = Islands(rays.searches(), seed=5, every_evaluations=EVERY)
    islands.run(max_evaluations=TOTAL)
    return islands


def on_ray(variants=("auto",), **options):
    return RaySearch(rays.searches(variants=variants), seed=5, every_evaluations=EVERY, **options)


class Disturbance:
    """Does something at so many evaluations, the same on each of them."""

    def __init__(self, counts, what):
        self.counts, self.what, self.done = list(counts), what, 0

    def __call__(self, progress):
        if self.counts and progress.evaluations >= self.counts[0]:
            self.counts.pop(0)
            self.done += 1
            self.what()


class TestTheSameBits:
    @pytest.mark.parametrize("nodes", [1, 2, 3])
    def test_on_so_many_nodes(self, cluster, alone, nodes):
        rays.grow(cluster, nodes)
        islands = on_ray()
        result = islands.run(max_evaluations=TOTAL)
        assert result.stop_reason == "max_evaluations"
        assert islands.digest == alone.digest
        assert archive.encode(islands.checkpoint()) == archive.encode(alone.checkpoint())
        assert (islands.best, islands.hall_of_fame, islands.history) == (alone.best, alone.hall_of_fame, alone.history)
        assert list(islands.population) == list(alone.population)
        assert result.evaluations == TOTAL
        assert [part.evaluations for part in result.progress.islands] == [TOTAL // 3] * 3

    def test_by_other_kernels_on_each_island_stopped_at_any_count(self, cluster, alone):
        islands = on_ray(variants=("baseline", "auto"))
        assert islands.run(max_evaluations=TOTAL, callbacks=[lambda progress: True]).stop_reason == "callback"
        islands.run(max_evaluations=TOTAL - islands.progress.evaluations)
        assert islands.digest == alone.digest

    def test_of_a_checkpoint_that_goes_on_here_and_there(self, cluster, alone, tmp_path):
        islands = on_ray()
        islands.run(max_evaluations=TOTAL // 3 + 7)
        islands.save(tmp_path / "1.amlz")
        threads = Islands.load(tmp_path / "1.amlz")
        threads.run(max_evaluations=TOTAL // 3)
        threads.save(tmp_path / "2.amlz")
        islands = RaySearch.load(tmp_path / "2.amlz")
        islands.run(max_evaluations=TOTAL - islands.progress.evaluations)
        assert islands.digest == alone.digest


class TestFaults:
    @pytest.mark.parametrize("every_seconds", [0, 60])
    def test_islands_and_migrations_killed_at_random_instants(self, cluster, alone, every_seconds):
        draw = random.Random(f"kill {every_seconds}")
        victims = Disturbance(
            sorted(draw.sample(range(1000, TOTAL * 2 // 3), 3)), lambda: rays.kill(draw.choice(rays.workers(cluster)))
        )
        islands = on_ray(every_seconds=every_seconds)
        islands.run(max_evaluations=TOTAL, callbacks=[victims])
        assert victims.done > 0
        assert islands.digest == alone.digest

    def test_island_that_dies_between_two_runs_or_while_it_is_read(self, cluster, alone):
        islands = on_ray()
        islands.run(max_evaluations=TOTAL // 2)
        for pid in rays.workers(cluster):
            rays.kill(pid)
        half = islands.digest
        for pid in rays.workers(cluster):
            rays.kill(pid)
        assert len(islands.population) == 90
        assert half == islands.digest
        islands.run(max_evaluations=TOTAL - TOTAL // 2)
        assert islands.digest == alone.digest

    def test_node(self, cluster, alone):
        rays.grow(cluster, 2)
        node = cluster.list_all_nodes()[-1]
        lost = Disturbance([TOTAL // 4], lambda: cluster.remove_node(node, allow_graceful=False))
        islands = on_ray()
        islands.run(max_evaluations=TOTAL, callbacks=[lost])
        assert lost.done == 1
        assert islands.digest == alone.digest

    def test_what_an_island_raises_is_not_tried_again(self, cluster):
        islands = on_ray()
        islands.run(max_evaluations=100)
        with pytest.raises(AttributeError, match="nonsense"):
            islands._remote[0]._read("nonsense")

    def test_faults_without_end(self, cluster, monkeypatch):
        monkeypatch.setattr("pyamlz.lab._ray._MOST_FAULTS", 1)
        islands = on_ray()
        islands.run(max_evaluations=100)
        dead = ray.exceptions.RayError("dead")
        islands._recover(dead)
        with pytest.raises(SearchError, match="2 faults without getting on"):
            islands._recover(dead)

    def test_driver(self, cluster, tmp_path):
        """A run of experiments whose process is killed goes on without Ray, to the bytes of one that had none."""
        words = ["-m", "pyamlz", "search", "linear", "--seed", "3", "--islands", "3", "--set", "migration.every=5000"]
        words += ["--set", "sufficient_fitness=1.0", "--max-evaluations", "400000", "--quiet", "--every-seconds", "0.2"]
        killed, whole = tmp_path / "killed.amlz", tmp_path / "whole.amlz"
        again = ["--ray", cluster.address, "--checkpoint", str(killed)]
        process = subprocess.Popen([sys.executable, *words, *again], stdout=subprocess.DEVNULL)
        try:
            first = None
            while process.poll() is None:
                if killed.exists():
                    first = first or killed.read_bytes()
                    if killed.read_bytes() != first:
                        break
                time.sleep(0.05)
        finally:
            process.kill()
            process.wait()
        for command in ([*words, "--checkpoint", str(whole)], ["-m", "pyamlz", "resume", str(killed), "--quiet"]):
            subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL, timeout=SECONDS)
        assert killed.read_bytes() == whole.read_bytes()


class TestExperiments:
    def test_run(self, cluster):
        experiment = lab.Experiment.load("linear").replace(islands=2, migration={"every": 1000})
        runs = [lab.run(experiment, seed=1, max_evaluations=20_000, ray=address) for address in ("auto", None)]
        assert runs[0].program == runs[1].program
        assert runs[0].evaluations == runs[1].evaluations

    def test_needs_islands(self):
        with pytest.raises(InputError, match="ray: expected an experiment with islands, 2 or more, got 1"):
            lab.run(lab.Experiment.load("linear"), seed=1, max_evaluations=100, ray="auto")


class TestParts:
    def test_mix(self):
        assert _mix([[(1, 0), (0, 1)], [(1, 1)]], [b"a", b"b"], [b"c", b"d"]) == [[b"c", b"b"], [b"d"]]

    @pytest.mark.parametrize(
        ("processors", "islands", "threads", "share"),
        [(4, 4, 1, 1.0), (8, 4, 2, 2.0), (2, 3, 1, 0.5), (2, 6, 1, 0.3333), (0, 2, 1, 0.5), (4, 4, 2, 1.0)],
    )
    def test_processors_that_an_island_asks_for(self, processors, islands, threads, share):
        assert _share(processors, islands, threads) == share

    def test_no_cluster_at_the_address(self):
        def init(**options):
            raise ConnectionError("nobody answers")

        fake = SimpleNamespace(is_initialized=lambda: False, init=init)
        with pytest.raises(InputError, match="local, or the address of a cluster, got 'there:1': nobody answers"):
            _connect(fake, "there:1")
