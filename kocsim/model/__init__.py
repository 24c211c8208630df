"""The county as a Mesa model: those who decide are agents, those who are exposed are rows of arrays.

`CountyModel` is a `mesa.Model`. Its KOCs, shops and firm are real Mesa agents that can be subclassed; its
residents are never objects, but `CountyModel.residents` can be selected, grouped and aggregated in the
words of Mesa's AgentSet. The day itself is that of `kocsim.simulation`, so a model and `kocsim.simulate`
give the same results for the same seed.
"""

from kocsim.model.agents import KOC, Firm, Posts, Shop
from kocsim.model.countymodel import CountyModel
from kocsim.model.residents import ResidentGroups, Residents, UnknownColumn

__all__ = ["KOC", "CountyModel", "Firm", "Posts", "ResidentGroups", "Residents", "Shop", "UnknownColumn"]
