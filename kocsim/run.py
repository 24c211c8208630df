"""From a scenario to a result in one call."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kocsim.errors import Interrupted, at_least
from kocsim.progress import progress_bar
from kocsim.scenario import Scenario, as_scenario
from kocsim.simulation import Simulation

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from kocsim.county import County
    from kocsim.mechanisms.identification import Rule
    from kocsim.morning import Policy
    from kocsim.results import Result


def simulate(
    scenario: Scenario | str | os.PathLike[str] = "paper",
    county: County | None = None,
    seed: int | None = None,
    days: int | None = None,
    threads: int | None = None,
    progress: bool = True,
    *,
    rule: Rule | None = None,
    communities: bool = False,
    residents: bool = True,
    debug: bool = False,
    policy: Policy | None = None,
) -> Result:
    """Run a scenario.

    Parameters
    ----------
    scenario : Scenario, str or path
        A scenario, the name of a preset, or the path of a TOML file.
    county : County, optional
        Where; generated from scenario and seed when not given.
    seed : int, optional
        Any whole number >= 0. Without one, a seed is drawn and recorded in the result's provenance.
    days : int, optional
        In [1, 60000]; default ``scenario.days``.
    threads : int, optional
        Default: as many as there are processors. Results do not depend on it.
    progress : bool
        Show a progress bar.
    rule : callable, optional
        A user's own rule from evidence to identification; see `kocsim.mechanisms.identification.Rule`.
    communities : bool
        Record every community on every day, not only on the last.
    residents : bool
        Keep the table of residents (18 bytes each).
    debug : bool
        Check the laws of conservation after every day.
    policy : callable, optional
        What the firm decides each morning: ``policy(morning)``; see `kocsim.morning.Morning`.

    Returns
    -------
    Result

    Raises
    ------
    ParameterError, DataError, FileError
        For input that does not fit, before any work is done.
    Interrupted
        On Ctrl-C (a `KeyboardInterrupt`); its ``result`` holds the finished days.
    """
    scenario = as_scenario(scenario)
    days = scenario.days if days is None else at_least("days", days, 1, 60_000)
    simulation = Simulation(scenario, county, seed, threads, rule, debug, policy)
    with _deferred_interrupt() as stopped, progress_bar(
        total=days, desc=scenario.name, unit="day", disable=not progress
    ) as bar:
        for _ in range(days):
            row = simulation.step()
            if communities:
                simulation.record.add_communities(simulation)
            bar.update()
            if progress:
                n = simulation.county.n
                bar.set_postfix_str(
                    f"aware {row['aware'] / n:.0%}, customers {row['customers'] / n:.1%}", refresh=False
                )
            if stopped():
                break
    result = simulation.result(residents=residents, interrupted=simulation.day < days)
    if simulation.day < days:
        raise Interrupted(result)
    return result


@contextmanager
def _deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """While a run lasts, the first Ctrl-C lets the day finish; a second one interrupts at once."""
    stopped = False

    def remember(signum: int, frame: Any) -> None:
        nonlocal stopped
        if stopped:
            raise KeyboardInterrupt
        stopped = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: stopped
    finally:
        signal.signal(signal.SIGINT, before)
