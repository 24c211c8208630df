"""What matters: how much of a measure's spread each parameter brings about (Sobol'), or a look at which do (Morris)."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.analysis.asking import aligned, figure, name_of, one_question, refuse_failed, refuse_infinite, values_of
from kocsim.ensemble.designs import Design, checked, from_unit
from kocsim.ensemble.outcome import Sweep, checked_level
from kocsim.ensemble.pools import as_pool
from kocsim.ensemble.study import CountyStudy, canonical, runs_of
from kocsim.ensemble.sweeps import laid_out, session
from kocsim.errors import DataError, ParameterError, at_least

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from kocsim.county import County

METHODS: Final = ("sobol", "morris")
POINTS: Final = {"sobol": 256, "morris": 32}
"""Points of a Sobol' sequence, and trajectories, unless told otherwise."""
RESAMPLES: Final = 999
"""Of the bootstrap."""
LEVELS: Final = 4
"""Values that Morris' trajectories go between, evenly spaced over each range."""
MORRIS: Final = "method 'morris' needs SALib; install it with: pip install 'kocsim[morris]'"


def sensitivity(
    scenario: Any,
    space: Any,
    measure: Any = None,
    *,
    method: str = "sobol",
    points: int | None = None,
    replicates: int = 1,
    seed: int = 0,
    days: int | None = None,
    ci: float = 0.95,
    counties: int = 1,
    county: County | None = None,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    limit: float | None = None,
    progress: bool = True,
) -> Sensitivity:
    """Say how much each parameter matters for a measure, over a space of parameters.

    Parameters
    ----------
    scenario : Scenario, str, path, `Arm` or callable
        A callable is a model of the user's own, ``function(seed=..., **point)``, which returns a number.
    space : mapping
        Parameters by dotted name, each with a `Range` or a list of values, all independent and evenly spread.
    measure : str, callable or mapping of one
        The response; see `kocsim.ensemble.asking.as_measures`. Of a callable that returns several numbers: the name of
        one.
    method : str
        "sobol" or "morris".
    points : int, optional
        N. Of "sobol" a power of 2 (default 256); of "morris" the number of trajectories, >= 2 (default 32).
    replicates : int
        >= 1, with the same luck at all points. Their mean is analysed.
    seed, days, counties, county, out, workers, executor, limit, progress
        As in `kocsim.sweep`. With `out`, the same line run again goes on where it was cut off.
    ci : float
        Confidence of the intervals, in (0, 1).

    Returns
    -------
    Sensitivity

    Raises
    ------
    ParameterError
        For anything that does not fit, before the first run.
    DataError
        When runs fail, a response is not finite, or all responses are the same: then there is nothing to explain.
    ImportError
        For "morris" without SALib (extra ``kocsim[morris]``).
    FileError, Interrupted
        As `kocsim.sweep`.

    Notes
    -----
    "sobol" (Sobol' 2001, Math. Comput. Simul. 55, 271) takes ``N (d + 2)`` points. The first-order index of a parameter
    is the share of the response's variance that is gone when it is known, ``Var(E[Y | X_i]) / Var(Y)``; its
    total index the share that remains when all others are known, ``E[Var(Y | X_others)] / Var(Y)``. A total
    index above the first-order one tells of interactions. With A and B two samples and AB_i the first with column i of
    the second (Saltelli and others 2010, Comput. Phys. Commun. 181, 259)::

        first_i = mean(f(B) (f(AB_i) - f(A))) / Var(Y)      total_i = mean((f(A) - f(AB_i))**2) / (2 Var(Y))

    computed by `scipy.stats.sobol_indices`; intervals are the quantiles of 999 bootstrap samples of the N points. First
    indices of little consequence may come out below 0.

    "morris" (Morris 1991, Technometrics 33, 161; Campolongo and others 2007, Environ. Model. Softw. 22, 1509) takes
    ``N (d + 1)`` points: each trajectory changes one parameter at a time, by two thirds of its range. Of these changes
    in the response, per range of the parameter, ``mu`` is the mean, ``mu_star`` the mean size, and ``sigma`` the
    standard deviation: large where the effect is not a straight line, or depends on other parameters. It ranks
    parameters with few runs, and needs no variance.

    A list of values is cut into equal parts of [0, 1]. Points that coincide are run once.

    Luck is not a parameter. With one replicate, the answer is about that luck alone. With more, `luck` says which share
    of a single run's variance (over points and luck) is luck: ``E[Var(Y | X)] / Var(Y)``, from the spread of replicates
    at points of A and B. The mean over replicates that is analysed has less of it.

    Examples
    --------
    >>> import kocsim as ks
    >>> space = {"x": ks.Range(0.0, 1.0), "y": ks.Range(0.0, 1.0)}
    >>> found = ks.sensitivity(lambda seed, x, y: 2 * x + y, space, points=64, workers=0, progress=False)
    >>> found.table["first"].round(1).to_dict()
    {'x': 0.8, 'y': 0.2}
    """
    if method not in METHODS:
        raise ParameterError(f"method must be one of {', '.join(METHODS)}; got {method!r}.")
    space = checked(space)
    many = at_least("points", POINTS[method] if points is None else points, 2)
    if method == "sobol" and many & (many - 1):
        raise ParameterError(f"points must be a power of 2 for Sobol' indices; got {many}.")
    ci = checked_level("ci", ci)
    seed = at_least("seed", seed, 0)
    replicates = at_least("replicates", replicates, 1)
    study, units, name = one_question(
        scenario, measure, seed=seed, days=days, counties=counties, county=county, varied=list(space))
    if isinstance(study, CountyStudy) and study.axis:
        raise ParameterError("scenario must be one, not a mapping: ask about each of several by itself.")
    unit = (_sobol_sample if method == "sobol" else _morris_sample)(len(space), many, seed)
    rows = from_unit("", space, unit).rows
    place: dict[str, int] = {}
    which = np.array([place.setdefault(canonical(row), len(place)) for row in rows])
    _, begins = np.unique(which, return_index=True)
    kind = "Sobol' indices" if method == "sobol" else "Morris' trajectories"
    design = Design(kind, tuple(space), tuple(rows[k] for k in begins))
    pointed = laid_out(study, design)
    pool = as_pool(executor, workers, limit)
    with session(study, units, out, pool, county) as desk:
        asked = [(number, run) for number, point in enumerate(pointed)
                 for run in runs_of(study, point, range(replicates))]
        sweep = desk.do(design, pointed, asked, progress)
        runs = [run for _, run in asked]
        refuse_failed(desk, runs)
        flat = values_of(desk, runs, name)
        name = name_of(sweep, name)
        refuse_infinite(runs, flat, name, nan=True)
    each = flat.reshape(-1, replicates)[which]
    values = each.mean(axis=1)
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        raise DataError(
            f"{name} is {values[0]:g} at all {len(pointed)} points: no parameter of the space has any "
            "effect to be shared out.")
    if method == "sobol":
        table = _sobol_table(values.reshape(len(space) + 2, many), ci, seed)
        luck = luck_share(each[: 2 * many]) if replicates > 1 else None
    else:
        table = _morris_table(unit, values, ci, seed)
        luck = None
    table.index = _index(space)
    return Sensitivity(
        measure=name, unit=units.get(name, ""), method=method, points=many, replicates=replicates, ci=ci,
        mean=float(values.mean()), sd=float(values[: 2 * many].std(ddof=1)), luck=luck, table=table, sweep=sweep)


def _index(space: dict[str, Any]) -> pd.Index[str]:
    import pandas as pd

    return pd.Index(list(space), name="parameter")


# ---- Sobol'


def _sobol_sample(d: int, n: int, seed: int) -> NDArray[np.float64]:
    """A, B and the d mixtures of both, one after the other; shape (n (d + 2), d)."""
    from scipy.stats import qmc

    both = qmc.Sobol(2 * d, rng=seed).random_base2(n.bit_length() - 1)
    a, b = both[:, :d], both[:, d:]
    mixed = [np.where(np.arange(d) == i, b, a) for i in range(d)]
    return np.concatenate([a, b, *mixed])


def _sobol_table(values: NDArray[np.float64], ci: float, seed: int) -> pd.DataFrame:
    """Indices with intervals from responses at A, B and their mixtures; shape (d + 2, n)."""
    import pandas as pd

    n = values.shape[1]
    rng = np.random.default_rng(seed)
    found = _indices(values)
    again = np.array([_indices(values[:, rng.integers(n, size=n)]) for _ in range(RESAMPLES)])
    low, high = np.quantile(again, [(1 - ci) / 2, (1 + ci) / 2], axis=0)
    return pd.DataFrame({
        "first": found[0], "first_low": low[0], "first_high": high[0],
        "total": found[1], "total_low": low[1], "total_high": high[1]})


def _indices(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """First-order and total indices; shape (2, d)."""
    from scipy.stats import sobol_indices

    n = values.shape[1]
    found = sobol_indices(func={"f_A": values[:1], "f_B": values[1:2], "f_AB": values[2:, None]}, n=n)
    return np.array([np.ravel(found.first_order), np.ravel(found.total_order)])


def luck_share(each: NDArray[np.float64]) -> float:
    """Share of a single run's variance that is luck.

    Parameters
    ----------
    each : ndarray
        Responses at independent points, replicates sharing their luck; shape (points, replicates), 2 or more each.
    """
    n, m = each.shape
    within = float(each.var(axis=1, ddof=1).mean())
    left = each - each.mean(axis=1, keepdims=True) - each.mean(axis=0) + each.mean()
    # luck that is common to all points moves no mean of a point against another; only what is left does
    between = max(float(each.mean(axis=1).var(ddof=1)) - float((left**2).sum()) / ((n - 1) * (m - 1)) / m, 0.0)
    return float(within / (within + between))


# ---- Morris


def _problem(d: int) -> dict[str, Any]:
    return {"num_vars": d, "names": [f"x{i}" for i in range(d)], "bounds": [[0.0, 1.0]] * d}


def _morris_sample(d: int, n: int, seed: int) -> NDArray[np.float64]:
    """Trajectories in the unit cube; shape (n (d + 1), d)."""
    try:
        from SALib.sample.morris import sample
    except ImportError:
        raise ImportError(MORRIS) from None
    found: NDArray[np.float64] = sample(_problem(d), n, num_levels=LEVELS, seed=_salib_seed(seed))
    return found


def _morris_table(sample: NDArray[np.float64], values: NDArray[np.float64], ci: float, seed: int) -> pd.DataFrame:
    """Elementary effects, summed up."""
    import pandas as pd
    from SALib.analyze.morris import analyze

    found = analyze(
        _problem(sample.shape[1]), sample, values, num_resamples=RESAMPLES, conf_level=ci, num_levels=LEVELS,
        seed=_salib_seed(seed))
    star, reach = (np.asarray(found[name], float) for name in ("mu_star", "mu_star_conf"))
    return pd.DataFrame({
        "mu": np.asarray(found["mu"], float),
        "mu_star": star, "mu_star_low": star - reach, "mu_star_high": star + reach,
        "sigma": np.asarray(found["sigma"], float)})


def _salib_seed(seed: int) -> int:
    """Never 0, which older versions take for no seed at all, and within 32 bits."""
    return seed % (2**32 - 1) + 1


# ---- what is told of it


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity:
    """How much each parameter matters.

    Attributes
    ----------
    measure, unit, method : str
    points, replicates : int
    ci : float
    mean, sd : float
        Of the response (the mean over replicates) over the space.
    luck : float or None
        Share of a single run's variance that is luck; None with one replicate, and for "morris".
    table : DataFrame
        Index "parameter". Of "sobol" ``first``, ``first_low``, ``first_high``, ``total``, ``total_low``,
        ``total_high``; of "morris" ``mu``, ``mu_star``, ``mu_star_low``, ``mu_star_high``, ``sigma``, in the unit of
        the measure per range of the parameter.
    sweep : Sweep
        All runs.
    """

    measure: str
    unit: str
    method: str
    points: int
    replicates: int
    ci: float
    mean: float
    sd: float
    luck: float | None
    table: pd.DataFrame
    sweep: Sweep

    @property
    def runs(self) -> int:
        """How many it took: points that coincide are run once."""
        return self.sweep.planned

    def __repr__(self) -> str:
        unit = f" ({self.unit})" if self.unit else ""
        order = self.table.sort_values("total" if self.method == "sobol" else "mu_star", ascending=False)
        if self.method == "sobol":
            what = f"{self.points:,} points x {len(order) + 2}"
            text = [
                f"Sobol' indices of {self.measure}{unit}: shares of its variance over the space (mean "
                f"{figure(self.mean)}, sd {self.sd:.3g}), with {self.ci:.4g} intervals; {what}, {self.runs:,} runs."]
            rows = [("parameter", "first", "interval", "total", "interval"), *(
                (str(name), f"{one['first']:.3f}", f"[{one['first_low']:.3f}, {one['first_high']:.3f}]",
                 f"{one['total']:.3f}", f"[{one['total_low']:.3f}, {one['total_high']:.3f}]")
                for name, one in order.iterrows())]
        else:
            text = [
                f"Morris' elementary effects on {self.measure}{unit}, per range of each parameter, with {self.ci:.4g} "
                f"intervals; {self.points:,} trajectories, {self.runs:,} runs."]
            rows = [("parameter", "mu_star", "interval", "mu", "sigma"), *(
                (str(name), f"{one['mu_star']:.4g}", f"[{one['mu_star_low']:.4g}, {one['mu_star_high']:.4g}]",
                 f"{one['mu']:+.4g}", f"{one['sigma']:.4g}")
                for name, one in order.iterrows())]
        text += aligned(rows)
        if self.luck is not None:
            text.append(f"Luck: {self.luck:.1%} of the variance of a single run; the mean of {self.replicates} "
                        "replicates is analysed.")
        elif self.replicates == 1:
            text.append("One replicate: all runs share one luck.")
        return "\n".join(text)
