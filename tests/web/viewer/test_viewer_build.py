"""The built viewer ships whole, with the licences of what is in it."""

from __future__ import annotations

import json
import re


def test_every_file_that_the_viewer_loads_is_shipped(repository):
    """Chunks, the worker, and WebAssembly are named by the scripts and lie beside them."""
    built = repository / "src/hilum/web/static/viewer"
    names = {path.name for path in built.iterdir()}
    scripts = [path.read_text(encoding="utf-8") for path in built.glob("*.js")]
    named = {name for text in scripts for name in re.findall(r"[\w.-]+-[\w-]{8}\.(?:js|wasm)", text)}

    assert "film-viewer.js" in names
    assert named - names == set()
    assert names - named == {"film-viewer.js", "THIRD-PARTY.txt"}


def test_the_licences_of_all_bundled_packages_are_shipped(repository):
    """The notice has the packages, and the libraries that are compiled into the decoders."""
    notice = (repository / "src/hilum/web/static/viewer/THIRD-PARTY.txt").read_text(encoding="utf-8")

    for package in (
        "@cornerstonejs/core",
        "@kitware/vtk.js",
        "dicom-parser",
        "CharLS",
        "OpenJPEG",
        "OpenJPH",
    ):
        assert package in notice
    assert "based in part on the work of the Independent JPEG Group" in notice


def test_the_lock_pins_every_package_and_names_no_registry(repository):
    """Versions are exact, each has its checksum, and where they come from is the builder's affair."""
    wanted = json.loads((repository / "viewer/package.json").read_text(encoding="utf-8"))
    lock = json.loads((repository / "viewer/package-lock.json").read_text(encoding="utf-8"))["packages"]
    packages = {name: entry for name, entry in lock.items() if name}

    for version in (wanted["dependencies"] | wanted["devDependencies"]).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
