"""Compiled circuits as pictures: what they look like, and where they stand on the device."""
