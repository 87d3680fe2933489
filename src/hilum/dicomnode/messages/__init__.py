"""What goes to the hospital's systems that read no DICOM: HL7 version 2 and FHIR, as text; no network."""
