"""The command line, as a process: what it prints, writes and returns."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kocsim as ks

KOCSIM = [sys.executable, "-c", "from kocsim.cli import main; main()"]
SMALL = ["small", "--set", "residents=3000", "--set", "kocs=30", "--set", "shops=2"]


def kocsim(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*KOCSIM, *words], capture_output=True, text=True, timeout=300, **options)  # type: ignore[call-overload]


def test_run_prints_a_table_and_saves(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = kocsim("run", *SMALL, "--seed", "3", "--days", "8", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in out.iterdir()) == [
        "audiences.parquet", "channels.parquet", "communities.parquet", "coverage.parquet", "daily.parquet",
        "funnel.parquet", "kocs.parquet", "ledger.parquet", "overview.png", "provenance.json", "residents.parquet",
        "scenario.toml", "shops.parquet", "stages.parquet", "trust.parquet",
    ]
    result = ks.Result.load(out)
    assert len(result.daily) == 8
    assert f"seed 3, digest {result.digest()}" in done.stdout
    assert f"{result.daily.aware.iloc[-1]:,}" in done.stdout
    assert "8/8" in done.stderr  # the progress bar
    again = ks.simulate(ks.Scenario.load(out / "scenario.toml"), seed=3, days=8, progress=False)
    assert again.digest() == result.digest()
    assert (out / "overview.png").read_bytes().startswith(b"\x89PNG")


def test_quiet_and_threads_change_nothing_that_counts() -> None:
    first = kocsim("run", *SMALL, "--days", "4", "--threads", "1")
    second = kocsim("run", *SMALL, "--days", "4", "--threads", "2", "--quiet")
    lines = [line for line in first.stdout.splitlines() if "digest" in line]
    assert lines == [line for line in second.stdout.splitlines() if "digest" in line]
    assert len(lines) == 1
    assert second.stderr == ""


def test_a_saved_county_serves_a_run(tmp_path: Path) -> None:
    folder = str(tmp_path / "county")
    made = kocsim("county", *SMALL, "--seed", "5", "--out", folder)
    assert made.returncode == 0, made.stderr
    assert "residents" in made.stdout
    saved = kocsim("run", *SMALL, "--seed", "5", "--days", "3", "--county", folder, "--quiet")
    fresh = kocsim("run", *SMALL, "--seed", "5", "--days", "3", "--quiet")
    assert saved.returncode == 0, saved.stderr
    digests = {line for run in (saved, fresh) for line in run.stdout.splitlines() if "digest" in line}
    assert len(digests) == 1


def test_show_lists_every_parameter() -> None:
    done = kocsim("show", "paper", "--set", "moments.view=0.25")
    assert done.returncode == 0
    parameters = ks.Scenario.preset("paper").parameters()
    for parameter in parameters:
        assert parameter.name in done.stdout
    assert "moments.view = 0.25 *" in done.stdout
    assert "moments.visit = 0.716\n" in done.stdout
    assert "assumption" in done.stdout
    only = kocsim("show", "paper", "--only", "attention.")
    assert only.stdout.count(" = ") == 3


def test_show_toml_can_be_run(tmp_path: Path) -> None:
    done = kocsim("show", "small", "--toml", "--set", "friends.koc_median=128")
    (tmp_path / "my.toml").write_text(done.stdout, "utf-8")
    assert ks.Scenario.load(tmp_path / "my.toml") == ks.Scenario.preset("small").replace(
        friends={"koc_median": 128.0}
    )


def test_presets_are_listed() -> None:
    done = kocsim("presets")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ks.presets()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "papr"], "Error: preset must be one of full, hybrid, leader, mixed, paper, shop, small; got 'papr'. "
                          "Did you mean 'paper'?"),
        (["run", "no/such.toml"], "Error: Cannot read scenario no/such.toml: No such file or directory."),
        (["run", "small", "--days", "0"], "Error: days must be a whole number in [1, 60000]; got 0."),
        (["run", "small", "--seed", "-1"], "Error: seed must be a whole number in [0, inf]; got -1."),
        (["run", "small", "--threads", "0"], "Error: threads must be a whole number in [1, 256]; got 0."),
        (
            ["run", "small", "--set", "kocs=60000"],
            "Error: kocs must lie in [0, residents] = [0, 50000]; got 60000.",
        ),
        (
            ["run", "small", "--set", "kocs"],
            "Error: --set takes NAME=VALUE, such as friends.koc_median=128; got 'kocs'.",
        ),
        (["run", "small", "--county", "nowhere"], "Error: There is no county at nowhere."),
        (["run", "small", "--out", "/dev/null"], "Error: Cannot write the result to /dev/null: it is not a folder."),
        (["show", "small", "--only", "frends"], "Error: --only must begin a parameter's name; got 'frends'. "
            "Did you mean 'friends'?"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], sentence: str, tmp_path: Path) -> None:
    start = time.monotonic()
    done = kocsim(*words, cwd=tmp_path)
    assert (done.returncode, done.stderr.strip(), done.stdout) == (2, sentence, "")
    assert time.monotonic() - start < 30, "refused before any work"


REFUSED = [
    (["--seed", "-1"], "seed must be"), (["--threads", "0"], "threads must be"),
    (["--out", "file/out"], "Cannot write the"), (["--out", "taken"], "taken"),
    (["--set", "friends.koc_mediann=3"], "Did you mean 'friends.koc_median'?"),
]


@pytest.mark.parametrize(
    ("command", "words", "said"),
    [
        ("run", ["--days", "0"], "days must be"),
        *((command, *one) for command in ("run", "county") for one in REFUSED),
    ],
)
def test_nothing_is_made_before_all_is_checked(
    command: str, words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In this process, with a county that cannot be made: what is refused, is refused earlier, and leaves nothing."""
    from kocsim import cli, generate

    (tmp_path / "file").write_text("")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(generate, "generate", lambda *_: pytest.fail("a county was made"))
    out = [] if words[0] == "--out" else ["--out", "out"]
    monkeypatch.setattr(sys, "argv", ["kocsim", command, "small", *out, *words])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    assert leaving.value.code == 2
    assert said in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ("kocs=1e3", "kocs", 1000), ("identification.threshold=fractional", "identification.threshold", "fractional"),
        ("name=7", "name", "7"), ("name='seven'", "name", "seven"), ("name=县城", "name", "县城"),
        ("moments.view = .25", "moments.view", 0.25),
    ],
)
def test_set_reads_values_as_they_are_meant(change: str, name: str, value: object) -> None:
    from kocsim.cli import _scenario

    values = {p.name: p.value for p in _scenario("small", [change]).parameters()}
    assert (values[name], type(values[name])) == (value, type(value))


@pytest.mark.parametrize(("change", "got"), [("kocs=1979-05-27", "'1979-05-27'"), ("kocs=1\nshops=2", "'1\\nshops=2'")])
def test_set_takes_one_plain_value(change: str, got: str) -> None:
    from kocsim.cli import _scenario

    with pytest.raises(ks.ParameterError) as error:
        _scenario("small", [change])
    assert str(error.value) == f"kocs must be a whole number in [0, 16777216]; got {got}."


def test_a_misspelled_option_is_suggested() -> None:
    done = kocsim("run", "small", "--sed", "3")
    assert done.returncode == 2
    assert "--seed" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_saves_the_finished_days(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*KOCSIM, "run", *SMALL, "--days", "60000", "--out", str(out)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    assert process.stderr is not None
    seen = ""
    while "3/60000" not in seen and process.poll() is None:
        seen += os.read(process.stderr.fileno(), 4096).decode()
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    result = ks.Result.load(out)
    assert 3 <= len(result.daily) < 60_000
    assert result.provenance["interrupted"] is True
    assert f"Interrupted after {len(result.daily)} finished days; saved in {out}." in stderr
    assert (out / "overview.png").is_file()
    assert result.digest() in stdout


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("command", ["run", "county"])
def test_ctrl_c_before_the_first_day_says_so(command: str, tmp_path: Path) -> None:
    """While the county is made: a sentence, 130, and nothing that looks like a result."""
    stopped = (
        "import os, signal, time\n"
        "from kocsim import cli, generate\n"
        "def made(*_):\n    print('making', flush=True)\n    time.sleep(60)\n"
        "generate.generate = made\n"
        "cli.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", stopped, command, "small", "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "making\n"
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr.strip()) == (130, "Interrupted; what was not saved yet is lost.")
    assert not list(tmp_path.rglob("*.*"))


def test_ctrl_c_without_a_folder_says_that_days_are_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kocsim import cli
    from kocsim import run as days

    simulate = days.simulate

    def interrupted(*words: object, **named: object) -> None:
        raise ks.Interrupted(simulate(*words, **named))  # type: ignore[arg-type]

    monkeypatch.setattr(days, "simulate", interrupted)
    monkeypatch.setattr(sys, "argv", ["kocsim", "run", *SMALL, "--days", "2", "--quiet"])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    said = capsys.readouterr()
    assert leaving.value.code == 130
    assert said.err == "Interrupted after 2 finished days; not saved, as --out was not given.\n"
    assert "digest" in said.out


def test_the_saved_scenario_is_the_one_that_ran(tmp_path: Path) -> None:
    """--days is in it, a Chinese name does no harm, and no font is complained about."""
    out = tmp_path / "out"
    done = kocsim("run", *SMALL, "--set", "name=县城", "--days", "2", "--out", str(out), "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    scenario = ks.Scenario.load(out / "scenario.toml")
    assert (scenario.days, scenario.name) == (2, "县城")
    again = ks.simulate(scenario, seed=1, progress=False)
    assert again.digest() == ks.Result.load(out).digest()


def test_version_and_a_quick_start() -> None:
    done = kocsim("--version")
    assert done.stdout == f"kocsim {ks.__version__}\n"
    heavy = "import sys, kocsim.cli; print([m for m in ('numba', 'pandas', 'matplotlib', 'mesa') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, timeout=60)
    assert loaded.stdout == "[]\n"


SWEEP = """
replicates = 2
days = 4
measures = ["customers"]
[set]
residents = 800
kocs = 8
shops = 1
[space]
kocs = [5, 10]
"""


def test_a_sweep_prints_means_saves_tables_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SWEEP)
    first = kocsim("sweep", "s.toml", "--out", "out", "--workers", "2", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "4/4" in first.stderr  # the progress bar
    table = ks.open_sweep(tmp_path / "out").table
    mean = table[table["kocs"] == 10]["customers"].mean()
    assert any(f"{mean:.3f}"[:5] in line for line in first.stdout.splitlines() if line.strip().startswith("customers"))
    bytes_before = (tmp_path / "out" / "table.parquet").read_bytes()
    again = kocsim("sweep", "s.toml", "--out", "out", "--workers", "2", "--quiet", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")
    assert (tmp_path / "out" / "table.parquet").read_bytes() == bytes_before
    more = kocsim("sweep", "s.toml", "--out", "out", "--replicates", "3", "--quiet", cwd=tmp_path)
    assert more.returncode == 0, more.stderr
    assert len(ks.open_sweep(tmp_path / "out").table) == 6
    other = kocsim("sweep", "s.toml", "--out", "out", "--set", "need.rate=0.5", cwd=tmp_path)
    assert other.returncode == 2
    assert "holds a sweep with scenario.paper.scenario.need.rate" in other.stderr
    none = kocsim("sweep", "none.toml", "--out", "out", cwd=tmp_path)
    assert none.returncode == 2
    assert none.stderr == "Error: Cannot read sweep none.toml: No such file or directory.\n"


def test_a_sweep_in_which_runs_fail_says_so(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("limit = 0.05\n" + SWEEP.replace("days = 4", "days = 60_000"))
    done = kocsim("sweep", "s.toml", "--out", "out", "--workers", "1", "--quiet", cwd=tmp_path)
    assert done.returncode == 1
    assert "No run is finished." in done.stdout
    assert "4 of 4 runs failed; see out/errors.txt." in done.stderr
    assert "longer than the limit of 0.05 s" in (tmp_path / "out" / "errors.txt").read_text()
