"""What a checkpoint holds of a model beside its run: agents, Mesa's generators, and what was collected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import mesa
import numpy as np

from kocsim.errors import DataError
from kocsim.model.agents import KOC, Firm, Posts, Shop

if TYPE_CHECKING:
    from kocsim.checkpointfile import Saved, Writer
    from kocsim.model.countymodel import CountyModel

OF_MODEL: Final = frozenset((
    "parameters", "simulation", "today", "firm", "datacollector", "_shop_orders", "_kocs", "_shops", "_koc", "_ask",
    "_ids", "_stepping"))
"""Attributes of every `CountyModel`."""
OF_MESA: Final = ("running", "steps", "_seed", "_rng")
"""Of Mesa's own attributes, those that a model goes on with; its clock follows from the steps."""
OF_AGENT: Final = frozenset(("model", "unique_id"))
KINDS: Final[dict[str, type[Any]]] = {"KOC": KOC, "Shop": Shop, "Firm": Firm}
GENERATORS: Final = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
COLLECTED: Final = ("model_vars", "_agent_records", "_agenttype_records", "tables")


class Known:
    """JSON of what only a model's agents have: posts, the model, and other agents.

    Attributes
    ----------
    gone : list of Agent
        Agents met so far that were removed from the model, and that somebody still knows.
    """

    def __init__(self, model: CountyModel) -> None:
        self.model = model
        self.gone: list[mesa.Agent] = [] if model.firm in model.agents else [model.firm]

    def __call__(self, value: Any) -> dict[str, Any] | None:
        """None for anything else."""
        if type(value) is Posts:
            return {"posts": [value.moments, value.groups, value.quality]}
        if value is self.model:
            return {"model": None}
        if isinstance(value, (KOC, Shop, Firm)) and value.model is self.model:
            if value not in self.model.agents and value not in self.gone:
                self.gone.append(value)
            return {"agent": value.unique_id}
        return None


def pack(model: CountyModel, writer: Writer) -> dict[str, Any]:
    """What is to be saved beside the run.

    Raises
    ------
    DataError
        For an attribute of agent or model of a type that no checkpoint holds, an agent of another kind, and a
        generator that is not NumPy's.
    """
    source = model.rng.bit_generator
    if type(source).__name__ not in GENERATORS:
        raise DataError(
            f"model.rng draws from {type(source).__name__}; a checkpoint knows {', '.join(GENERATORS)} only.")
    writer.further = known = Known(model)
    # names depend on Mesa's version
    theirs = set(vars(mesa.Model(rng=0))) | OF_MODEL
    state = vars(model)
    there = [_agent(agent, writer) for agent in model.agents]
    gone: list[Any] = []
    own = {
        name: writer.value(value, f"The attribute {name!r} of the model")
        for name, value in state.items() if name not in theirs}
    while len(gone) < len(known.gone):
        gone.append(_agent(known.gone[len(gone)], writer))
    return {
        "class": type(model).__qualname__,
        "mesa": {name: writer.value(state[name], f"model.{name}") for name in OF_MESA if name in state},
        "own": own,
        "rng": [type(source).__name__, writer.value(source.state, "model.rng")],
        "random": writer.value(model.random.getstate(), "model.random"),
        "today": writer.value(model.today, "model.today"),
        "ids": state["_ids"],
        "ask": [koc.unique_id for koc in state["_ask"]],
        "agents": there,
        "gone": gone,
        "firm": model.firm.unique_id,
        "collected": {
            name: writer.value(getattr(model.datacollector, name), f"What model.datacollector holds in {name}")
            for name in COLLECTED},
    }


def _agent(agent: mesa.Agent, writer: Writer) -> list[Any]:
    kind = next((name for name, one in KINDS.items() if isinstance(agent, one)), None)
    if kind is None:
        raise DataError(
            f"Agent {agent.unique_id} is a {type(agent).__qualname__}; a checkpoint holds KOCs, shops and the firm "
            "only.")
    who = f"the {kind}" if kind == "Firm" else f"{kind} {agent.index}"
    return [kind, type(agent).__qualname__, agent.unique_id, {
        name: writer.value(value, f"The attribute {name!r} of {who}")
        for name, value in vars(agent).items() if name not in OF_AGENT}]


def class_of(agent: list[Any], classes: dict[str, list[type[Any]]]) -> type[Any] | None:
    """The class of an agent that was packed; None where no class of its name is given.

    For KOCs and shops that is the one given for its number, or else any other, because agents of other classes may have
    been made later.
    """
    kind, name, _, state = agent
    given = classes[kind]
    others = (given[0],) if kind == "Firm" else (given[state["index"]], *given, KINDS[kind])
    return next((one for one in others if one.__qualname__ == name), None)


def check_classes(saved: Saved, cls: type[Any], classes: dict[str, list[type[Any]]]) -> None:
    """Compare the classes that are given with those of a checkpoint, by name; before any work is done.

    Parameters
    ----------
    saved : Saved
    cls : type
        Of the model.
    classes : dict of str to list of type
        Of agents by kind and number.

    Raises
    ------
    DataError
        Naming the first that differs.
    """
    held = saved.state["more"]
    if held["class"] != cls.__qualname__:
        raise DataError(
            f"{saved.path} is the checkpoint of a {held['class']}, not of a {cls.__qualname__}: "
            f"resume it with {held['class']}.resume.")
    for agent in (*held["agents"], *held["gone"]):
        if class_of(agent, classes) is None:
            kind, name, _, state = agent
            who = "The firm" if kind == "Firm" else f"{kind} {state['index']}"
            raise DataError(
                f"{who} was a {name} in {saved.path}, and {kind.lower()}_class does not give it: give the same classes "
                "again, because no checkpoint holds them.")


def put(model: CountyModel, saved: Saved, classes: dict[str, list[type[Any]]]) -> None:
    """Make the agents of a checkpoint, and put everything else back.

    Raises
    ------
    DataError
        When the data collector has other columns than it had.
    """
    held = saved.state["more"]
    _collected(model, saved)
    agents: dict[int, Any] = {}
    for one in (*held["agents"], *held["gone"]):
        kind, _, number, state = one
        made = class_of(one, classes)
        assert made is not None
        agent = agents[number] = object.__new__(made)  # as it stood: nothing is decided again
        agent.__dict__ |= {"model": model, "unique_id": number}
        if kind != "Firm":
            agent.__dict__["index"] = state["index"]
    for _, _, number, _ in held["agents"]:
        model.register_agent(agents[number])
        agents[number].unique_id = number

    def known(tag: str, value: Any) -> Any:
        if tag == "agent":
            return agents[value]
        return Posts(*value) if tag == "posts" else model

    for _, _, number, state in (*held["agents"], *held["gone"]):
        agents[number].__dict__ |= {name: saved.value(value, known) for name, value in state.items()}
    model.firm = agents[held["firm"]]
    for number in held["ask"]:
        model.ask_daily(agents[number])
    _wind_clock(model, held["mesa"]["steps"])
    model.__dict__ |= {name: saved.value(value) for name, value in held["mesa"].items()}
    model.__dict__ |= {name: saved.value(value, known) for name, value in held["own"].items()}
    model.__dict__ |= {"today": saved.value(held["today"]), "_ids": held["ids"]}
    name, state = held["rng"]
    if type(model.rng.bit_generator).__name__ != name:
        model.rng = np.random.Generator(getattr(np.random, name)())
    model.rng.bit_generator.state = saved.value(state)
    model.random.setstate(saved.value(held["random"]))


def _wind_clock(model: CountyModel, steps: int) -> None:
    """Let Mesa count the steps that are over: where it keeps a clock, that is in its events as well."""
    own_step = model._user_step
    model._user_step = _nothing
    for _ in range(steps):
        model.step()
    model._user_step = own_step


def _nothing() -> None:
    """A step in which nothing happens."""


def _collected(model: CountyModel, saved: Saved) -> None:
    held = saved.state["more"]["collected"]
    collector = model.datacollector
    for name in COLLECTED:
        had, has = saved.value(held[name]), getattr(collector, name)
        if name in ("model_vars", "tables") and list(had) != list(has):
            other = next((one for one in [*had, *has] if (one in had) != (one in has)), "the order of columns")
            raise DataError(
                f"The data collector has other {'columns' if name == 'model_vars' else 'tables'} than that of "
                f"{saved.path}: {other!r} is in one of them only; give datacollector= with the same reporters.")
        has.clear()
        has.update(had)
