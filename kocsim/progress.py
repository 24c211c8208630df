"""Progress bars: in Jupyter's own style where it can draw them, as text elsewhere."""

from __future__ import annotations

import warnings
from typing import Any


def progress_bar(**options: Any) -> Any:
    """A bar of tqdm's; without ipywidgets a notebook gets a text bar, and no warning about it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm
    return tqdm(**options)
