"""The words of `<film-viewer>` for its attribute `words`, in a page's language.

Trap: the keys and the English are those of viewer/src/words.js; a test compares them.
"""

from __future__ import annotations

import functools
import json

from hilum.web.translation import N_, catalogue

WORDS = {
    "film": N_("Chest film"),
    "loading": N_("The film is loading."),
    "tools": N_("Tool for dragging"),
    "windowTool": N_("Window: drag to change brightness and contrast"),
    "panTool": N_("Move: drag the film, or tap to centre it"),
    "zoomTool": N_("Zoom: drag up and down"),
    "lengthTool": N_("Length: drag, or tap both ends"),
    "windows": N_("Window"),
    "stored": N_("As stored"),
    "auto": N_("Auto"),
    "lung": N_("Lung"),
    "bone": N_("Bone"),
    "centre": N_("Centre"),
    "width": N_("Width"),
    "view": N_("View"),
    "invert": N_("Invert"),
    "zoomIn": N_("Zoom in"),
    "zoomOut": N_("Zoom out"),
    "fit": N_("Fit"),
    "oneToOne": N_("1:1"),
    "oneToOneLong": N_("one film pixel on one screen pixel"),
    "overlays": N_("Heat map"),
    "overlay": N_("Heat map"),
    "opacity": N_("Strength of the heat map"),
    "clearLengths": N_("Remove the lengths"),
    "help": N_("Keyboard shortcuts"),
    "close": N_("Close"),
    "helpFocus": N_("They work while the viewer has the focus."),
    "move": N_("Move the film"),
    "windowByKeys": N_("Width and centre of the window"),
    "lengthByKeys": N_("With the length tool: mark an end under the cross"),
    "fainter": N_("Heat map fainter"),
    "stronger": N_("Heat map stronger"),
    "keyArrows": N_("Arrows"),
    "keyShiftArrows": N_("Shift + arrows"),
    "keyEnter": N_("Enter"),
    "keyDelete": N_("Delete"),
    "zoomed": N_("Zoom {percent}"),
    "length": N_("Length {length}"),
    "mm": N_("{value} mm"),
    "mmDetector": N_("{value} mm at detector"),
    "px": N_("{value} px"),
    "noSpacing": N_("The film has no scale: lengths are in pixels."),
    "atDetector": N_("Lengths are at the detector, larger than in the patient."),
    "noteFlatWindow": N_("The window in the file would show one tone only and was not used."),
    "noteFirstFrame": N_("The file holds several pictures; the first is shown."),
    "noteColour": N_("The picture is coloured; it is shown grey."),
    "overlayFailed": N_("The heat map could not be shown."),
    "errorDenied": N_("You may not see this film, or your log-in has run out. Log in again."),
    "errorMissing": N_("The film is no longer there."),
    "errorUnreachable": N_("The film could not be fetched. Check the connection and reload the page."),
    "errorNotDicom": N_("The film cannot be shown: the file is not DICOM."),
    "errorNoPicture": N_("The file holds no picture."),
    "errorUnsupported": N_("The film cannot be shown: its kind of picture is not supported."),
    "errorDamaged": N_("The film cannot be shown: the file is damaged."),
    "errorTooLarge": N_("The film is too large to be shown."),
    "errorNotDrawn": N_("The film could not be drawn in this browser."),
}


@functools.cache
def viewer_words(language: str) -> str:
    """JSON for the attribute."""
    words = catalogue(language)
    return json.dumps({name: words.gettext(text) for name, text in WORDS.items()}, ensure_ascii=False)
