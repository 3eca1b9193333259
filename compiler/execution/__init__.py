"""Running compiled programs on a sampler and turning bits into scores."""
