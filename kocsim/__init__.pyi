from . import mechanisms as mechanisms
from . import plot as plot
from . import reference as reference
from . import rng as rng
from .county import County as County
from .errors import DataError as DataError
from .errors import FileError as FileError
from .errors import Interrupted as Interrupted
from .errors import ParameterError as ParameterError
from .mechanisms.identification import Weighed as Weighed
from .model import KOC as KOC
from .model import CountyModel as CountyModel
from .model import Posts as Posts
from .model import Shop as Shop
from .results import Result as Result
from .run import simulate as simulate
from .scenario import Scenario as Scenario
from .scenario import presets as presets
from .simulation import Simulation as Simulation
from .stages import Stage as Stage
from .ties import Ties as Ties

__version__: str
