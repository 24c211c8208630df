"""Scenarios: immutable values that survive a file, and error sentences one can act on."""

from __future__ import annotations

import copy
import math
import pickle
import re
import string
import tomllib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import annotated_types
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kocsim import FileError, ParameterError, Scenario, presets
from kocsim.blueprint import Friends, Groups
from kocsim.mechanisms.broadcasts import Broadcast
from kocsim.mechanisms.response import Response
from kocsim.parameters import Section, param
from kocsim.scenario import as_scenario

FRIENDS = ", ".join(Friends.model_fields)


# ---- any valid scenario


def values_of(annotation: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    """All values that a field's declaration allows; the bounds themselves are likely."""
    if choices := get_args(annotation):
        return st.sampled_from(choices)
    if annotation is str:
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    low = high = None
    open_below = False
    for bound in metadata:
        if isinstance(bound, annotated_types.Ge):
            low = bound.ge
        if isinstance(bound, annotated_types.Gt):
            low, open_below = bound.gt, True
        if isinstance(bound, annotated_types.Le):
            high = bound.le
    if annotation is int:
        assert low is not None and high is not None
        return st.integers(low, high) | st.sampled_from([low, high])  # type: ignore[arg-type]
    if annotation is bool:
        return st.booleans()
    assert annotation is float
    inside = st.floats(low, high, exclude_min=open_below, allow_nan=False, allow_infinity=False)
    return inside | st.just(high)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Any scenario at all: each parameter at its default or anywhere in its range."""

    def some(section: Any) -> dict[str, Any]:
        values = {}
        for name, field in section.model_fields.items():
            kind: Any = field.annotation
            if isinstance(kind, type) and issubclass(kind, Section):
                values[name] = some(kind)
            elif name == "broadcasts":
                values[name] = [some(Broadcast) | {"name": f"own {at}"} for at in range(draw(st.integers(0, 2)))]
            elif draw(st.booleans()):
                values[name] = draw(values_of(kind, field.metadata))
        return values

    values = some(Scenario)
    # what a single range cannot say
    values["kocs"] = min(values.get("kocs", 0), values.get("residents", 1_000_000))
    friends = Friends(**values["friends"])
    values["friends"]["super_kocs"] = min(friends.super_kocs, values["kocs"], 100)
    if (total := friends.circle + friends.community + friends.township) > 1:
        for name in ("circle", "community", "township"):
            values["friends"][name] = getattr(friends, name) / total
    posts = [values["posting"].get(name, 1.0) for name in ("moments", "groups")]
    posts += [values[name].get("posts", 0.0) for name in ("kuaishou", "qq", "douyin", "bilibili")]
    if max(posts) * values["posting"].get("every", 1) > 250:
        values["posting"]["every"] = 1
    event = values["event"]
    event["days"] = min(event.get("days", 3), event.get("every", 0) or 365)
    event["posts"] = min(event.get("posts", 1), 250 - math.ceil(max(posts[:2]) * values["posting"].get("every", 1)))
    if values["delivery"].get("range"):
        values["delivery"]["point"] = "shop"
    return Scenario(**values)


@settings(max_examples=60, deadline=None)
@given(scenarios())
def test_a_scenario_survives_toml_repr_pickle_and_copy(scenario: Scenario) -> None:
    for other in (
        Scenario.from_toml(scenario.to_toml()),
        eval(repr(scenario), {"Scenario": Scenario, "Broadcast": Broadcast}),
        pickle.loads(pickle.dumps(scenario)),
        copy.copy(scenario),
        copy.deepcopy(scenario),
        scenario.model_copy(),
        scenario.replace(),
        Scenario().replace(**scenario.differences()),
        Scenario(**{p.name: p.value for p in scenario.parameters()}),
    ):
        assert other == scenario
        assert hash(other) == hash(scenario)
        assert type(other) is Scenario
        assert [p.value for p in other.parameters()] == [p.value for p in scenario.parameters()]


@pytest.mark.parametrize("name", presets())
def test_presets(name: str, tmp_path: Path) -> None:
    scenario = Scenario.preset(name)
    assert scenario.name == name
    assert scenario.description
    path = scenario.save(tmp_path / "s.toml")
    assert Scenario.load(path) == Scenario.load(str(path)) == as_scenario(path) == scenario
    assert as_scenario(str(path)) == as_scenario(name) == as_scenario(scenario) == scenario


def test_the_presets_are_these() -> None:
    assert presets() == ["full", "hybrid", "leader", "mixed", "paper", "shop", "small"]
    # the paper's scenario is what a scenario is by default
    assert set(Scenario.preset("paper").differences()) == {"name", "description"}


# ---- values


def test_equal_scenarios_are_equal() -> None:
    assert Scenario() == Scenario(kocs=10_000) == Scenario(friends=Friends()) == Scenario(friends={})
    assert hash(Scenario(kocs=3)) == hash(Scenario(kocs=3))
    assert Scenario(kocs=3) != Scenario(kocs=4)
    assert Scenario(friends={"sigma": 0.5}) != Scenario()
    assert Friends() != Groups()
    assert len({Scenario(), Scenario(kocs=1), Scenario(kocs=1)}) == 2


@pytest.mark.parametrize("change", [setattr, lambda *what: delattr(*what[:2])])
@pytest.mark.parametrize("name", ["kocs", "friends", "of_my_own"])
def test_a_scenario_does_not_change(change: Callable[..., None], name: str) -> None:
    scenario = Scenario()
    with pytest.raises(AttributeError, match=r"^A Scenario does not change; .*\.$"):
        change(scenario, name, 5)
    assert scenario == Scenario()


def test_a_section_does_not_change() -> None:
    scenario = Scenario()
    with pytest.raises(AttributeError) as caught:
        scenario.friends.sigma = 2.0
    assert str(caught.value) == "A Friends does not change; make another one: replace(sigma=2.0)."
    assert scenario == Scenario()


@pytest.mark.parametrize(
    "change",
    [
        {"friends": {"sigma": 0.5}},
        {"friends": MappingProxyType({"sigma": 0.5})},
        {"friends.sigma": 0.5},
        {"friends": Friends(koc_median=128, sigma=0.5)},
        {"friends": Friends(koc_median=128), "friends.sigma": 0.5},
    ],
    ids=str,
)
def test_replace(change: dict[str, Any]) -> None:
    """Whatever the way of saying it, the rest of the section stays."""
    scenario = Scenario(kocs=7, friends={"koc_median": 128})
    new = scenario.replace(**change)
    assert new.differences() == {"kocs": 7, "friends.sigma": 0.5, "friends.koc_median": 128.0}
    assert scenario.differences() == {"kocs": 7, "friends.koc_median": 128.0}  # as it was


def test_a_section_replaces_all_of_a_section() -> None:
    scenario = Scenario(friends={"koc_median": 128}).replace(friends=Friends(sigma=0.5))
    assert scenario.differences() == {"friends.sigma": 0.5}


def test_replace_of_several() -> None:
    scenario = Scenario().replace(
        residents=100, kocs=5, need={"rate": 0.5}, **{"moments.view": 0.1, "moments.visit": 1}
    )
    assert scenario.differences() == {
        "residents": 100, "kocs": 5, "need.rate": 0.5, "moments.view": 0.1, "moments.visit": 1.0,
    }  # fmt: skip
    assert scenario.friends.replace(sigma=0).sigma == 0.0


def test_sections_may_be_given_as_such_or_as_mappings() -> None:
    expected = {"friends.sigma": 0.5}
    for friends in (Friends(sigma=0.5), {"sigma": 0.5}, MappingProxyType({"sigma": 0.5})):
        assert Scenario(friends=friends).differences() == expected
    assert Scenario(**{"friends.sigma": 0.5}).differences() == expected


def test_pydantics_own_copy_checks_too() -> None:
    with pytest.raises(ParameterError, match=r"^kocs must be a whole number"):
        Scenario().model_copy(update={"kocs": -1})
    assert Scenario().model_copy(update={"kocs": 1}) == Scenario(kocs=1)
    assert Scenario().model_copy(deep=True) == Scenario()


@pytest.mark.parametrize("value", [1000, 1e3, np.int64(1000), np.uint8(100), np.float32(1e3), np.float64(1e3)])
def test_whole_numbers(value: Any) -> None:
    scenario = Scenario(kocs=value)
    assert type(scenario.kocs) is int
    assert scenario.kocs == value
    assert f"kocs={int(value)}" in repr(scenario)


@pytest.mark.parametrize("value", [1, 0.5, np.int32(1), np.float32(0.5), np.float64(0.5), Fraction(1, 2)])
def test_numbers(value: Any) -> None:
    scenario = Scenario(need={"rate": value})
    assert type(scenario.need.rate) is float
    assert scenario.need.rate == value
    assert Scenario.from_toml(scenario.to_toml()) == scenario
    assert eval(repr(scenario), {"Scenario": Scenario, "Broadcast": Broadcast}) == scenario


def test_numpy_text_becomes_text() -> None:
    scenario = Scenario(name=np.str_("x"), identification={"threshold": np.str_("fractional")})
    assert type(scenario.name) is type(scenario.identification.threshold) is str
    assert "np." not in repr(scenario)


# ---- how it is shown


def test_repr() -> None:
    assert repr(Scenario()) == "Scenario()"
    scenario = Scenario(name="it's", kocs=5, friends={"sigma": 1})
    assert repr(scenario) == str(scenario) == """Scenario().replace(name="it's", kocs=5, **{'friends.sigma': 1.0})"""


@pytest.mark.parametrize("parameter", Scenario().parameters(), ids=lambda p: p.name)
def test_every_parameter_is_documented(parameter: Any) -> None:
    for text in (parameter.unit, parameter.range, parameter.meaning, parameter.source):
        assert text.strip() == text and text
    assert len(parameter.meaning.split()) >= 3
    # says where the default is from: an assumption, a definition, a choice, or something one can look up
    known = r"assumption|by definition|free choice|the paper|derived|WeChat's limit|\b(1|2)\d{3}\b|SSRN|census"
    assert re.search(known, parameter.source), parameter.source
    if not isinstance(parameter.value, (str, bool)):
        assert re.fullmatch(r"(whole number in )?[\[(]-?[\d.e+]+, [\d.e+]+\]", parameter.range)


def test_parameters_are_all_there() -> None:
    names = [p.name for p in Scenario().parameters()]
    assert len(set(names)) == len(names)
    leaves = 0
    for name, field in Scenario.model_fields.items():
        kind: Any = field.annotation
        inside = kind.model_fields if isinstance(getattr(Scenario(), name), Section) else [name]
        leaves += len(inside) if name != "broadcasts" else 0  # a list, empty by default
    assert len(names) == leaves > 50
    assert {"kocs", "friends.koc_median", "purchase.win_back"} <= set(names)


def test_table() -> None:
    scenario = Scenario(friends={"sigma": 1})
    table = scenario.table()
    assert list(table.columns) == ["value", "unit", "range", "meaning", "source"]
    assert list(table.index) == [p.name for p in scenario.parameters()]
    assert table.loc["friends.sigma", "value"] == 1.0
    assert table.loc["friends.sigma", "range"] == "[0, 3]"
    assert table.loc["kocs", "range"] == "whole number in [0, 16777216]"
    assert table.loc["response.half_life", "range"] == "(0, 1000000]"
    assert table.loc["identification.threshold", "range"] == "one of 'absolute', 'fractional'"
    assert table.loc["name", "range"] == "text"


def test_differences() -> None:
    assert Scenario().differences() == {}
    assert Scenario(kocs=10_000).differences() == {}
    assert list(Scenario(purchase={"first": 1}, kocs=5).differences().items()) == [
        ("kocs", 5), ("purchase.first", 1.0),
    ]  # fmt: skip


def test_toml_is_commented() -> None:
    scenario = Scenario()
    text = scenario.to_toml()
    for p in scenario.parameters():
        key = p.name.rpartition(".")[2]
        assert re.search(rf"^{key} = .* # {re.escape(f'{p.unit}, {p.range}: {p.meaning}')}$", text, re.M)
    assert list(tomllib.loads(text)) == [name for name in Scenario.model_fields if name != "broadcasts"]


def test_part_of_a_toml_file() -> None:
    scenario = Scenario.from_toml("kocs = 1e3\nfriends.sigma = 0\n[moments]\nview = 1\n")
    assert scenario.differences() == {"kocs": 1000, "friends.sigma": 0.0, "moments.view": 1.0}
    assert Scenario.from_toml("") == Scenario()


def test_a_file_from_a_windows_editor(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(b"\xef\xbb\xbfkocs = 5\r\nname = '\xe5\x8e\xbf'\r\n")
    assert Scenario.load(path).differences() == {"kocs": 5, "name": "县"}


# ---- error sentences

KOCS = "kocs must be a whole number in [0, 16777216]"
WRONG: list[tuple[dict[str, Any], str]] = [
    # names
    ({"kosc": 5}, "There is no parameter 'kosc'. Did you mean 'kocs'?"),
    ({"friends": {"sigmaa": 5}}, "There is no parameter 'friends.sigmaa'. Did you mean 'friends.sigma'?"),
    ({"friends.sigmaa": 5}, "There is no parameter 'friends.sigmaa'. Did you mean 'friends.sigma'?"),
    ({"freinds": {"sigma": 1}}, "There is no parameter 'freinds'. Did you mean 'friends'?"),
    ({"freinds.sigma": 1}, "There is no parameter 'freinds'. Did you mean 'friends'?"),
    ({"koc_median": 5}, "There is no parameter 'koc_median'. Did you mean 'friends.koc_median'?"),
    ({"friends": {"hysteresis": 5}}, "There is no parameter 'friends.hysteresis'. "
     "Did you mean 'identification.hysteresis'?"),
    ({"visit": 1}, "There is no parameter 'visit'. "
     "Did you mean 'moments.visit', 'group_chat.visit', 'private_message.visit' or that of 8 other sections?"),
    ({"friends": {"zzz": 5}}, f"There is no parameter 'friends.zzz'. There are: {FRIENDS}."),
    ({"friends": {5: 5}}, f"There is no parameter 'friends.5'. There are: {FRIENDS}."),
    ({"zzz": 5}, f"There is no parameter 'zzz'. There are: {', '.join(Scenario.model_fields)}."),
    # out of range
    ({"kocs": -1}, f"{KOCS}; got -1."),
    ({"kocs": 1 << 25}, f"{KOCS}; got 33554432."),
    ({"kocs": 10**60}, f"{KOCS}; got 1{'0' * 60}."),
    ({"days": 0}, "days must be a whole number in [1, 60000]; got 0."),
    ({"friends": {"sigma": 9}}, "friends.sigma must lie in [0, 3]; got 9.0."),
    ({"friends.sigma": -0.1}, "friends.sigma must lie in [0, 3]; got -0.1."),
    ({"friends": {"sigma": 10**999}}, f"friends.sigma must lie in [0, 3]; got 1{'0' * 98}…."),
    ({"response": {"half_life": 0}}, "response.half_life must lie in (0, 1000000]; got 0.0."),
    ({"need": {"rate": np.float64(1.5)}}, "need.rate must lie in [0, 1]; got 1.5."),
    ({"identification": {"threshold": "relative"}},
     "identification.threshold must be one of 'absolute', 'fractional'; got 'relative'."),
    # no number
    ({"friends": {"sigma": float("nan")}}, "friends.sigma must lie in [0, 3]; got nan."),
    ({"friends": {"sigma": float("inf")}}, "friends.sigma must lie in [0, 3]; got inf."),
    ({"friends": {"sigma": -np.inf}}, "friends.sigma must lie in [0, 3]; got -inf."),
    ({"kocs": float("nan")}, f"{KOCS}; got nan."),
    ({"kocs": float("inf")}, f"{KOCS}; got inf."),
    # of another kind
    ({"kocs": "100"}, f"{KOCS}; got '100'."),
    ({"kocs": 1.5}, f"{KOCS}; got 1.5."),
    ({"kocs": 1000.5}, f"{KOCS}; got 1000.5."),
    ({"kocs": True}, f"{KOCS}; got True."),
    ({"kocs": None}, f"{KOCS}; got None."),
    ({"kocs": [1, 2]}, f"{KOCS}; got [1, 2]."),
    ({"kocs": 1j}, f"{KOCS}; got 1j."),
    ({"kocs.low": 1}, f"{KOCS}; got {{'low': 1}}."),
    ({"friends": {"sigma": "1"}}, "friends.sigma must be a number in [0, 3]; got '1'."),
    ({"friends": {"sigma": True}}, "friends.sigma must be a number in [0, 3]; got True."),
    ({"friends": {"sigma": None}}, "friends.sigma must be a number in [0, 3]; got None."),
    ({"name": 5}, "name must be text; got 5."),
    ({"name": b"x"}, "name must be text; got b'x'."),
    ({"name": "\ud800"}, "name must be text; got '\\ud800'."),
    ({"friends": 3}, f"friends is a section and takes {FRIENDS}; got 3."),
    ({"friends": None}, f"friends is a section and takes {FRIENDS}; got None."),
    ({"need": Response()}, "need is a section and takes category, rate, sigma, keep; "
     "got Response(first=1.0, further=0.5, repeat=0.1, half_life=30.0)."),
    # what a single range cannot say
    ({"residents": 20, "kocs": 50}, "kocs must lie in [0, residents] = [0, 20]; got 50."),
    ({"friends": {"circle": 0.5, "community": 0.4, "township": 0.2}},
     "friends.circle + friends.community + friends.township must lie in [0, 1]; got 1.1."),
    # several
    ({"kosc": 5, "days": 0, "friends": {"sigma": 9, "sigmaa": 1}, "need": 4},
     "days must be a whole number in [1, 60000]; got 0. "
     "friends.sigma must lie in [0, 3]; got 9.0. "
     "There is no parameter 'friends.sigmaa'. Did you mean 'friends.sigma'? "
     "need is a section and takes category, rate, sigma, keep; got 4. "
     "There is no parameter 'kosc'. Did you mean 'kocs'?"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "sentence"), WRONG, ids=lambda x: str(x)[:50])
@pytest.mark.parametrize("how", [lambda v: Scenario(**v), lambda v: Scenario().replace(**v)], ids=["new", "replace"])
def test_wrong_values(how: Callable[[dict[str, Any]], Scenario], values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ParameterError) as caught:
        how(values)
    assert str(caught.value) == sentence
    # nothing of how it is made inside
    for jargon in ("pydantic", "http", "validation", "Input should", "type=", "Extra inputs", "Traceback"):
        assert jargon not in sentence
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Friends(sigma=9), "Friends.sigma must lie in [0, 3]; got 9.0."),
        (lambda: Friends().replace(sigma=9), "Friends.sigma must lie in [0, 3]; got 9.0."),
        (lambda: Friends(sigmaa=9), "There is no parameter 'Friends.sigmaa'. Did you mean 'Friends.sigma'?"),
        (lambda: Response(half_life="x"), "Response.half_life must be a number in (0, 1000000]; got 'x'."),
    ],
)
def test_wrong_values_of_a_section_alone(make: Callable[[], Section], sentence: str) -> None:
    with pytest.raises(ParameterError) as caught:
        make()
    assert str(caught.value) == sentence


class Own(Section):
    """A section as somebody else might write it, without bounds."""

    x: float = param(0, unit="km", meaning="how far", source="assumption")
    on: bool = param(True, unit="switch", meaning="whether at all", source="assumption")


def test_a_section_of_ones_own() -> None:
    assert Own(x=1, on=False).parameters() == [
        ("x", 1.0, "km", "(-inf, inf)", "how far", "assumption"),
        ("on", False, "switch", "true or false", "whether at all", "assumption"),
    ]
    for value in (float("nan"), float("inf")):
        with pytest.raises(ParameterError) as caught:
            Own(x=value)
        assert str(caught.value) == f"Own.x must lie in (-inf, inf); got {value}."
    with pytest.raises(ParameterError) as caught:
        Own(on=1)
    assert str(caught.value) == "Own.on must be true or false; got 1."


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([p.name for p in Scenario().parameters()]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable) | st.binary()
    | st.lists(st.integers()) | st.dictionaries(st.text(), st.integers()),
)  # fmt: skip
def test_whatever_is_given_is_taken_or_refused_in_a_sentence(name: str, value: Any) -> None:
    """A refusal names the parameter and is one line; what is taken is kept as it was given."""
    try:
        scenario = Scenario().replace(**{name: value})
    except ParameterError as error:
        sentence = str(error)
        if not sentence.startswith("friends.circle + ") and not sentence.startswith("kocs must lie in [0, residents]"):
            assert sentence.startswith(f"{name} must ")
            assert "; got " in sentence
        assert sentence.endswith(".") and "\n" not in sentence
    else:
        assert {p.name: p.value for p in scenario.parameters()}[name] == value
        assert not isinstance(value, bool) or name == "attribution.track"


PRESET = "preset must be one of full, hybrid, leader, mixed, paper, shop, small; got"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("papr", f"{PRESET} 'papr'. Did you mean 'paper'?"),
        ("Small", f"{PRESET} 'Small'. Did you mean 'small'?"),
        ("zzz", f"{PRESET} 'zzz'."),
        (5, f"{PRESET} 5."),
        (None, f"{PRESET} None."),
    ],
)
def test_wrong_preset(name: Any, sentence: str) -> None:
    for take in (Scenario.preset, as_scenario):
        with pytest.raises(ParameterError) as caught:
            take(name)
        assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"kosc = 5", "There is no parameter 'kosc'. Did you mean 'kocs'?"),
        (b"days = 0\nkocs = -1", f"{KOCS}; got -1. days must be a whole number in [1, 60000]; got 0."),
        (b"friends = 3", f"friends is a section and takes {FRIENDS}; got 3."),
        (b"[[friends]]\nsigma = 1", f"friends is a section and takes {FRIENDS}; got [{{'sigma': 1}}]."),
        (b"friends.sigma = nan", "friends.sigma must lie in [0, 3]; got nan."),
        (b"kocs = '5'", f"{KOCS}; got '5'."),
        (b"kocs = 2000-01-01", f"{KOCS}; got datetime.date(2000, 1, 1)."),
        (b"residents = 20\nkocs = 50", "kocs must lie in [0, residents] = [0, 20]; got 50."),
    ],
)
def test_wrong_values_in_a_file(text: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(text)
    for load in (Scenario.load, as_scenario):
        with pytest.raises(ParameterError) as caught:
            load(path)
        assert str(caught.value) == f"{path}: {sentence}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"kocs = ", r"this is not TOML: .*\bat end of document\)\."),
        (b"\nkocs 5", r"this is not TOML: .*\(at line 2, column 6\)\."),
        (b"kocs = 5\nkocs = 6", r"this is not TOML: .*\(at .*\)\."),
        (b"kocs = " + b"1" * 5000, r"this is not TOML: .*\."),
    ],
)
def test_what_is_not_toml(text: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(text)
    with pytest.raises(FileError) as caught:
        Scenario.load(path)
    assert re.fullmatch(re.escape(f"{path}: ") + sentence, str(caught.value))


def test_what_is_not_a_file_of_text(tmp_path: Path) -> None:
    gbk = tmp_path / "gbk.toml"
    gbk.write_bytes("name = '县域'".encode("gbk"))
    for path, why in (
        (tmp_path / "none.toml", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (gbk, "it is not UTF-8 text"),
        (Path("a\0b.toml"), "embedded null byte"),
    ):
        with pytest.raises(FileError) as caught:
            Scenario.load(path)
        assert str(caught.value) == f"Cannot read scenario {path}: {why}."
        assert isinstance(caught.value, OSError)


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "Is a directory"), (tmp_path / "no" / "s.toml", "No such file or directory")):
        with pytest.raises(FileError) as caught:
            Scenario().save(path)
        assert str(caught.value) == f"Cannot write scenario {path}: {why}."
