"""The tables of an exploration's page, as text in cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hilum.data.explore.counts import GroupCount
from hilum.data.explore.lungs import lung_area_by_label
from hilum.data.explore.scan import UnreadableFilm
from hilum.data.explore.spread import Spread, spread
from hilum.reports.explore.gather import Exploration
from hilum.reports.explore.words import LABEL_NAMES, site_name, target_name
from hilum.reports.page import estimate_text

N_ROWS = 200  # of a table of single films; the JSON file has them all


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text; from the column `first_number` on, cells are numbers and stand to the right."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    first_number: int = 99
    foot: str = ""


def group_table(exploration: Exploration) -> Table:
    """Films and patients by site and label, with a sum."""
    groups = exploration.groups
    rows = [
        (site_name(group.site), LABEL_NAMES[group.label], f"{group.n:,}", f"{group.n_patients:,}")
        for group in groups
    ]
    films = exploration.films
    everyone = ("all", "all", f"{len(films):,}", f"{len({film.patient for film in films}):,}")
    return Table("", ("site", "label", "films", "patients"), (*rows, everyone), first_number=2)


def people_table(exploration: Exploration) -> Table:
    """Age and sex by site and label."""
    header = ("site", "label", "age: median (quartiles)", "least to greatest", "under 15", "age not stated",
              "female", "male", "other", "sex not stated")  # fmt: skip
    return Table("", header, tuple(_people_row(group) for group in exploration.groups), first_number=2)


def _people_row(group: GroupCount) -> tuple[str, ...]:
    ages = group.age_years
    return (
        site_name(group.site),
        LABEL_NAMES[group.label],
        middle(ages, 0),
        "–" if ages is None else f"{ages.least:.1f} to {ages.greatest:.0f}",
        f"{group.n_children:,}",
        f"{group.n_age_not_stated:,}",
        f"{group.n_female:,}",
        f"{group.n_male:,}",
        f"{group.n_other_sex:,}",
        f"{group.n_sex_not_stated:,}",
    )


def dimension_table(exploration: Exploration) -> Table:
    """Native sizes by site."""
    rows = []
    for site in exploration.dimensions:
        common = ", ".join(f"{size.width} × {size.height} ({size.n:,})" for size in site.common_sizes)
        depths = ", ".join(f"{bits} ({n:,})" for bits, n in site.bit_depths.items())
        rest = ", …" if site.n_sizes > len(site.common_sizes) else ""
        rows.append((site_name(site.site), f"{site.n:,}", _range(site.width), _range(site.height),
                     f"{site.aspect.median:.2f}", f"{site.n_sizes:,}", common + rest, depths))  # fmt: skip
    header = ("site", "films", "width, px", "height, px", "median width ÷ height", "sizes",
              "most frequent sizes (films)", "bits (films)")  # fmt: skip
    return Table("", header, tuple(rows))


def grey_table(exploration: Exploration) -> Table:
    """Brightness, contrast, and black by site and label."""
    names = ("brightness", "contrast", "black_share")
    rows = []
    for group in exploration.groups:
        spreads = [spread(exploration.measured(name, site=group.site, label=group.label)) for name in names]
        n = spreads[0].n if spreads[0] else 0
        cells = (
            site_name(group.site),
            LABEL_NAMES[group.label],
            f"{n:,}",
            *(middle(lie, 3) for lie in spreads),
        )
        rows.append(cells)
    header = ("site", "label", "films read", "brightness", "contrast", "share of black pixels")
    return Table("Median (quartiles)", header, tuple(rows), first_number=2)


def lung_table(exploration: Exploration) -> Table:
    """Lung area by label, in per cent of the film."""
    rows = []
    for row in lung_area_by_label(exploration.films, exploration.lungs):
        n = row.area.n if row.area else 0
        rows.append((LABEL_NAMES[row.label], f"{row.n_films:,}", f"{n:,}", middle(row.area, 1, scale=100)))
    header = ("label", "films", "with masks", "lung, % of the film: median (quartiles)")
    return Table("", header, tuple(rows), first_number=1)


def finding_table(exploration: Exploration) -> Table:
    """In how many films' readings each kind, zone, and side occurs, by label."""
    vocabulary = exploration.vocabulary
    lists = (("kind", vocabulary.kinds), ("zone", vocabulary.zones), ("side", vocabulary.laterality))
    rows = tuple(
        (what, term.term, f"{term.n_normal:,}", f"{term.n_tuberculosis:,}", f"{term.n_not_stated:,}")
        for what, terms in lists
        for term in terms
    )
    return Table(
        "", ("", "films whose reading says", "normal", "tuberculosis", "no label"), rows, first_number=2
    )


def disagreement_table(exploration: Exploration) -> Table:
    """Films whose reading does not bear out their label."""
    found = exploration.vocabulary.disagreements
    rows = tuple(
        (row.film, LABEL_NAMES[row.label], row.why, " ".join(row.text.split())) for row in found[:N_ROWS]
    )
    return Table("", ("film", "label", "but", "reading"), rows, foot=_left_out(len(found)))


def control_table(exploration: Exploration) -> Table:
    """What each set of trivial features tells of each target; one row where none tells it for one reason."""
    rows: dict[tuple[str, ...], None] = {}
    for control in exploration.controls:
        own = {other.auc.why or "none" for other in exploration.controls if other.target == control.target}
        features = "any" if len(own) == 1 and control.auc.value is None else control.features
        auc = control.auc
        rows[target_name(control.target), features, estimate_text(auc), f"{auc.n:,}", auc.method or "–"] = (
            None
        )
    return Table("", ("what is told", "from", "AUC (95 % interval)", "films", "interval"), tuple(rows))


def unreadable_table(films: Sequence[UnreadableFilm]) -> Table:
    """Films or masks that could not be read."""
    rows = tuple((film.film, film.code, film.reason) for film in films[:N_ROWS])
    return Table("", ("film", "code", "reason"), rows, foot=_left_out(len(films)))


def mended_table(exploration: Exploration) -> Table:
    """What was mended on reading, and on how many films."""
    found = list(exploration.scan.mended.items())
    rows = tuple((sentence, f"{n:,}") for sentence, n in found[:N_ROWS])
    return Table("", ("mended on reading", "films"), rows, first_number=1, foot=_left_out(len(found)))


def middle(lie: Spread | None, digits: int, *, scale: float = 1) -> str:
    """A spread as its median and quartiles."""
    if lie is None:
        return "–"
    low, mid, high = (f"{scale * q:.{digits}f}" for q in (lie.lower_quartile, lie.median, lie.upper_quartile))
    return f"{mid} ({low} to {high})"


def _range(lie: Spread) -> str:
    return f"{lie.least:.0f}" if lie.least == lie.greatest else f"{lie.least:.0f} to {lie.greatest:.0f}"


def _left_out(n: int) -> str:
    return f"The first {N_ROWS} of {n:,}; explore.json has all." if n > N_ROWS else ""
