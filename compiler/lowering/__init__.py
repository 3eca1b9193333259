"""From real circuits to native gates."""
