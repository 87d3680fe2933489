"""The Shenzhen set: 662 frontal films of one hospital, half of them with tuberculosis."""

from __future__ import annotations

from hilum.data.readings import names_tuberculosis
from hilum.data.source import FoundFilm, SourceCard
from hilum.data.sources.nlm import NlmSource


class ShenzhenSource(NlmSource):
    """Shenzhen No. 3 People's Hospital, China, September 2012: 326 normal films and 336 with tuberculosis.

    Label from the clinic, noise unknown; PNG of about 3000 px, mostly with a palette whose raw indices are
    wrong; split by patient (one film each, as far as is known); free for research, cite Jaeger et al. 2014.
    """

    name = "shenzhen"
    prefix = "CHNCXR"
    card = SourceCard(
        title="Shenzhen chest X-ray set (National Library of Medicine; Shenzhen No. 3 People's Hospital)",
        licence="research use with citation; not stated in full, do not redistribute",
        citation=(
            "Jaeger S, Candemir S, Antani S, Wang YX, Lu PX, Thoma G. Two public chest X-ray datasets for "
            "computer-aided screening of pulmonary diseases. Quant Imaging Med Surg 2014;4(6):475-477. "
            "Jaeger S et al. Automatic tuberculosis screening using chest radiographs. IEEE Trans Med "
            "Imaging 2014;33(2):233-245. Candemir S et al. Lung segmentation in chest radiographs using "
            "anatomical atlases with nonrigid registration. IEEE Trans Med Imaging 2014;33(2):577-590."
        ),
        label_origin="the hospital's clinical reading, in the file name; not bacteriological proof",
        traps=(
            "Children are almost all normal, so age tells the label.",
            "Most films are palette PNGs whose raw indices are inverted and wrong.",
            "Some texts do not name tuberculosis though the label says so.",
        ),
        n_films=662,
    )

    def is_confirmed(self, film: FoundFilm) -> str | None:
        assert film.reading is not None
        why = super().is_confirmed(film)
        if why is None and film.label == 1 and not names_tuberculosis(film.reading.text):
            return "label 1 (tuberculosis), but the text does not name it"
        return why
