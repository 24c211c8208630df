"""What runs were made by: code, libraries, machine, and a user's own functions."""

from __future__ import annotations

import hashlib
import inspect
import platform
import re
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

BLIND: Final = ("analysis", "cli.py", "demo", "html.py", "mesapage.py", "plot", "progress.py")
"""Files and folders of the package that no run depends on."""


@cache
def code() -> str:
    """Digest of the package's sources."""
    here = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(here.rglob("*.py")):
        path = file.relative_to(here)
        if path.parts[0] not in BLIND:
            digest.update(f"{path.as_posix()}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def ground() -> dict[str, Any]:
    """Code, libraries and machine that results depend on."""
    from importlib.metadata import version

    from kocsim import __version__

    return {
        "kocsim": __version__, "code": code(), "python": ".".join(platform.python_version_tuple()[:2]),
        **{name: version(name) for name in ("numpy", "numba", "pandas", "scipy")}, "machine": platform.machine(),
    }


def described(thing: Any) -> str | None:
    """What a user's function or object is, so that a changed one is noticed: its name, its source and what it holds.

    What a function reads from its module is not looked at.
    """
    if thing is None:
        return None
    if isinstance(thing, partial):
        return f"partial({described(thing.func)}, {_shown(thing.args)}, {_shown(thing.keywords)})"
    kind = thing if inspect.isfunction(thing) or inspect.isclass(thing) or inspect.isbuiltin(thing) else type(thing)
    if inspect.ismethod(thing):
        return f"{described(thing.__func__)} of {described(thing.__self__)}"
    name = f"{kind.__module__}.{kind.__qualname__}"
    if str(kind.__module__).split(".")[0] == "kocsim" or inspect.isbuiltin(kind):
        source = ""  # the package's sources are in its own digest
    else:
        try:
            source = inspect.getsource(kind)
        except (OSError, TypeError):
            source = _compiled(getattr(kind, "__code__", None))
    held: Any = None
    if inspect.isfunction(thing):
        cells = [cell.cell_contents for cell in thing.__closure__ or ()]
        held = [described(one) if callable(one) else _shown(one) for one in cells], _shown(thing.__defaults__)
    elif thing is not kind:
        held = _shown(vars(thing)) if hasattr(thing, "__dict__") else _shown(thing)
    digest = hashlib.sha256(f"{source}\n{held}".encode()).hexdigest()[:12]
    return f"{name} {digest}"


def _compiled(code: Any) -> str:
    """What a function does, where its source cannot be had."""
    if code is None:
        return ""
    return "\n".join([_shown((code.co_code, code.co_names, code.co_consts)), *(
        _compiled(inner) for inner in code.co_consts if inspect.iscode(inner))])


def _shown(value: Any) -> str:
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
