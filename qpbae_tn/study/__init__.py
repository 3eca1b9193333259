"""Grids of experiments or of any other measurements: computed once each wherever there are processors, and tabulated.

From the bottom up: `grid` says what a cell, its work and a kind of grid are, `limited` runs functions in processes with
limits, `store` is the results file, `workers` and `runner` compute what it lacks. On these stand the grids of
experiments, described in TOML: `cells`, `specification`, `sources` and `work`; `tables` and `charts` show results.
"""
