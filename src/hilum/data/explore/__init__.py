"""What a manifest holds before training: counts, grey levels, words, lungs, and features.

Numbers only: drawing is `hilum.reports.explore`'s, and what the trivial features tell is
`hilum.evaluation.controls`'s.
"""
