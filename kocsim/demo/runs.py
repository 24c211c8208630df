"""Counties and runs of the page, each made once, however many look at it."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Final

from kocsim.county import County
from kocsim.ensemble.study import WORLD, canonical
from kocsim.run import simulate
from kocsim.scenario import Scenario

if TYPE_CHECKING:
    from kocsim.demo.setting import Setting
    from kocsim.results import Result

KEPT: Final = 12
"""Runs that are kept, some 2 MiB each; and counties, some 20 MiB each, a third of it."""
_ONE_AT_A_TIME: Final = Lock()  # what several pages ask for at once is made once


def run(setting: Setting, seed: int) -> Result:
    """The result of a setting; the same object when it is asked for again.

    Two settings on one seed share the county, as far as it is the same, and the luck. One thread: at 50,000 residents
    a second one gains a tenth, and the browser draws on the processor that is left.
    """
    with _ONE_AT_A_TIME:
        return _run(setting, seed)


@lru_cache(KEPT)
def _run(setting: Setting, seed: int) -> Result:
    scenario = setting.scenario()
    return simulate(scenario, _county(canonical(scenario.model_dump(mode="json", include=set(WORLD))), seed), seed,
                    threads=1, progress=False)


def toml(setting: Setting, side: str, seed: int) -> str:
    """A setting as a file for ``kocsim run``, which gives the page's run to the last resident."""
    name = f"demo-{side}"
    return (
        f"# kocsim run {name}.toml --seed {seed}\n# digest {run(setting, seed).digest()}\n\n"
        f"{setting.scenario(name).to_toml()}")


def places_of(setting: Setting, seed: int) -> County:
    """The county of a setting."""
    scenario = setting.scenario()
    with _ONE_AT_A_TIME:
        return _county(canonical(scenario.model_dump(mode="json", include=set(WORLD))), seed)


@lru_cache(KEPT // 3)
def _county(world: str, seed: int) -> County:
    """A county from the parameters that it depends on, as JSON."""
    import json

    return County.generate(Scenario().replace(**json.loads(world)), seed)
