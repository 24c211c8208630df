"""The standard rules of diffusion, each a documented value: `kocsim.diffuse` runs them on any network.

All steps are synchronous: who adopts at step t counts from step t + 1 on; seeds adopt at step 0; nobody un-adopts. Ties
point the way information flows; a resident's contacts are those whom she can hear.
"""

from kocsim.rules.base import Rule, Seen, Tries
from kocsim.rules.bass import Bass
from kocsim.rules.cascade import IndependentCascade
from kocsim.rules.epidemic import SI, SIR
from kocsim.rules.referral import Referral
from kocsim.rules.threshold import ComplexContagion, LinearThreshold, Threshold

__all__ = [
    "SI", "SIR", "Bass", "ComplexContagion", "IndependentCascade", "LinearThreshold", "Referral", "Rule", "Seen",
    "Threshold", "Tries",
]
