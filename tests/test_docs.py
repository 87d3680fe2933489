"""The docs cannot lie: reference pages are the code's own, every name has its line, links lead somewhere.

The README's commands are run in order, as a reader would, on phantoms. A block that needs what a test has not
says so in its first line: `# in a clone` (make, run by .ci/run itself), `# needs the public films`, or
`# needs a person` and `# needs a PACS`, which have tests of their own.
"""

from __future__ import annotations

import ast
import os
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hilum.cli.main import EXTRA_OF, cli
from hilum.data.sources import SOURCES
from hilum.training.networks import NETWORKS

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
REFERENCE = runpy.run_path(str(REPOSITORY / "scripts/write_reference.py"))["PAGES"]
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
BLOCKS = re.findall(r"^```(?:console|bash)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
SKIPPED = ("# in a clone", "# needs the public films", "# needs a person", "# needs a PACS")
EXTRAS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
EXTRA = re.compile(r"(?:hilum|\.)\[([a-z,]+)\]")
INSTALLED = re.compile(r"pip install (?:--torch-backend=cpu )?-c constraints\.txt -e '\.\[([a-z]+)\]'")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)(?:#[^)\s]*)?\)|!\[[^\]]*\]\(([^)\s]+)\)")


def prose_of(page: Path) -> list[str]:
    """The page's lines outside fenced blocks."""
    return re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    ).splitlines()


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def contexts(context: click.Context) -> Iterator[click.Context]:
    """This command and all inside it."""
    yield context
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from contexts(click.Context(command, info_name=name, parent=context))


@pytest.mark.parametrize("name", REFERENCE)
def test_a_reference_page_is_what_the_code_says(name):
    """After a change of a command, a setting, a network, or an error, `make docs` was run.

    In a process of its own: click keeps a command's help option as its first caller saw it.
    """
    page = REPOSITORY / "docs/reference" / name
    script = REPOSITORY / "scripts/write_reference.py"
    code = f"import runpy, sys; sys.stdout.write(runpy.run_path({str(script)!r})['PAGES'][{name!r}]())"
    written = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert page.read_bytes() == written.stdout, "run: make docs"


def test_every_reference_page_is_written_by_the_script():
    """No page of the reference is left over from something that is gone."""
    assert {page.name for page in (REPOSITORY / "docs/reference").iterdir()} == set(REFERENCE)


@pytest.mark.parametrize("name", SOURCES.names())
def test_every_dataset_has_its_card(name):
    """Each dataset that can be imported has the page that an error message sends its user to."""
    card = REPOSITORY / f"docs/datasets/{name}.md"

    assert card.is_file()
    assert {"licence", "citation"} <= {
        word.lower() for word in re.findall(r"\w+", card.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("name", NETWORKS.names())
def test_every_network_has_its_line(name):
    """Each network that a settings file may name is explained."""
    assert f"| `{name}` | " in REFERENCE["networks.md"]()
    assert f"| `{name}` |  |" not in REFERENCE["networks.md"]()


def test_every_setting_says_what_it_is():
    """Each key of a settings file has a unit, a meaning, or a source beside it."""
    rows = [line for line in REFERENCE["settings.md"]().splitlines() if line.startswith("| `")]

    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_option_has_a_help_text():
    """No option is listed without a word on what it does."""
    top = click.Context(cli, info_name="hilum", **cli.context_settings)
    options = [(context.command_path, parameter) for context in contexts(top)
               for parameter in context.command.params
               if isinstance(parameter, click.Option) and not parameter.hidden]  # fmt: skip

    assert [f"{path} --{option.name}" for path, option in options if not option.help] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    """Each link to a file of the repository has its file."""
    targets = [first or second for line in prose_of(page) for first, second in LINK.findall(line)]
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]

    assert [target for target in local if not (page.parent / target).exists()] == []


def test_the_index_names_every_page():
    """Each page of the manual can be found from docs/README.md."""
    index = REPOSITORY / "docs/README.md"
    linked = {
        (index.parent / first).resolve()
        for line in prose_of(index)
        for first, _ in LINK.findall(line)
        if first
    }

    assert {page for page in PAGES if page.is_relative_to(index.parent)} - {index} - linked == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_opens_with_one_title(page):
    """Each page has exactly one first-level heading, in its first line."""
    titles = [line for line in prose_of(page) if line.startswith("# ")]

    assert prose_of(page)[0] == titles[0]
    assert len(titles) == 1


def test_the_architecture_names_every_room():
    """ARCHITECTURE.md has a line for each room and each module beside them."""
    tree = (REPOSITORY / "ARCHITECTURE.md").read_text(encoding="utf-8")
    places = [path for path in (REPOSITORY / "src/hilum").iterdir() if not path.name.startswith("__")]

    assert [path.name for path in places if f"── {path.name}{'/' * path.is_dir()} " not in tree] == []


def test_the_two_commands_stand_on_the_first_screen():
    """A person who opens the README sees both commands without scrolling."""
    first_screen = README.splitlines()[:40]

    assert any(line.startswith("make run") for line in first_screen)
    assert any(line.startswith("make test") for line in first_screen)


def test_every_extra_is_installed_in_one_form():
    """The form that keeps what `make run` installed: in the clone, editable, at the tested versions."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES if page.name != "CHANGELOG.md")

    assert set(INSTALLED.findall(text)) == set(EXTRAS)
    assert len(EXTRA.findall(text)) == len(INSTALLED.findall(text))


def test_only_extras_that_there_are_are_missed():
    """Whoever is told to install an extra can."""
    sources = (REPOSITORY / "src/hilum").rglob("*.py")
    calls = [node for source in sources for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
             if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ExtraMissing"]  # fmt: skip
    named = {one.args[1].value for one in calls if isinstance(one.args[1], ast.Constant)}

    assert {"train", "fetch"} <= named
    assert named | set(EXTRA_OF.values()) <= set(EXTRAS)


@pytest.mark.slow
def test_the_readme_commands_run(tmp_path):
    """Every command of the README works, in order, in an empty folder, on made films."""
    runnable = [block for block in BLOCKS if not block.startswith(SKIPPED)]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for block in runnable:
        ended = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=tmp_path, env=environment,
                               capture_output=True, text=True, check=False)  # fmt: skip
        assert ended.returncode == 0, f"{block}\n{ended.stdout[-2000:]}\n{ended.stderr[-4000:]}"

    assert len(runnable) >= 4
