"""What the ansatz can express: ceilings against what training reaches, and what that does to detection."""
