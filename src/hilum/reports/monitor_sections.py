"""The sections of a monitoring report, each from the figures to the blocks that show them.

Trap: a section without anything to show is left out, not shown empty; what could not be compared is named
under the limits.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from hilum.evaluation.mix_changes import Mix
from hilum.evaluation.monitoring import Monitoring
from hilum.evaluation.watched import WatchedTable
from hilum.evaluation.window_summary import WindowSummary
from hilum.records import Estimate
from hilum.reports.document import Paragraph, Picture, Section, Table
from hilum.reports.figures import png_bytes, svg_bytes
from hilum.reports.monitor_figures import draw_distributions, draw_mix, draw_run_chart, draw_splits
from hilum.reports.monitor_words import psi_words
from hilum.reports.page import estimate_text

NOT_STATED = "not stated"
MOST_ROWS = 40  # of a mix; the JSON has all


def verdict_section(found: Monitoring) -> Section:
    """Every figure's p, alone and after having looked at all, in the window that is strangest."""
    window = min(found.judged, key=lambda each: each.verdict.p)
    verdict = window.verdict
    rows = tuple(
        (
            name,
            p_text(p),
            p_text(verdict.adjusted[name]),
            "alarm" if verdict.adjusted[name] <= verdict.level else "",
        )
        for name, p in verdict.p_values.items()
    )
    table = Table(
        ("figure", "p alone", "p among all", ""),
        rows,
        caption=f"The strangest window, {_named(window)}: {window.rates.n} films",
        note=f"{verdict.n_draws} windows drawn from these films and the reference's together. An alarm is a "
        "p among "
        f"all figures of {verdict.level:g} or less.",
    )
    text = "Every figure of each window was compared with windows drawn by chance."
    return Section("What was found", (Paragraph(text), table))


def window_section(found: Monitoring) -> Iterator[Section]:
    """The run chart and its table; nothing where there are no windows of time."""
    if found.settings.every is None:
        return
    chart = _picture(
        draw_run_chart(found.reference, found.windows),
        "run-chart",
        f"Figures by {found.settings.every}",
        "points with intervals, one a window, against the reference's line and band",
    )
    rows = tuple(_window_row(window) for window in found.judged)
    columns = (
        "window",
        "films",
        "median score",
        "flagged",
        "refused",
        "PSI less chance",
        "KS, p",
        "alarm, p",
    )
    reference = found.reference
    first = ("reference", str(reference.n), _short(reference.median), _short(reference.flag_rate),
             _short(reference.refusal_rate), "", "", "")  # fmt: skip
    note = (
        "95 % intervals: Wilson for shares, bootstrap by film for medians. KS: exact p of this figure alone."
    )
    table = Table(columns, (first, *rows), caption="The windows", note=note)
    yield Section(f"By {found.settings.every}", (chart, table))


def score_section(found: Monitoring, tables: tuple[WatchedTable, WatchedTable]) -> Iterator[Section]:
    """Distributions, median shift, PSI, and KS of all current films."""
    before, now = (
        np.array([film.score for film in table.films if film.score is not None]) for table in tables
    )
    distance = found.whole.distance
    if distance.psi is None or distance.ks is None or distance.ks_p is None:
        yield Section(
            "Scores", (Paragraph("A table has no scored film, so scores cannot be compared.", "warning"),)
        )
        return
    told = f"KS distance {distance.ks:.3f}, p {p_text(distance.ks_p)}"
    cut = found.cuts.held[0] if found.cuts.held[0] == found.cuts.held[1] else None
    picture = _picture(draw_distributions(before, now, cut=cut, told=told), "scores", "Scores before and now",
                       "two cumulative distributions")  # fmt: skip
    rates, psi = found.whole.rates, distance.psi
    rows = (
        ("median score", _short(found.reference.median), _short(rates.median), estimate_text(distance.shift)),
        ("share flagged", _short(found.reference.flag_rate), _short(rates.flag_rate), ""),
        ("PSI", "", "", psi_words(psi)),
        ("KS distance", "", "", f"{distance.ks:.3f}, p {p_text(distance.ks_p)}"),
    )
    note = (
        f"PSI over {psi.n_bins} bins of equal shares of both tables; by chance alone its mean is (bins - "
        "1)(1/n + 1/m) (Yurdakul and Naranjo 2020), so the usual limits of 0.1 and 0.25 are not used. Half a "
        "film is added to each bin. KS: exact, ties and all."
    )
    lead: tuple[Paragraph, ...] = ()
    if found.bundles.is_changed:
        lead = (Paragraph("Two bundles: what differs here may be the reader alone.", "warning"),)
    table = Table(("", "reference", "current", "change"), rows, caption="All current films", note=note)
    yield Section("Scores", (*lead, picture, table))


def refusal_section(found: Monitoring) -> Iterator[Section]:
    """Refused films by code; nothing where none was refused or a table does not say."""
    if set(found.codes.groups) == {None} or "refusals" in found.not_compared:
        return
    yield Section("Refused films", (_mix_table(found.codes, unstated="scored"),))


def mix_section(found: Monitoring) -> Iterator[Section]:
    """Who the films are of, and what the mix explains."""
    shown = [mix for mix in found.mixes if len(mix.groups) > 1]
    if not shown:
        return
    blocks: list[Paragraph | Picture | Table] = []
    for mix in shown:
        told = f"Films by {mix.column}", "bars of shares before and now"
        blocks.append(_picture(draw_mix(mix), f"mix-{mix.column}", *told, width_share=0.75))
        blocks.append(_mix_table(mix, unstated=NOT_STATED))
    yield Section("The mix of films", tuple(blocks))
    if found.splits:
        yield Section("The mix changed, or films changed within it", _split_blocks(found))


def accuracy_section(found: Monitoring) -> Iterator[Section]:
    """Sensitivity and specificity, where both tables have labels."""
    before, now = found.reference, found.whole.rates
    rows = [
        (name, _short(old), _short(new))
        for name, old, new in (("sensitivity", before.sensitivity, now.sensitivity),
                               ("specificity", before.specificity, now.specificity))
        if old.n and new.n
    ]  # fmt: skip
    if not rows:
        return
    text = "At the threshold, on the scored films with a label; refused films are not counted as missed here."
    table = Table(("", "reference", "current"), tuple(rows), note="Wilson's 95 % intervals, by film.")
    yield Section("Sensitivity and specificity", (Paragraph(text), table))


def rule_section(found: Monitoring) -> Section:
    """The alarm rule and its stated rate."""
    n, k = found.settings.windows_per_false_alarm, len(found.judged)
    where = "within the same sites and devices" if found.settings.within_mix else "of the whole reference"
    text = (
        "Each window is compared with windows of as many films, drawn without replacement from its own "
        f"films and those {where} together. The smallest p of all its figures is judged against the "
        "smallest p of each drawn window (Westfall and Young 1993), so that several figures do not add up "
        f"to more false alarms. If the films are of the same kind as the reference's, one window in {n} "
        f"raises an alarm, whatever the distribution. This run judged {k}, so {k / n:.2g} false alarms are "
        f"to be expected in such a run. Seed {found.settings.seed}."
    )
    return Section("The alarm rule", (Paragraph(text),))


def p_text(p: float) -> str:
    """A p as read aloud: `0.034`, or `< 0.001`."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _split_blocks(found: Monitoring) -> tuple[Paragraph | Picture | Table, ...]:
    splits = found.splits
    rows = tuple(
        (name, f"{split.reference:.3f}", f"{split.expected:.3f}", f"{split.current:.3f}",
         estimate_text(split.by_mix), estimate_text(split.within))
        for name, split in splits.items()
    )  # fmt: skip
    table = Table(
        ("", "reference", "reference in today’s mix", "current", "by the mix", "within"),
        rows,
        note="Direct standardisation by site and device (Kitagawa 1955); 95 % intervals, bootstrap by film.",
    )
    picture = _picture(
        draw_splits(splits), "change-parts", "The change in two parts", "points with intervals"
    )
    first = next(iter(splits.values()))
    text = "The reference is reweighted to today’s mix of sites and devices; the rest is change within them."
    notes = [Paragraph(text)]
    if first.n_new:
        notes.append(Paragraph(
            f"{first.n_new} current films are of a site and device that the reference does not know; they "
            "cannot be "
            "compared and are left out here.", "note"))  # fmt: skip
    if found.within is not None:
        verdict = found.within.verdict
        notes.append(Paragraph(
            f"Judged within sites and devices, all figures together: p {p_text(verdict.p)}"
            + (f" ({', '.join(verdict.raised_by)})." if verdict.raised_by else ", no alarm.")))  # fmt: skip
    return (*notes, picture, table)


def _window_row(window: WindowSummary) -> tuple[str, ...]:
    rates, distance, verdict = window.rates, window.distance, window.verdict
    ks = "" if distance.ks is None or distance.ks_p is None else f"{distance.ks:.3f}, {p_text(distance.ks_p)}"
    psi = "" if distance.psi is None else distance.psi.why or f"{distance.psi.corrected:+.3f}"
    alarm = f"ALARM, {p_text(verdict.p)}" if verdict.is_alarm else p_text(verdict.p)
    return (_named(window), str(rates.n), _short(rates.median), _short(rates.flag_rate),
            _short(rates.refusal_rate), psi, ks, alarm)  # fmt: skip


def _mix_table(mix: Mix, *, unstated: str) -> Table:
    totals = max(sum(mix.reference), 1), max(sum(mix.current), 1)
    rows = zip(mix.groups, mix.reference, mix.current, strict=True)
    largest = sorted(rows, key=lambda row: -(row[1] + row[2]))[:MOST_ROWS]
    left_out = len(mix.groups) - len(largest)
    return Table(
        (mix.column, "reference", "current"),
        tuple((unstated if group is None else group, _part(old, totals[0]), _part(new, totals[1]))
              for group, old, new in largest),
        note=f"Films and their share; n {sum(mix.reference)} and {sum(mix.current)}."
        + (f" {left_out} smaller groups are in monitor.json." if left_out else ""),
    )  # fmt: skip


def _part(n: int, total: int) -> str:
    return f"{n} ({n / total:.1%})"


def _short(estimate: Estimate) -> str:
    return estimate_text(estimate) if estimate.value is not None else f"not estimable: {estimate.why}"


def _named(window: WindowSummary) -> str:
    return "all films" if window.name == "all" else window.name


def _picture(
    figure: Figure, name: str, caption: str, alternative: str, *, width_share: float = 1.0
) -> Picture:
    picture, vector = png_bytes(figure), svg_bytes(figure)
    return Picture(name, picture, caption, alternative, svg=vector, width_share=width_share)
