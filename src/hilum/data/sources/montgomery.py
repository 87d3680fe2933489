"""The Montgomery County set: 138 frontal films of a health department's screening programme."""

from __future__ import annotations

from hilum.data.source import SourceCard
from hilum.data.sources.nlm import NlmSource


class MontgomerySource(NlmSource):
    """Health department of Montgomery County, USA: 80 normal films and 58 with tuberculosis.

    Label from the clinic, noise unknown; PNG of 4020x4892 or 4892x4020, all upright; manual masks, left and
    right; split by patient, and five films belong to two of them; free for research, cite Jaeger et al. 2014.
    """

    name = "montgomery"
    prefix = "MCUCXR"
    known_ties = (("0113", "0117"), ("0162", "0166", "0170"))  # the set's own "same pt as" notes
    card = SourceCard(
        title="Montgomery County chest X-ray set (National Library of Medicine; Montgomery County, Maryland)",
        licence="research use with citation; not stated in full, do not redistribute",
        citation=(
            "Jaeger S, Candemir S, Antani S, Wang YX, Lu PX, Thoma G. Two public chest X-ray datasets for "
            "computer-aided screening of pulmonary diseases. Quant Imaging Med Surg 2014;4(6):475-477. "
            "Candemir S et al. Lung segmentation in chest radiographs using anatomical atlases with nonrigid "
            "registration. IEEE Trans Med Imaging 2014;33(2):577-590."
        ),
        label_origin="the county's radiologist, in the file name; not bacteriological proof",
        traps=(
            "Manual masks bear the same file name as their film; they are told by their folder's name.",
            "Said to be 12-bit and found as 8-bit grey.",
            "Films 0113 and 0117, and 0162, 0166, and 0170, are of one patient each.",
        ),
        n_films=138,
    )
