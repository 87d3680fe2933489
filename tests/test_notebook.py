"""The student's notebook runs top to bottom, on phantoms and on films given by one path, and is kept clean.

The kernel is another process with its own warnings; those of the machinery that drives it are let pass.
"""

from __future__ import annotations

import ast
import re
import zipfile
from pathlib import Path

import nbformat
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOK = REPOSITORY / "notebooks/pulmonary_abnormalities.ipynb"
PAGE = (REPOSITORY / "docs/reproduce.md").read_text(encoding="utf-8")
N_A_CLASS = 15  # real films, of each class, for the test on them


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path_factory, monkeypatch):
    """What the kernel makes for itself goes with the test."""
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("kernel")))


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    """The notebook as it is committed."""
    return nbformat.read(NOTEBOOK, as_version=4)


def code_of(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def run(notebook, folder: Path) -> str:
    """Run every cell in a folder; what was shown, as text."""
    from nbclient import NotebookClient

    NotebookClient(notebook, timeout=600, kernel_name="python3",
                   resources={"metadata": {"path": str(folder)}}).execute()  # fmt: skip
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    texts = [output.text if output.output_type == "stream" else output.data.get("text/markdown", "")
             for output in shown]  # fmt: skip
    return "\n".join(texts)


def some_real_films(source: Path, target: Path) -> Path:
    """A small zip with a few films of each class, and their readings, of the large one."""
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w") as part:
        for label in "01":
            names = sorted(name for name in whole.namelist() if name.endswith(f"_{label}.png"))
            stems = {Path(name).stem for name in names[:N_A_CLASS]}
            for name in whole.namelist():
                if Path(name).stem in stems:
                    part.writestr(name, whole.read(name))
    return target


def test_no_outputs_are_kept(notebook):
    """No picture of a film, and no figure of an old run, is committed."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]

    assert len(cells) > 5
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    assert not any(cell.get("attachments") for cell in notebook.cells)


def test_the_path_stands_alone_at_the_top(notebook):
    """The first cell of code is the one line to change."""
    (line,) = ast.parse(code_of(notebook)[0]).body

    assert isinstance(line, ast.Assign)
    assert ast.unparse(line) == "FILMS = None"


def test_only_public_names_are_used(notebook):
    """What a student copies stays: no import of Hilum begins with an underscore, nor does an attribute."""
    tree = ast.parse("\n".join(code_of(notebook)))
    imported = [
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    attributes = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]

    assert [name for name in imported + attributes if name.startswith("_")] == []


def test_the_pages_figures_of_luck_are_what_its_code_prints(notebook, capsys):
    """The simulation in docs/reproduce.md gives the lines below it, and is the notebook's own."""
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    (printed,) = re.findall(r"^```text\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    exec(code, {})  # the page's own code

    assert capsys.readouterr().out == printed
    assert code.strip() in code_of(notebook)


@pytest.mark.slow
def test_it_runs_on_phantoms(notebook, tmp_path):
    """As it is committed it runs, shows the study's answer, and leaves nothing where it lies."""
    (tmp_path / "here").mkdir()
    shown = run(notebook, tmp_path / "here")

    assert "| model 2 | 32,780,046 | no | 0.8188 |" in shown
    assert "| model 3 | 0.838 (0.773 to 0.887) |" in shown
    assert "| chosen on validation films |" in shown
    assert "36 films, 18 with tuberculosis" in shown
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.slow
def test_it_runs_on_real_films_by_one_path(notebook, shared, tmp_path):
    """With the path of a zip of real films it takes those; the long settings are cut short by the test."""
    films = some_real_films(shared / "data/pulmonary-chest-xray-abnormalities.zip", tmp_path / "films.zip")
    for cell in notebook.cells:
        cell.source = (
            cell.source.replace("FILMS = None ", f"FILMS = {str(films)!r} ")
            .replace("(5, 10, 20, 50, 100, 200) if IS_REAL else ", "")
            .replace("5 if IS_REAL else 2", "1")
            .replace("256 if IS_REAL else 64", "64")
            .replace("if IS_REAL:\n    settings", "if False:\n    settings")
        )
    shown = run(notebook, tmp_path)

    assert f"| shenzhen | tuberculosis | {N_A_CLASS} | {N_A_CLASS} |" in shown
    assert "| chosen on validation films |" in shown
    assert (tmp_path / "pulmonary_abnormalities/study/study.json").exists()
