"""The `hilum` command itself: what a person sees when something is mistyped, missing, broken, or stopped."""

from __future__ import annotations

import logging
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from hilum import __version__
from hilum.cli.lazy import LazyCommand
from hilum.cli.main import COMMANDS, EXTRA_OF, HilumGroup, cli
from hilum.errors import DatasetMissing, ManifestInvalid


@pytest.fixture
def invoke(monkeypatch):
    """Runs one command, with whatever the function given does, under the top group."""

    def run(action, *arguments: str):
        monkeypatch.setattr(LazyCommand, "load", lambda self: click.Command("task", callback=action))
        group = HilumGroup("hilum", lazy={"task": LazyCommand("nowhere:task", "Do it.")})
        return CliRunner().invoke(group, [*arguments, "task"])

    return run


def raising(error: BaseException):
    """A command that fails in this way."""

    def action() -> None:
        raise error

    return action


def test_the_version_is_the_packages():
    """`--version` prints one line for scripts to read."""
    assert CliRunner().invoke(cli, ["--version"]).output == f"hilum {__version__}\n"


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(flag):
    """The top help lists all commands in the order of use, each with its line."""
    shown = CliRunner().invoke(cli, [flag]).output

    assert [
        line.split()[0] for line in shown.split("Commands:")[1].splitlines() if line[2:3].strip()
    ] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_exists(name):
    """No name in the table leads nowhere, and each command answers to the name it is listed under."""
    assert COMMANDS[name].load().name == name


def test_a_mistyped_command_gets_the_nearest():
    """`hilum sceen` is told of `screen`, in a usage error."""
    result = CliRunner().invoke(cli, ["sceen"])

    assert result.exit_code == 2
    assert "no command is called 'sceen'; did you mean 'screen'?" in result.stderr


def test_a_command_like_no_other_gets_no_guess():
    """Where no command is near, none is suggested."""
    result = CliRunner().invoke(cli, ["zzz"])

    assert "no command is called 'zzz'\n" in result.stderr


def test_an_expected_error_is_one_line(invoke):
    """What the user can mend is told in one line on standard error, with exit status 2."""
    result = invoke(raising(ManifestInvalid("row 3: the label is 7;\n  it must be 0, 1, or empty")))

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: row 3: the label is 7; it must be 0, 1, or empty\n"


def test_an_errors_own_text_is_kept(invoke, tmp_path):
    """The message says what is missing, where, and where to read on."""
    result = invoke(raising(DatasetMissing("jsrt", tmp_path, "images")))

    assert str(tmp_path) in result.stderr
    assert "docs/datasets/jsrt.md" in result.stderr


def test_a_bug_keeps_its_traceback(invoke):
    """Anything else is a fault of ours, and is not dressed up."""
    result = invoke(raising(ZeroDivisionError("division by zero")))

    assert isinstance(result.exception, ZeroDivisionError)


@pytest.mark.parametrize(("module", "extra"), EXTRA_OF.items())
def test_a_missing_extra_is_named(invoke, module, extra):
    """A command whose optional packages are absent says which extra brings them."""
    result = invoke(raising(ModuleNotFoundError("gone", name=f"{module}.inner")))

    assert result.exit_code == 2
    assert f"pip install -c constraints.txt -e '.[{extra}]'" in result.stderr


def test_another_missing_module_is_a_bug(invoke):
    """A module that no extra brings is not blamed on the user."""
    result = invoke(raising(ModuleNotFoundError("gone", name="hilum.gone")))

    assert isinstance(result.exception, ModuleNotFoundError)


def test_ctrl_c_ends_quietly(invoke):
    """Ctrl-C is told in one line, with the status that shells give it."""
    result = invoke(raising(KeyboardInterrupt()))

    assert (result.exit_code, result.stderr) == (130, "stopped\n")


def test_a_reader_that_leaves_is_no_error(tmp_path):
    """`hilum --help | head -1` shows no traceback when the pipe closes early."""
    script = f"{sys.executable} -c 'from hilum.cli.main import main; main()' --help | true"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)

    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("flags", "level"),
    [([], logging.WARNING), (["-v"], logging.INFO), (["-vv"], logging.DEBUG), (["-vvv"], logging.DEBUG)],
)
def test_verbose_sets_the_level(flags, level):
    """Each -v tells more, up to two."""
    CliRunner().invoke(cli, [*flags, "screen", "--help"])

    assert logging.getLogger("hilum").level == level


def test_the_log_goes_to_standard_error_once():
    """Records reach standard error, and two commands in one process do not double them."""

    @click.command()
    def talk() -> None:
        logging.getLogger("hilum.somewhere").info("two films")

    runner = CliRunner()
    runner.invoke(cli, ["-v", "screen", "--help"])
    runner.invoke(cli, ["-v", "screen", "--help"])
    result = runner.invoke(talk)

    assert (result.stdout, result.stderr) == ("", "INFO hilum.somewhere: two films\n")
