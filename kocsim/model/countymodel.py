"""The county as a `mesa.Model`."""

from __future__ import annotations

import dataclasses
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import mesa
import numpy as np

from kocsim import checkpoint
from kocsim.county import County
from kocsim.errors import DataError, ParameterError, at_least
from kocsim.model import saving
from kocsim.model.agents import DEFAULT_DECIDE, KOC, Firm, Posts, Shop, asked
from kocsim.model.residents import Residents
from kocsim.results import UNITS, Result
from kocsim.sameworld import WORLD_SECTIONS
from kocsim.scenario import Scenario, as_scenario
from kocsim.simulation import Simulation

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from numpy.typing import NDArray

    from kocsim.explaining import Explanation
    from kocsim.mechanisms.identification import Rule
    from kocsim.morning import Morning, Policy

A = TypeVar("A", KOC, Shop)
Drawn = np.random.Generator | np.random.BitGenerator | np.random.SeedSequence
Seed = int | np.integer[Any] | Sequence[int] | Drawn


class CountyModel(mesa.Model):  # type: ignore[misc]
    """A county and what happens in it, a day a step.

    Works wherever a Mesa model does: `mesa.batch_run`, DataCollector, pickle, `copy.deepcopy`. The
    results are those of `kocsim.simulate` with the same scenario and seed; they never depend on what is
    drawn from ``model.rng`` or ``model.random``, which are there for agents' own decisions.

    Parameters
    ----------
    scenario : Scenario, str or path
        A scenario, the name of a preset, or the path of a TOML file. In the parameters of `mesa.batch_run` a
        Scenario stands in a list, ``{"scenario": [scenario]}``, because Mesa would go through its fields.
    county : County, optional
        Generated from scenario and seed when not given.
    rng : int, Generator, BitGenerator, SeedSequence or sequence of int, optional
        A whole number >= 0 is the run's seed itself; of anything else one is made. Without it, a seed is
        drawn. Either way ``model.simulation.seed`` and the result's provenance hold it.
    seed : optional
        The same under Mesa's older name. At most one of the two.
    threads : int, optional
        Default: as many as there are processors. Results do not depend on it.
    rule : callable, optional
        A user's own rule from evidence to identification; see `kocsim.mechanisms.identification.Rule`.
    koc_class : class, callable or mapping
        The class of KOC agents: one for all; or a function from a KOC's number to its class; or a
        mapping from numbers to classes, `KOC` for those not in it.
    shop_class : class, callable or mapping
        The same for shops.
    firm_class : class
        The class of the firm's agent.
    policy : callable, optional
        What the firm decides each morning, without an agent; see `kocsim.morning.Morning`.
    debug : bool
        Check the laws of conservation after every day.
    **kwargs
        Changes to the scenario, as in `Scenario.replace`: ``residents=2000``,
        ``**{"friends.koc_median": 128}``.

    Attributes
    ----------
    parameters : Scenario
        With all changes.
    simulation : Simulation
        The engine, with the state of all residents.
    datacollector : mesa.DataCollector
        Collects the columns of `Result.daily` after each day.
    firm : Firm
        The firm's agent.
    today : dict of str to int
        The last day's row of `Result.daily`; empty before the first day.
    steps : int
        Days that were stepped; while agents decide, the number of the day to come.
    running : bool
        False from when ``parameters.days`` are over, which ends ``run_model()``; more steps may
        follow. Also False after an error in a step: start again with a new model then.

    Raises
    ------
    ParameterError, DataError, FileError
        For input that does not fit, before any work is done.
    """

    def __init__(
        self,
        scenario: Scenario | str | os.PathLike[str] = "paper",
        *,
        county: County | None = None,
        rng: Seed | None = None,
        seed: Seed | None = None,
        threads: int | None = None,
        rule: Rule | None = None,
        koc_class: type[KOC] | Callable[[int], type[KOC]] | Mapping[int, type[KOC]] = KOC,
        shop_class: type[Shop] | Callable[[int], type[Shop]] | Mapping[int, type[Shop]] = Shop,
        firm_class: type[Firm] = Firm,
        policy: Policy | None = None,
        debug: bool = False,
        **kwargs: Any,
    ) -> None:
        if rng is not None and seed is not None:
            raise ParameterError(f"Give rng or seed, not both; got rng={rng!r} and seed={seed!r}.")
        name, given = ("rng", rng) if seed is None else ("seed", seed)
        parameters = as_scenario(scenario).replace(**_plain(kwargs))
        if isinstance(county, County):
            kocs, shops = county.koc.size, county.shops
        else:
            kocs, shops = parameters.kocs, parameters.shops
        koc_classes = _classes("koc_class", koc_class, KOC, kocs)
        shop_classes = _classes("shop_class", shop_class, Shop, shops)
        if self._decides(firm_class, policy):
            policy = self._firm_decides
        number, for_mesa = _seed(name, given)
        # Mesa 3.5 warns of seed=
        super().__init__(rng=for_mesa)
        self._begin(Simulation(parameters, county, number, threads, rule, debug, policy))
        self.simulation.silent[:] = True  # until they have agents
        for index, agent in enumerate(koc_classes):
            agent(self, index)
        for index, shop in enumerate(shop_classes):
            shop(self, index)
        self.firm = firm_class(self)

    @staticmethod
    def _decides(firm_class: type[Firm], policy: object) -> bool:
        """Whether the firm's agent is the policy."""
        if not _derived(firm_class, Firm):
            raise ParameterError(f"firm_class must be a class derived from Firm; got {firm_class!r}.")
        if firm_class.decide is Firm.decide:
            return False
        if policy is not None and policy is not ...:
            raise ParameterError(f"Give policy or a firm_class that decides, not both; got policy={policy!r}.")
        return True

    def _begin(self, simulation: Simulation) -> None:
        """A model of a run, without agents."""
        self.simulation = simulation
        self.parameters = simulation.scenario
        self.today: dict[str, int] = {}
        self._shop_orders: tuple[int, NDArray[np.int64]] = (0, np.zeros(self.county.shops, np.int64))
        Residents(self.simulation, self.rng)  # refuses a county whose columns take names of its own
        self._kocs = mesa.agent.AgentSet([], random=self.random)
        self._shops = mesa.agent.AgentSet([], random=self.random)
        self._koc: list[KOC | None] = [None] * self.county.koc.size
        self._ask: dict[KOC, None] = {}
        self._ids = 0
        self._stepping = False
        self.datacollector = mesa.DataCollector(
            model_reporters={column: partial(_of_today, column) for column in UNITS}
        )

    # ---- the day

    def step(self) -> None:
        """One day: agents decide, the engine runs, the data collector notes it."""
        self._stepping = True
        try:
            decided = self._decisions()
            shops = [
                shop for kind, agents in self.agents_by_type.items()
                if issubclass(kind, Shop) and kind.decide is not Shop.decide for shop in agents]
            # without decisions the engine's own plan stands, and nobody is looped over
            decide = partial(self._obey, decided, shops) if decided or shops else None
            self.today = self.simulation.step(decide)
            self.datacollector.collect(self)
        except BaseException:
            self.running = False  # Mesa 3.5 would go on stepping a model that it no longer calls
            raise
        finally:
            self._stepping = False
        if self.simulation.day >= self.parameters.days:
            self.running = False

    def run_days(self, days: int) -> None:
        """Step so many days, whatever ``parameters.days`` says.

        Parameters
        ----------
        days : int
            >= 0.
        """
        for _ in range(at_least("days", days, 0)):
            self.step()

    def _decisions(self) -> list[tuple[int, Posts]]:
        """What KOCs with a policy of their own decide for the day to come."""
        ask = dict(self._ask)
        for kind, agents in self.agents_by_type.items():
            if issubclass(kind, KOC) and kind.decide is not DEFAULT_DECIDE:
                ask |= dict.fromkeys(agents)
        decided = []
        for koc in sorted(ask, key=lambda one: one.index):
            if self._koc[koc.index] is not koc:
                continue  # removed by one who was asked before it
            posts = asked(koc, self.steps)
            if posts is not None:
                decided.append((koc.index, posts))
        return decided

    def _firm_decides(self, morning: Morning) -> None:
        self.firm.decide(morning)

    def _obey(self, decided: list[tuple[int, Posts]], shops: list[Shop], simulation: Simulation) -> None:
        """Write decisions over the engine's plan."""
        for index, posts in decided:
            simulation.posts_moments[index] = posts.moments
            simulation.posts_groups[index] = posts.groups
            simulation.quality[index] = posts.quality
        if shops:
            self._let_decide(shops)

    def _let_decide(self, shops: list[Shop]) -> None:
        """Ask shops whether they show the product."""
        air = self.simulation.broadcasting
        shows = air.shows.copy() if air is not None else np.zeros(self.county.shops, np.bool_)
        decided = False
        for shop in shops:
            answer = shop.decide()
            if answer is None:
                continue
            if not isinstance(answer, (bool, np.bool_)):
                raise DataError(
                    f"{type(shop).__name__}.decide must return True, False or None; got {answer!r} from shop "
                    f"{shop.index} on day {self.steps}.")
            shows[shop.index] = answer
            decided = True
        if decided:
            self.simulation.show(shows)

    # ---- who is there

    @property
    def county(self) -> County:
        """The world, which no run changes."""
        return self.simulation.county

    @property
    def kocs(self) -> mesa.agent.AgentSet:
        """KOC agents of all classes; follows when agents are made and removed."""
        return self._kocs

    @property
    def shops(self) -> mesa.agent.AgentSet:
        """Shop agents of all classes."""
        return self._shops

    @property
    def residents(self) -> Residents:
        """All residents, as a view over arrays that speaks like an AgentSet."""
        return Residents(self.simulation, self.rng)

    def koc(self, index: int) -> KOC | None:
        """The agent of a KOC by number; None when it was removed."""
        return self._koc[at_least("index of a KOC", index, 0, len(self._koc) - 1)]

    def shop_orders(self) -> NDArray[np.int64]:
        """Orders of the last day by the shop that the buyer's community goes to; shape (shops,)."""
        day, orders = self._shop_orders
        if day != self.simulation.day:
            orders = self.simulation.shop_orders()
            self._shop_orders = self.simulation.day, orders
        return orders.copy()

    def ask_daily(self, koc: KOC) -> None:
        """Call a KOC's ``decide`` every day even though its class does not override it."""
        self._ask[koc] = None

    def register_agent(self, agent: mesa.Agent) -> None:
        """Mesa's; called when an agent is made."""
        super().register_agent(agent)
        self._ids += 1
        agent.unique_id = self._ids
        # Mesa 3.3 counts in a dictionary of models, which keeps every model alive and begins at 1 in a copy
        getattr(mesa.Agent, "_ids", {}).pop(self, None)
        if isinstance(agent, KOC):
            self._kocs.add(agent)
            self._koc[agent.index] = agent
            self.simulation.silent[agent.index] = False
        elif isinstance(agent, Shop):
            self._shops.add(agent)

    def deregister_agent(self, agent: mesa.Agent) -> None:
        """Mesa's; called when an agent is removed."""
        super().deregister_agent(agent)
        self._kocs.discard(agent)
        self._shops.discard(agent)
        if isinstance(agent, KOC):
            self._koc[agent.index] = None
            self.simulation.silent[agent.index] = True
            self._ask.pop(agent, None)

    # ---- what came of it

    def result(self, *, residents: bool = True) -> Result:
        """Tables of the days so far, as from `kocsim.simulate`.

        The provenance also counts agents by class: a run in which agents decide is not told by
        scenario and seed alone.

        Parameters
        ----------
        residents : bool
            Keep the table of residents.
        """
        result = self.simulation.result(residents=residents)
        origin = dict(result.provenance)
        origin["agents"] = dict(Counter(type(agent).__qualname__ for agent in self.agents))
        origin["versions"] = {**origin["versions"], "mesa": version("mesa")}
        return dataclasses.replace(result, provenance=origin)

    def explain(self, resident: int, day: int | None = None) -> Explanation:
        """Tell one resident's day, draw by draw; see `kocsim.Simulation.explain`.

        The model is built again, with the classes that its agents have now, and stepped up to that day.

        Parameters
        ----------
        resident : int
            Row number in the county.
        day : int, optional
            In [1, `steps`]; default: the last one.

        Returns
        -------
        Explanation

        Raises
        ------
        ParameterError
            For a resident or a day that is not there.
        DataError
            When the run cannot be repeated: agents or residents were changed by hand, or decide by a memory or a random
            generator of their own.
        """
        from kocsim.explaining import explain

        run = self.simulation

        def again() -> tuple[Simulation, Callable[[], Any]]:
            kocs = {index: type(agent) for index, agent in enumerate(self._koc) if agent is not None}
            shops = {shop.index: type(shop) for shop in self._shops}
            firm = type(self.firm)
            model = CountyModel(
                run.scenario, county=self.county, rng=run.seed, threads=run.threads, rule=run.rule, koc_class=kocs,
                shop_class=shops, firm_class=firm, policy=None if firm.decide is not Firm.decide else run.policy)
            for index, agent in enumerate(self._koc):
                if agent is None and (koc := model.koc(index)) is not None:
                    koc.remove()
            return model.simulation, model.step

        return explain(run, resident, run.day if day is None else day, again)

    # ---- on disk

    def checkpoint(self, path: str | os.PathLike[str]) -> Path:
        """Save the model as it stands to one file, from which `resume` goes on; see `Simulation.checkpoint`.

        Beside the run it holds all agents with their attributes, those that were given to the model, both of its
        generators, and what the data collector has collected. Attributes may be numbers, text, arrays, `Posts`, agents
        of the model, and lists, tuples, sets, deques and mappings of these.

        Raises
        ------
        FileError
            When the file cannot be written, or something else than a checkpoint has its name.
        DataError
            During a step; for an attribute of another type, naming agent, attribute and type; for agents that are
            neither KOC, shop nor firm.
        """
        if self._stepping:
            raise DataError(f"A checkpoint is made between days; step {self.steps} has begun.")
        return checkpoint.save(self.simulation, path, CountyModel.__name__, partial(saving.pack, self))

    @classmethod
    def resume(
        cls,
        path: str | os.PathLike[str],
        *,
        county: County | None = None,
        threads: int | None = None,
        rule: Rule | EllipsisType | None = ...,
        koc_class: type[KOC] | Callable[[int], type[KOC]] | Mapping[int, type[KOC]] = KOC,
        shop_class: type[Shop] | Callable[[int], type[Shop]] | Mapping[int, type[Shop]] = Shop,
        firm_class: type[Firm] = Firm,
        policy: Policy | EllipsisType | None = ...,
        scenario: Scenario | str | os.PathLike[str] | None = None,
        datacollector: mesa.DataCollector | None = None,
        debug: bool = False,
    ) -> Self:
        """Go on from a checkpoint, bit for bit as if there had been none; or branch.

        Agents come back as they stood, by number, without a call of their class or of a derived model's ``__init__``.
        Two attributes that held one list hold a copy each.

        Parameters
        ----------
        path : path-like
        county, threads, rule, policy, scenario, debug
            As for `Simulation.resume`.
        koc_class, shop_class, firm_class
            As for the model, of the same names as before, because no checkpoint holds code.
        datacollector : mesa.DataCollector, optional
            With the same reporters as before, if it was not the model's own; collected rows are put back into it.

        Raises
        ------
        ParameterError, DataError, FileError
            As for `Simulation.resume`; and for classes or columns of the data collector other than before.
        """
        saved = checkpoint.load(path, CountyModel.__name__)
        about = saved.manifest["county"]
        classes: dict[str, list[type[Any]]] = {
            "KOC": _classes("koc_class", koc_class, KOC, about["kocs"]),
            "Shop": _classes("shop_class", shop_class, Shop, about["shops"]), "Firm": [firm_class],
        }
        model = cls.__new__(cls)
        if cls._decides(firm_class, policy):
            policy = model._firm_decides
        saving.check_classes(saved, cls, classes)
        world = ("residents", "kocs", "shops", *WORLD_SECTIONS)
        simulation = checkpoint.resume(
            Simulation, saved, world, county, threads, rule, policy, scenario, debug)
        super(CountyModel, model).__init__(rng=0)
        model._begin(simulation)
        if datacollector is not None:
            model.datacollector = datacollector
        silent = simulation.silent.copy()
        saving.put(model, saved, classes)
        simulation.silent[:] = silent
        if scenario is not None:
            model.running = simulation.day < model.parameters.days
        return model

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of {self.parameters.name!r}, seed {self.simulation.seed}: "
            f"{self.simulation.day} days, {self.county.n:,} residents, {len(self.kocs):,} KOC agents, "
            f"{len(self.shops):,} shop agents>"
        )


def _of_today(column: str, model: CountyModel) -> int:
    """A reporter; a function of this module, because a lambda could not be pickled."""
    return model.today[column]


def _seed(name: str, given: Seed | None) -> tuple[int, Any]:
    """The engine's seed, and what Mesa's own generators are made from.

    A Generator is used up by one draw and then becomes ``model.rng``, as it would in Mesa.
    """
    if given is None:
        given = secrets.randbits(32)
    if isinstance(given, np.random.BitGenerator):
        given = np.random.Generator(given)
    elif isinstance(given, (list, tuple)):
        given = np.random.SeedSequence([at_least(name, part, 0) for part in given])
    if isinstance(given, np.random.Generator):
        return int(given.integers(1 << 63)), given
    if isinstance(given, np.random.SeedSequence):
        return int(given.generate_state(1, np.uint64)[0]), given
    number = at_least(name, given, 0)  # type: ignore[arg-type]
    return number, number


def _plain(values: Any) -> Any:
    """NumPy's numbers as Python's, in mappings as well: sweeps are often made with `numpy.arange`."""
    if isinstance(values, dict):
        return {name: _plain(value) for name, value in values.items()}
    return values.item() if isinstance(values, np.generic) else values


def _classes(
    name: str, given: type[A] | Callable[[int], type[A]] | Mapping[int, type[A]], base: type[A], count: int
) -> list[type[A]]:
    """The class of each of `count` agents.

    Raises
    ------
    ParameterError
        For what is no class derived from `base`, and for numbers of agents that are not there.
    """
    if isinstance(given, type):
        classes = [given] * count
    elif isinstance(given, Mapping):
        for index in given:
            at_least(f"each number in {name}", index, 0, count - 1)
        classes = [given.get(index, base) for index in range(count)]
    elif callable(given):
        classes = [given(index) for index in range(count)]
    else:
        raise ParameterError(
            f"{name} must be a class derived from {base.__name__}, a function from numbers to classes or a "
            f"mapping; got {given!r}."
        )
    wrong = next((i for i, one in enumerate(classes) if not _derived(one, base)), None)
    if wrong is not None:
        where = "" if isinstance(given, type) else f" for number {wrong}"
        raise ParameterError(
            f"{name} must give classes derived from {base.__name__}; got {classes[wrong]!r}{where}."
        )
    return classes


def _derived(one: object, base: type[A]) -> bool:
    return isinstance(one, type) and issubclass(one, base)
