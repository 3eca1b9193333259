"""How many shots a map needs: exact sampling of readouts, metrics and thresholds against shots, noisy training."""
