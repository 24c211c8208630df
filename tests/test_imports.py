"""What loads what: ``import kocsim`` stays light, and the floors of the package hold."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kocsim

HEAVY = (
    "mesa", "numba", "pandas", "matplotlib", "scipy", "pyarrow", "networkx", "xarray", "typer", "igraph", "tqdm",
)  # fmt: skip
ROOT = Path(__file__).resolve().parents[1]


def loaded_by(code: str) -> set[str]:
    """Top-level modules in a fresh process after `code`."""
    report = "; import sys, json; print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code", ["import kocsim", "import kocsim.errors", "import kocsim.rng", "dir(__import__('kocsim'))"]
)
def test_the_import_is_light(code: str) -> None:
    loaded = loaded_by(code)
    assert "kocsim" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert "numpy" not in loaded and "pydantic" not in loaded


def test_the_import_is_quick() -> None:
    """Less than half a second more than starting Python, in the best of several tries."""

    def best(code: str) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times.append(time.perf_counter() - start)
        return min(times)

    assert best("import kocsim") - best("pass") < 0.5


def test_a_scenario_needs_no_compiler() -> None:
    loaded = loaded_by("from kocsim import Scenario; Scenario.preset('small').replace(kocs=5).to_toml()")
    assert loaded.isdisjoint(set(HEAVY))


@pytest.mark.parametrize("name", ["Result", "DataError", "presets", "rng", "mechanisms"])
def test_names_that_need_no_compiler(name: str) -> None:
    assert loaded_by(f"import kocsim; kocsim.{name}").isdisjoint(HEAVY)


def test_a_run_does_not_load_mesa() -> None:
    """Importing Mesa sets multiprocessing's start method for the whole process."""
    loaded = loaded_by(
        "import kocsim as ks; s = ks.Simulation(ks.Scenario(residents=60, kocs=3), seed=1); s.step(); s.result()"
    )
    assert "numba" in loaded  # it did run
    assert loaded.isdisjoint({"mesa", "matplotlib", "networkx", "typer", "xarray", "igraph"})


def test_multiprocessing_is_left_alone() -> None:
    code = (
        "import multiprocessing as m, kocsim; kocsim.simulate; kocsim.County; "
        "print(m.get_start_method(allow_none=True))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"


# ---- public names


def test_there_are_public_names() -> None:
    assert {"Scenario", "County", "simulate", "Result", "ParameterError"} <= set(kocsim.__all__)


@pytest.mark.parametrize("name", kocsim.__all__)
def test_every_public_name_is_there(name: str) -> None:
    value = getattr(kocsim, name)
    assert name in dir(kocsim)
    if not name.startswith("__"):
        assert value.__doc__, f"{name} has no docstring"


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="scenarioo"):
        kocsim.scenarioo  # noqa: B018


# ---- floors


def sources(package: Path) -> list[Path]:
    found = sorted(package.rglob("*.py"))
    assert len(found) > 20
    return found


def imports(path: Path) -> set[str]:
    """Modules and names that a file imports anywhere in it; relative ones begin with a dot."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names}
    return names


def test_only_kernels_import_numba_and_only_model_and_its_page_import_mesa(package: Path) -> None:
    importers: dict[str, set[str]] = {"numba": set(), "mesa": set()}
    for path in sources(package):
        for module in imports(path):
            if (top := module.partition(".")[0]) in importers:
                importers[top].add(path.relative_to(package).parts[0])
    assert importers == {"numba": {"kernels"}, "mesa": {"model", "mesapage.py"}}


def test_modules_import_modules(package: Path) -> None:
    """By whole names, and never the package for its public names: these are for users, and load anything."""
    own = {".".join(("kocsim", *path.relative_to(package).with_suffix("").parts)) for path in sources(package)}
    own |= {name.removesuffix(".__init__") for name in own} | {"kocsim.__version__"}
    for path in sources(package):
        names = imports(path)
        assert not {name for name in names if name.startswith(".")}, path.name
        assert "kocsim" not in names, path.name
        direct = {name for name in names if name.startswith("kocsim.") and name.count(".") == 1}
        assert direct <= own, path.name


def test_floors() -> None:
    pytest.importorskip("importlinter", reason="needs import-linter (kocsim[dev])")
    if not (ROOT / "pyproject.toml").is_file():
        pytest.skip("needs the checkout: contracts are in pyproject.toml")
    code = (
        "import sys; from importlinter.cli import lint_imports; "
        f"sys.exit(lint_imports(config_filename={str(ROOT / 'pyproject.toml')!r}, no_cache=True))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_names_a_place_on_one_machine(package: Path) -> None:
    places = re.compile(rb"(?<![\w.])/(work|tmp|home|root|Users|mnt|opt|var)/|\b[A-Z]:\\\w")
    files = [path for path in package.rglob("*") if path.suffix in (".py", ".pyi", ".toml", ".md", ".txt", ".json")]
    assert len(files) > 20
    assert [str(path) for path in files if places.search(path.read_bytes())] == []
    assert places.search(b"open('/tmp/x')") and places.search(rb"'C:\Users'") and not places.search(b"km/day/home/x")


def test_the_package_is_typed_text(package: Path) -> None:
    """All sources are UTF-8 with Unix line ends, and the stub for lazy loading parses."""
    for path in [*sources(package), package / "__init__.pyi"]:
        text = path.read_bytes()
        assert b"\r" not in text, path.name
        ast.parse(text.decode("utf-8"))
