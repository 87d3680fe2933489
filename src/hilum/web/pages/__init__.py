"""The pages that people work with: drop, worklist, study, programme, settings, reports, and exports."""
