"""What detects defects: readout, weights, encoder, positions and fold, each switched on by itself."""
