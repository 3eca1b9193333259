"""Studies: a grid of experiments described in TOML, run once each wherever there are processors, and tabulated."""
