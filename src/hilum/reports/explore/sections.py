"""The sections of an exploration's page: what each shows, and in words what is not there to show.

Trap: a section without data keeps its heading and says so, so that nobody wonders whether it was forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from hilum.data.explore.features import AGE_AND_SEX, BORDER_AND_BRIGHTNESS, FILM_SHAPE
from hilum.evaluation.controls import N_FOLDS
from hilum.reports.explore import boxes, charts, pictures, tables, terms
from hilum.reports.explore.gather import Exploration
from hilum.reports.explore.tables import Table
from hilum.reports.explore.words import site_name


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure, the name of its PNG file, and what a reader should see in it."""

    name: str
    figure: Figure
    caption: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page."""

    title: str
    paragraphs: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()


def sections_of(exploration: Exploration) -> list[Section]:
    """All sections, in the page's order."""
    return [
        _controls(exploration),
        _classes(exploration),
        _people(exploration),
        _contact_sheet(exploration),
        _dimensions(exploration),
        _grey_levels(exploration),
        _means(exploration),
        _lungs(exploration),
        _readings(exploration),
        _disagreements(exploration),
        _unreadable(exploration),
    ]


def _classes(exploration: Exploration) -> Section:
    picture = _picture(
        "class-balance", charts.draw_class_balance(exploration), "How many films there are of what."
    )
    return Section("Classes and sites", (), picture, (tables.group_table(exploration),))


def _people(exploration: Exploration) -> Section:
    ages = _picture(
        "age", charts.draw_ages(exploration),
        "Ages in steps of five years. The dotted line is at 15, where the reader's intended use begins.",
    )  # fmt: skip
    sexes = _picture("sex", charts.draw_sexes(exploration), "Numbers in the bars are films.")
    missing = []
    if not ages:
        missing.append("No film states an age.")
    elif silent := [site_name(site) for site in exploration.sites if not _states_age(exploration, site)]:
        missing.append(f"No film states an age at: {', '.join(silent)}.")
    if not sexes:
        missing.append("No film states a sex.")
    shown = () if not ages and not sexes else (tables.people_table(exploration),)
    return Section("Age and sex", tuple(missing), ages + sexes, shown)


def _states_age(exploration: Exploration, site: str) -> bool:
    return any(film.age_years is not None for film in exploration.films if film.site == site)


def _contact_sheet(exploration: Exploration) -> Section:
    picture = _picture(
        "contact-sheet", pictures.draw_contact_sheet(exploration),
        "Are they frontal chest films, upright, bone bright, and without letters that give the answer away?",
    )  # fmt: skip
    words = "Films are drawn evenly from each site and label; the frame's colour is the label's."
    return Section("A look at the films", (words,), picture)


def _dimensions(exploration: Exploration) -> Section:
    picture = _picture(
        "dimensions", charts.draw_dimensions(exploration),
        "Each mark is a size; a larger mark is more films. Sites that lie apart can be told by size alone.",
    )  # fmt: skip
    first = exploration.films[0]
    same = f"All {len(exploration.films):,} films are {first.width} × {first.height} pixels (width × height)."
    return Section("Dimensions", () if picture else (same,), picture, (tables.dimension_table(exploration),))


def _grey_levels(exploration: Exploration) -> Section:
    picture = _picture(
        "brightness-contrast", boxes.draw_grey_levels(exploration),
        "Boxes are quartiles, whiskers reach from the 5th to the 95th percentile. "
        "Where the boxes of two labels lie apart, a network could learn exposure instead of disease.",
    )  # fmt: skip
    if not picture:
        return Section("Brightness and contrast", ("No film could be read.",))
    words = (
        "Grey levels are on 0 (black) to 1 (white) of each film's displayed range, "
        "measured with the longer side reduced to 256 pixels."
    )
    return Section("Brightness and contrast", (words,), picture, (tables.grey_table(exploration),))


def _means(exploration: Exploration) -> Section:
    found = (
        _picture("mean-by-label", pictures.draw_mean_by_label(exploration),
                 "Each film lies in the middle of a common square, aspect kept; a pale rim: few reach it.")
        + _picture("mean-difference", pictures.draw_difference(exploration),
                   "Colour inside the lungs may be disease; at the rim, letters, or shoulders it is not. "
                   "One colour all over says that one class is exposed darker.")
        + _picture("mean-by-site", pictures.draw_mean_by_site(exploration),
                   "What differs between these is the site's make of film, not disease alone.")
    )  # fmt: skip
    words = []
    if not found:
        words.append("No film could be read.")
    elif not any(picture.name == "mean-difference" for picture in found):
        words.append("No difference of means: readable films of both labels are needed.")
    return Section("Mean films", tuple(words), found)


def _lungs(exploration: Exploration) -> Section:
    picture = _picture(
        "lung-area", boxes.draw_lung_areas(exploration),
        "Lung area as a share of the whole film; it depends on the film's borders too.",
    )  # fmt: skip
    damaged = exploration.lungs.unreadable
    if not picture and not damaged:
        return Section("Lung area", ("The manifest holds no lung masks.",))
    words = (f"Films with masks that could not be read: {len(damaged):,}.",) if damaged else ()
    broken = (tables.unreadable_table(damaged),) if damaged else ()
    return Section("Lung area", words, picture, (tables.lung_table(exploration), *broken))


def _readings(exploration: Exploration) -> Section:
    vocabulary = exploration.vocabulary
    if not vocabulary.n_readings:
        return Section("Words of the readings", ("The manifest holds no readings.",))
    common = _picture(
        "words", terms.draw_words(exploration),
        "A film counts once for a word. Sex, age, numbers, and words of one film alone are left out.",
    )  # fmt: skip
    findings = _picture(
        "findings", terms.draw_findings(exploration), "As Hilum understood the text; a film may name several."
    )
    words = [f"Films with a reading: {vocabulary.n_readings:,} of {vocabulary.n_films:,}."]
    if vocabulary.n_undecided:
        words.append(f"Readings that name neither disease nor its absence: {vocabulary.n_undecided:,}.")
    if not common:
        words.append("No word occurs in two readings.")
    if not findings:
        words.append("No reading names a kind, zone, or side.")
    shown = (tables.finding_table(exploration),) if findings else ()
    return Section("Words of the readings", tuple(words), common + findings, shown)


def _disagreements(exploration: Exploration) -> Section:
    title = "Where label and reading disagree"
    if not exploration.vocabulary.n_readings:
        return Section(title, ("The manifest holds no readings to compare with.",))
    if not exploration.vocabulary.disagreements:
        return Section(title, ("Every reading bears out its film's label, or is silent on a normal one.",))
    words = "Which of the two is right is not decided here; the manifest keeps both."
    return Section(title, (words,), (), (tables.disagreement_table(exploration),))


def _controls(exploration: Exploration) -> Section:
    title = "What can be told without looking at the lungs"
    if exploration.controls_missing:
        return Section(title, (f"Not measured: {exploration.controls_missing}",))
    words = (
        "A network that is right for the wrong reason can look good. "
        "These figures show what a simple rule tells from facts that are not disease: "
        "a model's figure on this set must be read against them.",
        "The rule is a logistic regression on standardised features, "
        f"fitted on {N_FOLDS - 1} of {N_FOLDS} folds and measured on the one left out, "
        f"no patient in two folds (seed {exploration.seed}). "
        f"“Age and sex” is {len(AGE_AND_SEX)} numbers, with flags for what is not stated. "
        f"“Border and brightness” is {len(BORDER_AND_BRIGHTNESS)}: the mean of each border strip, "
        "a sixteenth of the side wide, and the whole film's mean, SD, 5th and 95th percentile, "
        "and share of black. "
        f"“Film shape” is {len(FILM_SHAPE)}: width, height, their ratio, and the padding at each edge.",
    )
    picture = _picture("controls", terms.draw_controls(exploration), "The line is the 95 % interval.")
    nothing = () if picture else ("No control could be estimated; the table says why.",)
    return Section(title, words + nothing, picture, (tables.control_table(exploration),))


def _unreadable(exploration: Exploration) -> Section:
    scan = exploration.scan
    words, shown = [], []
    if scan.unreadable:
        shown.append(tables.unreadable_table(scan.unreadable))
    else:
        words.append(f"All {len(exploration.films):,} films could be read.")
    if scan.mended:
        shown.append(tables.mended_table(exploration))
    else:
        words.append("None had to be mended on reading.")
    return Section("Films unreadable or mended", tuple(words), (), tuple(shown))


def _picture(name: str, figure: Figure | None, caption: str) -> tuple[Picture, ...]:
    """One picture, or none where there was nothing to draw."""
    return () if figure is None else (Picture(name, figure, caption),)
