"""Counties from a user's own network and tables: each way in, real data, and every misfit in one sentence."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kocsim import County, DataError, FileError, ParameterError, Scenario, Ties, simulate

IDS = np.uint32(0xFFFFFF)
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
real_data = pytest.mark.skipif(not SHARED.is_dir(), reason=f"real networks are not at {SHARED}")

LOUD = Scenario(name="loud").replace(
    posting={"moments": 2.0, "groups": 2.0}, sharing={"rate": 0.3, "group": 0.5},
    moments={"visit": 1.0, "view": 1.0}, group_chat={"visit": 1.0, "view": 1.0}, need={"rate": 0.5},
)
"""Everything is said and seen, so that few days tell much."""

N = 60


@pytest.fixture(scope="module")
def edges() -> pd.DataFrame:
    """A directed network of 60 residents, the last of whom nobody knows."""
    rng = np.random.default_rng(5)
    ends = rng.integers(0, N - 1, size=(300, 2))
    ends = np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0)
    return pd.DataFrame({
        "source": ends[:, 0], "target": ends[:, 1], "strength": rng.integers(0, 256, len(ends)) / 255,
    })


@pytest.fixture(scope="module")
def residents() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    village = rng.integers(0, 4, N)
    return pd.DataFrame({
        "community": np.array(["east", "north", "south", "west"])[village],
        "household": np.arange(N) // 3 * 10,
        "x": village * 2.0, "y": rng.normal(size=N) * 0.1,
        "contacts": rng.integers(20, 200, N),
        "income": rng.lognormal(size=N), "job": rng.choice(["农民", "teacher"], N),
        "married": rng.random(N) < 0.5,
    })


@pytest.fixture(scope="module")
def groups() -> pd.DataFrame:
    return pd.DataFrame({
        "group": ["choir"] * 5 + ["dance"] * 4 + ["buyers"] * 6,
        "resident": [1, 2, 3, 40, 50, 5, 6, 7, 8, 4, 10, 11, 12, 59, 3],
        "leader": [False] * 9 + [True] + [False] * 5,
    })


KOCS = [30, 4, 17]


def build(network: Any, **options: Any) -> County:
    county = County.from_ties(network, **{"kocs": KOCS, "seed": 1, **options})
    county.check()
    return county


def digest(county: County, days: int = 5) -> str:
    return simulate(LOUD, county=county, seed=2, days=days, progress=False, debug=True).digest()


# ---- every way in


def test_all_libraries_make_the_same_county(
    edges: pd.DataFrame, residents: pd.DataFrame, groups: pd.DataFrame, tmp_path: Path
) -> None:
    import networkx as nx
    import scipy.sparse as sp

    igraph = pytest.importorskip("igraph")
    tables = {"residents": residents, "groups": groups, "shops": ["north", "west"]}
    s, t, w = (edges[name].to_numpy() for name in edges)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(N))
    graph.add_edges_from((int(a), int(b), {"w": float(c)}) for a, b, c in zip(s, t, w, strict=True))
    vertices = igraph.Graph(n=N, edges=np.column_stack([s, t]).tolist(), directed=True)
    vertices.es["w"] = w.tolist()
    file = tmp_path / "edges.parquet"
    edges.to_parquet(file)
    counties = {
        "frame": build(edges, strength="strength", **tables),
        "frame with n": build(edges, strength="strength", n=N, **tables),
        "shuffled frame": build(edges.sample(frac=1, random_state=1), strength="strength", **tables),
        "parquet": build(file, strength="strength", **tables),
        "arrays": build((s, t), strength=w, **tables),
        "scipy": build(sp.coo_array((w, (s, t)), shape=(N, N)), strength=True, **tables),
        "networkx": build(graph, strength="w", **tables),
        "igraph": build(vertices, strength="w", **tables),
        "ties": build(Ties.from_edges(s, t, strength=w, n=N), **tables),
    }
    first = counties["frame"]
    assert first.friends.n == N and first.friends.m == len(edges)
    checksums = {name: county.asked["checksum"] for name, county in counties.items()}
    assert set(checksums.values()) == {first.asked["checksum"]}, checksums
    digests = {name: digest(county) for name, county in counties.items()}
    assert set(digests.values()) == {digests["frame"]}, digests


def test_what_a_county_is_made_of(
    edges: pd.DataFrame, residents: pd.DataFrame, groups: pd.DataFrame
) -> None:
    county = build(edges, strength="strength", residents=residents, groups=groups, shops=["west", "north"])
    names = ["east", "north", "south", "west"]
    assert [names[c] for c in county.community] == residents["community"].tolist()
    np.testing.assert_array_equal(county.household, np.arange(N) // 3)
    np.testing.assert_array_equal(county.contacts, residents["contacts"])
    np.testing.assert_array_equal(county.ties_in, np.bincount(edges["target"], minlength=N))
    means = residents.groupby("community")[["x", "y"]].mean().loc[names].to_numpy()
    np.testing.assert_allclose(np.column_stack([county.community_x, county.community_y]), means, rtol=1e-5)
    assert county.shop_community.tolist() == [1, 3]
    # places lie 2 km apart in a row, a catchment reaches 3 km: east and south are as near to north
    assert county.community_shop[[0, 1, 3]].tolist() == [0, 0, 1] and county.community_shop[2] in (0, 1)
    assert list(county.columns) == ["income", "job", "married"]
    for name, column in county.columns.items():
        np.testing.assert_array_equal(column, residents[name])
        assert not column.dtype.hasobject
    assert county.asked == {
        "source": "own network", "residents": N, "kocs": 3, "shops": 2, "catchment": 3.0, "seed": 1,
        "checksum": county.asked["checksum"],
    }
    assert county.koc.tolist() == [4, 17, 30]
    assert county.group_leader.tolist() == [0, -1, -1]  # in the order buyers, choir, dance
    assert [(county.group_members[a:b] & IDS).tolist() for a, b in pairwise(county.group_offsets)] == [
        [3, 4, 10, 11, 12, 59], [1, 2, 3, 40, 50], [5, 6, 7, 8],
    ]
    assert (county.group_members >> np.uint32(24) == 255).all()


def test_kocs_reach_their_contacts_and_the_members_of_their_groups(
    edges: pd.DataFrame, groups: pd.DataFrame
) -> None:
    edges = pd.concat([edges, pd.DataFrame({"source": [4], "target": [10], "strength": [0.2]})])
    edges = edges.drop_duplicates(["source", "target"], keep="last")
    more = pd.DataFrame({
        "group": ["sale"] * 4, "resident": [4, 10, 20, 59], "leader": [True, False, False, False],
        "strength": [1.0, 1.0, 0.5, 0.1],
    })
    groups = pd.concat([groups.assign(strength=0.4), more])
    county = build(edges, strength="strength", groups=groups, n=N)
    for k, (a, b) in enumerate(pairwise(county.koc_offsets)):
        mine = edges[edges["source"] == county.koc[k]]
        expected = {
            int(t): (1, round(w * 255)) for t, w in zip(mine["target"], mine["strength"], strict=True)
        }
        if county.koc[k] == 4:
            for member, strength in ((3, 102), (10, 102), (11, 102), (12, 102), (59, 102), (20, 128)):
                via, byte = expected.get(member, (0, strength))
                expected[member] = (via | 2, byte)
        row = county.koc_ties[a:b]
        how = zip(county.koc_via[a:b].tolist(), (row >> np.uint32(24)).tolist(), strict=True)
        got = dict(zip((row & IDS).tolist(), how, strict=True))
        assert got == expected and len(row) == len(expected)
    first = slice(county.koc_offsets[1])
    via = dict(zip((county.koc_ties[first] & IDS).tolist(), county.koc_via[first].tolist(), strict=True))
    assert via[10] == 3 and via[20] == 2 and list(via.values()) == sorted(via.values(), key=[0, 1, 3, 2].index)


def test_a_network_alone_is_enough() -> None:
    county = build(Ties.from_edges([0, 1, 2], [1, 2, 0]), kocs=(), shops=2)
    assert county.communities == 1 and county.household.tolist() == [0, 1, 2] and county.koc.size == 0
    assert county.contacts.tolist() == [1, 1, 1] and county.shop_community.tolist() == [0, 0]
    assert county.community_shop.tolist() == [0]
    digest(county)


def test_contacts_are_ties_whichever_way_they_run() -> None:
    star = Ties.from_edges([0] * 70_000, np.arange(1, 70_001))
    county = build(star, kocs=[0])
    assert county.contacts[0] == 65_535 and county.contacts[1] == 1
    assert build(star.reverse(), kocs=[0]).contacts[0] == 65_535


def test_without_coordinates_a_shop_serves_its_own_community(edges: pd.DataFrame) -> None:
    table = pd.DataFrame({"community": np.arange(N) % 5})
    county = build(edges, residents=table, shops=[3, 1, 1], catchment=1000.0)
    assert county.shop_community.tolist() == [1, 1, 3]
    assert county.community_shop[3] == 2 and county.community_shop[1] in (0, 1)
    assert (county.community_shop[[0, 2, 4]] == -1).all()


def test_numbers_of_kocs_and_shops_are_drawn_by_the_seed(edges: pd.DataFrame) -> None:
    table = pd.DataFrame({"community": np.repeat([0, 1], [N - 6, 6])})
    few, many, other = (
        build(edges, residents=table, kocs=k, shops=100, seed=seed) for k, seed in ((5, 1), (20, 1), (5, 2))
    )
    assert few.koc.size == 5 and (np.diff(few.koc) > 0).all()
    assert set(few.koc.tolist()) <= set(many.koc.tolist())
    assert few.koc.tolist() != other.koc.tolist()
    assert few.koc.tolist() == build(edges, residents=table, kocs=np.int32(5), seed=1).koc.tolist()
    # nine tenths of the residents live in community 0: so do the shops, within 4 standard errors of 3
    assert abs(np.count_nonzero(few.shop_community == 0) - 90) <= 12
    assert build(edges, kocs=N - 1).koc.size == N - 1


def test_kocs_are_drawn_evenly() -> None:
    ties = Ties.from_edges([0], [1], n=50)
    often = np.bincount(np.concatenate([County.from_ties(ties, kocs=10, seed=s).koc for s in range(200)]))
    expected, variance = 40.0, 200 * 0.2 * 0.8
    assert (np.abs(often - expected) < 4.5 * np.sqrt(variance)).all()


# ---- labels


def test_labels_name_residents_everywhere() -> None:
    import networkx as nx

    graph = nx.florentine_families_graph()
    table = pd.DataFrame({"community": range(15), "wealth": range(15)}, index=sorted(graph))
    county = build(
        graph, kocs=["Medici", "Albizzi"], residents=table,
        groups=pd.DataFrame({"group": [1, 1, 1], "resident": ["Pazzi", "Medici", "Strozzi"],
                             "leader": [False, True, False]}),
    )
    labels = list(graph)
    assert county.friends.labels.tolist() == labels  # in the order of the network
    assert [labels[k] for k in county.koc] == ["Medici", "Albizzi"]
    assert county.columns["wealth"].tolist() == [sorted(graph).index(name) for name in labels]
    a, b = county.koc_offsets[:2]
    reached = {labels[i] for i in county.koc_ties[a:b] & IDS}
    assert reached == set(graph["Medici"]) | {"Pazzi", "Strozzi"}


def test_an_index_of_names_orders_an_edge_list_and_names_those_without_ties() -> None:
    table = pd.DataFrame({"age": [30, 40, 50, 60]}, index=["Wu", "Li", "Zhao", "Ai"])
    edges = pd.DataFrame({"source": ["Li", "Wu"], "target": ["Wu", "Ai"]})
    county = build(edges, residents=table, kocs=["Li"])
    assert county.friends.labels.tolist() == ["Wu", "Li", "Zhao", "Ai"]
    assert county.koc.tolist() == [1] and county.columns["age"].tolist() == [30, 40, 50, 60]
    assert county.friends.row(0).tolist() == [3]


def test_an_index_of_numbers_names_the_residents_of_an_edge_list() -> None:
    table = pd.DataFrame({"age": [30, 40, 50]}, index=[103, 101, 102])
    county = build(pd.DataFrame({"source": [101], "target": [103]}), residents=table, kocs=[101])
    assert county.koc.tolist() == [1] and county.friends.row(1).tolist() == [0]


def test_an_index_names_the_rows_of_a_matrix() -> None:
    table = pd.DataFrame({"age": [30, 40, 50]}, index=["c", "a", "b"])
    county = build(Ties.from_edges([0], [1], n=3).to_scipy(), residents=table, kocs=["a"])
    assert county.koc.tolist() == [1] and county.columns["age"].tolist() == [30, 40, 50]


def test_whole_numbers_are_labels_where_the_network_has_them() -> None:
    import networkx as nx

    county = build(nx.DiGraph([(3, 1), (1, 7)]), kocs=[7, 3])
    assert county.friends.labels.tolist() == [3, 1, 7] and county.koc.tolist() == [0, 2]
    county = build(nx.DiGraph([("c", "a"), ("a", "b")]), kocs=[2, 0])  # no label is one: row numbers
    assert county.koc.tolist() == [0, 2]


@pytest.mark.parametrize(
    "nodes", [["x", "y", "z"], [5, 3, 9], [(0, 1), (0, 0), (1, 1)], ["a", 7, (1, "b")], ["a\0", "b", "c"]]
)
def test_labels_come_back_from_disk(nodes: list[Any], tmp_path: Path) -> None:
    import networkx as nx

    county = build(nx.path_graph(nodes), kocs=[nodes[2]])
    opened = County.open(county.save(tmp_path / "county"))
    assert opened.friends == county.friends
    assert opened.friends.labels.tolist() == nodes
    assert opened.friends.labels.dtype == county.friends.labels.dtype


def test_labels_that_cannot_be_written(tmp_path: Path) -> None:
    import networkx as nx

    one = frozenset([1])
    county = build(nx.path_graph([one, "a"]), kocs=[one])
    with pytest.raises(DataError) as error:
        county.save(tmp_path / "county")
    assert str(error.value) == (
        "labels must be text, numbers or tuples of these to be written; got frozenset({1}) in row 0."
    )
    assert not list(tmp_path.iterdir())


def test_columns_come_back_from_disk(edges: pd.DataFrame, tmp_path: Path) -> None:
    table = pd.DataFrame({
        "a/b": np.arange(N), "../up": ["农民", "x"] * (N // 2), "day": pd.date_range("2026-01-01", periods=N),
        "gaps": pd.array([1, None] * (N // 2), dtype="Int64"), "flag": pd.array([True, False] * (N // 2)),
        "kind": pd.Categorical(["u", "v"] * (N // 2)), "half": np.arange(N, dtype=np.float16),
        "objects": np.array([1, 2] * (N // 2), dtype=object), 7: range(N),
    })
    county = build(edges, residents=table)
    opened = County.open(county.save(tmp_path / "county"))
    assert list(opened.columns) == [str(name) for name in table.columns]
    for name, column in county.columns.items():
        assert opened.columns[name].dtype == column.dtype and column.dtype != object
        np.testing.assert_array_equal(opened.columns[name], column)
    assert np.isnan(county.columns["gaps"][1]) and county.columns["kind"].tolist()[:2] == ["u", "v"]
    assert digest(opened) == digest(county)
    assert [one.name for one in tmp_path.iterdir()] == ["county"]


def test_tables_of_other_kinds(edges: pd.DataFrame, residents: pd.DataFrame, groups: pd.DataFrame) -> None:
    import pyarrow

    first = build(edges, residents=residents, groups=groups)
    arrow = build(edges, residents=pyarrow.Table.from_pandas(residents, preserve_index=False),
                  groups=pyarrow.Table.from_pandas(groups, preserve_index=False))
    plain = build(edges, residents=residents.to_dict("list"), groups=groups.to_dict("list"))
    assert first.asked == arrow.asked == plain.asked


# ---- what does not fit


def table(**columns: Any) -> dict[str, Any]:
    """Arguments with a table of three residents."""
    return {"residents": pd.DataFrame(columns)}


def membership(**columns: Any) -> dict[str, Any]:
    columns = {"group": ["g", "g", "h"], "resident": [0, 1, 2], **columns}
    return {"groups": pd.DataFrame(columns), "kocs": [0, 1]}


NAMED = Ties([0, 1, 1, 1], np.array([1], np.uint32), labels=["Liu", "Wang", "Zhang"])
PLAIN = Ties([0, 1, 1, 1], np.array([1], np.uint32))
MISFITS: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
    # the call
    (PLAIN, {"koc": [1]}, ParameterError, "from_ties has no parameter 'koc' (did you mean 'kocs'?)."),
    (PLAIN.to_scipy(), {"directed": True}, ParameterError,
     "A network of type csr_array takes no option 'directed'."),
    (PLAIN, {"seed": -1}, ParameterError, "seed must be a whole number in [0, inf]; got -1."),
    (PLAIN, {"catchment": 0}, ParameterError, "catchment must be a number of km in (0, inf); got 0."),
    (PLAIN, {"catchment": "3"}, ParameterError, "catchment must be a number of km in (0, inf); got '3'."),
    (PLAIN, {"catchment": float("nan")}, ParameterError,
     "catchment must be a number of km in (0, inf); got nan."),
    (Ties([0], np.zeros(0, np.uint32)), {}, DataError, "A county holds 1 to 16,777,216 residents; got 0."),
    # KOCs
    (PLAIN, {"kocs": 4}, ParameterError, "kocs must lie in [0, residents] = [0, 3]; got 4."),
    (PLAIN, {"kocs": -1}, ParameterError, "kocs must lie in [0, residents] = [0, 3]; got -1."),
    (PLAIN, {"kocs": [0, 1, 2, 0]}, DataError, "kocs names resident 0 twice."),
    (PLAIN, {"kocs": [0, 3]}, DataError,
     "kocs names resident 3 in entry 1, but there are 3 residents (0..2)."),
    (PLAIN, {"kocs": [-1]}, DataError,
     "kocs names resident -1 in entry 0, but there are 3 residents (0..2)."),
    (PLAIN, {"kocs": "Li"}, DataError,
     "kocs must be a number, or a sequence of row numbers or labels; got 'Li'."),
    (PLAIN, {"kocs": 1.5}, DataError,
     "kocs must be a number, or a sequence of row numbers or labels; got 1.5."),
    (PLAIN, {"kocs": [0, "Li"]}, DataError,
     "kocs must hold row numbers, as residents have no labels; got 'Li' in entry 1."),
    (PLAIN, {"kocs": [0, 1.5]}, DataError,
     "kocs must hold row numbers, as residents have no labels; got 1.5 in entry 1."),
    (PLAIN, {"kocs": [0.0, None]}, DataError, "kocs is missing in entry 1."),
    (PLAIN, {"kocs": np.array([True, False, True])}, DataError,
     "kocs must hold row numbers or labels, not truth values; numpy.flatnonzero gives them."),
    (PLAIN, {"kocs": [[0], [1]]}, DataError,
     "kocs must hold row numbers, as residents have no labels; got [0] in entry 0."),
    (PLAIN, {"kocs": np.zeros((2, 2), int)}, DataError, "kocs must be one-dimensional; got 2 dimensions."),
    (NAMED, {"kocs": ["Liu", "Wan"]}, DataError,
     "kocs names 'Wan' in entry 1, who is not in the network (did you mean 'Wang'?)."),
    (NAMED, {"kocs": ["Zhang", "Liu", "Zhang"]}, DataError, "kocs names 'Zhang' twice."),
    # residents
    (PLAIN, table(x=[1.0, 2.0]), DataError, "residents has 2 rows, but the network has 3 residents."),
    (PLAIN, {"residents": {"x": [1, 2], "y": [1]}}, DataError,
     "residents must have columns of equal length; x has 2, y has 1."),
    (PLAIN, {"residents": [1, 2, 3]}, DataError, "residents must be a DataFrame; got list."),
    (PLAIN, table(x=[1.0, 2.0, 3.0]), DataError,
     "residents has a column 'x' but no 'y'; a place needs both."),
    (PLAIN, table(x=[1.0, np.nan, 3.0], y=[0, 0, 0]), DataError, "residents.x is missing in row 1."),
    (PLAIN, table(x=[1.0, 2.0, 3.0], y=[0, 0, np.inf]), DataError,
     "residents.y must be finite; got inf in row 2."),
    (PLAIN, table(x=[1.0, 2.0, 3.0], y=["a", "b", "c"]), DataError,
     "residents.y must hold numbers; got 'a' in row 0."),
    (PLAIN, table(contacts=[1, -2, 3]), DataError,
     "residents.contacts must hold whole numbers in [0, 65535]; got -2 in row 1."),
    (PLAIN, table(contacts=[1, 2, 65536]), DataError,
     "residents.contacts must hold whole numbers in [0, 65535]; got 65536 in row 2."),
    (PLAIN, table(contacts=[1, 2.5, 3]), DataError,
     "residents.contacts must hold whole numbers in [0, 65535]; got 2.5 in row 1."),
    (PLAIN, table(contacts=[1, 2, None]), DataError, "residents.contacts is missing in row 2."),
    (PLAIN, table(community=["a", None, "b"]), DataError, "residents.community is missing in row 1."),
    (PLAIN, table(household=["a", 1, 2]), DataError,
     "residents.household must hold values of one kind, all numbers or all text."),
    (PLAIN, table(job=["a", None, "b"]), DataError,
     "residents.job is missing in row 1; fill the gaps or leave it out."),
    (PLAIN, table(job=["a", [1], "b"]), DataError,
     "residents.job must hold numbers, truth values, text or dates, all of one kind; got list in row 1."),
    (PLAIN, {"residents": pd.DataFrame([[1, 2]] * 3, columns=["a", "a"])}, DataError,
     "residents has two columns named 'a'."),
    (PLAIN, {"residents": pd.DataFrame({"a": range(3)}, index=[1, 0, 2])}, DataError,
     "residents.index starts with 1, so that it is not clear whose row is whose: sort the table by its "
     "index, or reset the index if rows stand in the network's order."),
    (PLAIN, {"residents": pd.DataFrame({"a": range(3)}, index=["u", "u", "v"])}, DataError,
     "residents.index must name each resident once; it names 'u' twice."),
    (PLAIN, {"residents": pd.DataFrame({"a": range(3)}, index=["u", None, "v"])}, DataError,
     "residents.index is missing in row 1."),
    (PLAIN, {"residents": pd.DataFrame({"a": range(3)}, index=pd.MultiIndex.from_product([[1], [1, 2, 3]]))},
     DataError, "residents.index must have one level; it has 2."),
    (NAMED, {"residents": pd.DataFrame({"a": range(3)}, index=["Liu", "Wan", "Zhang"])}, DataError,
     "residents.index names 'Wan', who is not in the network (did you mean 'Wang'?)."),
    (NAMED, {"residents": pd.DataFrame({"x": [1, None, 3], "y": 0}, index=["Liu", "Wang", "Zhang"])},
     DataError, "residents.x is missing in row 'Wang'."),
    (Ties([0, 1, 1, 1], np.array([1], np.uint32), labels=[2, 1, 0]), table(a=range(3)), DataError,
     "residents.index counts from 0, but the network's first resident is 2: set the index to labels, so that "
     "it is clear whose row is whose."),
    (([0, 1], [1, 7]), table(a=range(5)), DataError,
     "The network names resident 7, but residents has 5 rows (0..4)."),
    (([0, 1], [1, 7]), {"n": 5}, DataError,
     "edges.target names resident 7, but there are 5 residents (0..4)."),
    (([0, 1], [1, 2]), {"n": 4, **table(a=range(3))}, DataError,
     "residents has 3 rows, but the network has 4 residents."),
    ((["Li"], ["Wu"]), table(a=range(2)), DataError,
     "The network names residents ('Li', ...): set the index of residents to these names, so that it is "
     "clear whose row is whose."),
    # groups
    (PLAIN, {"groups": pd.DataFrame({"group": [1]})}, DataError,
     "groups has no column 'resident'; it has 'group'."),
    (PLAIN, {"groups": {"group": [1, 2], "resident": [1]}}, DataError,
     "groups must have columns of equal length; group has 2, resident has 1."),
    (PLAIN, membership(resident=[0, 1, 3]), DataError,
     "groups.resident names resident 3 in row 2, but there are 3 residents (0..2)."),
    (NAMED, {"groups": pd.DataFrame({"group": [1], "resident": ["Lu"]})}, DataError,
     "groups.resident names 'Lu' in row 0, who is not in the network (did you mean 'Liu'?)."),
    (PLAIN, membership(resident=[0, 0, 2]), DataError, "groups names resident 0 twice in group 'g'."),
    (PLAIN, membership(resident=[0, None, 2]), DataError, "groups.resident is missing in row 1."),
    (PLAIN, membership(group=["g", None, "h"]), DataError, "groups.group is missing in row 1."),
    (PLAIN, membership(leader=[True, True, False]), DataError,
     "groups.leader: group 'g' has 2 leaders; it can have one."),
    (PLAIN, membership(leader=[False, False, True]), DataError,
     "groups.leader: resident 2 leads group 'h' but is not a KOC."),
    (PLAIN, membership(leader=[True, None, False]), DataError, "groups.leader is missing in row 1."),
    (PLAIN, membership(leader=["yes", "no", "no"]), DataError,
     "groups.leader must be true or false; got 'yes' in row 0."),
    (PLAIN, membership(strength=[1.0, 1.5, 0.0]), DataError,
     "groups.strength must lie in [0, 1]; got 1.5 in row 1."),
    # shops
    (PLAIN, {"shops": [0, 1]}, DataError, "shops names community 1 in entry 1, but there is only 0."),
    (PLAIN, {"shops": [3], **table(community=["a", "b", "b"])}, DataError,
     "shops names community 3 in entry 0, but there are only 'a', 'b'."),
    (PLAIN, {"shops": -1}, ParameterError, "shops must be a whole number in [0, inf]; got -1."),
    (PLAIN, {"shops": "a"}, DataError, "shops must be a number, or a sequence of communities; got 'a'."),
]


@pytest.mark.parametrize(("network", "arguments", "kind", "sentence"), MISFITS)
def test_misfits_are_named(
    network: Any, arguments: dict[str, Any], kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind) as error:
        County.from_ties(network, **arguments)
    assert str(error.value) == sentence


def test_a_parquet_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        County.from_ties(tmp_path / "none.parquet", kocs=1)


# ---- what follows on the first day


def test_removing_a_koc_changes_only_whom_it_could_reach(groups: pd.DataFrame) -> None:
    rng = np.random.default_rng(8)
    ties = Ties.from_edges(rng.integers(0, 400, 1500), rng.integers(0, 400, 1500), n=400)
    changed = 0
    for gone in KOCS:
        table = groups.assign(leader=groups["leader"] & (gone != 4))
        with_and_without = [
            County.from_ties(ties, kocs=kocs, groups=g)
            for kocs, g in ((KOCS, groups), ([k for k in KOCS if k != gone], table))
        ]
        both = [
            simulate(LOUD, county=county, seed=seed, days=1, progress=False)
            for seed in range(3) for county in with_and_without
        ]
        members = {3, 10, 11, 12, 59} if gone == 4 else set()
        could = {gone, *ties.row(gone).tolist(), *members}
        for a, b in zip(both[::2], both[1::2], strict=True):
            differs = np.flatnonzero((a.residents != b.residents).any(axis=1))
            assert set(differs.tolist()) <= could
            changed += len(set(differs.tolist()) - {gone})
    assert changed > 10  # and it does change them


# ---- real data


@pytest.fixture(scope="module")
def villages() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Korean Family Planning: who names whom, and who lives in which of 25 villages."""
    folder = SHARED / "kfamily"
    return pd.read_csv(folder / "edges.csv"), pd.read_csv(folder / "nodes.csv")


@real_data
def test_word_does_not_leave_a_village_that_has_no_ties_out_of_it(
    villages: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    named, nodes = villages
    women = nodes.rename(columns={"village": "community"}).set_index("node")
    first = np.flatnonzero(women["community"] == 1)
    # a woman hears those whom she names: information flows from the one named
    county = build(named, source="target", target="source", residents=women, kocs=first[:3], shops=5)
    assert county.n == 1047 and county.communities == 25 and county.friends.m == 4999
    assert county.summary().loc["ties within the community", "got"] == 1
    source, target = named.loc[0, ["source", "target"]]
    assert source in county.friends.row(int(target))
    result = simulate(LOUD, county=county, seed=1, days=30, progress=False, debug=True)
    aware = result.residents["stage"].to_numpy() > 0
    assert not aware[county.community != 0].any()
    assert np.count_nonzero(aware[county.community == 0]) > 3


@real_data
def test_ego_facebook() -> None:
    import networkx as nx

    data = np.load(SHARED / "facebook" / "facebook_undirected.npz")
    ends = [data[name] for name in data.files][:2]
    county = build((ends[0], ends[1]), directed=False, kocs=40, shops=3)
    assert county.n == 4039 and county.friends.m == 2 * 88_234 and county.friends.is_symmetric()
    table = county.summary(sample=4039)["got"]
    graph = nx.Graph(zip(*(end.tolist() for end in ends), strict=True))
    local = nx.clustering(graph)
    assert table["clustering: mean"] == pytest.approx(
        np.mean([local[i] for i in graph if graph.degree(i) >= 2])
    )
    assert table["components"] == 1 and table["ties returned"] == 1
    assert table["friends in the county: most"] == 1045
    result = simulate(LOUD, county=county, seed=1, days=10, progress=False, debug=True)
    assert result.daily["aware"].iloc[-1] > 40
