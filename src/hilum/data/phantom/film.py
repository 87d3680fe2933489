"""One phantom from one seed: draw the patient, fill the rays, expose, develop, and keep the truth beside it.

The trap: a patient's films share `patient_seed`; only pose and exposure come from `seed`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hilum.data.phantom.airways import add_airways, add_vessels
from hilum.data.phantom.attenuation import Lengths
from hilum.data.phantom.bone import Bones
from hilum.data.phantom.distractor import add_distractors
from hilum.data.phantom.exposure import develop, expose
from hilum.data.phantom.findings import add_finding
from hilum.data.phantom.girdle import add_arms, add_girdle
from hilum.data.phantom.lesion import KINDS, Lesion, Pattern, draw_lesion, laterality_of, zones_of
from hilum.data.phantom.person import Person, draw_child, draw_person, draw_pose
from hilum.data.phantom.rays import Floats, Grid
from hilum.data.phantom.ribs import add_breastbone, add_ribs
from hilum.data.phantom.site import Setup, Site, add_marker, draw_setup, dress, film_grid
from hilum.data.phantom.spine import add_spine
from hilum.data.phantom.thorax import Cavity, Thorax, lay_out
from hilum.data.phantom.trunk import add_breasts, add_stomach, add_trunk
from hilum.findings import Laterality, Sex, TuberculosisKind, Zone

Mask = npt.NDArray[np.bool_]
_LEAST_SIDE = 16
_LEAST_RENDER = 192  # pixels along the longest side; smaller films are averaged down from this


@dataclass(frozen=True)
class Phantom:
    """A film and all that is true of it; arrays are (H, W)."""

    pixels: Floats  # 0..1, bone bright
    right_lung: Mask  # the patient's right, on the left of the film
    left_lung: Mask
    finding: Mask  # empty for a normal chest
    pattern: Pattern | None
    kinds: tuple[TuberculosisKind, ...]
    zones: tuple[Zone, ...]
    laterality: Laterality | None
    person: Person
    setup: Setup
    pixel_mm: float
    distractors: tuple[str, ...]

    @property
    def label(self) -> int:
        """1 where a TB-like finding was drawn, else 0."""
        return int(self.pattern is not None)


def build_phantom(
    seed: int,
    *,
    side: int = 512,
    pattern: Pattern | None = None,
    site: Site = Site.A,
    patient_seed: int | None = None,
    child_age_years: float | None = None,
) -> Phantom:
    """Draw one film; the same arguments give the same pixels.

    Args:
        side: pixels along the longer side, at least 16.
        pattern: the finding to draw, or None for a normal chest.
        patient_seed: the body and its disease, where several films are of one patient; else `seed`.
        child_age_years: a child of that age in place of an adult.
    """
    if side < _LEAST_SIDE:
        raise ValueError(f"side is {side}; a phantom needs at least {_LEAST_SIDE} pixels")
    body = np.random.default_rng([0, seed if patient_seed is None else patient_seed])
    stand, shot = np.random.default_rng([1, seed]), np.random.default_rng([2, seed])
    person = draw_person(body) if child_age_years is None else draw_child(body, child_age_years)
    border_noise = tuple(float(value) for value in body.standard_normal(6))
    lesion = None if pattern is None else draw_lesion(pattern, body)
    pose, setup = draw_pose(stand), draw_setup(site, stand)
    pull = (lesion.dome_lift_mm(), lesion.shift_mm()) if lesion else ((0.0, 0.0), 0.0)
    thorax = Thorax(person, pose, border_noise, dome_lift=pull[0], shift=pull[1])
    return _filmed(thorax, lesion, setup, grid=film_grid(setup, thorax, side), shot=shot)


def _filmed(
    thorax: Thorax, lesion: Lesion | None, setup: Setup, *, grid: Grid, shot: np.random.Generator
) -> Phantom:
    """Fill the rays on a fine grid, average them down to the film's, and expose and develop."""
    factor = max(round(_LEAST_RENDER / max(grid.shape)), 1)
    lengths = Lengths(grid.finer(factor))
    cavity = lay_out(thorax, lengths.grid)
    seen, distractors = _fill(lengths, thorax, cavity, lesion, shot)
    add_marker(lengths, setup, shot)
    attenuation = _coarser(lengths.attenuation(setup.technique.energy_kev), factor)
    right, left = (_coarser(side.astype(np.float32), factor) >= 0.5 for side in (cavity.right, cavity.left))
    finding = _seen_at(_coarser(seen.astype(np.float32), factor), right | left)
    signal = expose(attenuation, grid, setup.technique, shot)
    film = dress(develop(signal, right | left, grid, setup.technique), grid, setup)
    zones = zones_of(finding, right, left) if lesion else ()
    return Phantom(
        pixels=film,
        right_lung=right,
        left_lung=left,
        finding=finding,
        pattern=lesion.pattern if lesion else None,
        kinds=KINDS[lesion.pattern] if lesion else (),
        zones=zones,
        laterality=laterality_of(zones),
        person=thorax.person,
        setup=setup,
        pixel_mm=grid.pixel_mm,
        distractors=distractors,
    )


def _seen_at(share: Floats, lung: Mask) -> Mask:
    """Where a finding covers half a pixel of the lungs; one finer than a pixel still has its pixel."""
    inside = np.where(lung, share, 0)
    return inside >= min(0.5, max(float(inside.max()), 1e-6))


def body_sex(patient_seed: int) -> Sex:
    """The sex of the body that a seed draws."""
    return draw_person(np.random.default_rng([0, patient_seed])).sex


def _fill(
    lengths: Lengths, thorax: Thorax, cavity: Cavity, lesion: Lesion | None, shot: np.random.Generator
) -> tuple[Mask, tuple[str, ...]]:
    """Put the whole patient into the rays; what belongs to the body is drawn by the body's own seed."""
    own = np.random.default_rng(thorax.person.anatomy_seed)
    add_trunk(lengths, thorax, cavity, own)
    nipples = add_breasts(lengths, thorax, own) if thorax.person.breast else []
    add_airways(lengths, thorax)
    add_vessels(lengths, thorax, cavity, own)
    bones = Bones(step_mm=max(lengths.grid.pixel_mm, 0.4), mineral=thorax.person.bone)
    add_ribs(bones, thorax, own)
    add_breastbone(bones, thorax)
    add_girdle(bones, thorax, own)
    bones.lay_on(lengths, thorax.pose, own)
    add_arms(lengths, thorax)
    add_spine(lengths, thorax, own)
    seen = add_finding(lengths, thorax, cavity, lesion) if lesion else np.zeros(lengths.grid.shape, bool)
    add_stomach(lengths, thorax, shot)
    return seen, add_distractors(lengths, thorax, nipples, shot)


def _coarser(image: Floats, factor: int) -> Floats:
    """Area average by a whole factor."""
    height, width = image.shape
    blocks = image.reshape(height // factor, factor, width // factor, factor)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)
