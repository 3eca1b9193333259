"""How everything grows with the patch: circuits, preparation, engines, trainability, detection."""
