"""Counties: what generation promises, what the summary says, and that a folder on disk is the same county or
refused."""

from __future__ import annotations

import json
import os
import pickle
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kocsim import County, DataError, FileError, ParameterError, Scenario, simulate
from kocsim.countycheck import arrays_of
from kocsim.countyfile import FORMAT, MANIFEST

IDS = np.uint32(0xFFFFFF)

TOWN = Scenario(name="town").replace(
    residents=3000, kocs=30, shops=6,
    population={"community_median": 200.0, "township_mean": 700.0, "area": 100.0},
    friends={"koc_median": 150.0}, groups={"led_median": 30.0},
)
"""Small, but with everything in it: several townships of several communities."""


@pytest.fixture(scope="module")
def town() -> County:
    return County.generate(TOWN, 1, threads=1)


def arrays(county: County) -> dict[str, Any]:
    return arrays_of(county)


def assert_same(one: County, other: County) -> None:
    a, b = arrays(one), arrays(other)
    assert list(a) == list(b)
    for name in a:
        assert a[name].dtype == b[name].dtype, name
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def rows(offsets: Any, ties: Any) -> list[list[int]]:
    ids = (ties & IDS).tolist()
    return [ids[a:b] for a, b in pairwise(offsets)]


def contacts_of_kocs(county: County) -> list[list[int]]:
    via = county.koc_via
    return [
        (county.koc_ties[a:b] & IDS)[(via[a:b] & 1) == 1].tolist()
        for a, b in pairwise(county.koc_offsets)
    ]


# ---- one seed, one county


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_the_same_county_for_any_number_of_threads(town: County, threads: int) -> None:
    assert_same(town, County.generate(TOWN, 1, threads=threads))


def test_another_seed_makes_another_county(town: County) -> None:
    other = arrays(County.generate(TOWN, 2))
    for name, array in arrays(town).items():
        if name not in ("shop_community", "community_shop", "group_leader", "koc_offsets"):
            assert array.shape != other[name].shape or (array != other[name]).any() or name == "koc_via", name


def test_seeds_beyond_64_bits_differ_from_their_low_bits() -> None:
    small = Scenario().replace(residents=50, kocs=2, shops=0)
    one, other = County.generate(small, 5), County.generate(small, 5 + 2**64)
    assert not np.array_equal(one.friends.ties, other.friends.ties)


def test_arrays_are_read_only_and_stay_so_when_pickled(town: County) -> None:
    for county in (town, pickle.loads(pickle.dumps(town))):
        for name, array in arrays(county).items():
            assert not array.flags.writeable, name
    assert_same(town, pickle.loads(pickle.dumps(town)))


@pytest.mark.parametrize(
    ("seed", "threads", "sentence"),
    [
        (-1, None, "seed must be a whole number in [0, inf]; got -1."),
        (1.5, None, "seed must be a whole number in [0, inf]; got 1.5."),
        (True, None, "seed must be a whole number in [0, inf]; got True."),
        (1, 0, "threads must be a whole number in [1, 256]; got 0."),
    ],
)
def test_bad_seeds_and_threads_are_refused(seed: Any, threads: Any, sentence: str) -> None:
    with pytest.raises(ParameterError, match=f"^{re.escape(sentence)}$"):
        County.generate(TOWN, seed, threads=threads)


# ---- what is promised of a generated county


def test_generated_counties_pass_the_check_that_saved_ones_must(town: County) -> None:
    town.check()


def test_friends_hear_each_other_equally_well(town: County) -> None:
    assert town.friends.is_symmetric()
    np.testing.assert_array_equal(town.ties_in, town.friends.out_degree())
    for i, row in enumerate(rows(town.friends.offsets, town.friends.ties)):
        assert row == sorted(set(row)) and i not in row


def test_households_are_cliques(town: County) -> None:
    friends = [set(row) for row in rows(town.friends.offsets, town.friends.ties)]
    homes: dict[int, list[int]] = {}
    for i, home in enumerate(town.household.tolist()):
        homes.setdefault(home, []).append(i)
    for home in homes.values():
        assert len(home) <= 8
        for i in home:
            assert friends[i] >= set(home) - {i}


def test_household_sizes_have_the_mean_asked_for(town: County) -> None:
    size = np.bincount(town.household)
    # sizes are 1 + Poisson(1.62), of variance 1.62; the cut at 8 takes 0.001 off the mean
    error = np.sqrt(1.62 / size.size)
    assert abs(size.mean() - 2.62) < 4 * error + 0.01


def degrees_asked(scenario: Scenario, seed: int) -> tuple[Any, Any]:
    """In-county degree drawn for each resident, and what she got, without KOCs' longer lists of contacts."""
    county = County.generate(scenario.replace(kocs=0), seed)
    return county.contacts * scenario.friends.in_county, county.friends.out_degree()


@pytest.mark.parametrize("sigma", [0.0, 0.8])
def test_degrees_are_as_asked_in_every_decile(sigma: float) -> None:
    """The friendship lottery sets aside draws that hit a friend twice: up to 5% of a decile's friends."""
    scenario = Scenario().replace(residents=20_000, kocs=0, shops=0, friends={"sigma": sigma})
    asked, got = degrees_asked(scenario, 1)
    for decile in np.array_split(np.argsort(asked, kind="stable"), 10):
        # given what was asked, a degree is a sum of rare hits: its variance is at most its mean
        error = np.sqrt(asked[decile].mean() / decile.size)
        ratio = got[decile].mean() / asked[decile].mean()
        assert 0.95 - 4 * error / asked[decile].mean() < ratio < 1.02 + 4 * error / asked[decile].mean()


def test_contacts_are_lognormal_and_capped() -> None:
    scenario = TOWN.replace(residents=20_000, kocs=0, friends={"cap": 400})
    contacts = County.generate(scenario, 3).contacts
    z = np.log(np.maximum(contacts, 1) / 95.0) / 0.8
    n = contacts.size
    for level, asked in ((0.1, -1.2816), (0.5, 0.0), (0.9, 1.2816)):
        density = np.exp(-(asked**2) / 2) / np.sqrt(2 * np.pi)
        error = np.sqrt(level * (1 - level) / n) / density
        assert abs(np.quantile(z, level) - asked) < 4 * error + 0.02  # and rounding to whole contacts
    assert contacts.max() == 400


def test_kocs_are_as_many_as_asked_and_have_the_contacts_asked_for() -> None:
    county = County.generate(TOWN.replace(friends={"koc_sigma": 0.0}), 4)
    assert county.koc.size == 30 and np.unique(county.koc).size == 30
    for k, row in zip(county.koc.tolist(), contacts_of_kocs(county), strict=True):
        assert len(row) == len(set(row)) == 150 and k not in row


def test_contacts_of_kocs_spread_evenly_over_townships_when_none_are_local() -> None:
    scenario = TOWN.replace(kocs=300, friends={"koc_sigma": 0.0, "koc_local": 0.0})
    county = County.generate(scenario, 5)
    township = county.community_township[county.community]
    towns = int(township.max()) + 1
    assert towns >= 3
    got = np.bincount(township[np.concatenate(contacts_of_kocs(county))], minlength=towns)
    expected = 300 * 150 * np.bincount(township, minlength=towns) / county.n
    chi_square = ((got - expected) ** 2 / expected).sum()
    # strata keep it below chi-square with towns - 1 degrees of freedom: mean and variance bound it
    assert chi_square < (towns - 1) + 5 * np.sqrt(2 * (towns - 1))


def test_local_contacts_of_kocs_live_in_their_township() -> None:
    county = County.generate(TOWN.replace(friends={"koc_local": 1.0, "koc_sigma": 0.0}), 6)
    township = county.community_township[county.community]
    for k, row in zip(county.koc.tolist(), contacts_of_kocs(county), strict=True):
        at_home = np.count_nonzero(township[row] == township[k])
        others = np.count_nonzero(township == township[k]) - 1
        assert at_home == min(150, others)


def test_social_groups_are_as_asked() -> None:
    scenario = TOWN.replace(groups={"per_resident": 5.0, "median": 20.0, "cap": 60})
    county = County.generate(scenario, 7)
    social = county.group_leader < 0
    size = np.diff(county.group_offsets)
    assert size[social].max() <= 60 and size[social].min() >= 2
    error = size[social].std() * np.sqrt(social.sum())
    assert abs(size[social].sum() - 5 * county.n) < 4 * error
    for row in rows(county.group_offsets, county.group_members):
        assert row == sorted(set(row))


def test_led_groups_are_drawn_from_the_contacts_and_the_community_of_their_leader(town: County) -> None:
    members = rows(town.group_offsets, town.group_members)
    led = np.flatnonzero(town.group_leader >= 0)
    np.testing.assert_array_equal(town.group_leader[led], np.arange(30))
    contacts = contacts_of_kocs(town)
    for q in led.tolist():
        k = int(town.group_leader[q])
        me = int(town.koc[k])
        a, b = town.koc_offsets[k], town.koc_offsets[k + 1]
        reached = (town.koc_ties[a:b] & IDS)[(town.koc_via[a:b] & 2) == 2]
        assert sorted(reached.tolist()) == members[q] and me not in members[q]
        known = set(contacts[k])
        near = {i for i in members[q] if town.community[i] == town.community[me]}
        assert set(members[q]) <= known | near
        assert len(known & set(members[q])) >= round(0.7 * len(members[q])) - 1


def test_several_groups_a_koc() -> None:
    county = County.generate(TOWN.replace(groups={"led": 3}), 8)
    county.check()
    leader = county.group_leader[county.group_leader >= 0]
    np.testing.assert_array_equal(leader, np.repeat(np.arange(30), 3))


def test_everybody_goes_to_the_nearest_shop_within_reach(town: County) -> None:
    catchment = TOWN.shop.catchment
    x, y = town.community_x.astype(float), town.community_y.astype(float)
    assert 0 < np.count_nonzero(town.community_shop >= 0) < town.communities
    for c in range(town.communities):
        far = np.hypot(x[town.shop_community] - x[c], y[town.shop_community] - y[c])
        s = town.community_shop[c]
        if far.min() <= catchment:
            assert far[s] == pytest.approx(far.min(), abs=1e-4)
        else:
            assert s == -1


def test_residents_stand_by_township_and_community(town: County) -> None:
    assert (np.diff(town.community) >= 0).all() and (np.diff(town.community_township) >= 0).all()
    assert town.community_population.sum() == town.n and (town.community_population > 0).all()


# ---- small worlds


@pytest.mark.parametrize("residents", [1, 2, 3, 10, 100])
@pytest.mark.parametrize("all_kocs", [False, True])
def test_tiny_counties_run(residents: int, all_kocs: bool) -> None:
    scenario = Scenario().replace(residents=residents, kocs=residents if all_kocs else 0, shops=1)
    county = County.generate(scenario, 1, threads=2)
    county.check()
    result = simulate(scenario, county=county, seed=1, days=3, progress=False, debug=True)
    assert len(result.daily) == 3
    assert county.summary().loc["residents", "got"] == residents


worlds = st.fixed_dictionaries({
    "residents": st.integers(1, 300), "kocs": st.integers(0, 20), "shops": st.integers(0, 5),
    "population": st.fixed_dictionaries({
        "household_mean": st.floats(1, 8), "community_median": st.floats(10, 200),
        "community_sigma": st.floats(0, 2), "township_mean": st.floats(10, 300),
        "seat_share": st.floats(0, 1), "area": st.floats(0.1, 1000),
    }),
    "friends": st.fixed_dictionaries({
        "median": st.floats(0, 300), "sigma": st.floats(0, 3), "in_county": st.floats(0, 1),
        "circle": st.floats(0, 0.5), "community": st.floats(0, 0.25), "township": st.floats(0, 0.25),
        "circle_size": st.integers(2, 100), "koc_median": st.floats(0, 500), "koc_local": st.floats(0, 1),
        "strength_spread": st.floats(0, 1), "cap": st.integers(1, 5000),
    }),
    "groups": st.fixed_dictionaries({
        "per_resident": st.floats(0, 10), "median": st.floats(2, 100), "cap": st.integers(2, 500),
        "local": st.floats(0, 1), "led": st.integers(0, 3), "led_median": st.floats(0, 100),
        "led_from_contacts": st.floats(0, 1),
    }),
})


@settings(deadline=None, max_examples=60)
@given(worlds, st.integers(0, 2**64))
def test_any_world_makes_a_county(world: dict[str, Any], seed: int) -> None:
    world["kocs"] = min(world["kocs"], world["residents"])
    scenario = Scenario().replace(**world)
    county = County.generate(scenario, seed, threads=1)
    county.check()
    assert county.n == scenario.residents and county.koc.size == scenario.kocs
    assert county.shops == scenario.shops and county.friends.is_symmetric()
    assert_same(county, County.generate(scenario, seed, threads=3))


# ---- summary


def test_summary_puts_what_was_asked_beside_what_came_out(town: County) -> None:
    table = town.summary()
    assert list(table.columns) == ["asked", "got", "unit"] and table.index.name == "quantity"
    assert table.index.is_unique
    assert table.loc["KOCs", ["asked", "got"]].tolist() == [30, 30]
    degree = town.friends.out_degree()
    assert table.loc["friends in the county: mean", "got"] == degree.mean()
    assert table.loc["friends in the county: mean", "asked"] == pytest.approx(0.65 * 130.8, rel=0.001)
    assert table.loc["ties returned", "got"] == 1
    assert table.loc["memory", "got"] == town.nbytes / town.n
    assert town.summary().equals(table)


def test_summary_measures_structure_as_networkx_does(town: County) -> None:
    import networkx as nx

    small = County.generate(TOWN.replace(residents=200, kocs=3, friends={"median": 8.0}), 9)
    graph = nx.Graph()
    graph.add_nodes_from(range(small.n))
    for i, row in enumerate(rows(small.friends.offsets, small.friends.ties)):
        graph.add_edges_from((i, j) for j in row)
    local = nx.clustering(graph)
    table = small.summary()["got"]
    assert table["clustering: mean"] == pytest.approx(
        np.mean([local[i] for i in graph if graph.degree(i) >= 2])
    )
    parts = list(nx.connected_components(graph))
    assert table["components"] == len(parts)
    assert table["largest component"] == pytest.approx(max(map(len, parts)) / small.n)
    assert table["degree correlation"] == pytest.approx(nx.degree_assortativity_coefficient(graph))
    inside = [small.community[i] == small.community[j] for i, j in graph.edges]
    assert table["ties within the community"] == pytest.approx(np.mean(inside))
    far = small.community_shop[small.community] < 0
    assert table["residents without a shop in reach"] == pytest.approx(far.mean())
    # 200 residents are all in a sample of 2000; a smaller sample comes near
    assert small.summary(sample=100)["got"]["clustering: mean"] == pytest.approx(
        table["clustering: mean"], abs=4 * np.std(list(local.values())) / 10
    )


def test_summary_of_many_ties_is_of_a_sample(town: County, monkeypatch: pytest.MonkeyPatch) -> None:
    from kocsim import countysummary

    whole = town.summary()["got"]
    monkeypatch.setattr(countysummary, "MANY_TIES", town.friends.m // 10)
    part = town.summary()["got"]
    for name in ("ties within the community", "ties within the township"):
        # residents differ: the share of a resident's ties varies with a standard deviation below 1/2
        assert part[name] != whole[name]
        assert abs(part[name] - whole[name]) < 4 * 0.5 / np.sqrt(town.n / 10)


def test_summary_refuses_an_empty_sample(town: County) -> None:
    with pytest.raises(ParameterError, match=r"^sample must be a whole number in \[1, inf\]; got 0\.$"):
        town.summary(sample=0)


# ---- on disk


@pytest.fixture
def folder(town: County, tmp_path: Path) -> Path:
    return town.save(tmp_path / "town")


def test_round_trip(town: County, folder: Path) -> None:
    for verify in (True, False):
        opened = County.open(folder, verify=verify)
        assert_same(town, opened)
        assert opened.asked == town.asked and opened.friends.dropped == town.friends.dropped
        assert repr(opened) == repr(town)
        for name, array in arrays(opened).items():
            assert not array.flags.writeable, name
    assert sorted(one.name for one in folder.parent.iterdir()) == ["town"]
    assert folder.stat().st_mode & 0o777 == 0o777 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_saved_county_gives_the_same_run(town: County, folder: Path) -> None:
    runs = [
        simulate(TOWN, county=county, seed=3, days=5, progress=False).digest()
        for county in (town, County.open(folder))
    ]
    assert runs[0] == runs[1]


def test_saving_replaces_a_county_and_only_a_county(town: County, folder: Path, tmp_path: Path) -> None:
    other = County.generate(TOWN, 2)
    other.save(folder)
    assert_same(County.open(folder), other)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(FileError) as error:
        town.save(folder)
    assert str(error.value) == (
        f"{folder} holds notes.txt beside a county; move it away or choose another name."
    )
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    with pytest.raises(FileError, match=r"foreign exists and is not a county; choose another name\.$"):
        town.save(foreign)
    (foreign / MANIFEST).write_text('{"name": "Lichuan"}')
    with pytest.raises(FileError, match=r"foreign exists and is not a county; choose another name\.$"):
        town.save(foreign)


def test_a_county_can_be_saved_over_itself_and_through_a_link(town: County, folder: Path) -> None:
    County.open(folder).save(folder)
    link = folder.with_name("link")
    link.symlink_to(folder)
    town.save(link)
    assert link.is_symlink()
    assert_same(County.open(folder), town)


def test_a_target_that_cannot_be_written(town: County, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for target in (file / "county", file / "deep" / "county"):
        with pytest.raises(FileError) as error:
            town.save(target)
        assert str(error.value) == f"Cannot write the county to {target}: Not a directory."
    with pytest.raises(FileError, match=r"file exists and is not a county; choose another name\.$"):
        town.save(file)


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("where", ["array", "place"])
def test_an_interrupted_save_leaves_the_old_county(
    town: County, folder: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException, where: str
) -> None:
    other = County.generate(TOWN, 2)
    calls = 0

    def fail(original: Callable[..., Any], on: int) -> Callable[..., Any]:
        def call(*args: Any, **keywords: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == on:
                raise failure
            return original(*args, **keywords)

        return call

    if where == "array":
        monkeypatch.setattr(np, "save", fail(np.save, 5))
    else:
        monkeypatch.setattr(os, "replace", fail(os.replace, 2))
    with pytest.raises((FileError, KeyboardInterrupt)) as error:
        other.save(folder)
    monkeypatch.undo()
    if isinstance(failure, OSError):
        assert str(error.value) == f"Cannot write the county to {folder}: No space left on device."
    assert_same(County.open(folder), town)
    assert [one.name for one in folder.parent.iterdir()] == ["town"]


def refusal(folder: Path, **keywords: Any) -> str:
    with pytest.raises(FileError) as error:
        County.open(folder, **keywords)
    return str(error.value)


def test_nothing_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == f"There is no county at {tmp_path / 'none'}."


def test_something_else(tmp_path: Path) -> None:
    sentence = f"{tmp_path} is not a kocsim county (no readable {MANIFEST} in it)."
    assert refusal(tmp_path) == sentence
    (tmp_path / MANIFEST).write_text("{")
    assert refusal(tmp_path) == sentence
    (tmp_path / MANIFEST).write_bytes(b"\xff\xfe")
    assert refusal(tmp_path) == sentence
    (tmp_path / MANIFEST).write_text("[1]")
    assert refusal(tmp_path) == f"{tmp_path} has format None; this version reads {FORMAT!r}."
    (tmp_path / "file").write_text("")
    assert "is not a kocsim county" in refusal(tmp_path / "file")


def test_another_format(folder: Path) -> None:
    edit(folder, lambda manifest: manifest.update(format="kocsim county 99"))
    assert refusal(folder) == f"{folder} has format 'kocsim county 99'; this version reads {FORMAT!r}."


def test_a_flipped_byte(folder: Path) -> None:
    file = folder / "friends_ties.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert refusal(folder) == f"County {folder} is damaged: the checksum of friends_ties.npy does not match."
    County.open(folder, verify=False)  # not promised to notice


def test_a_truncated_file(folder: Path) -> None:
    file = folder / "koc_ties.npy"
    file.write_bytes(file.read_bytes()[:-8])
    for verify in (True, False):
        assert refusal(folder, verify=verify).startswith(
            f"County {folder} is damaged: koc_ties.npy cannot be read ("
        )
    file.write_bytes(b"")
    assert refusal(folder).startswith(f"County {folder} is damaged: koc_ties.npy cannot be read (")
    file.unlink()
    assert refusal(folder) == (
        f"County {folder} is damaged: koc_ties.npy cannot be read (No such file or directory)."
    )


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")


def tamper(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Change an array and make the manifest vouch for it."""
    import zlib

    array = np.load(folder / f"{name}.npy")
    array = np.ascontiguousarray(change(array))
    np.save(folder / f"{name}.npy", array)
    entry = {"dtype": array.dtype.str, "shape": array.shape, "crc32": zlib.crc32(array.tobytes())}
    edit(folder, lambda manifest: manifest["arrays"].update({name: entry}))


def put(where: Any, value: int) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        array[where] = value
        return array

    return change


def swap(array: Any) -> Any:
    array[[0, 1]] = array[[1, 0]]
    return array


TAMPERED: list[tuple[str, Callable[[Any], Any], str]] = [
    ("friends_ties", put(0, 3000), "friends names resident 3000, but the last is 2999."),
    ("friends_ties", swap, "row 0 of friends must ascend, each resident once."),
    ("friends_ties", put(0, 0), "row 0 of friends must not name its own resident."),
    ("friends_offsets", put(1, 10**6), "offsets of friends must not fall; they do after entry 1."),
    ("friends_offsets", put(1, -1), "offsets of friends must not fall; they do after entry 0."),
    ("friends_offsets", put(0, 1), "friends_offsets must run from 0 to MANY; they run from 1 to MANY."),
    ("friends_offsets", lambda a: a[:-1], "friends_offsets must have 3,001 entries; it has 3,000."),
    ("ties_in", put(0, 1), "ties_in must count the ties that end at each resident."),
    ("ties_in", put(0, 5000), "ties_in must lie in [0, 2999]; got 5000."),
    ("koc", put(0, -1), "koc must lie in [0, 2999]; got -1."),
    ("koc", swap, "koc must ascend; it does not after entry 0."),
    ("koc_via", put(3, 4), "koc_via must lie in [1, 3]; got 4."),
    ("koc_ties", swap, "row 0 of koc_ties must ascend, contacts first, then both, then members."),
    ("koc_offsets", put(-1, 7), "koc_offsets must run from 0 to MANY; they run from 0 to 7."),
    ("group_members", put(0, 2**24 - 1), "group_members names resident 16777215, but the last is 2999."),
    ("group_leader", put(-1, 30), "group_leader must lie in [-1, 29]; got 30."),
    ("community", put(5, 10_000), "community must lie in [0, LAST]; got 10000."),
    ("household", put(5, -4), "household must lie in [0, 2999]; got -4."),
    ("community_shop", put(0, 6), "community_shop must lie in [-1, 5]; got 6."),
    ("shop_community", put(0, -2), "shop_community must lie in [0, LAST]; got -2."),
    ("community_township", put(0, -1), "community_township must lie in [0, inf]; got -1."),
    ("community_x", lambda a: a * np.float32(np.nan),
     "community_x must be finite; it is not for community 0."),
    ("contacts", lambda a: a.astype(np.int32),
     "contacts must be a column of uint16; it is int32 of 1 dimensions."),
    ("contacts", lambda a: a[:, None], "contacts must be a column of uint16; it is uint16 of 2 dimensions."),
    ("contacts", lambda a: a[:0], "contacts must name 1 to 16,777,216 residents; got 0."),
]


@pytest.mark.parametrize(("name", "change", "sentence"), TAMPERED)
def test_arrays_that_would_lead_compiled_code_astray(
    town: County, folder: Path, name: str, change: Callable[[Any], Any], sentence: str
) -> None:
    many = town.koc_ties.size if name.startswith("koc") else town.friends.m
    sentence = sentence.replace("MANY", f"{many:,}").replace("LAST", str(town.communities - 1))
    tamper(folder, name, change)
    assert refusal(folder) == f"County {folder} is damaged: {sentence}"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda m: m["arrays"].pop("koc"), "county.json lacks koc."),
        (lambda m: m["arrays"].update({"../koc": {}}), "county.json does not know ../koc."),
        (lambda m: m["arrays"].update(koc=7), "county.json says nothing that makes sense of koc.npy."),
        (lambda m: m["arrays"]["koc"].update(dtype="nonsense"),
         "county.json says nothing that makes sense of koc.npy."),
        (lambda m: m["arrays"]["koc"].update(shape=[5]),
         "koc.npy holds int32 of shape (30,) instead of int32 of shape (5,)."),
        (lambda m: m.pop("asked"), "county.json is incomplete."),
        (lambda m: m.update(columns=["age"]), "county.json lacks column_0."),
        (lambda m: m.update(dropped=3), "county.json is incomplete."),
    ],
)
def test_manifests_that_do_not_hold(folder: Path, change: Callable[[Any], Any], sentence: str) -> None:
    edit(folder, change)
    assert refusal(folder) == f"County {folder} is damaged: {sentence}"


def test_objects_are_not_read(folder: Path) -> None:
    np.save(folder / "koc.npy", np.array([{}], object), allow_pickle=True)
    assert refusal(folder).startswith(f"County {folder} is damaged: koc.npy cannot be read (")


def test_an_opened_county_must_fit_the_scenario(folder: Path) -> None:
    with pytest.raises(DataError) as error:
        simulate(TOWN.replace(friends={"koc_median": 99.0}), county=County.open(folder), days=1,
        progress=False)
    assert str(error.value) == (
        "The county was generated with friends.koc_median = 150.0, the scenario says 99.0: generate a county "
        "from this scenario, or leave county out."
    )
