"""The server behind ``kocsim demo``: a marimo app, for this machine only."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from kocsim.demo.words import words
from kocsim.errors import DataError, ParameterError, at_least

NEEDS: Final = ("marimo", "anywidget")
PAGE: Final = Path(__file__).with_name("page.py")


def command(port: int, lang: str, browser: bool) -> list[str]:
    """The command that serves the page.

    Raises
    ------
    ParameterError
        For a port or a language that cannot be.
    DataError
        When what it needs is not installed.
    """
    at_least("port", port, 1, 65_535)
    words(lang)
    if any(importlib.util.find_spec(name) is None for name in NEEDS):
        raise DataError("The page needs marimo and anywidget; install them with: pip install 'kocsim[demo]'")
    quiet = [] if browser else ["--headless"]
    return [sys.executable, "-m", "marimo", "run", str(PAGE), "--host", "127.0.0.1", "--port", str(port), "--no-token",
            "--no-check", "--no-sandbox", *quiet, "--", "--lang", lang]


def serve(port: int, lang: str, browser: bool) -> int:
    """Serve the page until interrupted; returns the server's exit status.

    Raises
    ------
    ParameterError
        Also for a port that is taken.
    """
    import socket

    line = command(port, lang, browser)
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise ParameterError(f"port {port} cannot be used: {error.strerror}; choose another with --port.") from None
    quiet = {"MARIMO_SKIP_UPDATE_CHECK": "1", "DO_NOT_TRACK": "1"}
    try:
        return subprocess.run(line, env=os.environ | quiet, check=False).returncode
    except KeyboardInterrupt:
        return 0
