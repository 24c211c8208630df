"""Worked examples of what a firm, its shops and its KOCs may decide: to be read, used, and written anew.

`CapAdvertising` and `CoverGaps` are policies of a firm (`kocsim.morning.Policy`); `ThriftyShop` and `CarefulKOC` are
classes of agents::

    ks.simulate("full", seed=1, policy=ks.policies.CapAdvertising(willing=50))
    ks.CountyModel("full", rng=1, koc_class=ks.policies.CarefulKOC)

A policy that remembers something is made anew for each run. Names load on first use; those of agents load Mesa.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
