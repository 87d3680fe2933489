"""Hilum reads frontal chest radiographs for abnormality consistent with pulmonary tuberculosis."""

__version__ = "0.1.0"
