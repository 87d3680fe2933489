"""Materials of a chest and how strongly each takes X-rays away (Beer-Lambert).

Mass attenuation coefficients and densities: Hubbell and Seltzer, NIST XAAMDI (ICRU-44 tissues), at 60 and
80 keV, between which a chest beam behind the patient has its effective energy.
The trap: inflated lung keeps lung tissue's mass coefficient but has a quarter of its density.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hilum.data.phantom.rays import Floats, Grid, Reals


class Material(StrEnum):
    """What a ray can pass through; air takes nothing away."""

    SOFT = "soft"
    FAT = "fat"
    LUNG = "lung"
    SPONGY_BONE = "spongy bone"
    COMPACT_BONE = "compact bone"
    METAL = "metal"


@dataclass(frozen=True, slots=True)
class _Constants:
    at_60_kev: float  # cm2/g
    at_80_kev: float
    density: float  # g/cm3


_TABLE = {
    Material.SOFT: _Constants(0.2048, 0.1823, 1.06),
    Material.FAT: _Constants(0.1974, 0.1800, 0.95),
    Material.LUNG: _Constants(0.2053, 0.1826, 0.22),  # inspired; ICRU-44 gives 1.05 for the collapsed organ
    Material.SPONGY_BONE: _Constants(0.2400, 0.1955, 1.21),  # three tenths of compact bone in marrow, by mass
    Material.COMPACT_BONE: _Constants(0.3148, 0.2229, 1.92),
    Material.METAL: _Constants(1.205, 0.5952, 7.87),  # iron, for leads and necklaces
}


def coefficient(material: Material, energy_kev: float) -> float:
    """Linear attenuation per mm, log-log interpolated between 60 and 80 keV."""
    row = _TABLE[material]
    part = np.log(energy_kev / 60) / np.log(80 / 60)
    mass = np.exp((1 - part) * np.log(row.at_60_kev) + part * np.log(row.at_80_kev))
    return float(mass * row.density / 10)


class Lengths:
    """For every ray, how many mm it runs in each material."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._maps = {material: grid.zeros() for material in Material}

    def __getitem__(self, material: Material) -> Floats:
        return self._maps[material]

    def add(self, material: Material, length_mm: Reals, *, instead_of: Material | None = None) -> None:
        """Add matter; `instead_of` is the matter that it takes the place of."""
        length = length_mm.astype(np.float32, copy=False)
        self._maps[material] += length
        if instead_of is not None:
            self._maps[instead_of] -= length

    def remove(self, material: Material, length_mm: Reals) -> None:
        """Put air in the place of matter."""
        self._maps[material] -= length_mm.astype(np.float32, copy=False)

    def attenuation(self, energy_kev: float) -> Floats:
        """The line integral, in nepers: the beam behind is exp(-attenuation)."""
        total = self.grid.zeros()
        for material, length in self._maps.items():
            total += np.float32(coefficient(material, energy_kev)) * length
        return np.maximum(total, 0)
