"""A run on disk: saved on one day, it goes on in another process bit for bit, or branches.

What is saved is complete by default: every attribute of a `Simulation` and of the parts it owns, except those that the
class of each names in ``TRANSIENT``: what the set-up makes again from scenario, county and seed, and what a day
overwrites. A part is an object whose class has that name; it may have a method ``resumed`` that derives what hangs on
the values put back. An attribute of another type that nobody named is an error, so none can be forgotten.
"""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from kocsim.checkpointfile import Saved, Writer, read, write
from kocsim.county import County
from kocsim.errors import DataError, ParameterError
from kocsim.record import channel_names
from kocsim.rng import Luck
from kocsim.scenario import Scenario, as_scenario

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kocsim.mechanisms.identification import Rule
    from kocsim.morning import Policy
    from kocsim.simulation import Simulation

    Run = TypeVar("Run", bound=Simulation)

RULE, POLICY = "rule", "policy"


def save(
    run: Simulation, path: str | os.PathLike[str], kind: str = "Simulation",
    more: Callable[[Writer], Any] | None = None,
) -> Path:
    """Write a run to one file.

    Parameters
    ----------
    run : Simulation
    path : path-like
    kind : str
        What it is a checkpoint of.
    more : callable, optional
        Gives what is to be saved beside the run.

    Raises
    ------
    FileError
        When the file cannot be written.
    DataError
        For a run that broke off or is in the middle of a day; and for attributes of a type that no checkpoint holds.
    """
    from kocsim import __version__

    if not run.between_days:
        raise DataError(f"A checkpoint is made between days; day {len(run.record.rows) + 1} has begun.")
    c, seed = run.county, run.seed
    writer = Writer()
    moved = np.flatnonzero(run.threshold != run.thresholds_as_set_up())
    state = {
        "run": _pack(run, writer, "Simulation"),
        # thresholds that were set from outside; all others follow from the scenario
        "moved": [writer.value(one, "threshold") for one in (moved, run.threshold[moved])],
        "more": more(writer) if more is not None else None,
    }
    return write(path, {
        "kocsim": __version__, "kind": kind, "scenario": run.scenario.model_dump(mode="json"), "day": run.day,
        "seed": int(seed) if not isinstance(seed, Luck) else {
            "seed": int(seed), "people": seed.people, "since": seed.since},
        "county": {
            "residents": c.n, "kocs": int(c.koc.size), "shops": c.shops, "fingerprint": c.fingerprint,
            "seed": c.asked["seed"] if "population" in c.asked else None},
        RULE: _name(run.rule), POLICY: _name(run.policy), "channels": list(channel_names(run).values()),
    }, state, writer.arrays)


def _name(given: Any) -> str | None:
    return None if given is None else str(getattr(given, "__qualname__", type(given).__qualname__))


def load(path: str | os.PathLike[str], kind: str = "Simulation") -> Saved:
    """Read a checkpoint of one kind.

    Raises
    ------
    FileError
        When there is none, it is damaged, or it comes from another version.
    DataError
        When it is one of another kind.
    """
    from kocsim import __version__

    saved = read(path, __version__)
    made = saved.manifest["kind"]
    if made != kind:
        raise DataError(f"{path} is the checkpoint of a {made}: resume it with {made}.resume.")
    return saved


def resume(
    cls: type[Run], saved: Saved, world: Iterable[str], county: County | None, threads: int | None,
    rule: Rule | EllipsisType | None, policy: Policy | EllipsisType | None, scenario: Any, debug: bool,
) -> Run:
    """Make the run of a checkpoint; see `kocsim.Simulation.resume`. `world`: what of a scenario makes the county."""
    manifest = saved.manifest
    kept = Scenario(**manifest["scenario"])
    wanted = kept if scenario is None else as_scenario(scenario)
    again: tuple[Rule | None, Policy | None] = _again(manifest, RULE, rule), _again(manifest, POLICY, policy)
    county = _county(saved, county, kept, wanted, world, threads)
    seed = Luck(**manifest["seed"]) if isinstance(manifest["seed"], dict) else manifest["seed"]
    state = saved.state["run"]["state"]
    sold = state["sellers"] is not None
    barred = np.zeros(county.koc.size, np.bool_) if sold else None  # so that there are sellers, whatever is wanted now

    def set_up(scenario: Scenario) -> Run:
        return cls(scenario, county, seed, threads, again[0], debug, again[1], barred)

    run = set_up(wanted)
    if wanted != kept:
        _check_fits(set_up(kept), run, manifest["channels"])
    left = set() if sold or run.sellers is None else {"sellers"}
    if run.held_trust.size and not saved.value(state["_trust"]).size:
        left.add("_trust")  # it begins to move, and is still what it was on the first day
    _put(run, saved.state["run"], saved, kept=left)
    if left & {"sellers"}:
        assert run.sellers is not None
        run.sellers.take_over(run.books)
    who, values = (saved.value(one) for one in saved.state["moved"])
    run.threshold[who] = values
    was = {
        "scenario": _changes(kept, wanted),
        **{name: manifest[name] for name, now in zip((RULE, POLICY), again, strict=True)
           if manifest[name] != _name(now)}}
    if was["scenario"] or len(was) > 1:
        run.branches.append({"day": run.day, "was": was})
    return run


def _changes(old: Scenario, new: Scenario) -> dict[str, Any]:
    """Former values of the parameters that differ, by dotted name."""
    had, has = ({p.name: p.value for p in scenario.parameters()} for scenario in (old, new))
    return {name: had.get(name) for name in had | has if had.get(name) != has.get(name)}


def _again(manifest: dict[str, Any], name: str, given: Any) -> Any:
    """A rule or policy: a function, which no file holds, so it has to be given once more."""
    if given is not ...:
        return given
    if manifest[name] is not None:
        raise DataError(
            f"The run had a {name}, {manifest[name]}, which no checkpoint holds: give {name}= again, "
            f"or {name}=None to go on without.")
    return None


def _county(
    saved: Saved, county: County | None, kept: Scenario, wanted: Scenario, world: Iterable[str], threads: int | None
) -> County:
    """The county of a checkpoint, given or made again."""
    about = saved.manifest["county"]
    seed, fingerprint = about["seed"], about["fingerprint"]
    if seed is not None:
        for name in world:
            if getattr(wanted, name) != getattr(kept, name):
                raise DataError(
                    f"A run goes on in the county that it began in, which was generated with {name} = "
                    f"{_shown(kept, name, wanted)}; the scenario says {_shown(wanted, name, kept)}.")
    if county is None:
        if seed is None:
            raise DataError(
                f"The run of {saved.path} took place in a county that was not generated by a scenario, and that a "
                "checkpoint does not hold: give county=.")
        county = County.generate(kept, seed, threads)
    if not isinstance(county, County):
        raise ParameterError(f"county must be a County or None; got {county!r}.")
    if county.fingerprint != fingerprint:
        raise DataError(
            f"The run of {saved.path} took place in another county, of {about['residents']:,} residents and "
            f"{about['kocs']:,} KOCs; got {county!r}, which is not equal to it.")
    return county


def _shown(scenario: Scenario, name: str, other: Scenario) -> str:
    """What of a section differs from that of another scenario."""
    mine, others = getattr(scenario, name), getattr(other, name)
    if isinstance(mine, int):
        return repr(mine)
    return ", ".join(f"{key}: {value!r}" for key, value in mine if value != getattr(others, key))


# ---- what a run consists of


def _pack(part: Any, writer: Writer, where: str) -> dict[str, Any]:
    state = {}
    for name, value in vars(part).items():
        if name not in part.TRANSIENT:
            at = f"{where}.{name}"
            state[name] = _pack(value, writer, at) if hasattr(value, "TRANSIENT") else writer.value(value, at)
    return {"part": type(part).__name__, "state": state}


def _put(part: Any, packed: dict[str, Any], saved: Saved, kept: set[str] | frozenset[str] = frozenset()) -> None:
    """Put saved values over those of a part as it was set up, except those that are to be kept."""
    lacking = [name for name in vars(part) if name not in {*part.TRANSIENT, *packed["state"], *kept}]
    if lacking:
        raise DataError(
            f"{saved.path} holds no {lacking[0]} of the {type(part).__name__}: it was made by another state of kocsim.")
    for name, held in packed["state"].items():
        if name in kept:
            continue
        if isinstance(held, dict) and "part" in held:
            _put(getattr(part, name), held, saved)
        else:
            setattr(part, name, saved.value(held))
    if hasattr(part, "resumed"):
        part.resumed()


def _check_fits(old: Simulation, new: Simulation, channels: list[str]) -> None:
    """Refuse a scenario that keeps other things of residents, KOCs or ties than the one of a checkpoint.

    Raises
    ------
    DataError
        Naming the first that differs.
    """
    had, has = _layout(old), _layout(new)
    had["channels"], has["channels"] = ", ".join(channels), ", ".join(channel_names(new).values())
    for name in [*had, *(name for name in has if name not in had)]:
        if had.get(name) != has.get(name):
            raise DataError(
                f"The scenario keeps other things than that of the checkpoint: {name} is {has.get(name, 'not there')}, "
                f"and was {had.get(name, 'not there')}. A branch may change values, but not switch on or off what is "
                "remembered.")


def _layout(part: Any, where: str = "") -> dict[str, str]:
    """Shapes of all arrays that are saved, and what parts there are."""
    found: dict[str, str] = {}
    for name, value in vars(part).items():
        if name in part.TRANSIENT:
            continue
        if hasattr(value, "TRANSIENT"):
            found[f"{where}{name}"] = "there"
            found |= _layout(value, f"{where}{name}.")
        elif isinstance(value, np.ndarray):
            found[f"{where}{name}"] = f"{value.dtype} of shape {value.shape}"
        elif value is None:
            found[f"{where}{name}"] = "not there"
    return found
