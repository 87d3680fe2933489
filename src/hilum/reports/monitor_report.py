"""The report of `hilum monitor`: the verdict first, then what stands behind it, and what to do.

Trap: where the bundle changed, that comes before every figure, since the figures then compare two readers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from hilum import __version__
from hilum.evaluation.monitoring import Monitoring
from hilum.evaluation.watched import WatchedTable
from hilum.imaging.hashing import file_sha256
from hilum.reports.document import Bullets, Document, Paragraph, Section
from hilum.reports.document_files import write_document
from hilum.reports.monitor_advice import advice
from hilum.reports.monitor_sections import (
    accuracy_section,
    mix_section,
    refusal_section,
    rule_section,
    score_section,
    verdict_section,
    window_section,
)
from hilum.reports.monitor_words import caveats, no_alarm_words
from hilum.reports.page import RESEARCH_USE, write_whole

NAME = "monitor"
Tables = tuple[WatchedTable, WatchedTable]  # reference, current


def write_monitoring(found: Monitoring, tables: Tables, out: Path, *, command: str) -> list[Path]:
    """Write `monitor.html`, `monitor.pdf`, `monitor.json`, and the figures; the page comes first.

    Raises:
        OutputRefused: the folder cannot be written to.
    """
    paths = write_document(monitoring_document(found, tables, command=command), out, name=NAME)
    numbers = {
        "format": 1,
        "hilum_version": __version__,
        "research_use": RESEARCH_USE,
        "command": command,
        "reference_table": _table_json(tables[0]),
        "current_table": _table_json(tables[1]),
        **found.as_json(),
        "caveats": list(caveats(found)),
        "advice": list(advice(found)),
    }
    write_whole(out / f"{NAME}.json", json.dumps(numbers, indent=2, allow_nan=False) + "\n")
    return [*paths, out / f"{NAME}.json"]


def monitoring_document(found: Monitoring, tables: Tables, *, command: str) -> Document:
    """The report as a document."""
    sections = (
        *_bundle_section(found),
        verdict_section(found),
        _advice_section(found),
        *window_section(found),
        *score_section(found, tables),
        *refusal_section(found),
        *mix_section(found),
        *accuracy_section(found),
        rule_section(found),
        _limits(found),
    )
    return Document(
        title="Monitoring of a chest X-ray reader",
        subtitle=f"{tables[1].path.name} against {tables[0].path.name}",
        facts=(
            ("Date", date.today().isoformat()),
            ("Reference", _told(tables[0])),
            ("Current films", _told(tables[1])),
            ("Bundle", _bundles_told(found)),
            ("Threshold", _cuts_told(found)),
            ("Command", command),
            ("Hilum", __version__),
        ),
        summary=tuple(summary_lines(found)),
        sections=sections,
    )


def summary_lines(found: Monitoring) -> list[str]:
    """The few sentences that a reader takes away, the bundle's change before all."""
    lines = []
    if found.bundles.is_alarm:
        lines.append(
            f"ALARM: the bundle changed ({_bundles_told(found)}), and no threshold was chosen for it here."
        )
    if found.alarms:
        named = ", ".join(window.name for window in found.alarms)
        lines.append(f"ALARM in {named}: {', '.join(found.raised_by)}.")
    if not found.is_alarm:
        lines.append(no_alarm_words(found))
    n = found.settings.windows_per_false_alarm
    lines.append(
        f"{_count(len(found.judged), 'window')} judged, {found.whole.rates.n} films against "
        f"{found.reference.n}; where nothing has changed, one window in {n} raises a false alarm."
    )
    if found.alarms and found.within is not None:
        changed = found.within.verdict.is_alarm
        lines.append(
            "Within sites and devices "
            + (f"films changed too ({', '.join(found.within.verdict.raised_by)})." if changed else
               "no change is shown, so the mix explains it as far as these numbers can tell.")
        )  # fmt: skip
    return [*lines, *caveats(found)]


def _bundle_section(found: Monitoring) -> Iterator[Section]:
    bundles = found.bundles
    if not bundles.is_changed and bundles.is_known:
        return
    if not bundles.is_known:
        text = "Not every row names its bundle, so nothing here shows that one bundle read all films. " \
               "Another version's scores are not on the same scale."  # fmt: skip
        yield Section("The bundle is not known", (Paragraph(text, "warning"),))
    if bundles.is_changed:
        read = ", ".join(f"{name} ({_count(n, 'film')})" for name, n in bundles.current.items())
        text = (
            f"The reference was read by {bundles.reference}, the current films by {read}. Scores of two "
            "bundles are not on one scale, and a threshold of the old one means nothing on the new one: "
            "one product's median score moved from .35 to .61 between two of its versions."
        )
        if bundles.is_accepted and bundles.calibration is not None:
            point = bundles.calibration
            after = (
                f"A threshold of {point.threshold:.4g} was chosen for {point.bundle}: {point.source}. "
                "Flags are held against it, and scores are not compared."
            )
        else:
            after = (
                "No calibration of the new bundle was given, so this is an alarm whatever the figures say."
            )
        yield Section("The bundle changed", (Paragraph(text, "warning"), Paragraph(after, "warning")))


def _advice_section(found: Monitoring) -> Section:
    return Section("What to do", (Bullets(advice(found)),))


def _limits(found: Monitoring) -> Section:
    points = [
        "Films are taken as independent. Where days or operators differ among themselves in the reference "
        "too, alarms come more often than stated; a reference of several months holds more of that than "
        "one of a "
        "week.",
        "No alarm is no proof that nothing changed: a small window shows large changes only "
        "(benchmarks/monitor has the power for 50, 200, and 1,000 films).",
        "Scores without labels cannot tell a worse reader from a sicker population.",
    ]
    if found.has_repeated_patients:
        points.insert(0, "Some patients have several films, which are not independent: alarms come more "
                         "often "
                         "than stated. Keep one film a patient for a stated rate that holds.")  # fmt: skip
    if found.not_compared:
        points.append(f"Stated in one table only, and so not compared: {', '.join(found.not_compared)}.")
    if found.n_undated:
        points.append(f"{_count(found.n_undated, 'film')} without a date: in no window, but among all films.")
    return Section("Limits", (Bullets(tuple(points)),))


def _told(table: WatchedTable) -> str:
    days = sorted(film.day for film in table.films if film.day is not None)
    span = f", {days[0].isoformat()} to {days[-1].isoformat()}" if days else ""
    return (
        f"{table.path.name}, {_count(len(table.films), 'film')}{span}, SHA-256 {file_sha256(table.path)[:16]}"
    )


def _table_json(table: WatchedTable) -> dict[str, object]:
    return {"name": table.path.name, "sha256": file_sha256(table.path), "n_films": len(table.films)}


def _bundles_told(found: Monitoring) -> str:
    old = found.bundles.reference or "not stated"
    new = ", ".join(found.bundles.current) or "not stated"
    return old if old == new and found.bundles.is_known else f"{old} before, {new} now"


def _cuts_told(found: Monitoring) -> str:
    old, new = (["not known" if cut is None else f"{cut:.4g}" for cut in pair]
                for pair in (found.cuts.own, found.cuts.held))  # fmt: skip
    held = new[0] if new[0] == new[1] else f"{new[0]} for the reference, {new[1]} for the current films"
    return held if old == new else f"{held} (flagged at {old[0]} and {old[1]})"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
