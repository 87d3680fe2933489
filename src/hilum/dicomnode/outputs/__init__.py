"""What goes back to the PACS: one module an object, all from a `reading.Reading`, no network and no clock."""
