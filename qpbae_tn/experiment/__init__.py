"""An experiment: data loaded and split, a model trained, evaluated beside baselines, used to segment."""
