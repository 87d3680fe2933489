"""What is handed out: the wheel seen from outside, the extras' names, and the versions of constraints.txt."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hilum import __version__

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONSTRAINTS = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
PROMISED_EXTRAS = {"train", "serve", "dicom", "all"}
TORCH_ROOM = {
    "torch",
    "torchvision",
    "onnx",
    "onnxscript",
    "scikit-learn",
    "scipy",
    "pandas",
    "opencv-python-headless",
}


def requirements() -> list[Requirement]:
    """Every requirement of the package and its extras, but those on its own extras."""
    lines = [*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)]
    return [Requirement(line) for line in lines if not line.startswith("hilum[")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built as `pip install .` builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, REPOSITORY]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A folder with the wheel's content, as an installation has it."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_installed(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in another folder, with the wheel's package before the checkout's."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.slow
def test_the_wheel_holds_what_the_package_reads(wheel):
    """Every file of the package, the templates and the shipped bundle among them, is in the wheel."""
    package = REPOSITORY / "src/hilum"
    expected = {str(path.relative_to(package.parent)) for path in package.rglob("*")
                if path.is_file() and "__pycache__" not in path.parts}  # fmt: skip
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert expected - names == set()
    for bundle in ("hilum-base", "hilum-small"):
        assert any(name.startswith(f"hilum/bundles/{bundle}/") and name.endswith(".onnx") for name in names)
    assert any(name.endswith(".html") for name in names)


@pytest.mark.slow
def test_the_wheel_holds_nothing_else(wheel):
    """No test, no script, and no film goes into the wheel, and it stays small enough for a slow line."""
    with zipfile.ZipFile(wheel) as archive:
        rooms = {name.partition("/")[0] for name in archive.namelist()}

    assert rooms == {"hilum", f"hilum-{__version__}.dist-info"}
    assert wheel.stat().st_size < 40e6  # bytes


@pytest.mark.slow
def test_the_wheel_carries_its_licence(installed):
    """Whoever gets the wheel gets the terms with it."""
    licence = installed / f"hilum-{__version__}.dist-info/licenses/LICENSE"

    assert licence.read_text(encoding="utf-8") == (REPOSITORY / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_wheel_works_without_the_checkout(installed, tmp_path):
    """The installed package makes a film and screens it with the bundle it carries."""
    origin = run_installed(installed, tmp_path, "-c", "import hilum; print(hilum.__file__)").stdout.strip()
    hilum = ("-m", "hilum.cli.main")
    run_installed(installed, tmp_path, *hilum, "data", "phantom", "--out", "made", "--n", "2")
    rows = json.loads(run_installed(installed, tmp_path, *hilum, "screen", "made/films", "--json").stdout)
    outcomes = [(row["status"], row["bundle"].partition(" ")[0]) for row in rows]

    assert Path(origin).is_relative_to(installed)
    assert outcomes == [("scored", "hilum-base")] * 2


def test_the_promised_extras_are_there():
    """The names that installers write are kept."""
    assert set(EXTRAS) >= PROMISED_EXTRAS


def test_the_station_needs_no_torch():
    """`pip install .` brings none of what only training needs."""
    names = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}

    assert names & TORCH_ROOM == set()


def test_all_covers_the_other_extras():
    """`hilum[all]` is everything a user may want; what the tests need is not among it."""
    (everything,) = (Requirement(line) for line in EXTRAS["all"])

    assert everything.extras == set(EXTRAS) - {"all", "test"}


@pytest.mark.parametrize("requirement", requirements(), ids=lambda requirement: requirement.name)
def test_constraints_cover_every_requirement(requirement):
    """Each package has one version for this Python, and no older than its floor."""
    wanted = canonicalize_name(requirement.name)
    lines = [Requirement(line) for line in CONSTRAINTS]
    fitting = [
        line
        for line in lines
        if canonicalize_name(line.name) == wanted and (line.marker is None or line.marker.evaluate())
    ]

    assert len(fitting) == 1
    (pin,) = fitting[0].specifier
    assert pin.operator == "=="
    assert requirement.specifier.contains(pin.version)


def test_constraints_name_no_host():
    """The file installs wherever packages come from: no address, no local build, no path."""
    assert [line for line in CONSTRAINTS if re.search(r"://|\+|@|/|^-", line)] == []


def test_every_floor_has_a_number():
    """Each requirement says the oldest version that the tests were run with."""
    assert [str(requirement) for requirement in requirements() if not requirement.specifier] == []


def test_the_citation_carries_the_version():
    """CITATION.cff names the release that it stands beside."""
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")

    assert f"\nversion: {__version__}\n" in citation
