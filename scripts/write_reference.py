"""Writes the pages of docs/reference from the code, so that they cannot say anything else.

A test compares the pages with what this would write; `make docs` writes them again. Only the commands are
imported; everything else is read from the syntax trees, so that torch is not needed.
"""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path

import click

from hilum.cli.main import cli

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "src/hilum"
FOLDER = REPOSITORY / "docs/reference"
SETTINGS = (
    PACKAGE / "training/settings.py",
    PACKAGE / "imaging/recipe.py",
    PACKAGE / "worklist/station.py",
    PACKAGE / "web/settings.py",
    PACKAGE / "dicomnode/settings.py",
)
WIDTH = 100  # columns of the commands' help

NOTE = "<!-- Written by `make docs` from the code: change {where}, not this page. -->\n"
EXIT_STATUSES = """Exit status: 0 where all went well, 2 with a line on standard error where you can mend it.
Ctrl-C ends any command with status 130.
A command that has a status of its own says so below.
"""
SETTINGS_ARE = """Settings are TOML files.
A key that is not listed here, has the wrong type, or is missing without a default is refused by name.
A table in square brackets, as in `[augment]`, holds the keys of the record that its line here names.
Paths are relative to the settings file.
"""
NETWORKS_ARE = """The names that `network` in a settings file may have.
Other packages add their own through the entry point `hilum.networks`, and may not take a name of this list.
"""
ERRORS_ARE = """An error that you can mend is one line on standard error, and the command ends with status 2.
Anything else is a bug, and shows its traceback.
"""


def cli_page() -> str:
    """Every command with its help."""
    top = click.Context(
        cli, info_name="hilum", terminal_width=WIDTH, max_content_width=WIDTH, **cli.context_settings
    )
    return "\n".join(
        ["# Commands\n", NOTE.format(where="the help in src/hilum/cli"), EXIT_STATUSES, *helps(top)]
    )


def helps(context: click.Context) -> Iterator[str]:
    """A heading and the help of this command, then of each command inside it."""
    shown = "\n".join(line.rstrip() for line in context.get_help().splitlines())
    yield f"## {context.command_path}\n\n```text\n{shown}\n```\n"
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from helps(click.Context(command, info_name=name, parent=context))


def settings_page() -> str:
    """Every key of every record that is filled from TOML, with its type, default, and comment."""
    records = [(path, node) for path in SETTINGS for node in classes(path) if is_settings(node)]
    parts = [part for path, node in records for part in settings_section(path, node)]
    return "\n".join(["# Settings\n", NOTE.format(where="the fields' comments"), SETTINGS_ARE, *parts])


def is_settings(node: ast.ClassDef) -> bool:
    """Whether a class is filled from TOML: `...Settings`, and the recipe inside it."""
    return node.name.endswith("Settings") or node.name == "Recipe"


def settings_section(path: Path, node: ast.ClassDef) -> Iterator[str]:
    """A heading, the record's sentence, and a table of its keys."""
    with path.open("rb") as file:
        tokens = list(tokenize.tokenize(file.readline))
    comments = {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}
    yield f"## {node.name}\n\n{first_paragraph(node)}\n"
    yield "| key | type | default | unit, meaning, source |\n| --- | --- | --- | --- |"
    for field in node.body:
        if isinstance(field, ast.AnnAssign):
            assert isinstance(field.target, ast.Name)
            kind = ast.unparse(field.annotation).replace("|", "\\|")
            yield f"| `{field.target.id}` | `{kind}` | {default_of(field)} | {comment_of(comments, field)} |"
    yield ""


def default_of(field: ast.AnnAssign) -> str:
    """The default as written; a factory is a table of its own."""
    if field.value is None:
        return "none: must be given"
    return "that table's" if isinstance(field.value, ast.Call) else f"`{ast.unparse(field.value)}`"


def comment_of(comments: dict[int, str], field: ast.AnnAssign) -> str:
    """What stands behind the field's lines."""
    assert field.end_lineno is not None
    lines = range(field.lineno, field.end_lineno + 1)
    return " ".join(comments[line].strip("# ") for line in lines if line in comments).replace("|", "\\|")


def networks_page() -> str:
    """Every built-in network by name, with what its builder says of it."""
    rows = [
        f"| `{name}` | {builder_sentence(target)} |" for name, target in sorted(network_targets().items())
    ]
    head = "| name | what it is |\n| --- | --- |"
    return "\n".join(
        ["# Networks\n", NOTE.format(where="the builders' docstrings"), NETWORKS_ARE, head, *rows, ""]
    )


def network_targets() -> dict[str, str]:
    """The registry's own table, read without importing the room."""
    tree = parse(PACKAGE / "training/networks/__init__.py")
    tables = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    return {name: target for table in tables for name, target in ast.literal_eval(table).items()}


def builder_sentence(target: str) -> str:
    """The first paragraph of the builder's docstring, or of a module that holds one network alone."""
    module, _, attribute = target.partition(":")
    tree = parse(REPOSITORY / "src" / Path(*module.split(".")).with_suffix(".py"))
    if attribute == "build":
        return first_paragraph(tree)
    found = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == attribute
    ]
    assert found, f"{target} is not defined where the registry says"
    return first_paragraph(found[0])


def errors_page() -> str:
    """Every error with its sentence."""
    rows = [f"| `{node.name}` | {first_paragraph(node)} |" for node in classes(PACKAGE / "errors.py")]
    head = "| error | what happened |\n| --- | --- |"
    return "\n".join(["# Errors\n", NOTE.format(where="src/hilum/errors.py"), ERRORS_ARE, head, *rows, ""])


def words_page() -> str:
    """Every word that stands in a table: findings, sexes, sides, zones, kinds, and the codes of a refusal."""
    enums = [
        *classes(PACKAGE / "findings.py"),
        *(node for node in classes(PACKAGE / "records.py") if is_enum(node)),
    ]
    parts = [part for node in enums for part in words_section(node)]
    return "\n".join(
        ["# Words in the tables\n", NOTE.format(where="src/hilum/findings.py and records.py"), *parts]
    )


def is_enum(node: ast.ClassDef) -> bool:
    """Whether the class lists words."""
    return any(isinstance(base, ast.Name) and base.id == "StrEnum" for base in node.bases)


def words_section(node: ast.ClassDef) -> Iterator[str]:
    """A heading, the list's sentence, and each word with its note."""
    yield f"## {node.name}\n\n{first_paragraph(node)}\n\n| word | note |\n| --- | --- |"
    for member, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(member, ast.Assign):
            note = (
                after.value.value
                if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                else ""
            )
            yield f"| `{ast.literal_eval(member.value)}` | {' '.join(str(note).split())} |"
    yield ""


def parse(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def classes(path: Path) -> list[ast.ClassDef]:
    """The classes at the top of a file."""
    return [node for node in parse(path).body if isinstance(node, ast.ClassDef)]


def first_paragraph(node: ast.ClassDef | ast.FunctionDef | ast.Module) -> str:
    """The docstring up to its first empty line, on one line."""
    return " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split()).replace("|", "\\|")


PAGES = {
    "cli.md": cli_page,
    "errors.md": errors_page,
    "networks.md": networks_page,
    "settings.md": settings_page,
    "words.md": words_page,
}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
