"""KOCs and shops that decide for themselves: subclasses of `kocsim.KOC` and `kocsim.Shop`."""

from __future__ import annotations

from kocsim.model import KOC, CountyModel, Posts, Shop


class ThriftyShop(Shop):
    """Stop showing the product when visits do not pay the rent.

    Sees what the orders after visits to it have left after goods (`kocsim.Shop.margin`), and what it has cost the firm
    (`kocsim.Shop.rent`). Decides, once it has shown the product for `trial` days, to stop for good if the margin is
    below the rent.
    """

    trial = 60

    def decide(self) -> bool | None:
        """Stop, or leave it as it is."""
        if self.shows and self.days >= self.trial and self.margin < self.rent:
            return False
        return None


class CarefulKOC(KOC):
    """Post less when trust falls.

    Sees the mean trust of those whom she reaches (`kocsim.KOC.trust`). Decides to be silent in Moments and groups on
    all but one of `rest` days while it is more than `loss` below what it was before the first day. It needs a scenario
    that moves trust.
    """

    rest = 4
    loss = 0.02

    def __init__(self, model: CountyModel, index: int) -> None:
        super().__init__(model, index)
        self.before = self.trust

    def decide(self) -> Posts | None:
        """Be silent, or leave it to the scenario."""
        if self.trust >= self.before - self.loss or (self.model.steps + self.index) % self.rest == 0:
            return None
        return Posts(0, 0)
