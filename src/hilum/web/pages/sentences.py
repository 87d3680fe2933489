"""Sentences that the reader of films, or an error, made in English, told in the visitor's language.

A refusal names its measurement, so its sentence is not known before; its pattern is, with `{}` for each
value. A value that is a known text itself is translated too; a translation that names no value leaves it
out, as for the inner words of a damaged file. Trap: a sentence that no pattern knows is shown as it is and
marked as English; tests/web/pages/test_sentences.py holds that the gate and the readers of files write
none.
"""

from __future__ import annotations

import functools
import gettext
import re
from dataclasses import dataclass

from hilum.reports.plain_words import in_plain_words
from hilum.web.translation import N_


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence and the language it came out in."""

    text: str
    is_translated: bool


PATTERNS = (
    # refusals of the gate
    N_("The patient is {} old; the bundle is for {} and older."),
    N_("{} years"),
    N_("{} months"),
    N_("The view is {}; the bundle reads {}."),
    N_("The film is {} by {} pixels; the shorter side must be at least {}."),
    N_(
        "The picture is in colour: {} of it, where {} is the most. "
        "A tinted scan of a film can be saved as grey."
    ),
    N_("The picture has {} grey levels, like a mask or a drawing; a film has {} at least."),
    N_("Two tones make up {} of the picture, like a mask or a printed page; on a film it is {} at most."),
    N_("The picture is blank: 98 % of it lies within {} of the grey scale; at least {} is needed."),
    N_("No lungs were found; is this a frontal chest film?"),
    N_("What looks like lungs covers {} of the picture's square; it must be {} to {}."),
    N_("The lungs are uncertain: confidence {}, where {} is the least."),
    N_(
        "The lungs are plainer once the picture is turned by {}: confidence {}, {} more than as it is, "
        "where {} is the most. If it is a chest film, turn it upright."
    ),
    N_("90 degrees to the left"),
    N_("90 degrees to the right"),
    N_("180 degrees"),
    N_(
        "There is nothing to see in the lungs: half of what was taken for them lies within {} of the grey "
        "scale; at least {} is needed."
    ),
    N_("What was taken for lungs does not lie in a chest: likeness {}, where {} is the least."),
    N_("{} The probability of an upright chest film is {}, where {} is the least."),
    N_("The picture looks like a chest film that is upside down or on its side; turn it upright."),
    N_("The picture looks like a chest film with bone dark; invert it."),
    N_("The picture looks like a part of a chest film; send the whole film."),
    N_("The picture looks like several films in one; send each by itself."),
    N_("The picture looks like an X-ray of something other than the chest from the front."),
    N_("The picture does not look like an X-ray film."),
    N_(
        "The picture is unlike the chest films that the bundle knows: {} of them are as unlike the others "
        "(distance {}), where {} is the least."
    ),
    N_(
        "Turned by {} the picture is a chest film (probability {}, where {} is the least to say so); "
        "turn it upright."
    ),
    N_(
        "With black and white changed the picture is a chest film (probability {}, where {} is the least to "
        "say so); invert it."
    ),
    N_(
        "The lungs are {}: {} of them hold no more than that tone, where {} is the most. Send the film with "
        "another exposure or window."
    ),
    N_("black"),
    N_("white"),
    N_("The film is blurred: its fine detail in the lungs is {}, where {} is the least."),
    N_(
        "The lungs are cut off by the edge of the picture: {} of their size lies on it, where {} is the most."
    ),
    # refusals of the readers of files
    N_("The file is empty: it has no bytes. Copy it again."),
    N_("There is no such file."),
    N_("No file can have this name."),
    N_("The file cannot be opened ({})."),
    N_("No film was found in this folder."),
    N_("This is {}, not a film."),
    N_("a folder"),
    N_("not an ordinary file"),
    N_("The file is too large: {}, and the limit is {}."),
    N_("The file is {}. Hilum reads PNG, JPEG, and DICOM."),
    N_("not a picture"),
    N_("a TIFF picture"),
    N_("a GIF picture"),
    N_("a BMP picture"),
    N_("a Photoshop picture"),
    N_("a WebP picture"),
    N_("a HEIF picture or a video"),
    N_("a JPEG 2000 picture outside DICOM"),
    N_("a PDF document"),
    N_("a zip archive; unpack it first"),
    N_("a gzip archive; unpack it first"),
    N_("The file began as a PNG or JPEG, and its first bytes are damaged."),
    N_("The picture is too large: {} x {} is {} megapixels, and the limit is {}."),
    N_("The {} file is damaged: {}."),
    N_("The PNG file is animated; a film is a single picture."),
    N_("The JPEG file has {} colour channels (CMYK); save it as grey or RGB."),
    N_("The file is a {}, which is read only inside DICOM; save it as PNG."),
    N_("The DICOM file's pixels disagree with its header: {}."),
    N_("The DICOM file is too large: it unpacks to over {} MB."),
    N_("The DICOM file's modality is {} ({}), not a radiograph (CR, DX)."),
    N_("The DICOM file is of the class {}, not a radiograph (CR, DX)."),
    N_("The DICOM file holds no picture; its class is {}."),
    N_("The DICOM file holds no picture."),
    N_("The DICOM file holds {} frames; a film is a single picture."),
    N_("The DICOM picture is in colour ({}); a film is grey."),
    N_("The DICOM pixels take {} bits each; only 8 and 16 are read."),
    N_("The DICOM pixels are packed in a way that is not read ({})."),
    N_("Hilum failed on this file; the log holds the details"),
    # what is turned away at the door
    N_("The file is not a film: Hilum reads PNG, JPEG, and DICOM, and zips of them."),
    N_("The zip's entry is not opened: {}."),
    N_("The zip's entry is {}."),
    N_("The film's bytes are not in the station's folder; have it sent again."),
    # films of a study that are not scored
    N_("Its bytes were removed by the station's rule of retention."),
    N_("It is not a radiograph: its modality is {}."),
    N_("It is not frontal: its view is {}."),
    N_("It is not frontal: its series is described as lateral."),
    N_("Another film of the same SOP Instance UID, with other bytes, is scored."),
    N_("It is raw, for processing; send the film for presentation."),
    N_("It is a secondary capture, and the study has a film."),
    N_("The study holds no frontal radiograph; what is there: {}."),
    # what other kinds of DICOM object are called
    N_("biomagnetic imaging"),
    N_("bone densitometry"),
    N_("computed tomography"),
    N_("dental radiography"),
    N_("optical coherence tomography"),
    N_("a key object selection"),
    N_("intravascular ultrasound"),
    N_("magnetic resonance"),
    N_("nuclear medicine"),
    N_("a presentation state"),
    N_("ophthalmic photography"),
    N_("ophthalmic tomography"),
    N_("panoramic dental radiography"),
    N_("positron emission tomography"),
    N_("a radiotherapy dose"),
    N_("a radiotherapy image"),
    N_("a radiotherapy plan"),
    N_("a segmentation"),
    N_("radiotherapy structures"),
    N_("slide microscopy"),
    N_("mammography"),
    N_("ultrasound"),
    N_("audio"),
    N_("a document"),
    N_("electrocardiography"),
    N_("electrophysiology"),
    N_("endoscopy"),
    N_("microscopy"),
    N_("fluoroscopy"),
    N_("a report"),
    N_("thermography"),
    N_("angiography"),
    N_("photography"),
    # notes: what was mended or could not be checked
    N_("Age not checked: the file does not tell it."),
    N_("Nothing localised: no single place on the film stands clearly above the threshold."),
    N_(
        "The heart seems to lie on the patient's right (probability {}, told from {} on): a mirrored film, "
        "dextrocardia, or disease; check the side marker."
    ),
    N_(
        "Something as bright as metal covers {} of the picture within the chest, such as a pacemaker, a "
        "clip, or a button; the score there is uncertain."
    ),
    N_("The file shows bone dark; the film was inverted."),
    N_("{} of the picture is coloured; it was made grey by luminance."),
    N_(
        "The picture is tinted by {} of 255, like a photograph of a film or a toned scan; send the original "
        "file where there is one."
    ),
    N_("Transparent parts of the picture are shown on black."),
    N_("The 16-bit file holds {}-bit grey levels and is shown on that range."),
    N_("The picture was turned as its EXIF orientation ({}) says."),
    N_("{} malformed elements of the header were left out."),
    N_("The file does not name its transfer syntax; it was read as {}."),
    N_("The header names the transfer syntax {}; the pixels were read as {}."),
    N_("The header says the film is stored turned or mirrored ({}); it was left as it is."),
    N_("A stray comment in the JPEG 2000 stream was left out."),
    N_("The header contradicts itself on which end is white; the film was inverted."),
    N_("The modality LUT or rescale in the header is malformed and was not used."),
    N_("The window in the header would turn {} of the film to one tone and was not used."),
    N_("The VOI LUT in the header is malformed and was not used."),
    N_("The window in the header is not usable and was not used."),
    # bundles, thresholds, and figures
    N_(
        "Scores frontal chest radiographs (PA or AP) of people of {} years and over for abnormality "
        "consistent with pulmonary tuberculosis. For research and decision support; not a cleared "
        "medical device."
    ),
    N_(
        "The highest threshold that keeps a sensitivity of {} % on {} films of {}, each scored by a network "
        "that did not learn from it. It was chosen on the films that its figures are of, so they flatter it: "
        "calibrate it on films of your own."
    ),
    N_(
        "The threshold with the highest sum of sensitivity and specificity on {} films of {}, each scored by "
        "a network that did not learn from it. It was chosen on the films that its figures are of, so they "
        "flatter it: calibrate it on films of your own."
    ),
    N_("for a sensitivity of {} %"),
    N_("Youden's index"),
    N_("set here"),
    N_("made-up people"),
    N_("{} labelled films of {}. One network."),
    N_("{} labelled films of {}. One network, begun from one that knew everyday pictures."),
    N_(
        "{} labelled films of {}, and {} of {}, labelled for something akin. One network, begun from one "
        "that knew everyday pictures."
    ),
    N_("{} labelled films of {}. {} networks, each without a part of them."),
    N_("A threshold set by this site; the bundle holds no evidence for it."),
    N_("Chosen at this station by {} on {}."),
    N_("Chosen at this station by {} on {}: {}"),
    N_(
        "Calibrated on {} confirmed cases and {} without of this station, for a sensitivity of {} % with a "
        "confidence of {} %."
    ),
    N_("there is nothing to count"),
    N_("both readers said the same of every film, so chance alone would agree as well"),
    # why a request was turned away
    N_("the role {} does not have the right {}"),
    N_("the form is too old, or came from elsewhere; load the page again and repeat"),
    N_("a request has at most {} MB here; send it in parts"),
    N_("choose one of the four verdicts"),
    N_("a comment has {} characters at most"),
    N_("no study is chosen: tick some first"),
    N_("at most {} studies at once"),
    N_("there is no study {}"),
    N_("study {} has no reading yet"),
    N_("study {} is {} and cannot become {}; what may follow: {}"),
    N_("study {} is {} and will be scored; it need not be queued again"),
    N_("the heat map is shown once you have given your verdict"),
    N_("the report is made once you have given your verdict"),
    N_("the film's bytes are no longer at this station"),
    N_("a test cannot have been taken on a day that has not come"),
    N_("age_years: an age is 0 to 130 years"),
    N_("the page asked for is not one of this list; begin again from the first"),
    N_("there are too few confirmed cases for this promise"),
    N_("calibration needs confirmed cases and confirmed others; enter results of tests first"),
    N_("threshold: a score of 0 to 100"),
    N_("a threshold needs a reason, for those who come after"),
    N_("{}: a number above 0 and below 100"),
    N_("{}: {} cannot be"),
    N_("from: lies after the last day"),
    N_("retention_days must be 1 or more, or empty to keep films for ever"),
    N_("site_rules name a site twice"),
    N_("a site's priority lies between {} and {}"),
    N_("Not Found"),
    N_("Method Not Allowed"),
)


def tell(text: str, catalogue: gettext.NullTranslations) -> Told:
    """A sentence in the catalogue's language, or as it is where no pattern knows it.

    What a bundle says of itself is told in a clinician's words first, in English too.
    """
    text = in_plain_words(text)
    found = _match(text)
    if found is None:
        return Told(text, is_translated=False)
    pattern, values = found
    told = [tell(value, catalogue).text for value in values]
    return Told(catalogue.gettext(pattern).format(*told), is_translated=True)


def is_known(text: str) -> bool:
    """Whether a pattern knows the sentence."""
    return _match(text) is not None


@functools.lru_cache(maxsize=4096)
def _match(text: str) -> tuple[str, tuple[str, ...]] | None:
    for pattern, expression in _expressions():
        if found := expression.fullmatch(text):
            return pattern, found.groups()
    return None


@functools.cache
def _expressions() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The patterns with the most words of their own first, so that the particular goes before the general."""
    ordered = sorted(PATTERNS, key=lambda pattern: -len(pattern.replace("{}", "")))
    return tuple(
        (pattern, re.compile("(.+?)".join(map(re.escape, pattern.split("{}"))), re.DOTALL))
        for pattern in ordered
    )
