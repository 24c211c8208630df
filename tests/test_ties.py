"""Reading networks: every importer against a plain dictionary of edges, and every refusal."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kocsim import packing
from kocsim.errors import DataError, FileError
from kocsim.packing import MAX_RESIDENTS
from kocsim.ties import Ties

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
real_data = pytest.mark.skipif(not SHARED.is_dir(), reason=f"real networks are not at {SHARED}")

Edge = tuple[int, int, int]  # source, target, strength byte
Arcs = dict[tuple[int, int], int]

N = 7
modest = settings(deadline=None, max_examples=40)  # the first example pays for imports
EDGES = st.lists(
    st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), st.integers(0, 255)), max_size=40
)
NAMES = ["王", "Li", "zhang", "a", "", "10", "9"]  # in no order


def expected(edges: list[Edge], directed: bool = True) -> tuple[Arcs, dict[str, int]]:
    """What an import must give, worked out one edge at a time."""
    arcs: Arcs = {}
    listed = set()
    dropped = {"self_ties": 0, "duplicates": 0}
    for source, target, byte in edges:
        if source == target:
            dropped["self_ties"] += 1
            continue
        dropped["duplicates"] += (source, target) in listed
        listed.add((source, target))
        for arc in [(source, target)] if directed else [(source, target), (target, source)]:
            arcs[arc] = max(arcs.get(arc, 0), byte)
    return arcs, dropped


def arcs_of(ties: Ties) -> Arcs:
    """Read the arrays as the class documents them; rows must ascend without repeats."""
    arcs: Arcs = {}
    assert ties.offsets.dtype == np.int64 and ties.ties.dtype == np.uint32
    assert ties.offsets[0] == 0 and ties.offsets[-1] == len(ties.ties)
    for source in range(len(ties.offsets) - 1):
        words = [int(w) for w in ties.ties[ties.offsets[source] : ties.offsets[source + 1]]]
        receivers = [w & 0xFFFFFF for w in words]
        assert receivers == sorted(set(receivers))
        for word in words:
            arcs[source, word & 0xFFFFFF] = word >> 24
    return arcs


def columns(edges: list[Edge]) -> tuple[list[int], list[int], list[float]]:
    return [e[0] for e in edges], [e[1] for e in edges], [e[2] / 255 for e in edges]


# -- every importer against the dictionary -------------------------------------------------------


@given(edges=EDGES, directed=st.booleans(), dtype=st.sampled_from("bBhHiIlLfd"))
@modest
def test_from_edges(edges: list[Edge], directed: bool, dtype: str) -> None:
    source, target, strength = columns(edges)
    ids = np.array(source, dtype), np.array(target, dtype)
    ties = Ties.from_edges(*ids, strength, n=N, directed=directed)
    arcs, dropped = expected(edges, directed)
    assert arcs_of(ties) == arcs
    assert ties.dropped == dropped
    assert (ties.n, ties.m, ties.labels) == (N, len(arcs), None)


@given(edges=EDGES)
@modest
def test_undirected_is_symmetric_and_directed_only_by_chance(edges: list[Edge]) -> None:
    source, target, strength = columns(edges)
    assert Ties.from_edges(source, target, strength, directed=False).is_symmetric()
    arcs, _ = expected(edges)
    both_ways = all(arcs.get((t, s)) == byte for (s, t), byte in arcs.items())
    assert Ties.from_edges(source, target, strength, n=N).is_symmetric() == both_ways


@given(edges=EDGES)
@modest
def test_views_of_a_layer(edges: list[Edge]) -> None:
    source, target, strength = columns(edges)
    ties = Ties.from_edges(source, target, strength, n=N)
    arcs, _ = expected(edges)
    in_order = sorted(arcs)
    assert ties.targets.dtype == np.int32 and ties.strength.dtype == np.uint8
    assert ties.targets.tolist() == [t for _, t in in_order]
    assert ties.strength.tolist() == [arcs[arc] for arc in in_order]
    assert ties.out_degree().tolist() == [sum(s == i for s, _ in arcs) for i in range(N)]
    assert ties.in_degree().tolist() == [sum(t == i for _, t in arcs) for i in range(N)]
    for i in range(N):
        assert ties.row(i).tolist() == [t for s, t in in_order if s == i]
    back = ties.reverse()
    assert arcs_of(back) == {(t, s): byte for (s, t), byte in arcs.items()}
    assert back.reverse() == ties
    assert Ties(ties.offsets, ties.ties) == ties  # passes its own checks


@given(edges=EDGES, form=st.sampled_from(["coo", "csr", "csc", "lil", "dok"]), array=st.booleans())
@modest
def test_from_and_to_scipy(edges: list[Edge], form: str, array: bool) -> None:
    from scipy import sparse

    arcs, _ = expected(edges)
    dense = np.zeros((N, N))
    for (s, t), byte in arcs.items():
        dense[s, t] = byte / 255
    matrix = (sparse.coo_array if array else sparse.coo_matrix)(dense).asformat(cast(Any, form))
    held = {arc: byte for arc, byte in arcs.items() if byte}
    assert arcs_of(Ties.from_scipy(matrix, strength=True)) == held
    assert arcs_of(Ties.from_scipy(matrix)) == dict.fromkeys(held, 255)

    ties = Ties.from_edges(*columns(edges), n=N)
    out = ties.to_scipy()
    assert isinstance(out, sparse.csr_array) and out.dtype == np.float64
    assert out.indices.dtype == np.int32
    assert np.array_equal(out.toarray(), dense)
    assert Ties.from_scipy(out, strength=True) == ties  # zeros included


def test_scipy_entries_stored_twice_and_on_the_diagonal() -> None:
    from scipy import sparse

    where = ([0, 0, 1, 2], [1, 1, 1, 0])
    matrix = sparse.coo_array(([0.2, 0.6, 1.0, 0.0], where), shape=(4, 4))
    ties = Ties.from_scipy(matrix, strength=True)
    assert arcs_of(ties) == {(0, 1): 153, (2, 0): 0}
    assert (ties.n, ties.dropped) == (4, {"self_ties": 1, "duplicates": 1})
    assert arcs_of(Ties.from_scipy(matrix)) == {(0, 1): 255}
    assert arcs_of(Ties.from_scipy(matrix.astype(bool))) == {(0, 1): 255}


def graph_of(kind: str, nodes: list[Any], edges: list[Edge]) -> tuple[Any, list[Edge]]:
    """A networkx graph, and the edges it keeps: simple graphs keep the last of parallel ones."""
    import networkx as nx

    graph = getattr(nx, kind)()
    graph.add_nodes_from(nodes)
    kept: dict[Any, Edge] = {}
    for k, (s, t, byte) in enumerate(edges):
        graph.add_edge(nodes[s], nodes[t], w=byte / 255)
        once = (s, t) if "Di" in kind else (min(s, t), max(s, t))
        kept[k if "Multi" in kind else once] = (s, t, byte)
    return graph, list(kept.values())


@given(
    edges=EDGES,
    kind=st.sampled_from(["Graph", "DiGraph", "MultiGraph", "MultiDiGraph"]),
    named=st.booleans(),
)
@modest
def test_from_networkx(edges: list[Edge], kind: str, named: bool) -> None:
    nodes: list[Any] = NAMES if named else [3, 1, 0, 2, 60, 5, 4]
    graph, kept = graph_of(kind, nodes, edges)
    arcs, dropped = expected(kept, directed="Di" in kind)
    ties = Ties.from_networkx(graph, strength="w")
    assert arcs_of(ties) == arcs
    assert ties.dropped["self_ties"] == dropped["self_ties"]
    assert ties.labels is not None and ties.labels.tolist() == nodes
    assert ties.labels.dtype == (object if named else np.int64)
    assert arcs_of(Ties.from_networkx(graph)) == dict.fromkeys(arcs, 255)


def test_networkx_nodes_may_be_tuples() -> None:
    import networkx as nx

    ties = Ties.from_networkx(nx.grid_2d_graph(2, 2))
    assert ties.labels is not None
    assert ties.labels.tolist() == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert sorted(arcs_of(ties)) == [
        (0, 1), (0, 2), (1, 0), (1, 3), (2, 0), (2, 3), (3, 1), (3, 2),
    ]  # fmt: skip


@given(edges=EDGES, directed=st.booleans(), named=st.booleans())
@modest
def test_from_igraph(edges: list[Edge], directed: bool, named: bool) -> None:
    igraph = pytest.importorskip("igraph")
    graph = igraph.Graph(n=N, edges=[e[:2] for e in edges], directed=directed)
    graph.es["w"] = [e[2] / 255 for e in edges]
    if named:
        graph.vs["name"] = NAMES
    ties = Ties.from_igraph(graph, strength="w")
    assert arcs_of(ties) == expected(edges, directed)[0]
    assert (None if ties.labels is None else ties.labels.tolist()) == (NAMES if named else None)
    assert arcs_of(Ties.from_igraph(graph)) == dict.fromkeys(arcs_of(ties), 255)


@given(edges=EDGES, directed=st.booleans(), library=st.sampled_from(["pandas", "pyarrow", "own"]))
@modest
def test_from_frame(edges: list[Edge], directed: bool, library: str) -> None:
    import pandas as pd
    import pyarrow as pa

    data = dict(zip("abc", columns(edges), strict=True))
    frame: Any = pd.DataFrame(data) if library == "pandas" else pa.table(data)
    if library == "own":  # a library of its own that only speaks Arrow
        frame = type("Own", (), {"__arrow_c_stream__": frame.__arrow_c_stream__})()
    if not edges:
        frame = pd.DataFrame(data).astype({"a": int, "b": int})
    ties = Ties.from_frame(frame, "a", "b", "c", n=N, directed=directed)
    arcs, dropped = expected(edges, directed)
    assert arcs_of(ties) == arcs
    assert ties.dropped == dropped
    assert ties == Ties.from_any(
        frame, source="a", target="b", strength="c", n=N, directed=directed
    )


@given(edges=EDGES, given_labels=st.booleans(), container=st.sampled_from(["str", "object", "cat"]))
@modest
def test_names_instead_of_numbers(edges: list[Edge], given_labels: bool, container: str) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {"source": [NAMES[e[0]] for e in edges], "target": [NAMES[e[1]] for e in edges]}
    ).astype(cast(Any, {"str": "str", "object": object, "cat": "category"}[container]))
    ties = Ties.from_frame(frame, labels=NAMES if given_labels else None)
    met = sorted({NAMES[i] for e in edges for i in e[:2]})
    labels = NAMES if given_labels else met
    assert ties.n == len(labels)
    assert (ties.labels.tolist() if ties.labels is not None else []) == labels
    named = {(labels[s], labels[t]) for s, t in arcs_of(ties)}
    assert named == {(NAMES[s], NAMES[t]) for s, t in expected(edges)[0]}


@given(edges=EDGES, directed=st.booleans())
@modest
def test_all_importers_agree(
    tmp_path_factory: pytest.TempPathFactory, edges: list[Edge], directed: bool
) -> None:
    import pandas as pd

    source, target, strength = columns(edges)
    first = Ties.from_edges(source, target, strength, n=N, directed=directed)
    path = tmp_path_factory.mktemp("ties") / "edges.PARQUET"
    frame = pd.DataFrame({"source": source, "target": target, "s": strength, "rest": "x"})
    frame.astype({"source": "int32", "target": "uint8"}).to_parquet(path)
    for where in (path, str(path)):
        assert first == Ties.from_any(where, strength="s", n=N, directed=directed)
    assert first == Ties.from_any((source, target), strength=strength, n=N, directed=directed)
    assert first == Ties.from_any(first.to_scipy(), strength=True)
    assert Ties.from_any(first) is first

    import networkx as nx

    graph = nx.MultiDiGraph() if directed else nx.MultiGraph()
    graph.add_nodes_from(range(N))
    graph.add_weighted_edges_from(zip(source, target, strength, strict=True))
    from_graph = Ties.from_any(graph, strength="weight")
    assert from_graph.labels is not None and from_graph.labels.tolist() == list(range(N))
    assert Ties(from_graph.offsets, from_graph.ties) == first


def test_from_any_igraph() -> None:
    igraph = pytest.importorskip("igraph")
    ties = Ties.from_any(igraph.Graph(n=3, edges=[(0, 2)], directed=True))
    assert arcs_of(ties) == {(0, 2): 255}


# -- single rules --------------------------------------------------------------------------------


def test_direction_is_that_of_information() -> None:
    ties = Ties.from_edges(["teacher"], ["pupil"], labels=["pupil", "teacher"])
    assert ties.row(1).tolist() == [0] and ties.row(0).tolist() == []
    assert ties.reverse().row(0).tolist() == [1]
    assert ties.reverse().labels is ties.labels


def test_highest_strength_wins_among_duplicates() -> None:
    edges = [(0, 1, 51), (0, 1, 204), (0, 1, 102), (1, 1, 255), (2, 0, 0)]
    ties = Ties.from_edges(*columns(edges))
    assert arcs_of(ties) == {(0, 1): 204, (2, 0): 0}
    assert ties.dropped == ties.reverse().dropped == {"self_ties": 1, "duplicates": 2}
    assert repr(ties) == "<Ties: 3 residents, 2 ties, set aside 1 self-tie and 2 duplicates>"


def test_an_undirected_edge_listed_once_each_way_is_no_duplicate() -> None:
    edges = [(0, 1, 51), (1, 0, 204), (1, 2, 153), (1, 2, 102)]
    ties = Ties.from_edges(*columns(edges), directed=False)
    assert arcs_of(ties) == {(0, 1): 204, (1, 0): 204, (1, 2): 153, (2, 1): 153}
    assert ties.dropped == {"self_ties": 0, "duplicates": 1}


@pytest.mark.parametrize(
    ("strength", "byte"),
    [
        (0, 0),
        (1, 255),
        (True, 255),
        (0.5, 128),
        (0.001, 0),
        (0.00197, 1),
        (0.998, 254),
        (0.999, 255),
    ],
)
def test_strength_is_rounded_to_the_nearest_255th(strength: float, byte: int) -> None:
    assert Ties.from_edges([0], [1], [strength]).strength.tolist() == [byte]
    assert Ties.from_edges([0, 1], [1, 0], strength).strength.tolist() == [byte, byte]
    assert Ties.from_edges([0], [1], np.array(strength)).strength.tolist() == [byte]


def test_number_of_residents() -> None:
    assert Ties.from_edges([0], [4]).n == 5
    assert Ties.from_edges([0], [4], n=cast(int, np.int64(9))).n == 9
    assert Ties.from_edges([], []).n == 0
    assert Ties.from_edges([], [], n=3).offsets.tolist() == [0, 0, 0, 0]
    assert repr(Ties.from_edges([], [], n=1)) == "<Ties: 1 resident, 0 ties>"
    far = Ties.from_edges([MAX_RESIDENTS - 1], [MAX_RESIDENTS - 2], 1 / 255)
    assert far.n == MAX_RESIDENTS
    assert far.row(MAX_RESIDENTS - 1).tolist() == [MAX_RESIDENTS - 2]
    assert far.strength.tolist() == [1]
    assert far.reverse().row(MAX_RESIDENTS - 2).tolist() == [MAX_RESIDENTS - 1]
    both = Ties.from_edges([MAX_RESIDENTS - 1], [0], 1 / 255, directed=False)
    assert both.row(0).tolist() == [MAX_RESIDENTS - 1]
    assert both.row(MAX_RESIDENTS - 1).tolist() == [0]


def test_more_edges_than_fit_one_block() -> None:
    rng = np.random.default_rng(5)
    m, n = 2_500_000, 3_000  # about a quarter of the arcs are listed more than once
    source, target = rng.integers(0, n, (2, m))
    byte = rng.integers(0, 256, m)
    ties = Ties.from_edges(source, target, byte / 255, n=n)
    strongest = np.full((n, n), -1)
    np.maximum.at(strongest, (source, target), byte)
    np.fill_diagonal(strongest, -1)
    held = strongest >= 0
    assert np.array_equal(ties.out_degree(), held.sum(1))
    assert np.array_equal(ties.targets, np.nonzero(held)[1])
    assert np.array_equal(ties.strength, strongest[held])
    assert ties.m + sum(ties.dropped.values()) == m

    both = Ties.from_edges(source, target, byte / 255, n=n, directed=False)
    strongest = np.maximum(strongest, strongest.T)
    assert np.array_equal(both.targets, np.nonzero(strongest >= 0)[1])
    assert np.array_equal(both.strength, strongest[strongest >= 0])
    assert both.dropped == ties.dropped


def test_symmetric_means_the_same_strength_both_ways() -> None:
    assert Ties.from_edges([0, 1], [1, 0], [0.5, 0.5]).is_symmetric()
    assert not Ties.from_edges([0, 1], [1, 0], [0.5, 0.6]).is_symmetric()
    assert not Ties.from_edges([0, 1, 2], [1, 2, 0]).is_symmetric()  # a ring: equal degrees
    assert Ties.from_edges([], [], n=2).is_symmetric()


def test_whole_number_labels_are_names_not_rows() -> None:
    ties = Ties.from_edges([1, 2], [2, 3], labels=[3, 2, 1])
    assert arcs_of(ties) == {(2, 1): 255, (1, 0): 255}
    mixed = Ties.from_edges([1, 2], [2, "x"], labels=["x", 2, 1])
    assert arcs_of(mixed) == {(2, 1): 255, (1, 0): 255}
    rows = Ties.from_edges([1, 2], [2, 0], labels=["x", "y", "z"])
    assert arcs_of(rows) == {(1, 2): 255, (2, 0): 255}


def test_float_columns_of_whole_numbers_are_ids() -> None:
    assert arcs_of(Ties.from_edges([0.0, 2.0], np.array([1, 2], object))) == {(0, 1): 255}


def test_equality_looks_at_everything_but_dropped() -> None:
    ties = Ties.from_edges([0, 0], [1, 1], n=3)
    assert ties == Ties.from_edges([0], [1], n=3)
    assert ties != Ties.from_edges([0], [1], n=4)
    assert ties != Ties.from_edges([0], [2], n=3)
    assert ties != Ties.from_edges([0], [1], 0.5, n=3)
    assert ties != Ties.from_edges([0], [1], labels=["a", "b", "c"])
    assert Ties.from_edges([0], [1], labels=["a", "b"]) != Ties.from_edges(
        [0], [1], labels=["a", "c"]
    )
    assert (ties == "ties") is False
    copy = pickle.loads(pickle.dumps(ties))
    assert copy == ties and copy.dropped == {"self_ties": 0, "duplicates": 1}


def test_the_callers_columns_stay_as_they_are() -> None:
    source, target = np.array([2, 1, 1, 1]), np.array([0, 1, 2, 2])
    strength = np.array([0.5, 0.2, 0.1, 1.0])
    copies = source.copy(), target.copy(), strength.copy()
    Ties.from_edges(source, target, strength, directed=False)
    for column, copy in zip((source, target, strength), copies, strict=True):
        assert np.array_equal(column, copy)


def test_importing_the_module_is_light() -> None:
    heavy = ["scipy", "pandas", "pyarrow", "networkx", "igraph", "numba", "mesa"]
    code = f"import sys, kocsim.ties; print([m for m in {heavy} if m in sys.modules])"
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# -- which edge a tie came from, and strengths as they were given --------------------------------


def plain(
    source: Any, target: Any, strength: Any = None, directed: bool = True
) -> tuple[Any, Any, Any, Any, dict[str, int]]:
    """Assembly in a few lines of NumPy: ends of ties, bytes, exact strengths, edges, what was set aside."""
    source, target = np.asarray(source, np.int64), np.asarray(target, np.int64)
    number = np.arange(source.size)
    given = np.ones(source.size) if strength is None else np.asarray(strength)
    byte, exact = np.rint(given.astype(np.float64) * 255), given.astype(np.float32)
    apart = source != target
    once = len(set(zip(source[apart].tolist(), target[apart].tolist(), strict=True)))
    dropped = {"self_ties": int((~apart).sum()), "duplicates": int(apart.sum()) - once}
    columns = [column[apart] for column in (source, target, byte, exact, number)]
    if not directed:
        turned = [columns[1], columns[0], *columns[2:]]
        columns = [np.concatenate(pair) for pair in zip(columns, turned, strict=True)]
    order = np.lexsort((columns[4], -columns[3], -columns[2], columns[1], columns[0]))
    s, t, byte, exact, number = (column[order] for column in columns)
    first = np.ones(s.size, bool)
    first[1:] = (s[1:] != s[:-1]) | (t[1:] != t[:-1])
    return np.stack([s, t])[:, first], byte[first], exact[first], number[first], dropped


def same_as_plain(ties: Ties, source: Any, target: Any, strength: Any = None, directed: bool = True) -> None:
    ends, byte, exact, number, dropped = plain(source, target, strength, directed)
    assert np.array_equal(np.repeat(np.arange(ties.n), np.diff(ties.offsets)), ends[0])
    assert np.array_equal(ties.targets, ends[1])
    assert np.array_equal(ties.strength, byte)
    assert ties.dropped == dropped
    assert ties.edges_given == len(source)
    edge = np.arange(ties.m) if ties.edge is None else ties.edge
    assert edge.shape == number.shape and np.array_equal(edge, number)
    if strength is None:
        assert ties.exact is None
        return
    given = np.asarray(strength, np.float64)
    between = (np.abs(given - np.rint(given * 255) / 255) > 1e-9).any()
    assert (ties.exact is not None) == between
    if ties.exact is not None:
        assert ties.exact.dtype == np.float32 and np.array_equal(ties.exact, exact)


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from([1, 2, 3, 17, 300, 5_000, 70_000]),
    m=st.sampled_from([0, 1, 2, 31, 33, 200, 3_000]),
    among=st.sampled_from([3, 40, 2_000]),
    strength=st.sampled_from(["none", "bytes", "tenths", "float32"]),
    order=st.sampled_from(["any", "source", "tie", "target"]),
    bucket=st.sampled_from([1, 8, 100, 1 << 15]),
    directed=st.booleans(),
    dtype=st.sampled_from(["i4", "i8", "u4", ">i4", "u8"]),
)
@settings(deadline=None, max_examples=150)
def test_assembly_is_that_of_plain_numpy(
    seed: int, n: int, m: int, among: int, strength: str, order: str, bucket: int, directed: bool, dtype: str
) -> None:
    rng = np.random.default_rng(seed)
    some = rng.integers(0, n, among)
    source, target = some[rng.integers(0, some.size, (2, m))]
    if order != "any":
        keys = {"source": (source,), "tie": (target, source), "target": (source, target)}[order]
        by = np.lexsort(keys)
        source, target = source[by], target[by]
    given = {
        "none": None,
        "bytes": rng.integers(0, 256, m) / 255,
        "tenths": rng.integers(0, 11, m) / 10,
        "float32": rng.random(m, np.float32),
    }[strength]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "_BUCKET", bucket)  # small ones, so that few edges fill many
        ties = Ties.from_edges(source.astype(dtype), target.astype(dtype), given, n=n, directed=directed)
        same_as_plain(ties, source, target, given, directed)
        back = ties.reverse()
    ends = np.repeat(np.arange(n), ties.out_degree()), ties.targets
    turned = np.lexsort(ends)
    assert np.array_equal(back.out_degree(), ties.in_degree())
    assert np.array_equal(ties.in_degree(), np.bincount(ties.targets, minlength=n))
    assert np.array_equal(back.targets, ends[0][turned])
    assert np.array_equal(back.strength, ties.strength[turned])
    assert np.array_equal(back.weight, ties.weight[turned])
    assert (back.edges_given, back.dropped) == (m, ties.dropped)
    number = np.arange(m, dtype=np.float64)
    assert np.array_equal(back.arranged(number), ties.arranged(number)[turned])
    assert back.reverse() == ties
    assert not directed or ties.is_symmetric() == (back == ties)
    assert directed or ties.is_symmetric()


def test_edges_in_the_largest_layer() -> None:
    rng = np.random.default_rng(2)
    source, target = rng.integers(MAX_RESIDENTS - 40_000, MAX_RESIDENTS, (2, 300_000))
    source[::3] = rng.integers(0, MAX_RESIDENTS, source[::3].size)
    strength = rng.random(source.size)
    same_as_plain(Ties.from_edges(source, target, strength, n=MAX_RESIDENTS), source, target, strength)


def test_more_ties_than_a_word_can_number() -> None:
    refused(
        "8589934592 ties of 16777216 residents are too many to be sorted.",
        packing._Words, 2**33, 2**24, 2**33, True,
    )  # fmt: skip
    packing._Words(0, 2**24, 2**32, True)


def test_many_edges_in_a_row() -> None:
    """One resident speaks to all, in several buckets' worth of edges, and all speak to one."""
    rng = np.random.default_rng(3)
    n = 200_000
    target = rng.permutation(n)
    ties = Ties.from_edges(np.full(n, 7), target)
    same_as_plain(ties, np.full(n, 7), target)
    ties = Ties.from_edges(target, np.full(n, 7), directed=False)
    same_as_plain(ties, target, np.full(n, 7), directed=False)


def test_the_edge_of_a_tie() -> None:
    ties = Ties.from_edges([1, 0, 0, 2], [2, 2, 1, 0])
    assert ties.edge is not None and ties.edge.dtype == np.int32
    assert (ties.edge.tolist(), ties.edges_given) == ([2, 1, 0, 3], 4)
    assert ties.arranged([10, 11, 12, 13]).tolist() == [12, 11, 10, 13]
    assert ties.reverse().arranged([10, 11, 12, 13]).tolist() == [13, 12, 11, 10]
    in_order = Ties.from_edges([0, 0, 1, 2], [1, 2, 2, 0])
    assert (in_order.edge, in_order.edges_given) == (None, 4)
    values = np.array([10, 11, 12, 13])
    assert in_order.arranged(values) is values
    assert in_order.reverse().arranged(values).tolist() == [13, 10, 11, 12]
    made = Ties(in_order.offsets, in_order.ties)
    assert (made.edge, made.edges_given, made.exact) == (None, 4, None)
    nothing = Ties.from_edges([], [], n=3)
    assert (nothing.edge, nothing.edges_given, nothing.arranged([]).size) == (None, 0, 0)
    nobody = Ties.from_edges([1, 2], [1, 2])  # only self-ties
    assert (nobody.m, nobody.edges_given, nobody.arranged(["a", "b"]).size) == (0, 2, 0)
    assert nobody.reverse().edges_given == 2


def test_the_edge_kept_of_duplicates_is_the_strongest_then_the_first() -> None:
    source, target = [0, 0, 0, 1, 1, 0], [1, 1, 1, 0, 1, 2]
    assert Ties.from_edges(source, target).arranged(range(6)).tolist() == [0, 5, 3]
    strength = [0.25, 0.75, 0.75, 0.5, 1, 0]
    ties = Ties.from_edges(source, target, strength)
    assert ties.arranged(range(6)).tolist() == [1, 5, 3]
    # bytes alone do not tell these apart
    ties = Ties.from_edges([0, 0, 0], [1, 1, 1], [0.5, 0.5001, 0.5001])
    assert ties.arranged(range(3)).tolist() == [1]
    assert ties.weight.tolist() == [np.float32(0.5001)]


def test_both_directions_of_an_edge_come_from_the_same_edge() -> None:
    ties = Ties.from_edges([2, 0, 1, 1], [0, 1, 0, 1], [0.2, 0.4, 0.6, 1], directed=False)
    assert ties.targets.tolist() == [1, 2, 0, 0]
    assert ties.arranged(range(4)).tolist() == [2, 0, 2, 0]  # the stronger of the two listings of 0 - 1
    assert ties.edges_given == 4
    equal = Ties.from_edges([2, 0, 1], [0, 1, 0], directed=False)
    assert equal.arranged(range(3)).tolist() == [1, 0, 1, 0]


@given(edges=EDGES, form=st.sampled_from(["coo", "csr", "csc"]), strength=st.booleans())
@modest
def test_edges_of_a_sparse_matrix_are_its_stored_entries(edges: list[Edge], form: str, strength: bool) -> None:
    from scipy import sparse

    source, target, values = columns(edges)
    matrix = sparse.coo_array((values, (source, target)), shape=(N, N)).asformat(cast(Any, form))
    matrix.data = np.minimum(matrix.data, 1)  # SciPy adds up what is stored twice, but for coo
    listed = matrix.tocoo()
    ties = Ties.from_scipy(matrix, strength=strength)
    assert ties.edges_given == listed.nnz
    held = listed.data >= 0 if strength else listed.data != 0
    ends, byte, exact, number, dropped = plain(
        listed.row[held], listed.col[held], listed.data[held] if strength else None
    )
    number = np.flatnonzero(held)[number]
    assert np.array_equal(ties.targets, ends[1]) and np.array_equal(ties.strength, byte)
    assert np.array_equal(ties.arranged(np.arange(listed.nnz)), number)
    assert ties.dropped == dropped
    if ties.exact is not None:
        assert np.array_equal(ties.exact, exact)


def test_a_matrix_that_holds_its_entries_as_a_layer_does() -> None:
    from scipy import sparse

    rng = np.random.default_rng(4)
    matrix = sparse.random_array((300, 300), density=0.1, rng=rng, format="csr")
    matrix.setdiag(0)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    listed = matrix.tocoo()
    for index in (np.int32, np.int64):
        one = sparse.csr_array(
            (matrix.data, matrix.indices.astype(index), matrix.indptr.astype(index)), shape=(300, 300)
        )
        ties = Ties.from_scipy(one, strength=True)
        assert ties.edge is None and ties.edges_given == matrix.nnz
        assert ties == Ties.from_edges(listed.row, listed.col, listed.data, n=300)
        assert np.array_equal(ties.weight, matrix.data.astype(np.float32))
        assert not np.shares_memory(ties.offsets, one.indptr)
        back = ties.to_scipy()
        assert np.array_equal(back.toarray(), matrix.toarray().astype(np.float32))
        again = Ties.from_scipy(back, strength=True)
        assert again == ties
    # one entry moved to where a layer cannot have it, or out of order
    shuffled = matrix.copy()
    shuffled.indices[[0, 1]] = shuffled.indices[[1, 0]]
    shuffled.data[[0, 1]] = shuffled.data[[1, 0]]
    other = Ties.from_scipy(shuffled, strength=True)
    assert other == ties and other.edge is not None and other.edge[:3].tolist() == [1, 0, 2]
    row = int(np.argmax(np.diff(matrix.indptr) > 0))
    loop = sparse.csr_array(matrix + sparse.coo_array(([0.5], ([row], [row])), shape=(300, 300)))
    assert Ties.from_scipy(loop, strength=True) == ties
    assert Ties.from_scipy(loop).dropped == {"self_ties": 1, "duplicates": 0}
    empty = Ties.from_scipy(sparse.csr_array((5, 5)), strength=True)
    assert (empty.n, empty.m, empty.edges_given) == (5, 0, 0)


def test_a_matrix_whose_arrays_were_written_to() -> None:
    from scipy import sparse

    for bad in (3, -1):
        matrix = sparse.csr_array(([1.0, 1.0], ([0, 1], [1, 2])), shape=(3, 3))
        matrix.indices[1] = bad
        with pytest.raises((DataError, ValueError)):  # SciPy may notice first
            Ties.from_scipy(matrix)


def test_edges_of_a_graph_are_in_its_own_order() -> None:
    import networkx as nx

    graph = nx.Graph([("c", "a"), ("a", "b"), ("b", "c")])
    ties = Ties.from_networkx(graph)
    assert ties.labels is not None and ties.edges_given == 3
    named = {
        frozenset((str(ties.labels[i]), str(ties.labels[j]))): k
        for i in range(3)
        for j, k in zip(ties.row(i), ties.arranged(range(3))[ties.offsets[i] : ties.offsets[i + 1]], strict=True)
    }
    assert named == {frozenset(edge): k for k, edge in enumerate(graph.edges)}
    igraph = pytest.importorskip("igraph")
    ties = Ties.from_igraph(igraph.Graph(n=3, edges=[(2, 1), (0, 2)]))
    assert ties.arranged([5, 6]).tolist() == [6, 5, 6, 5]


def test_edges_of_a_table_are_its_rows(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"source": ["z", "b", "z"], "target": ["b", "a", "a"], "trust": [0.1, 0.2, 0.3]})
    frame.to_parquet(tmp_path / "edges.parquet")
    for network in (frame, tmp_path / "edges.parquet"):
        ties = Ties.from_any(network, strength="trust")
        assert ties.arranged(frame.trust).tolist() == [0.2, 0.3, 0.1]
        assert ties.weight.tolist() == np.float32([0.2, 0.3, 0.1]).tolist()


def test_exact_strengths() -> None:
    ties = Ties.from_edges([1, 0], [0, 1], [0.1, 0.7])
    assert ties.exact is not None and ties.exact.dtype == np.float32 and ties.weight.dtype == np.float64
    assert ties.weight.tolist() == [np.float32(0.7), np.float32(0.1)]
    assert ties.reverse().weight.tolist() == [np.float32(0.1), np.float32(0.7)]
    assert ties.to_scipy().toarray()[0, 1] == np.float32(0.7)
    assert Ties.from_edges([1, 0], [0, 1], 0.1).weight.tolist() == [np.float32(0.1)] * 2
    assert Ties.from_edges([1, 0, 0], [0, 1, 1], 0.1, directed=False).weight.tolist() == [np.float32(0.1)] * 2
    assert Ties.from_edges([], [], 0.1, n=2).weight.size == 0
    coarse = Ties.from_edges([1, 0], [0, 1], [51 / 255, 1])
    assert coarse.exact is None and coarse.weight.tolist() == [1, 0.2]
    assert Ties.from_edges([0], [1], np.float32([51 / 255])).exact is not None  # off by 3e-9: taken as it is
    assert Ties.from_edges([0], [1]).weight.tolist() == [1]
    copy = pickle.loads(pickle.dumps(ties))
    assert copy == ties and copy.weight.tolist() == ties.weight.tolist()
    assert copy.edge.tolist() == [1, 0] and copy.edges_given == 2


def test_equality_and_symmetry_look_at_exact_strengths() -> None:
    ties = Ties.from_edges([0, 1], [1, 0], [0.5, 0.5001])
    assert ties.strength[0] == ties.strength[1]
    assert not ties.is_symmetric() and Ties.from_edges([0, 1], [1, 0], 0.5).is_symmetric()
    assert ties != Ties.from_edges([0, 1], [1, 0], [0.5, 0.5002])
    assert ties != Ties(ties.offsets, ties.ties)
    assert ties == Ties.from_edges([1, 0], [0, 1], [0.5001, 0.5])  # whatever the order
    third = Ties.from_edges([0], [1], np.float32([51 / 255]))
    assert third == Ties.from_edges([0], [1], [51 / 255])


def test_a_county_keeps_bytes_only() -> None:
    from kocsim import County

    ties = Ties.from_edges([1, 0, 2], [0, 1, 1], [0.1, 0.5, 0.7], directed=False)
    friends = County.from_ties(ties, kocs=[0], seed=1).friends
    assert np.array_equal(friends.ties, ties.ties)
    assert (friends.exact, friends.edge) == (None, None)


def test_arranged_refuses() -> None:
    ties = Ties.from_edges([1, 0, 0, 2, 2], [2, 2, 1, 0, 0])
    assert ties.m == 4
    refused("p must have one value for each of the 5 edges given; got 4.", ties.arranged, [1] * 4, "p")
    refused("values must be one-dimensional; got 0 dimensions.", ties.arranged, 0.5)
    refused("p must be one-dimensional; got 2 dimensions.", ties.arranged, [[1] * 5], "p")
    refused("p must be one-dimensional; got rows of unequal length.", ties.arranged, [[1], [1, 2]], "p")
    one = Ties.from_edges([0], [1])
    refused("p must have one value for each of the 1 edge given; got 0.", one.arranged, [], "p")


# -- refusals ------------------------------------------------------------------------------------


def refused(sentence: str, call: Callable[..., Any], *args: Any, **kw: Any) -> None:
    with pytest.raises(DataError, match=f"^{re.escape(sentence)}$"):
        call(*args, **kw)


HUGE = np.uint64(2**64 - 1)


@pytest.mark.parametrize(
    ("sentence", "kw"),
    [
        ("edges.source has 3 entries, but edges.target has 1.",
         {"source": [0, 1, 2], "target": [1]}),
        ("edges.source has 1 entry, but edges.target has 0.", {"target": []}),
        ("edges.strength has 2 entries, but there are 3 edges.",
         {"source": [0, 1, 2], "target": [1, 2, 0], "strength": [1, 1]}),
        ("edges.strength has 2 entries, but there is 1 edge.", {"strength": [1, 1]}),
        ("edges.target names resident 7, but there are 5 residents (0..4).",
         {"source": [0, 1], "target": [1, 7], "n": 5}),
        ("edges.source names resident 1, but there is 1 resident (0).",
         {"source": [1], "target": [0], "n": 1}),
        ("edges.source names resident 0, but there are 0 residents.", {"n": 0}),
        ("edges.source names resident -1, but there are 5 residents (0..4).",
         {"source": [-1], "n": 5}),
        ("edges.source names resident -3, but ids start at 0.", {"source": [-3]}),
        ("edges.target names resident 16777216, but there can be at most 16777216 residents "
         "(0..16777215).", {"target": [2**24]}),
        ("edges.target names resident 18446744073709551615, but there are 5 residents (0..4).",
         {"target": np.array([HUGE]), "n": 5}),
        ("edges.source names resident 4294967295, but there can be at most 16777216 residents "
         "(0..16777215).", {"source": np.array([-1], np.int32).astype(np.uint32)}),
        ("edges.source names resident 4294967296, but there are 5 residents (0..4).",
         {"source": [2**32], "n": 5}),
        ("edges.source must hold whole numbers below 2**63; got 18446744073709551616 in row 1.",
         {"source": [0, 2**64], "target": [1, 1]}),
        ("edges.source must hold whole numbers; got 1.5 in row 1.",
         {"source": [0, 1.5], "target": [1, 1]}),
        ("edges.source must hold whole numbers; got inf in row 0.", {"source": [np.inf]}),
        ("edges.source must hold whole numbers; got 1e+300 in row 0.", {"source": [1e300]}),
        ("edges.source is missing in row 1.", {"source": [0, np.nan], "target": [1, 1]}),
        ("edges.target is missing in row 0.", {"target": [None]}),
        ("edges.source is missing in row 1.", {"source": ["a", None], "target": ["b", "c"]}),
        ("edges.source must hold whole numbers or text; got bool.", {"source": [True]}),
        ("edges.source must hold whole numbers or text; got complex128.", {"source": [1j]}),
        ("edges.source must hold whole numbers only or text only; got 1 in row 0.",
         {"source": [1, "a"], "target": ["b", "c"]}),
        ("edges.target holds text, but edges.source holds whole numbers.", {"target": ["a"]}),
        ("edges.source must be one-dimensional; got 2 dimensions.", {"source": [[0, 1]]}),
        ("edges.source must be one-dimensional; got 0 dimensions.", {"source": 0}),
        ("edges.source must be one-dimensional; got rows of unequal length.",
         {"source": [[0], [0, 1]]}),
        ("edges.strength must lie in [0, 1]; got 1.5 in row 1.",
         {"source": [0, 1], "target": [1, 0], "strength": [1, 1.5]}),
        ("edges.strength must lie in [0, 1]; got -1 in row 0.", {"strength": [-1]}),
        ("edges.strength must lie in [0, 1]; got 1.0000000000000002 in row 0.",
         {"strength": [1 + 2**-52]}),
        ("edges.strength must lie in [0, 1]; got -5e-324 in row 0.", {"strength": [-5e-324]}),
        ("edges.strength must lie in [0, 1]; got nan in row 0.", {"strength": [np.nan]}),
        ("edges.strength must lie in [0, 1]; got nan in row 0.", {"strength": [None]}),
        ("edges.strength must lie in [0, 1]; got inf in row 0.", {"strength": [np.inf]}),
        ("edges.strength must lie in [0, 1]; got 2 in every row.", {"strength": 2}),
        ("edges.strength must hold numbers; got '1' in row 0.", {"strength": ["1"]}),
        ("edges.strength must hold numbers; got 'weight' in every row.", {"strength": "weight"}),
        ("edges.strength must hold numbers; got complex128.", {"strength": [1j]}),
        ("n must be a whole number in [0, 16777216]; got -1.", {"n": -1}),
        ("n must be a whole number in [0, 16777216]; got 16777217.", {"n": 2**24 + 1}),
        ("n must be a whole number in [0, 16777216]; got 5.0.", {"n": np.float64(5)}),
        ("n must be a whole number in [0, 16777216]; got True.", {"n": True}),
        ("n must be a whole number in [0, 16777216]; got '5'.", {"n": "5"}),
        ("n must be the number of names in edges.source and edges.target, 2, unless labels names "
         "the others; got 3.", {"source": ["a"], "target": ["b"], "n": 3}),
        ("labels has 2 names, but there are 3 residents (0..2).", {"labels": ["a", "b"], "n": 3}),
        ("labels must all be different; got 'a' again in row 2.", {"labels": ["a", "b", "a"]}),
        ("labels is missing in row 1.", {"labels": ["a", None]}),
        ("labels must be text or whole numbers; got ['b'] in row 1.", {"labels": ["a", ["b"]]}),
        ("labels must be a sequence of names; got 'ab'.", {"labels": "ab"}),
        ("labels must be a sequence of names; got 2.", {"labels": 2}),
        ("edges.target names resident 1, but there is 1 resident (0).", {"labels": ["a"]}),
        ("edges.target names 1 in row 0, which is not among the 2 labels.", {"labels": [0, 2]}),
        ("edges.target names 'Lii' in row 1, which is not among the 2 labels "
         "(did you mean 'Li'?).",
         {"source": ["Li", "Li"], "target": ["Wang", "Lii"], "labels": ["Li", "Wang"]}),
    ],
)  # fmt: skip
def test_from_edges_refuses(sentence: str, kw: dict[str, Any]) -> None:
    refused(sentence, Ties.from_edges, **({"source": [0], "target": [1]} | kw))


def test_position_is_right_beyond_the_first_block() -> None:
    m = 1_200_000
    ids, strength = np.zeros(m), np.ones(m)
    strength[m - 5] = 7
    refused(
        f"edges.strength must lie in [0, 1]; got 7.0 in row {m - 5}.",
        Ties.from_edges, ids, ids, strength,
    )  # fmt: skip
    ids[m - 3] = 0.5
    refused(
        f"edges.source must hold whole numbers; got 0.5 in row {m - 3}.",
        Ties.from_edges, ids, ids,
    )  # fmt: skip
    ids[m - 3] = np.nan
    refused(f"edges.source is missing in row {m - 3}.", Ties.from_edges, ids, ids)


def test_from_frame_refuses() -> None:
    import pandas as pd
    import pyarrow as pa

    frame = pd.DataFrame({"from": [0, 9], "to": [1, 2], "weight": [0.5, 1.2]})
    refused("edges has no column 'source'; it has 'from', 'to', 'weight'.", Ties.from_frame, frame)
    refused(
        "edges has no column 'wieght'; it has 'from', 'to', 'weight' (did you mean 'weight'?).",
        Ties.from_frame, frame, "from", "to", "wieght",
    )  # fmt: skip
    refused(
        "edges.from names resident 9, but there are 5 residents (0..4).",
        Ties.from_frame, frame, "from", "to", n=5,
    )  # fmt: skip
    refused(
        "edges.weight must lie in [0, 1]; got 1.2 in row 1.",
        Ties.from_frame, frame, "from", "to", "weight",
    )  # fmt: skip
    refused("from_frame takes a DataFrame; got list.", Ties.from_frame, [1])
    gaps = pd.DataFrame({"source": pd.array([0, None], "Int64"), "target": [1, 2]})
    refused("edges.source is missing in row 1.", Ties.from_frame, gaps)
    # pyarrow itself would hand out the gap as "y"
    table = pa.table(
        {"source": pa.array(["x", "y", None]).dictionary_encode(), "target": ["x", "y", "z"]}
    )
    refused("edges.source is missing in row 2.", Ties.from_frame, table)
    refused("edges.source is missing in row 2.", Ties.from_edges, table["source"], table["target"])


def test_from_parquet_refuses(tmp_path: Path) -> None:
    import pandas as pd

    absent = tmp_path / "absent.parquet"
    with pytest.raises(FileError, match=f"^{re.escape(f'There is no file {str(absent)!r}.')}$"):
        Ties.from_parquet(absent)
    bad = tmp_path / "bad.parquet"
    sentence = f"{str(bad)!r} cannot be read as a Parquet file."
    for content in (b"", b"source,target\n0,1\n", b"PAR1" + b"\0" * 40 + b"PAR1"):
        bad.write_bytes(content)
        with pytest.raises(FileError, match=f"^{re.escape(sentence)}$"):
            Ties.from_any(bad)
    pd.DataFrame({"source": [0], "targets": [1]}).to_parquet(bad)
    refused(
        "bad.parquet has no column 'target'; it has 'source', 'targets' "
        "(did you mean 'targets'?).",
        Ties.from_parquet, bad,
    )  # fmt: skip


def test_from_scipy_refuses() -> None:
    from scipy import sparse

    def matrix(value: Any) -> Any:
        return sparse.coo_array(([value], ([2], [1])), shape=(3, 3))

    refused(
        "matrix must be square, a row and a column a resident; got 2 x 3.",
        Ties.from_scipy, sparse.csr_matrix((2, 3)),
    )  # fmt: skip
    refused(
        "matrix must be square, a row and a column a resident; got 3.",
        Ties.from_scipy, sparse.coo_array(np.ones(3)),
    )  # fmt: skip
    refused(
        "matrix.shape must be a whole number in [0, 16777216]; got 16777217.",
        Ties.from_scipy, sparse.coo_array((2**24 + 1, 2**24 + 1)),
    )  # fmt: skip
    refused("from_scipy takes a sparse matrix; got ndarray.", Ties.from_scipy, np.eye(3))
    refused(
        "matrix values must lie in [0, 1]; got 3 in row 2, column 1.",
        Ties.from_scipy,
        matrix(3),
        True,
    )
    refused("matrix holds nan in row 2, column 1.", Ties.from_scipy, matrix(np.nan))
    refused("matrix must hold real numbers; got complex128.", Ties.from_scipy, matrix(1j))


def test_from_networkx_refuses() -> None:
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_edge("a", "b", weight=0.5)
    graph.add_edge("b", "c")
    refused(
        "edge 'b' -> 'c' has no attribute 'weight'; it has none.",
        Ties.from_networkx, graph, "weight",
    )  # fmt: skip
    refused(
        "edge 'a' -> 'b' has no attribute 'wight'; it has 'weight' (did you mean 'weight'?).",
        Ties.from_networkx, graph, "wight",
    )  # fmt: skip
    graph.add_edge("b", "c", weight=-0.5)
    refused(
        "edge attribute 'weight' must lie in [0, 1]; got -0.5 in edge 'b' -> 'c'.",
        Ties.from_networkx, graph, "weight",
    )  # fmt: skip
    refused("from_networkx takes a networkx graph; got int.", Ties.from_networkx, 3)


def test_from_igraph_refuses() -> None:
    refused("from_igraph takes an igraph graph; got int.", Ties.from_igraph, 3)
    igraph = pytest.importorskip("igraph")
    graph = igraph.Graph(n=3, edges=[(0, 1), (1, 2)])
    refused("graph.es has no attribute 'weight'; it has none.", Ties.from_igraph, graph, "weight")
    graph.es["weight"] = [1, None]
    refused(
        "edge attribute 'weight' must lie in [0, 1]; got nan in edge 1 -> 2.",
        Ties.from_igraph, graph, "weight",
    )  # fmt: skip
    graph.vs["name"] = ["a", "b", "a"]
    refused("labels must all be different; got 'a' again in row 2.", Ties.from_igraph, graph)


@pytest.mark.parametrize(
    ("network", "got"),
    [
        ([(0, 1), (2, 3)], "list"),  # pairs, not two columns: would be read the wrong way round
        (np.eye(3), "ndarray"),
        ({}, "dict"),
        (None, "NoneType"),
        ((1, 2, 3), "tuple"),
        ("edges.csv", "the path 'edges.csv'"),
        (Path("edges"), "the path 'edges'"),
    ],
)
def test_from_any_refuses(network: Any, got: str) -> None:
    refused(
        "network must be Ties, a scipy sparse matrix, a networkx or igraph graph, a DataFrame, "
        f"the path of a .parquet file, or a tuple (source, target); got {got}.",
        Ties.from_any, network,
    )  # fmt: skip


def test_from_any_takes_no_keywords_with_ties() -> None:
    ties = Ties.from_edges([0], [1])
    refused("Ties are taken as they are; got the keyword 'n'.", Ties.from_any, ties, n=3)


def test_row_refuses() -> None:
    ties = Ties.from_edges([0], [1])
    refused("row names resident 2, but there are 2 residents (0..1).", ties.row, 2)
    refused("row names resident -1, but there are 2 residents (0..1).", ties.row, -1)
    refused("row names resident 'a', but there are 2 residents (0..1).", ties.row, "a")


@pytest.mark.parametrize(
    ("sentence", "offsets", "receivers"),
    [
        ("offsets must run from 0 to the 2 ties; got 0 to 3.", [0, 2, 3], [0, 1]),
        ("offsets must run from 0 to the 2 ties; got 1 to 2.", [1, 2, 2], [0, 1]),
        ("offsets must not fall; they do after entry 1.", [0, 2, 1, 2], [1, 2]),
        ("ties names resident 3, but there are 3 residents (0..2).", [0, 1, 1, 1], [3]),
        ("ties let resident 1 hear themselves.", [0, 1, 2, 2], [2, 1]),
        ("ties of resident 1 must ascend, each named once.", [0, 1, 3, 3], [2, 2, 0]),
        ("ties of resident 1 must ascend, each named once.", [0, 1, 3, 3], [2, 0, 0]),
        ("offsets must be a one-dimensional array of n + 1 whole numbers; "
         "got shape (0,) of float64.", [], []),
    ],
)  # fmt: skip
def test_finished_arrays_are_checked(
    sentence: str, offsets: list[int], receivers: list[int]
) -> None:
    refused(sentence, Ties, offsets, np.array(receivers, np.uint32))


def test_finished_arrays_must_be_words_and_labels_fit() -> None:
    refused(
        "ties must be a one-dimensional array of uint32; got shape (1,) of int64.",
        Ties, [0, 1, 1], np.array([1]),
    )  # fmt: skip
    refused(
        "labels has 1 name, but there are 2 residents (0..1).",
        Ties, [0, 0, 0], np.array([], np.uint32), ["a"],
    )  # fmt: skip


# -- real networks -------------------------------------------------------------------------------


@real_data
@pytest.mark.parametrize(
    ("folder", "people", "nominations", "arcs"),
    [("kfamily", 1047, 16436, 4999), ("brfarmers", 692, 2860, 1854), ("medinnov", 125, 450, 294)],
)
def test_classic_surveys(folder: str, people: int, nominations: int, arcs: int) -> None:
    import pandas as pd

    frame = pd.read_csv(SHARED / folder / "edges.csv")
    n = len(pd.read_csv(SHARED / folder / "nodes.csv"))
    # "source names target": advice flows from the one named, so the columns are swapped
    ties = Ties.from_frame(frame, source="target", target="source", n=n)
    assert (ties.n, ties.m) == (people, arcs)
    assert ties.dropped == {"self_ties": 0, "duplicates": nominations - arcs}
    pairs = set(zip(frame.target.tolist(), frame.source.tolist(), strict=True))
    assert set(arcs_of(ties)) == pairs
    assert ties.reverse() == Ties.from_frame(frame, n=n)
    # layers one by one keep their own ties and make up the whole
    layers = [Ties.from_frame(part, n=n) for _, part in frame.groupby("layer")]
    assert set().union(*map(arcs_of, layers)) == {(t, s) for s, t in pairs}


@real_data
def test_facebook() -> None:
    data = np.load(SHARED / "facebook" / "facebook_undirected.npz")
    ties = Ties.from_edges(data["u"], data["v"], n=int(data["n"]), directed=False)
    assert (ties.n, ties.m) == (4039, 2 * 88234)
    assert ties.dropped == {"self_ties": 0, "duplicates": 0}
    assert ties.is_symmetric()
    # published by SNAP for this network: the best-connected person has 1,045 friends
    assert int(ties.out_degree().max()) == int(ties.in_degree().max()) == 1045
    assert not Ties.from_edges(data["u"], data["v"], n=int(data["n"])).is_symmetric()
