"""A file becomes pixels: DICOM, PNG, and JPEG, polarity, window, resize, lungs crop, and the one recipe."""
