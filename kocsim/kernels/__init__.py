"""Every compiled function, and the only place that imports Numba.

Signatures are bare: arrays in, arrays out, no allocation, no objects. A kernel works on a range of rows
(``lo``, ``hi``) so that a small pool of threads can share one call's work; all are compiled with
``nogil=True`` and without ``parallel`` or ``fastmath``. Whatever is added up across threads is a whole
number, so results do not depend on how the work was cut.

Numba's on-disk cache looks only at the file a kernel stands in and would go on serving an old kernel after an
edit to a helper in another file. So the cache folder is named by a hash of all sources of this package.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from numba import config as _config


def _cache_folder() -> str:
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(here.glob("*.py")):
        digest.update(source.read_bytes())
    base = Path(os.environ.get("NUMBA_CACHE_DIR") or here / "__pycache__")
    folder = base / f"kernels-{digest.hexdigest()[:12]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK)
    except OSError:
        usable = False
    if not usable:  # an installation that is read-only for this user
        user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
        private = Path(tempfile.gettempdir()) / f"kocsim-{user}"
        try:
            private.mkdir(mode=0o700, exist_ok=True)
            status = private.lstat()
            mine = not hasattr(os, "getuid") or (status.st_uid == user and not status.st_mode & 0o022)
        except OSError:
            mine = False
        if not mine:  # cached code is run, so never from a folder that somebody else can write to
            private = Path(tempfile.mkdtemp(prefix="kocsim-"))
        folder = private / folder.name
        folder.mkdir(exist_ok=True)
    return str(folder)


_before = _config.CACHE_DIR
_config.CACHE_DIR = _cache_folder()  # read when a kernel is defined, so set for these imports only
try:
    from kocsim.kernels import (
        broadcasts,
        contacts,
        diffusion,
        edges,
        exposure,
        pools,
        residents,
        rivals,
        sellers,
        touches,
        trade,
        world,
    )
finally:
    _config.CACHE_DIR = _before

__all__ = [
    "broadcasts", "contacts", "diffusion", "edges", "exposure", "pools", "residents", "rivals", "sellers",
    "touches", "trade", "world",
]
