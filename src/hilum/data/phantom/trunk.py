"""What is around the rib cage: skin, fat, muscle, shoulders, arms, neck, breasts, and the stomach's air.

The trunk is a stack of superellipses; arms are tapered tubes that join it smoothly.
The trap: the cavity's length is taken out of the soft tissue here, so lay the cavity out first.
"""

from __future__ import annotations

import numpy as np

from hilum.data.phantom.attenuation import Lengths, Material
from hilum.data.phantom.person import Person, Pose
from hilum.data.phantom.rays import Floats, Grid, cloud, curve, smooth_step
from hilum.data.phantom.thorax import LEFT, Cavity, Thorax
from hilum.findings import Sex

# Half-width of neck, shoulders, and trunk of a middling man above the fat, by height in mm below the apex.
_HEIGHTS = [-140.0, -95, -70, -50, -30, -12, 5, 25, 50, 80, 110, 150, 220, 300, 420]
_HALF_WIDTHS = [52.0, 50, 53, 66, 100, 140, 166, 178, 178, 170, 160, 157, 157, 152, 150]
_HALF_DEPTHS = [56.0, 54, 54, 56, 58, 62, 70, 80, 92, 102, 108, 112, 112, 108, 106]


def add_trunk(lengths: Lengths, thorax: Thorax, cavity: Cavity, rng: np.random.Generator) -> None:
    """Fill the body's outline with fat and soft tissue, and the cavity with what is not lung."""
    person, grid = thorax.person, lengths.grid
    x = np.abs(grid.x - np.float32(thorax.pose.tilt_rad) * (grid.y - 120))
    whole = _outline(person, x, grid, fat=person.fat_mm)
    lean = _outline(person, x, grid, fat=0.0)
    arm_whole, arm_lean = _arms(thorax, grid, person.fat_mm), _arms(thorax, grid, 0.0)
    whole, lean = _joined(whole, arm_whole), _joined(lean, arm_lean)
    muscle = 1 + 0.012 * cloud(grid, rng, scale_mm=60) + 0.008 * cloud(grid, rng, scale_mm=12, slope=1.0)
    wall = np.where(cavity.chord > 0, cavity.chord + 16, 0)  # the ribs' own thickness, at least
    solid = np.maximum(lean, wall)
    lengths.add(Material.FAT, np.maximum(whole - lean, 0))
    lengths.add(Material.SOFT, (solid - cavity.lung) * muscle)
    lengths.add(Material.SOFT, _pectorals(thorax, grid, x) * (lean > 0))
    air = 1 + 0.06 * cloud(grid, rng, scale_mm=40)
    air += 0.05 * cloud(grid, rng, scale_mm=6, slope=1.0, step_mm=1.5)
    lengths.add(Material.LUNG, cavity.lung * (0.85 + 0.3 * grid.y / thorax.base) * air)


def _outline(person: Person, x: Floats, grid: Grid, *, fat: float) -> Floats:
    y = grid.y[:, 0] / person.size
    wide = curve(_HEIGHTS, _HALF_WIDTHS, y) * person.half_width / 141
    wide += fat * np.interp(y, [-60, 60], [0.5, 1])
    deep = curve(_HEIGHTS, _HALF_DEPTHS, y) * person.half_depth / 88 + fat
    ratio = np.clip(x / wide[:, None], 0, 1)
    return np.asarray(2 * deep[:, None] * (1 - ratio**2.6) ** (1 / 2.2), np.float32)


def _pectorals(thorax: Thorax, grid: Grid, x: Floats) -> Floats:
    """Both chest muscles: fans from the breastbone to the armpits, with a soft lower border."""
    person = thorax.person
    thick = (17 if person.sex is Sex.MALE else 9) * person.size * (1.15 - 0.004 * person.age_years)
    half = person.half_width
    lower = 0.66 * thorax.height - 0.38 * thorax.height * np.clip(x / half, 0, 1.2) ** 2
    upper = 24 * person.size - 0.1 * x
    inside = smooth_step((lower - grid.y) / 30) * smooth_step((grid.y - upper) / 25)
    inside *= smooth_step((x - 8) / 45) * smooth_step((1.22 * half - x) / 40)
    return np.asarray(thick * inside, np.float32)


def _arms(thorax: Thorax, grid: Grid, fat: float) -> Floats:
    """Chord of both upper arms: tapered tubes from the shoulders outwards and down."""
    total = grid.zeros()
    for side in (-1, 1):
        (x0, y0), (x1, y1) = arm_axis(thorax.person, thorax.pose, side)
        span = np.hypot(x1 - x0, y1 - y0)
        along = ((grid.x - x0) * (x1 - x0) + (grid.y - y0) * (y1 - y0)) / span
        off = np.abs((grid.x - x0) * (y1 - y0) - (grid.y - y0) * (x1 - x0)) / span
        radius = np.interp(along, [-40, 0, 80, 300], [20, 44, 45, 37]) * thorax.person.size + 0.8 * fat
        along_end = np.clip(-along / 42, 0, 1)
        total += 2 * np.sqrt(np.clip(radius**2 * (1 - along_end**2) - off**2, 0, None)).astype(np.float32)
    return total


def arm_axis(person: Person, pose: Pose, side: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Shoulder joint and elbow, (x, y) in mm."""
    reach = 60 + 150 * pose.arm
    size = person.half_width / 141
    shoulder = (side * 160 * size, 34 * person.size)
    return shoulder, (side * (160 * size + reach), 34 * person.size + np.sqrt(300**2 - reach**2))


def _joined(first: Floats, second: Floats) -> Floats:
    """A smooth union of two chords."""
    return np.asarray((first**3 + second**3) ** (1 / 3), np.float32)


def add_breasts(lengths: Lengths, thorax: Thorax, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Add both breasts and return the places of the nipples, (x, y) in mm."""
    person, grid = thorax.person, lengths.grid
    sag = 8 + 0.35 * max(person.age_years - 30, 0)
    nipples = []
    for side in (-1, 1):
        wide = (52 + 9 * person.breast) * person.size
        x0 = side * (0.56 + 0.04 * rng.standard_normal()) * person.half_width
        y0 = 0.74 * thorax.height + sag * (0.5 + 0.5 * person.breast) + 4 * rng.standard_normal()
        tall_up, tall_down = 1.25 * wide, 0.8 * wide
        dy = (grid.y - y0) / np.where(grid.y < y0, tall_up, tall_down)
        reach = ((grid.x - x0) / wide) ** 2 + dy**2
        thick = 38 * person.breast * person.size
        # flat above, round below
        fullness = 1.4 - 0.78 * smooth_step((grid.y - y0 + 0.6 * wide) / (0.9 * wide))
        mound = np.clip(1 - reach, 0, None) ** fullness
        lengths.add(Material.FAT, (0.55 * thick * mound))
        lengths.add(Material.SOFT, (0.45 * thick * mound))
        nipples.append((x0 + side * 0.12 * wide, y0 + 0.3 * tall_down))
    return nipples


def add_stomach(lengths: Lengths, thorax: Thorax, rng: np.random.Generator) -> None:
    """Air under the left dome: the stomach's bubble, and often gas in the bowel's bend beside it."""
    grid, size = lengths.grid, thorax.person.size
    x0 = (0.40 + 0.08 * rng.standard_normal()) * thorax.person.half_width
    top = float(thorax.dome(x0, LEFT)) + 6 * size
    wide, tall = rng.uniform(18, 36) * size, rng.uniform(10, 24) * size
    bubbles = [(x0, top + tall, wide, tall, rng.uniform(15, 45))]
    for _ in range(int(rng.choice([0, 0, 2, 3, 4]))):  # the bends of the colon, each a rounded pouch
        r = rng.uniform(9, 17) * size
        x = rng.uniform(0.45, 0.85) * thorax.person.half_width
        bubbles.append((x, top + rng.uniform(22, 75) * size, r * 1.2, r, 24))
    under = smooth_step((grid.y - thorax.dome(grid.x[0], LEFT)[None, :] - 3) / 6)
    wobble = 0.10 * cloud(grid, rng, scale_mm=40, slope=2.5)
    air = grid.zeros()
    for x, y, a, b, thick in bubbles:
        reach = ((grid.x - x) / a) ** 2 + ((grid.y - y) / b) ** 2 + wobble
        air = np.maximum(air, thick * smooth_step((1 - reach) / 0.75) * under)
    lengths.remove(Material.SOFT, np.minimum(air, 0.5 * lengths[Material.SOFT]))
