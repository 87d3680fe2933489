"""DICOMweb (PS3.18) over the station's own store: STOW-RS in, QIDO-RS and WADO-RS out, at /dicom-web.

DICOM films go out as they came; pictures (PNG, JPEG) go out wrapped as Secondary Captures. A visitor who may
not see identity gets de-identified instances with their UIDs kept, since they ask again by those. Result
objects are the node's to send and are not in the store, so they are not offered here.
"""
