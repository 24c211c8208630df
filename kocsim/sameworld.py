"""Whether a county is the one that a scenario describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kocsim.errors import DataError

if TYPE_CHECKING:
    from kocsim.county import County
    from kocsim.scenario import Scenario

WORLD_SECTIONS: Final = ("population", "friends", "groups", "shop")
"""Sections of a scenario that describe its county, beside the numbers of residents, KOCs and shops."""


def check_same_world(scenario: Scenario, county: County) -> None:
    """A generated county must be the one that the scenario describes."""
    if "population" not in county.asked:
        return  # a user's own
    wanted = scenario.model_dump()
    for name in ("residents", "kocs", "shops", *WORLD_SECTIONS):
        made = county.asked[name]
        if isinstance(wanted[name], dict):  # a county saved before a parameter was there has its default: neutral
            made = type(getattr(scenario, name))().model_dump() | made
        if made == wanted[name]:
            continue
        if isinstance(wanted[name], dict):
            key = next(k for k in wanted[name] if wanted[name][k] != made.get(k))
            name, asked, has = f"{name}.{key}", wanted[name][key], made.get(key)
        else:
            asked, has = wanted[name], made
        raise DataError(
            f"The county was generated with {name} = {has!r}, the scenario says {asked!r}: "
            "generate a county from this scenario, or leave county out."
        )
