"""Where the engine can be checked by hand: Bass curves, ignition of thresholds, a known spread.

    python experiments/theory/run.py                                  # a minute or two
    python experiments/theory/run.py --nethept nethept_directed.npz   # with the network of NetHEPT, where you have it

Prints three tables and draws the first two (``theory.png`` beside this file, or ``--out``):

1. Bass diffusion (p = 0.03, q = 0.38 a year, 100,000 residents) on four networks, beside the analytic solutions.
2. Thresholds of two on a random friendship network, ten friends on average: how probable is it that a number of KOCs
   sets off the whole county? Beside it the critical number of Janson, Luczak, Turova & Vallier (2012).
3. NetHEPT, weighted cascade: the spread of given seed sets, and its standard error.
"""

from __future__ import annotations

import argparse
import platform
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import integrate, stats

import kocsim as ks

P, Q = 0.03, 0.38
YEARS = 20
DT = 0.02
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")


# ---- 1. Bass


def complete(t: np.ndarray) -> np.ndarray:
    """Everybody hears everybody: Bass (1969)."""
    fade = np.exp(-(P + Q) * t)
    return (1 - fade) / (1 + Q / P * fade)


def ring(t: np.ndarray) -> np.ndarray:
    """A ring, two neighbours: Fibich & Gibori (2010)."""
    return 1 - np.exp(-(P + Q) * t + Q * (1 - np.exp(-P * t)) / P)


def regular(t: np.ndarray, degree: int) -> np.ndarray:
    """A random regular network, locally a tree: the equation of a tie not yet used (Kiss, Miller & Simon 2017)."""

    def change(time: float, theta: np.ndarray) -> np.ndarray:
        return -Q / degree * (theta - np.exp(-P * time) * theta ** (degree - 1))

    solved = integrate.solve_ivp(change, (0, t[-1]), [1.0], t_eval=t, rtol=1e-9, atol=1e-12)
    return 1 - np.exp(-P * t) * solved.y[0] ** degree


def bass(n: int, seed: int) -> tuple[np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Simulated and analytic adoption on each network."""
    steps = round(YEARS / DT)
    t = np.arange(steps + 1) * DT
    rule = ks.rules.Bass(p=P, q=Q, dt=DT, form="exponential")
    networks = {
        "everybody hears everybody": (ks.WellMixed(n), complete(t)),
        "random, 10 contacts": (ks.networks.regular(n, 10, seed=seed), regular(t, 10)),
        "random, 3 contacts": (ks.networks.regular(n, 3, seed=seed), regular(t, 3)),
        "ring, 2 contacts": (ks.networks.ring(n, 2), ring(t)),
    }
    curves = {}
    for name, (network, law) in networks.items():
        curves[name] = ks.diffuse(network, rule, steps=steps, replicates=10, seed=seed).curve.mean(axis=0) / n, law
    return t, curves


def bass_table(t: np.ndarray, curves: dict[str, tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    at = [round(year / DT) for year in (5, 10, 15)]
    rows = {}
    for name, (simulated, law) in curves.items():
        row = {}
        for k in at:
            row[f"year {t[k]:.0f}"] = simulated[k]
            row[f"law {t[k]:.0f}"] = law[k]
        rows[name] = row | {"largest difference": abs(simulated - law).max()}
    return pd.DataFrame(rows).T


# ---- 2. ignition


def critical(n: int, z: float) -> float:
    """Seeds at which two-neighbour activation on G(n, z/n) takes off: the least head start that never stalls."""
    t = np.arange(1.0, n / 10)
    share = stats.binom.sf(1, t, z / n)  # of those outside, how many have two neighbours among the first t
    return float((-(n * share - t) / (1 - share)).max())


def ignition(n: int, z: float, replicates: int, seed: int) -> pd.DataFrame:
    """Probability that most of the county adopts, by number of seeds; a new network every tenth of the replicates."""
    centre = critical(n, z)
    rows = {}
    for factor in (0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3):
        kocs = round(factor * centre)
        lit = 0
        for world in range(10):
            ties = ks.networks.gnp(n, z, seed=seed + world)
            out = ks.diffuse(ties, ks.rules.Threshold(count=2), ks.seeds.Random(kocs), replicates=replicates // 10,
                             seed=seed + world)
            lit += int((out.sizes > n / 2).sum())
        rows[kocs] = {"seeds / critical": kocs / centre, "ignites": lit / replicates}
    return pd.DataFrame(rows).T.rename_axis("seeds")


# ---- 3. NetHEPT


def nethept(path: str, replicates: int, seed: int) -> pd.DataFrame:
    """Spread of the highest-degree seeds on the undirected weighted cascade."""
    file = np.load(path)
    source, target = (file[name] for name in file.files[:2])
    ties = ks.Ties.from_edges(np.append(source, target), np.append(target, source))
    rows = {}
    for k in (1, 10, 50):
        out = ks.diffuse(ties, ks.rules.IndependentCascade("weighted"), ks.seeds.TopDegree(k), replicates=replicates,
                         seed=seed)
        rows[f"{k} of highest degree"] = {"spread": out.mean, "standard error": out.se}
    return pd.DataFrame(rows).T


def draw(t: np.ndarray, curves: dict[str, tuple[np.ndarray, np.ndarray]], lit: dict[int, pd.DataFrame]) -> Figure:
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (name, (simulated, law)), colour in zip(curves.items(), COLOURS, strict=True):
        left.plot(t, law, color="black", lw=0.9, zorder=3)
        left.plot(t, simulated, color=colour, lw=4, alpha=0.6, label=name)
    left.plot([], [], color="black", lw=0.9, label="analytic solution")
    left.set(xlabel="years", ylabel="share of residents who adopted", xlim=(0, YEARS), ylim=(0, 1),
             title="Bass diffusion: the network matters")
    left.legend(frameon=False, fontsize=8, loc="lower right")
    for (n, table), colour in zip(lit.items(), COLOURS, strict=False):
        right.plot(table["seeds / critical"], table["ignites"], "o-", color=colour, ms=4,
                   label=f"{n:,} residents (critical: {critical(n, 10):,.0f})")
    right.plot([], [], " ", label="10 friends on average")
    right.axvline(1, color="black", lw=0.9, ls=":")
    right.set(xlabel="seeds, as a multiple of the critical number", ylabel="probability that most adopt",
              xlim=(0.6, 1.32), ylim=(-0.03, 1.03), title="Threshold two: how many KOCs are enough?")
    right.legend(frameon=False, fontsize=8, loc="upper left")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--residents", type=int, default=100_000)
    parser.add_argument("--replicates", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nethept", help="a .npz with the arcs' sources and targets")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("theory.png"))
    given = parser.parse_args()
    print(f"kocsim {ks.__version__}, {date.today()}, {platform.machine()}, Python {platform.python_version()}")
    with pd.option_context("display.width", 160, "display.float_format", "{:.4f}".format, "display.max_columns", 20):
        t, curves = bass(given.residents, given.seed)
        print(f"\nBass, p = {P}, q = {Q}, dt = {DT}, {given.residents:,} residents, mean of ten runs each")
        print(bass_table(t, curves))
        lit = {}
        for n in (given.residents // 10, given.residents):
            lit[n] = ignition(n, 10, given.replicates, given.seed)
            print(f"\nThreshold of two, G(n, p), 10 friends, {n:,} residents; critical number {critical(n, 10):.1f}")
            print(lit[n])
        if given.nethept:
            print("\nNetHEPT, undirected, weighted cascade, 20,000 cascades each")
            print(nethept(given.nethept, 20_000, given.seed))
    draw(t, curves, lit).savefig(given.out, dpi=150)
    print(f"\npicture: {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
