from .agents import CarefulKOC as CarefulKOC
from .agents import ThriftyShop as ThriftyShop
from .firm import CapAdvertising as CapAdvertising
from .firm import CoverGaps as CoverGaps
