"""kocsim: how key opinion consumers (KOCs) carry a product through a Chinese county market.

>>> import kocsim as ks
>>> result = ks.simulate("small", seed=1, days=30)          # doctest: +SKIP
>>> result.daily[["aware", "identified", "customers"]]      # doctest: +SKIP

Names load on first use: importing kocsim loads neither Mesa, Numba, pandas nor matplotlib.
"""

import lazy_loader as _lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
