"""Management: who looks after the KOCs, and how many each."""

from __future__ import annotations

from kocsim.parameters import Section, param


class Management(Section):
    """Managers look after `span` active KOCs each (C27, C31, C96).

    The care that a KOC gets falls with the span, ``care = 1 / (1 + span / half)``. It makes her leave more rarely, by
    ``control x care``, and work on more days: ``drive x care`` of the days on which she would rest
    (`kocsim.mechanisms.leaving`, `kocsim.mechanisms.effort`). A manager costs `wage`, so a narrow span is dear and a
    wide one does little: whether there is a best span between is for the simulation to say. Switched off by
    ``span = 0``: nobody manages.
    """

    span: int = param(
        0, unit="KOCs/manager", ge=0, le=1_000_000,
        meaning="active KOCs whom one manager looks after (0: no managers)",
        source="assumption: 0; sweep (C96)",
    )
    wage: float = param(
        150.0, unit="yuan/manager/day", ge=0, le=1e6,
        meaning="what a manager costs",
        source="assumption: 4,500 yuan a month",
    )
    half: float = param(
        30.0, unit="KOCs/manager", gt=0, le=1e6,
        meaning="span at which care has fallen to half",
        source="assumption",
    )
    control: float = param(
        0.5, unit="share", ge=0, le=1,
        meaning="share of departures that full care prevents",
        source="assumption; sweep (C27, C31)",
    )
    drive: float = param(
        0.5, unit="share", ge=0, le=1,
        meaning="share of days of rest on which full care gets a KOC to work",
        source="assumption",
    )

    def care(self) -> float:
        """What each KOC gets, in [0, 1]."""
        return 1 / (1 + self.span / self.half) if self.span else 0.0
