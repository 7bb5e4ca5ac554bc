"""Programs of one search, evaluated in other processes: whatever comes back when, it is the search of one.

python examples/process_pool.py
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait

import pyamlz
from pyamlz.search import Asked

LINEAR = pyamlz.Experiment.load("linear").replace(population_size=100, fec={"size": 0})
TASKS = LINEAR.tasks("tasks", seed=7)
EVALUATOR = LINEAR.evaluator(TASKS)  # each process has its own
WORKERS = 2
EVALUATIONS = 2000


def fitness_of(program: pyamlz.Program) -> float:
    """Whatever takes long; here the search's own tasks."""
    return EVALUATOR.evaluate(program).fitness


def main() -> None:
    """Keeps all workers busy, as far as there are programs that do not depend on one another."""
    search = LINEAR.search(TASKS, seed=1)
    out: dict[Future[float], Asked] = {}
    with ProcessPoolExecutor(WORKERS) as pool:
        while (left := EVALUATIONS - search.progress.evaluations) > 0:
            room = min(2 * WORKERS, left) - len(out)
            if room > 0:
                out.update((pool.submit(fitness_of, asked.program), asked) for asked in search.ask(room))
            for future in wait(out, return_when=FIRST_COMPLETED).done:
                search.tell(out.pop(future), future.result())
    print(
        f"{search.progress.evaluations} programs, best fitness {search.best.fitness:.4f}, digest {search.digest:016x}"
    )


if __name__ == "__main__":
    main()
