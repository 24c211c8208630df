"""One function a figure: takes a result, a sweep or an answer, returns Axes, never calls show.

Every function draws on `ax`, or on a new figure when none is given. Colours are told apart by readers with any colour
vision (Okabe and Ito's set for lines, one light-to-dark ramp for what is ordered). Words are English, or Chinese with
``lang="zh"`` where a font has the characters. Matplotlib is loaded on first use, and its settings are left as they are.
"""

from kocsim.plot.cascades import cascade, cascade_depths, cascade_sizes
from kocsim.plot.maps import animate_map, county_map
from kocsim.plot.minds import attention, trust
from kocsim.plot.money import lorenz, money
from kocsim.plot.pages import overview
from kocsim.plot.questions import critical, differences, sensitivity
from kocsim.plot.spread import coverage, coverage_law, funnel, poisson_shares
from kocsim.plot.sweeps import bands, curves, heat_map

__all__ = [
    "animate_map", "attention", "bands", "cascade", "cascade_depths", "cascade_sizes", "county_map", "coverage",
    "coverage_law", "critical", "curves", "differences", "funnel", "heat_map", "lorenz", "money", "overview",
    "poisson_shares", "sensitivity", "trust",
]
