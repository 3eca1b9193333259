"""From a model to circuits that run on hardware."""
