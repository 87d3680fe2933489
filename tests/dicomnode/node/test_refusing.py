"""What the node does not take, and the status or rejection that says so."""

from __future__ import annotations

from io import BytesIO

import pytest
from nodes import CR, codes
from pydicom import uid
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import build_context

from hilum.dicomnode.outputs.marks import MANUFACTURER, MODEL
from hilum.dicomnode.statuses import LONGEST_COMMENT, STORE_STATUSES

PLAIN = uid.ExplicitVRLittleEndian


def test_dx_for_processing_is_refused_with_the_reason(node, make_film):
    """A raw DX film is agreed on, so that its status can say what to send in its place."""
    (status,) = node.send(make_film(SOPClassUID=uid.DigitalXRayImageStorageForProcessing, Modality="DX"))

    assert status.Status == 0xC101
    assert status.ErrorComment == "for processing is not read; send for presentation"
    assert node.films() == node.arriving() == []


def test_dx_for_processing_is_kept_where_the_settings_say_so(start_node, make_film):
    """With for_processing = "keep" a raw film is a film of the worklist."""
    node = start_node(for_processing="keep")

    assert codes(node.send(make_film(SOPClassUID=uid.DigitalXRayImageStorageForProcessing))) == [0x0000]
    assert len(node.films()) == 1


def test_dx_for_presentation_is_taken(node, make_film):
    """A DX film for presentation is a film of the worklist."""
    film = make_film(SOPClassUID=uid.DigitalXRayImageStorageForPresentation, Modality="DX")

    assert codes(node.send(film)) == [0x0000]


def test_a_secondary_capture_is_refused_where_the_settings_say_so(start_node, make_film):
    """With secondary_capture = "refuse" the status says that none is taken."""
    node = start_node(secondary_capture="refuse")
    (status,) = node.send(make_film(SOPClassUID=uid.SecondaryCaptureImageStorage))

    assert (status.Status, status.ErrorComment) == (0xC102, "this node takes no secondary captures")


def test_a_secondary_capture_is_taken_without_a_setting(node, make_film):
    """Digitisers send films as secondary captures."""
    assert codes(node.send(make_film(SOPClassUID=uid.SecondaryCaptureImageStorage))) == [0x0000]


def test_what_is_no_radiograph_is_turned_away_at_the_association(node):
    """A CT is offered and not agreed on, while the CR beside it is."""
    with node.called(CR, build_context(uid.CTImageStorage, PLAIN)) as link:
        accepted = [context.abstract_syntax for context in link.accepted_contexts]

    assert accepted == [uid.ComputedRadiographyImageStorage]


def test_what_is_no_radiograph_is_kept_and_not_scored_where_the_settings_say_so(start_node, make_film):
    """With others = "keep" a CT slice is kept, with the reason why it is not scored."""
    node = start_node(others="keep")

    assert codes(node.send(make_film(SOPClassUID=uid.CTImageStorage, Modality="CT"))) == [0x0000]
    (row,) = node.films()
    assert not row.is_chosen
    assert "CT" in row.why_not


def test_a_result_of_our_own_is_not_taken_back(node, make_film):
    """A PACS that sends a study's results back gets a refusal, so that no picture is read as a film."""
    result = make_film(SOPClassUID=uid.SecondaryCaptureImageStorage, Manufacturer=MANUFACTURER,
                       ManufacturerModelName=MODEL)  # fmt: skip

    assert codes(node.send(result)) == [0xC103]


def test_a_film_larger_than_the_limit_is_refused_and_the_association_goes_on(start_node, make_film):
    """A film of 2 MB against a limit of 1 MB leaves nothing on disk; the next film is taken."""
    node = start_node(most_object_bytes=1 << 20)
    large = make_film(1)
    large.PixelData = bytes(2 << 20)

    assert codes(node.send(large, make_film(2))) == [0xC104, 0x0000]
    assert node.arriving() == []


def test_a_data_set_of_another_class_than_announced_is_refused(node, make_film):
    """The association's word and the data set's must agree on the SOP class."""
    film = make_film()
    assert _announced(node, film, sop_class=film.SOPClassUID, instance=film.SOPInstanceUID) == 0x0000
    film.SOPClassUID = uid.DigitalXRayImageStorageForPresentation

    assert _announced(node, film, sop_class=uid.ComputedRadiographyImageStorage, instance="1.2.3") == 0xA900


def test_a_data_set_of_another_instance_than_announced_is_refused(node, make_film):
    """The association's word and the data set's must agree on the SOP instance."""
    film = make_film()

    assert _announced(node, film, sop_class=film.SOPClassUID, instance="1.2.3.4.5") == 0xA901


def test_a_film_without_a_study_is_refused(node, make_film):
    """Results could not go into the study of a film that names none."""
    film = make_film()
    del film.StudyInstanceUID

    assert codes(node.send(film)) == [0xA902]


def test_an_instance_uid_of_wrong_letters_is_refused(node, make_film):
    """A UID that is none makes no file name and no row."""
    film = make_film()

    assert _announced(node, film, sop_class=film.SOPClassUID, instance="../../etc/passwd") == 0x0117
    assert node.films() == node.arriving() == []


@pytest.mark.parametrize("content", [b"\0", b"not a data set at all", bytes(10_000)], ids=len)
def test_what_is_no_data_set_is_refused(node, content):
    """Bytes that hold no element are answered, and nothing of them stays."""
    cr = uid.ComputedRadiographyImageStorage

    assert _announced(node, content, sop_class=cr, instance="1.2.3") == 0xC000
    assert node.films() == node.arriving() == []


def _announced(node, film, *, sop_class: str, instance: str) -> int:
    """The status of a data set that is announced as something, true or not."""
    from pynetdicom.dsutils import encode

    request = C_STORE()
    request.MessageID, request.Priority = 7, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = sop_class, instance
    request.DataSet = BytesIO(film if isinstance(film, bytes) else encode(film, False, True))
    with node.called() as link:
        link._reactor_checkpoint.clear()  # so that our own reactor does not take the answer
        link.dimse.send_msg(request, link.accepted_contexts[0].context_id)
        _, answer = link.dimse.get_msg(block=True)
        link._reactor_checkpoint.set()
    return answer.Status


@pytest.mark.parametrize("status", STORE_STATUSES, ids=lambda status: f"{status.code:04X}")
def test_a_reason_fits_into_an_error_comment(status):
    """Every status says why in plain characters, as many as Error Comment holds."""
    assert status.reason.isascii()
    assert 0 < len(status.reason) <= LONGEST_COMMENT
    assert status.source


def test_every_status_has_a_code_of_its_own():
    """No two reasons share a code."""
    assert len({status.code for status in STORE_STATUSES}) == len(STORE_STATUSES)
