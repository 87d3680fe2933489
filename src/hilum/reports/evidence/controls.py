"""What simpler things than the score tell of the label, from the controls.json of a cross-validation.

Trap: the controls are of the network that was cross-validated, on its films; they say nothing of another
table, so the section names the films that both rest on and warns where the counts differ.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hilum.errors import TableInvalid
from hilum.records import Estimate
from hilum.reports.document import Block, Paragraph, Section, Table
from hilum.reports.evidence.wording import counted, interval_cell

ESTIMATE_KEYS = ("value", "low", "high", "n", "n_positive", "method", "why")


@dataclass(frozen=True, slots=True)
class ControlRow:
    """A control's AUC and how far the network is above it on the same films."""

    name: str
    auc: Estimate
    difference: Estimate | None  # None for the network itself


@dataclass(frozen=True, slots=True)
class ControlsFile:
    """A controls.json, as far as a report needs it."""

    file: str
    rows: tuple[ControlRow, ...]  # the network first
    verdict: str
    sites: tuple[ControlRow, ...]  # how well other sites' films are told from the training films
    n_pairs: int  # near-duplicates
    n_parted: int  # of them in different folds

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "verdict": self.verdict,
            "auc": {row.name: row.auc.as_json() for row in self.rows},
            "difference": {row.name: row.difference.as_json() for row in self.rows if row.difference},
            "sites_told": {row.name: row.auc.as_json() for row in self.sites},
            "near_duplicates": {"n_pairs": self.n_pairs, "n_parted": self.n_parted},
        }


def read_controls(path: Path) -> ControlsFile:
    """Read the controls.json that `hilum cross-validate` or `hilum controls` wrote.

    Raises:
        TableInvalid: it cannot be read, or is no such file.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return _controls(path.name, found)
    except OSError as error:
        raise TableInvalid(f"{path}: cannot be read: {error.strerror or error}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else "is not as hilum controls writes it"
        raise TableInvalid(f"{path}: {what}; give the controls.json of a cross-validation") from None


def controls_section(controls: ControlsFile, *, n: int, n_positive: int) -> Section:
    """The section; `n` and `n_positive` are those of the table under evaluation."""
    blocks: list[Block] = [
        Paragraph(
            "A score is worth its name only where it tells more than the film's border, the patient's age, "
            "or "
            "the shape of the lungs do. Each control is trained and tested on the same films and folds as "
            "the "
            "network."
        ),
        Paragraph(controls.verdict, look="note"),
    ]
    network = controls.rows[0].auc
    if (network.n, network.n_positive) != (n, n_positive):
        blocks.append(
            Paragraph(
                f"The controls rest on {network.n:,} films ({network.n_positive} with the finding), this "
                "table "
                f"on {n:,} ({n_positive:,}): they are not of the same films.",
                look="warning",
            )
        )
    blocks.append(_controls_table(controls))
    if controls.sites:
        blocks.append(_sites_table(controls.sites))
    blocks.append(Paragraph(_copies(controls)))
    return Section("Controls", tuple(blocks))


def _copies(controls: ControlsFile) -> str:
    if not controls.n_pairs:
        return "No two films of the cross-validation are near-duplicates of each other."
    return f"Near-duplicates: {counted(controls.n_pairs, 'pair')}, {controls.n_parted} in different folds."


def _controls_table(controls: ControlsFile) -> Table:
    rows = tuple(
        (
            row.name,
            interval_cell(row.auc),
            "" if row.difference is None else interval_cell(row.difference, signed=True),
            f"{row.auc.n:,}",
        )
        for row in controls.rows
    )
    methods = dict.fromkeys(row.difference.method for row in controls.rows if row.difference)
    return Table(
        columns=("What the label is told from", "AUC (95 %)", "Network above it (95 %)", "Films"),
        rows=rows,
        caption="The network beside its controls",
        note=f"AUC: {controls.rows[0].auc.method}; differences: {', '.join(filter(None, methods))}. "
        f"From {controls.file}.",
    )


def _sites_table(sites: Sequence[ControlRow]) -> Table:
    return Table(
        columns=("Site, and what it is told from", "AUC (95 %)", "Films"),
        rows=tuple((row.name, interval_cell(row.auc), f"{row.auc.n:,}") for row in sites),
        caption="How well the site is told, films of the training set from films of elsewhere",
        note="Near 1, the other site's films look unlike the training films, and figures may not carry over.",
    )


def _controls(name: str, found: Mapping[str, Any]) -> ControlsFile:
    network = ControlRow("the network", _estimate(found["network"]["auc"]), None)
    controls = [
        ControlRow(str(one["name"]), _estimate(one["auc"]), _estimate(one["difference"]))
        for one in found["controls"]
    ]
    sites = [
        ControlRow(f"{', '.join(site['sites'])}: {told['features']}", _estimate(told["auc"]), None)
        for site in found.get("sites", ())
        for told in site["told"]
    ]
    copies = found["near_duplicates"]
    return ControlsFile(
        file=name,
        rows=(network, *controls),
        verdict=str(found["verdict"]),
        sites=tuple(sites),
        n_pairs=int(copies["n_pairs"]),
        n_parted=int(copies["n_parted"]),
    )


def _estimate(found: Mapping[str, Any]) -> Estimate:
    return Estimate(**{key: found[key] for key in ESTIMATE_KEYS})
