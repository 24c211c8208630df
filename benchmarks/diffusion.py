"""Classic diffusion: `ks.diffuse` beside what one would otherwise take, on the same networks and to equal outcomes.

    pip install 'kocsim[bench]'                   # the libraries to compare with; whichever is absent is left out
    python benchmarks/diffusion.py                # all of it, about fifteen minutes
    python benchmarks/diffusion.py --quick        # nothing above 100,000 residents, about five
    python benchmarks/diffusion.py --only pynetim # kocsim, the plain loop, and this one

Each library runs in a process of its own, on one thread, and is handed the same two unsorted arrays, source and
target. Times are CPU seconds. Machines are noisy: compare ratios within one run, not seconds between runs. The
command ends with exit code 1 when two libraries disagree on how many a cascade reaches, or when kocsim is slower
than another in a rule that both have: a cascade alone, or loading the network and the first cascade together.
"""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from speed import cpu, peak_memory, show

AGREE = 4.0
"""Standard errors by which two mean shares may differ: by chance once in 16,000 comparisons."""
TIMEOUT = 420
"""Seconds after which a library is stopped; what it has done until then counts."""

ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    )
} | {"STARSIM_INSTALL_FONTS": "0"}  # fmt: skip

RULES = {
    "IC": "independent cascade, one seed whom many hear",
    "LT": "linear threshold, weights 1/in-degree, seeds 1% of all",
    "SIR": "SIR, transmits with beta and recovers with gamma = 0.2 a step, seeds 1% of all, 60 steps",
    "SIR-1": "SIR with gamma = 1 (infectious for one step), one seed, to its end",
}


# -- networks and cases --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One rule on one network: what a library is asked to do."""

    rule: str
    n: int
    p: float
    """Probability a tie and attempt; unused by LT."""
    gamma: float
    """Probability of recovery a step, in (0, 1]."""
    seeds: list[int]
    steps: int | None
    threads: int = 1


@dataclass(frozen=True)
class Network:
    """Arcs as a user has them: two arrays in no order, or a SciPy matrix in compressed rows."""

    n: int
    source: np.ndarray
    target: np.ndarray
    matrix: Any = None

    def rows(self) -> Any:
        """Compressed rows, made here unless they were given."""
        from scipy import sparse

        if self.matrix is not None:
            return self.matrix
        return sparse.csr_array((np.ones(self.source.size, np.uint8), (self.source, self.target)), (self.n, self.n))

    def in_degree(self) -> np.ndarray:
        return np.bincount(self.target, minlength=self.n)

    def graph(self) -> Any:
        import networkx

        graph = networkx.DiGraph()
        graph.add_nodes_from(range(self.n))
        graph.add_edges_from(zip(self.source.tolist(), self.target.tolist(), strict=True))
        return graph


def arcs(n: int, degree: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """About n times `degree` different arcs between random residents, in random order, nobody tied to themselves.

    Resident 0 is heard by n/50 more, at least 1000: the seed of cascades that must not die out at once, because
    NetworKit starts from one node.
    """
    rng = np.random.default_rng(seed)
    hub = min(n - 1, max(n // 50, 1000))
    source = np.concatenate([rng.integers(0, n, n * degree), np.zeros(hub, np.int64)])
    target = (source + rng.integers(1, n, source.size)) % n
    keys = source * n + target
    keys = keys[~repeated(keys)]
    rng.shuffle(keys)
    return (keys // n).astype(np.int32), (keys % n).astype(np.int32)


def repeated(keys: np.ndarray) -> np.ndarray:
    """Which keys occur more than once."""
    ordered = np.sort(keys)
    twice = np.append(ordered[1:][ordered[1:] == ordered[:-1]], -1)
    twice.sort()
    return twice[np.searchsorted(twice, keys).clip(max=twice.size - 1)] == keys


def collaboration(n: int = 15_233, ties: int = 31_400, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """As many authors and ties as NetHEPT (Chen, Wang & Yang 2009), both ways; few have many, drawn by Chung & Lu."""
    rng = np.random.default_rng(seed)
    weight = (np.arange(n) + 10.0) ** -0.5
    a, b = rng.choice(n, (2, 2 * ties), p=weight / weight.sum())
    keys = np.unique(np.minimum(a, b)[a != b] * n + np.maximum(a, b)[a != b])
    keys = rng.permutation(keys)[:ties]
    both = rng.permutation(np.concatenate([keys, keys % n * n + keys // n]))
    return (both // n).astype(np.int32), (both % n).astype(np.int32)


def cases(n: int, degree: int, rules: list[str]) -> list[Case]:
    """Each rule with parameters that carry it to a good part of all residents."""
    some = np.random.default_rng(2).choice(n, n // 100, replace=False).tolist()
    case = {
        "IC": Case("IC", n, 1.3 / degree, 1.0, [0], None),
        "LT": Case("LT", n, 0.0, 1.0, some, None),
        "SIR": Case("SIR", n, 0.3 / degree, 0.2, some, 60),
        "SIR-1": Case("SIR-1", n, 1.3 / degree, 1.0, [0], None),
    }
    return [case[rule] for rule in rules]


# -- the libraries: load a network for a case; prepare `count` cascades from a seed; run them --------------------------

Run = Callable[[], list[int]]
"""Runs the cascades that were prepared, and says how many residents each reached, seeds counted."""
Prepare = Callable[[int, int], Run]


def kocsim(network: Network, case: Case) -> Prepare:
    import kocsim as ks

    if network.matrix is None:
        ties = ks.Ties.from_edges(network.source, network.target, n=network.n)
    else:
        ties = ks.Ties.from_scipy(network.matrix)
    rule = {
        "IC": lambda: ks.rules.IndependentCascade(case.p),
        "LT": lambda: ks.rules.LinearThreshold("equal"),
        "SIR": lambda: ks.rules.SIR(case.p, case.gamma),
        "SIR-1": lambda: ks.rules.SIR(case.p, case.gamma),
    }[case.rule]()

    def prepare(seed: int, count: int) -> Run:
        return lambda: ks.diffuse(
            ties, rule, seeds=case.seeds, steps=case.steps, replicates=count, seed=seed, threads=case.threads
        ).sizes.tolist()

    return prepare


def one_by_one(start: Callable[[int], Callable[[], int]]) -> Prepare:
    """For libraries that run one cascade a call."""

    def prepare(seed: int, count: int) -> Run:
        starts = [start(1000 * seed + k) for k in range(count)]
        return lambda: [run() for run in starts]

    return prepare


def loop(network: Network, case: Case) -> Prepare:
    """The plainest Numba: compressed rows, a queue, NumPy's random numbers, no tricks."""
    rows = network.rows()
    start, target, seeds = rows.indptr, rows.indices, np.array(case.seeds)
    ic, lt, sir = plain_loops()

    def begin(seed: int) -> Callable[[], int]:
        if case.rule == "IC":
            return lambda: ic(start, target, seeds, case.p, seed)
        if case.rule == "LT":
            return lambda: lt(start, target, seeds, weight, seed)
        return lambda: sir(start, target, seeds, case.p, case.gamma, case.steps or network.n, seed)

    if case.rule == "LT":
        weight = 1 / np.maximum(np.bincount(target, minlength=network.n), 1)
    return one_by_one(begin)


@functools.cache
def plain_loops() -> tuple[Any, Any, Any]:
    """The three rules as a user who knows Numba would write them."""
    from numba import njit

    @njit
    def ic(start, target, seeds, p, seed):  # type: ignore[no-untyped-def]
        np.random.seed(seed)
        n = len(start) - 1
        adopted = np.zeros(n, np.bool_)
        queue = np.empty(n, np.int64)
        tail = 0
        for i in seeds:
            adopted[i] = True
            queue[tail] = i
            tail += 1
        head = 0
        while head < tail:
            i = queue[head]
            head += 1
            for k in range(start[i], start[i + 1]):
                j = target[k]
                if not adopted[j] and np.random.random() < p:
                    adopted[j] = True
                    queue[tail] = j
                    tail += 1
        return tail

    @njit
    def lt(start, target, seeds, weight, seed):  # type: ignore[no-untyped-def]
        np.random.seed(seed)
        n = len(start) - 1
        threshold = np.random.random(n)
        pressure = np.zeros(n)
        adopted = np.zeros(n, np.bool_)
        queue = np.empty(n, np.int64)
        tail = 0
        for i in seeds:
            adopted[i] = True
            queue[tail] = i
            tail += 1
        head = 0
        while head < tail:
            i = queue[head]
            head += 1
            for k in range(start[i], start[i + 1]):
                j = target[k]
                if not adopted[j]:
                    pressure[j] += weight[j]
                    if pressure[j] >= threshold[j]:
                        adopted[j] = True
                        queue[tail] = j
                        tail += 1
        return tail

    @njit
    def sir(start, target, seeds, beta, gamma, steps, seed):  # type: ignore[no-untyped-def]
        np.random.seed(seed)
        n = len(start) - 1
        touched = np.zeros(n, np.bool_)
        infected = np.empty(n, np.int64)
        count = 0
        for i in seeds:
            touched[i] = True
            infected[count] = i
            count += 1
        ever = count
        for _ in range(steps):
            if count == 0:
                break
            before = count
            for a in range(before):
                i = infected[a]
                for k in range(start[i], start[i + 1]):
                    j = target[k]
                    if not touched[j] and np.random.random() < beta:
                        touched[j] = True
                        infected[count] = j
                        count += 1
            ever += count - before
            kept = 0
            for a in range(count):
                if a >= before or np.random.random() >= gamma:
                    infected[kept] = infected[a]
                    kept += 1
            count = kept
        return ever

    return ic, lt, sir


def cynetdiff(network: Network, case: Case) -> Prepare:
    """CyNetDiff takes compressed rows: unsigned numbers, no last offset."""
    from cynetdiff.models import IndependentCascadeModel, LinearThresholdModel

    rows = network.rows()
    start, target = rows.indptr[:-1].astype(np.uint32), rows.indices.astype(np.uint32)
    if case.rule == "IC":
        model = IndependentCascadeModel(start, target, activation_prob=case.p)
    else:
        influence = (1 / np.maximum(np.bincount(target, minlength=network.n), 1)).astype(np.float32)[target]
        model = LinearThresholdModel(start, target, influence=influence)
    model.set_seeds(case.seeds)

    def begin(seed: int) -> Callable[[], int]:
        def run() -> int:
            model.set_rng(seed)
            model.reset_model()
            model.advance_until_completion()
            return int(model.get_num_activated_nodes())

        return run

    return one_by_one(begin)


def pynetim(network: Network, case: Case) -> Prepare:
    """PyNetIM takes a list of pairs. Its SIR enters those who stay infected twice at every step: another rule."""
    from pynetim import IMGraph, IndependentCascadeModel, LinearThresholdModel

    weights: float | list[float] = case.p
    if case.rule == "LT":
        weights = (1 / np.maximum(network.in_degree(), 1))[network.target].tolist()
    pairs = list(zip(network.source.tolist(), network.target.tolist(), strict=True))
    graph = IMGraph(pairs, weights=weights, directed=True, renumber=False)
    model = (IndependentCascadeModel if case.rule == "IC" else LinearThresholdModel)(graph, set(case.seeds))

    def prepare(seed: int, count: int) -> Run:
        if case.threads == 1:
            return lambda: [model.run_single_simulation(1000 * seed + k) for k in range(count)]
        return lambda: [model.run_monte_carlo_diffusion(count, seed, True, case.threads)]  # tells the mean alone

    return prepare


def networkit(network: Network, case: Case) -> Prepare:
    """NetworKit has susceptible, exposed, infectious, removed; fixed times; one seed; residents updated in place.

    With no exposed and no infectious time, everybody infected sweeps their ties once and is removed: SIR with
    gamma = 1. Who is infected by somebody with a higher number does so a step later, which delays a cascade by half,
    but does not change whom it reaches in the end; hence more of its steps.
    """
    import networkit as nk

    nk.setNumberOfThreads(1)
    if network.matrix is None:
        graph = nk.GraphFromCoo((network.source, network.target), n=network.n, directed=True)
    else:
        graph = nk.GraphFromCsr(network.matrix, directed=True)

    def begin(seed: int) -> Callable[[], int]:
        model = nk.simulation.EpidemicSimulationSEIR(graph, 140, case.p, 0, 0, case.seeds[0])

        def run() -> int:
            nk.setSeed(seed, False)
            model.run()
            return removed(model)

        return run

    def removed(model: Any) -> int:
        end = model.getData().tail(4).set_index("state")["count"]
        if end[1] or end[2]:
            raise RuntimeError("NetworKit's cascade has not ended after 140 steps.")
        return int(end[3])

    return one_by_one(begin)


def starsim(network: Network, case: Case) -> Prepare:
    """In Starsim who falls ill at a step attempts at the next ones; seeds, who are ill before the first, at that too.

    A time to recovery of 1 + G steps then gives G attempts, as everywhere else; a seed's is one shorter. A simulation
    runs once, so each cascade has its own; making it does not count, but for the first one.
    """
    import starsim as ss
    from scipy import stats

    class Fixed(ss.Network):  # type: ignore[misc]
        def step(self) -> None:
            pass

    ss.options.crn = False  # draws made to be alike across scenarios take longer
    ties = {"p1": network.source, "p2": network.target, "beta": np.ones(network.source.size, np.float32)}

    def begin(seed: int) -> Callable[[], int]:
        sim = ss.Sim(
            n_agents=network.n,
            networks=Fixed(name="ties", **ties),
            diseases=ss.SIR(
                beta={"ties": [case.p, 0]}, init_prev=0, p_death=0,
                dur_inf=ss.Dist(dist=stats.geom, p=case.gamma, loc=1),
            ),
            dt=1, dur=(case.steps or network.n) - 1, rand_seed=seed, copy_inputs=False, verbose=0,
        )  # fmt: skip
        sim.init()
        sir = sim.diseases[0]
        seeds = ss.uids(case.seeds)
        sir.set_prognoses(seeds)
        sir.ti_recovered[seeds] = sir.ti_recovered[seeds] - 1

        def run() -> int:
            sim.run()
            return network.n - int(np.count_nonzero(sir.susceptible.values))

        return run

    return one_by_one(begin)


def eon(network: Network, case: Case) -> Prepare:
    """EoN's rule with gamma = 1 is `basic_discrete_SIR`; for others its event-driven one is given geometric times."""
    import EoN

    graph = network.graph()

    def begin(seed: int) -> Callable[[], int]:
        rng = np.random.default_rng(seed)

        def times(_: int, neighbours: list[int]) -> tuple[dict[int, int], int]:
            last = int(rng.geometric(case.gamma))
            delays = rng.geometric(case.p, len(neighbours)).tolist()
            return {j: delay for j, delay in zip(neighbours, delays, strict=True) if delay <= last}, last

        def run() -> int:
            if case.gamma == 1:
                _, s, _, _ = EoN.basic_discrete_SIR(graph, case.p, initial_infecteds=case.seeds, rng=rng)
            else:
                _, s, _, _ = EoN.fast_nonMarkov_SIR(
                    graph, trans_and_rec_time_fxn=times, initial_infecteds=case.seeds, tmax=case.steps, rng=rng
                )
            return network.n - int(s[-1])

        return run

    return one_by_one(begin)


def ndlib(network: Network, case: Case) -> Prepare:
    """NDlib takes a networkx graph; its rules are those of kocsim, its threshold model with thresholds drawn here."""
    from ndlib.models import ModelConfig
    from ndlib.models.epidemics import IndependentCascadesModel, SIRModel, ThresholdModel

    graph = network.graph()
    model = {"IC": IndependentCascadesModel, "LT": ThresholdModel, "SIR": SIRModel}[case.rule](graph)
    config = ModelConfig.Configuration()
    config.add_model_initial_configuration("Infected", case.seeds)
    if case.rule == "IC":
        for arc in graph.edges:
            config.add_edge_configuration("threshold", arc, case.p)
    if case.rule == "SIR":
        config.add_model_parameter("beta", case.p)
        config.add_model_parameter("gamma", case.gamma)
    if case.rule == "LT":
        for i in range(network.n):
            config.add_node_configuration("threshold", i, 1.0)
    model.set_initial_status(config)

    def begin(seed: int) -> Callable[[], int]:
        thresholds = dict(enumerate(np.random.default_rng(seed).random(network.n)))

        def run() -> int:
            np.random.seed(seed)
            model.reset(infected_nodes=case.seeds)
            if case.rule == "LT":
                model.params["nodes"]["threshold"] = thresholds
            model.iteration(node_status=False)
            for _ in range(case.steps or network.n):
                state = model.iteration(node_status=False)
                counts, change = state["node_count"], state["status_delta"]
                if (change[1] if case.rule == "LT" else counts[1]) == 0:
                    break
            return network.n - int(counts[0])

        return run

    return one_by_one(begin)


@dataclass(frozen=True)
class Library:
    """What a library can be asked, and where it is left out."""

    adapter: Callable[[Network, Case], Prepare]
    packages: tuple[str, ...]
    largest: dict[str, int]
    """Rule -> most arcs it is given."""
    why: str = ""
    """Why it is given no more."""
    rows: bool = False
    """Whether it also takes compressed rows as they are."""


EVERYTHING = dict.fromkeys(RULES, 10**9)
LIBRARIES = {
    "kocsim": Library(kocsim, ("kocsim",), EVERYTHING, rows=True),
    "loop": Library(loop, ("numba",), EVERYTHING, rows=True),
    "CyNetDiff": Library(
        cynetdiff, ("cynetdiff",), {"IC": 10**9, "LT": 3 * 10**7}, "hash tables: a minute a cascade at 100M arcs", True
    ),
    "pynetim": Library(
        pynetim, ("pynetim",), dict.fromkeys(("IC", "LT"), 3 * 10**7),
        "a Python tuple and an entry in a hash table for each arc: 5 GB and a minute at 20M arcs",
    ),
    "NetworKit": Library(networkit, ("networkit",), {"SIR-1": 3 * 10**7}, "half a minute to load 20M arcs", True),
    "Starsim": Library(starsim, ("starsim",), {"SIR": 3 * 10**7}, "20 s a cascade at 20M arcs"),
    "EoN": Library(eon, ("EoN", "networkx"), dict.fromkeys(("SIR", "SIR-1"), 3 * 10**6), "networkx: 300 B an arc"),
    "NDlib": Library(
        ndlib, ("ndlib", "networkx"), {"IC": 3 * 10**6, "SIR": 3 * 10**6, "LT": 10**5},
        "networkx: 300 B an arc, and every node visited at every step, of which a linear threshold takes hundreds",
    ),
}  # fmt: skip


# -- one library in a process of its own -----------------------------------------------------------------------------


def work(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Load, run until the time is up, and tell; a line of JSON a rule."""
    library = LIBRARIES[job["library"]]
    yield {"versions": {name: importlib.metadata.version(name) for name in library.packages}}
    warm_up(library, {case["rule"] for case in job["cases"]})
    folder = Path(job["folder"])
    network = Network(job["n"], np.load(folder / "source.npy"), np.load(folder / "target.npy"))
    for asked in job["cases"]:
        yield measure(library, network, Case(**asked), job)


def warm_up(library: Library, rules: set[str]) -> None:
    """Whatever is imported, compiled or fetched from a cache at first use, before any clock runs."""
    tiny = Network(1000, *arcs(1000, 5))
    for rule in rules:
        case = cases(1000, 5, [rule])[0]
        library.adapter(tiny, case)(1, 2)()
        if library.rows:
            library.adapter(Network(tiny.n, tiny.source, tiny.target, tiny.rows()), case)


def measure(library: Library, network: Network, case: Case, job: dict[str, Any]) -> dict[str, Any]:
    """CPU seconds to load, and of each cascade."""
    result: dict[str, Any] = {"rule": case.rule, "load": [], "rows": [], "whole": [], "cascade": [], "sizes": []}
    most_loads = job["loads"]
    first = 0.0
    prepare: Any = None
    while len(result["load"]) < most_loads and sum(result["load"]) < 5:
        prepare = run = None  # lets go of the network before
        start = time.process_time()
        prepare = library.adapter(network, case)
        run = prepare(len(result["load"]) + 1, 1)
        loaded = time.process_time()
        result["sizes"] += run()
        result["whole"].append(time.process_time() - start)
        result["load"].append(loaded - start)
        first = time.process_time() - loaded
    result["peak"] = peak_memory()
    count, block, spent = 1, 0, first
    timed: dict[int, list[float]] = {1: [first]} if first > job["seconds"] else {}
    while len(result["sizes"]) < job["replicates"] and (spent < job["seconds"] or not timed):
        block += 1
        run = prepare(100 + block, count)
        start, wall = time.process_time(), time.perf_counter()
        sizes = run()
        took = time.process_time() - start
        spent += max(took, time.perf_counter() - wall)
        timed.setdefault(count, []).append(took / count)
        result["sizes"] += sizes
        if took < 0.05:  # calls too short to time: more cascades in each
            count = min(4 * count, job["replicates"])
    result["cascade"] = timed[max(timed)]
    if library.rows and most_loads > 1:
        rows = Network(network.n, network.source, network.target, network.rows())
        for _ in range(2):
            start = time.process_time()
            library.adapter(rows, case)
            result["rows"].append(time.process_time() - start)
    return result


def replicates(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Many cascades in one go, on one thread and on two: CPU and wall seconds."""
    folder = Path(job["folder"])
    network = Network(job["n"], np.load(folder / "source.npy"), np.load(folder / "target.npy"))
    for asked in job["cases"]:
        case = Case(**asked)
        prepare = LIBRARIES[job["library"]].adapter(network, case)
        prepare(1, 100)()
        run = prepare(2, job["replicates"])
        start, wall = time.process_time(), time.perf_counter()
        sizes = run()
        seconds = time.process_time() - start, time.perf_counter() - wall
        yield {"rule": case.rule, "threads": case.threads, "sizes": sizes, "cpu": seconds[0], "wall": seconds[1]}


def grow(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rounds over networks of several sizes: what a busy machine does to one, it does to the next as well."""
    networks = []
    for (n, _), place in zip(job["points"], job["folders"], strict=True):
        networks.append(Network(n, np.load(Path(place) / "source.npy"), np.load(Path(place) / "target.npy")))
    for rule in job["rules"]:
        prepared = {
            library: [
                LIBRARIES[library].adapter(network, cases(n, degree, [rule])[0])
                for network, (n, degree) in zip(networks, job["points"], strict=True)
            ]
            for library in ("kocsim", "loop")
        }
        seconds: dict[str, list[list[float]]] = {library: [] for library in prepared}
        begun = time.process_time()
        turn = 0
        while turn < 4 or (time.process_time() - begun < job["seconds"] and turn < 40):
            for library, networks_prepared in prepared.items():
                row = []
                for prepare in networks_prepared:
                    run = prepare(turn, 1)
                    start = time.process_time()
                    run()
                    row.append(time.process_time() - start)
                seconds[library].append(row)
            turn += 1
        yield {"rule": rule, "seconds": {library: rows[1:] for library, rows in seconds.items()}}  # the first warms up


KINDS = {"work": work, "replicates": replicates, "growth": grow}


def worker(job: dict[str, Any]) -> int:
    """Entry of the process: lines of JSON to the end of its output."""
    try:
        for line in KINDS[job["kind"]](job):
            print("\n" + json.dumps(line), flush=True)
    except (ImportError, importlib.metadata.PackageNotFoundError) as error:
        print("\n" + json.dumps({"absent": str(error)}), flush=True)
    return 0


def ask(job: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """Run a job in its own process: what it told, and what went wrong."""
    process = subprocess.Popen(
        [sys.executable, os.path.abspath(__file__), "--worker"], text=True, errors="replace",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | ONE_THREAD,
    )  # fmt: skip
    trouble = ""
    try:
        out, err = process.communicate(json.dumps(job), timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        trouble = f"stopped after {TIMEOUT} s"
    if process.returncode and not trouble:
        trouble = (err.strip().splitlines() or [f"ended with code {process.returncode}"])[-1][:200]
    lines = []
    for line in out.splitlines():
        if line.startswith("{") and line.endswith("}"):
            lines.append(json.loads(line))
            trouble = trouble or lines[-1].get("absent", "")
    return lines, trouble


# -- tables ----------------------------------------------------------------------------------------------------------


@dataclass
class Verdicts:
    """What has been compared: the benchmark fails when one of them is not as it should be."""

    failed: int = 0

    def say(self, good: bool, text: str) -> None:
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {text}")


def save(folder: Path, source: np.ndarray, target: np.ndarray) -> Path:
    folder.mkdir()
    np.save(folder / "source.npy", source)
    np.save(folder / "target.npy", target)
    return folder


def differ(a: list[int], b: list[int]) -> float:
    """Standard errors between two means of the same law: its spread from the longer list."""
    spread = statistics.stdev(a if len(a) > len(b) else b)
    gap = statistics.fmean(a) - statistics.fmean(b)
    return gap / (max(spread, 1e-9) * math.sqrt(1 / len(a) + 1 / len(b)))


def compare(
    folder: Path, name: str, n: int, degree: int, libraries: list[str], rules: list[str], verdicts: Verdicts,
    seconds: float, replicates: int = 50, loads: int = 3, gates: bool = True,
) -> None:  # fmt: skip
    """All libraries on one network: a table a rule, then the verdicts."""
    source, target = arcs(n, degree)
    where = save(folder / name, source, target)
    print(f"\n== {name}: {n:,} residents, {source.size:,} arcs " + "=" * 60)
    told: dict[str, dict[str, dict[str, Any]]] = {rule: {} for rule in rules}
    for library in libraries:
        largest = LIBRARIES[library].largest
        takes = [rule for rule in rules if source.size <= largest.get(rule, 0)]
        missing = [rule for rule in rules if rule in largest and rule not in takes]
        if missing:
            print(f"{library}: {', '.join(missing)} left out at this size ({LIBRARIES[library].why})")
        if not takes:
            continue
        job = {
            "kind": "work", "library": library, "folder": str(where), "n": n, "seconds": seconds, "loads": loads,
            "replicates": replicates, "cases": [asdict(case) for case in cases(n, degree, takes)],
        }  # fmt: skip
        lines, trouble = ask(job)
        if trouble:
            print(f"{library}: {'absent, ' if any('absent' in line for line in lines) else ''}{trouble}")
            if library in ("kocsim", "loop"):
                verdicts.say(False, f"{library} ran")
        for line in lines:
            if "rule" in line:
                told[line["rule"]][library] = line
    for rule in rules:
        table(rule, n, told[rule], loads > 1)
    for rule in rules:
        judge(f"{rule}, {name}", told[rule], verdicts, gates)
    for file in where.iterdir():
        file.unlink()


def table(rule: str, n: int, told: dict[str, dict[str, Any]], loading: bool) -> None:
    """Times beside each other. Ratios are to kocsim's."""
    print(f"\n{rule}: {RULES[rule]}")
    print(
        f"{'':10} {'load, s':>9} {'from CSR':>9} {'a cascade, ms':>21} {'load + first':>13} {'peak, GiB':>10}"
        f" {'reached':>17} {'cascade':>11} {'load + first':>13}"
    )
    own = told.get("kocsim")
    for library, line in told.items():
        cascade, whole = statistics.median(line["cascade"]), statistics.median(line["whole"])
        rows = f"{statistics.median(line['rows']):9.3f}" if line["rows"] else " " * 9
        mean = statistics.fmean(line["sizes"]) / n
        spread = statistics.stdev(line["sizes"]) / n if len(line["sizes"]) > 1 else 0.0
        text = (
            f"{library:10} {statistics.median(line['load']):9.3f} {rows} {show(line['cascade'], 1e3):>21}"
            f" {whole:11.3f} s {line['peak'] / 2**30:10.2f} {mean:7.2%} ± {spread:6.2%}"
        )
        if own:
            alone = cascade / statistics.median(own["cascade"])
            both = whole / statistics.median(own["whole"])
            text += f" {alone:8.1f} x " + (f" {both:10.1f} x" if loading else "")
        print(f"{text}   {len(line['sizes'])} cascades")


def judge(where: str, told: dict[str, dict[str, Any]], verdicts: Verdicts, gates: bool) -> None:
    """Equal outcomes, and nobody faster than kocsim."""
    reference = "kocsim" if "kocsim" in told else "loop"
    own = told.get(reference)
    for library, line in told.items():
        if own is None or library == reference:
            continue
        if max(len(line["sizes"]), len(own["sizes"])) >= 20 and not (gates and where.startswith("LT")):
            # a few cascades cannot settle LT: whole components of a million are reached or not
            gap = differ(line["sizes"], own["sizes"])
            told_apart = f"{where}: {library} and {reference} reach as many, {gap:+.1f} standard errors"
            verdicts.say(abs(gap) <= AGREE, told_apart)
        if gates and reference == "kocsim":
            for part, name in (("cascade", "a cascade"), ("whole", "loading and the first cascade")):
                ratio = statistics.median(line[part]) / statistics.median(own[part])
                verdicts.say(ratio >= 1, f"{where}: {name} takes {library} {ratio:.2f} times as long as kocsim")


def thousands(folder: Path, libraries: list[str], count: int, verdicts: Verdicts) -> None:
    """Many replicates of a small network, on one thread and on two."""
    n = 15_233
    source, target = collaboration(n)
    where = save(folder / "collaboration", source, target)
    seeds = np.argsort(-np.bincount(source, minlength=n), kind="stable")[:50].tolist()
    print(f"\n== {count:,} replicates: {n:,} residents, {source.size:,} arcs, 50 seeds with most ties " + "=" * 20)
    print(f"{'':10} threads rule   CPU, s   wall, s  reached  ms CPU a cascade")
    told: dict[tuple[str, int], dict[str, dict[str, Any]]] = {}
    for library in [name for name in libraries if name in ("kocsim", "loop", "CyNetDiff", "pynetim")]:
        both = [
            Case(rule, n, p, 1.0, seeds, None, threads)
            for threads in ((1, 2) if library in ("kocsim", "pynetim") else (1,))
            for rule, p in (("IC", 0.1), ("LT", 0.0))
        ]
        job = {
            "kind": "replicates", "library": library, "folder": str(where), "n": n, "replicates": count,
            "cases": [asdict(case) for case in both],
        }  # fmt: skip
        lines, trouble = ask(job)
        if trouble:
            print(f"{library}: {trouble}")
        for line in lines:
            if "rule" not in line:
                continue
            told.setdefault((line["rule"], line["threads"]), {})[library] = line
            print(
                f"{library:10} {line['threads']:7} {line['rule']:4} {line['cpu']:8.2f} {line['wall']:9.2f}"
                f"  {statistics.fmean(line['sizes']) / n:7.2%} {line['cpu'] / count * 1e3:17.3f}"
            )
    for (rule, threads), libraries_told in told.items():
        own = libraries_told.get("kocsim")
        for library, line in libraries_told.items():
            if own is None or library == "kocsim":
                continue
            name = f"{rule}, {count:,} replicates, {threads} {'thread' if threads == 1 else 'threads'}"
            ratio = line["cpu"] / own["cpu"]
            verdicts.say(ratio >= 1, f"{name}: {library} takes {ratio:.2f} times the CPU of kocsim")
            if threads == 1:  # on two, pynetim tells no more than the mean
                gap = differ(line["sizes"], own["sizes"])
                verdicts.say(abs(gap) <= AGREE, f"{name}: {library} reaches as many, {gap:+.1f} standard errors")
    for rule in ("IC", "LT"):
        if "kocsim" in told.get((rule, 2), {}) and "kocsim" in told.get((rule, 1), {}):
            one, two = told[rule, 1]["kocsim"], told[rule, 2]["kocsim"]
            print(
                f"{rule}: two threads are {one['wall'] / two['wall']:.2f} times as fast as one by the wall clock,"
                f" having had {two['cpu'] / two['wall']:.2f} processors (one: {one['cpu'] / one['wall']:.2f})"
            )
            verdicts.say(one["sizes"] == two["sizes"], f"{rule}: the same replicates on one thread and two")


def growth(folder: Path, largest: int) -> None:
    """How the time of a cascade grows with residents and with ties a resident, for kocsim and for the plain loop.

    Beyond the processor's caches any method takes longer for each tie, so the loop says what to expect.
    """
    rules = ["IC", "LT", "SIR"]
    sizes = [largest // 10, round(largest / 10**0.5), largest]
    fixed = largest // 5
    for what, points in (
        ("residents", [(n, 20) for n in sizes]),
        ("ties", [(fixed, degree) for degree in (5, 10, 20, 50, 100)]),
    ):
        places = [str(save(folder / f"{what} {n} {degree}", *arcs(n, degree))) for n, degree in points]
        lines, trouble = ask({"kind": "growth", "rules": rules, "points": points, "folders": places, "seconds": 12})
        if trouble:
            print(f"growth in {what}: {trouble}")
        print(f"\n== growth in {what}: least CPU ms a cascade " + "=" * 57)
        print(f"{'':12} {'residents':>9} " + " ".join(f"{n:10,}" for n, _ in points) + "  exponent: median (min, max)")
        print(f"{'':12} {'ties each':>9} " + " ".join(f"{degree:10}" for _, degree in points))
        along = [math.log(n if what == "residents" else degree) for n, degree in points]
        for line in lines:
            for library, rounds in line["seconds"].items():
                slopes = [statistics.linear_regression(along, [math.log(x) for x in row]).slope for row in rounds]
                least = " ".join(f"{min(column) * 1e3:10.2f}" for column in zip(*rounds, strict=True))
                print(
                    f"{line['rule']:4} {library:7} {'':9} {least}"
                    f"  {statistics.median(slopes):.2f} ({min(slopes):.2f}, {max(slopes):.2f}) in {len(slopes)} rounds"
                )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="nothing above 100,000 residents")
    parser.add_argument("--only", metavar="LIB", help=f"kocsim, loop and one of {', '.join(list(LIBRARIES)[2:])}")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return worker(json.load(sys.stdin))
    libraries = list(LIBRARIES)
    if options.only:
        known = {name.lower(): name for name in libraries}
        if options.only.lower() not in known:
            parser.error(f"--only must be one of {', '.join(libraries)}; got {options.only!r}.")
        chosen = known[options.only.lower()]
        libraries = ["kocsim", "loop"] + [chosen] * (chosen not in ("kocsim", "loop"))

    print(f"{date.today()}, {cpu()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    for library in libraries:
        versions = []
        for name in LIBRARIES[library].packages:
            try:
                versions.append(f"{name} {importlib.metadata.version(name)}")
            except importlib.metadata.PackageNotFoundError:
                versions.append(f"{name} absent")
        print(f"  {library:10} {', '.join(versions)}")
    begun = time.perf_counter()
    verdicts = Verdicts()
    rules = list(RULES)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        compare(folder, "equal outcomes", 2000, 20, libraries, rules, verdicts, 8, 4000, 1, gates=False)
        compare(folder, "small", 100_000, 20, libraries, rules, verdicts, 2)
        if not options.quick:
            compare(folder, "large", 1_000_000, 20, libraries, rules, verdicts, 4)
            compare(folder, "dense", 1_000_000, 100, libraries, ["IC", "LT"], verdicts, 5)
        thousands(folder, libraries, 2_000 if options.quick else 10_000, verdicts)
        growth(folder, 100_000 if options.quick else 1_000_000)
    print(f"\n{time.perf_counter() - begun:.0f} s in all, {sum(os.times()[:4]):.0f} s of them CPU")
    print(f"{verdicts.failed} failed" if verdicts.failed else "all as it should be")
    return int(verdicts.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
