"""Whose chest it is: age, sex, build, and the measures of the thorax that follow from them, in mm.

One patient keeps the same `Person` on every film; what differs from film to film (turn, breath) is a `Pose`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hilum.findings import Sex


@dataclass(frozen=True, slots=True)
class Person:
    """A body; lengths are in mm, for an adult man of middling build unless scaled."""

    age_years: float
    sex: Sex
    size: float  # 1 for the average man
    fat_mm: float  # under the skin
    half_width: float  # of the inside of the rib cage, at its widest
    half_depth: float  # of the same, front to back
    height_ratio: float  # apex to right dome over full inner width, at full breath
    heart: float  # transverse size relative to the average for the thorax
    knob: float  # aortic knob, relative; grows with age
    bone: float  # mineral, relative; falls with age
    breast: float  # 0 for none, 1 for middling
    rib_slope: float
    vessels: float  # calibre, relative
    anatomy_seed: int  # of all the small variations that stay with the person


@dataclass(frozen=True, slots=True)
class Pose:
    """How the person stood for one film."""

    turn_rad: float  # positive: the sternum moves to the patient's left
    tilt_rad: float  # leaning, seen as rotation in the film
    breath: float  # 1 for full inspiration
    arm: float  # 0 arms down, 1 well away
    offset_x: float  # mm of the midline from the middle of the film
    offset_y: float


def draw_person(rng: np.random.Generator) -> Person:
    """Draw an adolescent or adult of 15 to 89 years; a tuberculosis screening population."""
    sex = Sex.FEMALE if rng.random() < 0.4 else Sex.MALE
    age = float(np.round(15 + 74 * rng.beta(1.6, 2.6)))
    stout = float(np.clip(rng.normal(0, 1), -1.8, 2.4))
    size = (0.92 if sex is Sex.FEMALE else 1.0) * float(rng.normal(1, 0.035))
    old = max(age - 40, 0) / 40
    return Person(
        age_years=age,
        sex=sex,
        size=size,
        fat_mm=float(np.clip(9 + 5 * stout + (3 if sex is Sex.FEMALE else 0), 3, 30)),
        half_width=141 * size * float(1 + 0.02 * stout + rng.normal(0, 0.025)),
        half_depth=88 * size * float(1 + 0.03 * stout + 0.08 * old + rng.normal(0, 0.04)),
        height_ratio=float(np.clip(0.86 - 0.035 * stout + rng.normal(0, 0.045), 0.72, 1.0)),
        heart=float(np.clip(1 + 0.05 * stout + 0.06 * old + rng.normal(0, 0.06), 0.82, 1.3)),
        knob=float(1 + 0.3 * old + rng.normal(0, 0.1)),
        bone=float(np.clip(1 - 0.22 * old + rng.normal(0, 0.07), 0.6, 1.2)),
        breast=float(np.clip(0.9 + 0.35 * stout + rng.normal(0, 0.3), 0.2, 2)) if sex is Sex.FEMALE else 0.0,
        rib_slope=float(1 + 0.1 * old + rng.normal(0, 0.1)),
        vessels=float(np.clip(rng.normal(1, 0.08), 0.8, 1.25)),
        anatomy_seed=int(rng.integers(2**31)),
    )


def draw_pose(rng: np.random.Generator) -> Pose:
    """Draw one film's stand: mostly straight, mostly a full breath."""
    return Pose(
        turn_rad=float(np.clip(rng.normal(0, 0.045), -0.14, 0.14)),
        tilt_rad=float(np.clip(rng.normal(0, 0.015), -0.05, 0.05)),
        breath=float(np.clip(rng.normal(0.97, 0.05), 0.8, 1.05)),
        arm=float(rng.beta(2, 2)),
        offset_x=float(np.clip(rng.normal(0, 7), -18, 18)),
        offset_y=float(np.clip(rng.normal(0, 8), -18, 18)),
    )


def draw_child(rng: np.random.Generator, age_years: float) -> Person:
    """A child of the age: a small, round chest with a wide heart; a likeness for tests of age, no more."""
    size = float(0.36 + 0.56 * (np.clip(age_years, 0, 15) / 15) ** 0.6)
    grown = draw_person(rng)
    return replace(
        grown,
        age_years=age_years,
        size=size,
        fat_mm=5.0,
        half_width=141 * size,
        half_depth=96 * size,
        height_ratio=0.76,
        heart=1.15,
        knob=0.6,
        bone=0.75,
        breast=0.0,
    )
