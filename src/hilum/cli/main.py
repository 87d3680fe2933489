"""The `hilum` command: finds the command asked for; what goes wrong becomes one line and an exit status.

Exit statuses: 0 all went well, 1 a bug or a broken pipe (or what a command says of its own), 2 an error
that the person can act on, 130 stopped by Ctrl-C. Nothing heavy is imported here: see `hilum.cli.lazy`.
"""

from __future__ import annotations

import logging
from typing import Any

import click

from hilum import __version__
from hilum.cli.lazy import LazyCommand, LazyGroup
from hilum.errors import ExtraMissing, HilumError

COMMANDS = {
    "screen": LazyCommand("hilum.cli.screen:screen", "Score films for signs consistent with tuberculosis."),
    "archive": LazyCommand("hilum.cli.archive:archive", "Fetch and score the films of an archive."),
    "node": LazyCommand("hilum.cli.node:node", "Take films by DICOM, score them, and send results back."),
    "data": LazyCommand("hilum.cli.data:data", "Import, fetch, or make films for the other commands."),
    "explore": LazyCommand("hilum.cli.explore:explore", "Describe the films of a manifest, with pictures."),
    "train": LazyCommand("hilum.cli.train:train", "Train one network as a settings file says."),
    "train-lungs": LazyCommand("hilum.cli.train_lungs:train_lungs", "Train the network that finds lungs."),
    "cross-validate": LazyCommand(
        "hilum.cli.cross_validate:cross_validate", "Train and test a network fold by fold, by patient."
    ),
    "controls": LazyCommand("hilum.cli.controls:controls", "Set a cross-validation beside its controls."),
    "export": LazyCommand("hilum.cli.export:export", "Turn a finished run into a bundle that can screen."),
    "card": LazyCommand("hilum.cli.card:card", "Print a model card or a data card."),
    "predict": LazyCommand(
        "hilum.cli.predict:predict", "Score a manifest's films into a table for evaluate."
    ),
    "index": LazyCommand("hilum.cli.index:index", "Build an index of reference films for similar."),
    "similar": LazyCommand("hilum.cli.similar:similar", "Find the reference films most like a film."),
    "evaluate": LazyCommand("hilum.cli.evaluate:evaluate", "Measure a table of predictions, with intervals."),
    "compare": LazyCommand("hilum.cli.compare:compare", "Compare readers on the same films."),
    "plan": LazyCommand("hilum.cli.plan:plan", "Say how many films a validation or calibration takes."),
    "monitor": LazyCommand(
        "hilum.cli.monitor:monitor", "Tell whether scores, refusals, or films have changed since."
    ),
    "calibrate": LazyCommand(
        "hilum.cli.calibrate:calibrate", "Choose a threshold on local films, with a guarantee."
    ),
    "station": LazyCommand(
        "hilum.cli.station:station", "Back up, restore, check, and clear a reading station."
    ),
    "serve": LazyCommand("hilum.cli.serve:serve", "Run the reading station: a worklist in the browser."),
    "reproduce": LazyCommand("hilum.cli.reproduce:reproduce", "Repeat a published study on your own copy."),
}

# The import name of each optional package -> the extra that brings it (pyproject.toml).
EXTRA_OF = {"torch": "train", "onnx": "train", "onnxscript": "train", "sklearn": "train", "tqdm": "train",
            "kaggle": "fetch", "kagglesdk": "fetch",
            "alembic": "serve", "argon2": "serve", "authlib": "serve", "babel": "serve",
            "fastapi": "serve", "httpx2": "serve", "joserfc": "serve",
            "sqlalchemy": "serve",
            "starlette": "serve", "uvicorn": "serve",
            "contourpy": "dicom", "highdicom": "dicom", "pynetdicom": "dicom"}  # fmt: skip


class Told(click.ClickException):
    """An error told in one line on standard error."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(f"error: {self.message}", err=True)


class Stopped(Told):
    """Ctrl-C; 128 + SIGINT, as shells have it."""

    exit_code = 130

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class StderrHandler(logging.Handler):
    """Writes to whatever standard error is when the record comes, so that a redirected stream is honoured."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(self.format(record), err=True)


class HilumGroup(LazyGroup):
    """The top group: the one place where expected errors become one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HilumError as error:
            raise Told(_one_line(error)) from error
        except ModuleNotFoundError as error:
            extra = EXTRA_OF.get((error.name or "").partition(".")[0])
            if extra is None:
                raise
            raise Told(str(ExtraMissing(f"`hilum {ctx.invoked_subcommand}`", extra))) from error
        except KeyboardInterrupt:
            raise Stopped("stopped") from None


@click.group(cls=HilumGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hilum", message="%(prog)s %(version)s")
@click.option("-v", "--verbose", count=True, help="Say on standard error what is being done; twice for more.")
def cli(verbose: int) -> None:
    """Read frontal chest X-rays for abnormality consistent with pulmonary tuberculosis.

    For research and for readers' support; not a medical device.
    """
    _configure_logging(verbose)


def main() -> None:
    """The entry point of the installed command."""
    cli(prog_name="hilum")


def _configure_logging(verbose: int) -> None:
    handler = StderrHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("hilum")
    logger.handlers = [handler]  # replaced, not added: a second command in one process must not log twice
    logger.setLevel((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)])


def _one_line(error: HilumError) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    main()
