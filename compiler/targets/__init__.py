"""Processors to compile for, with their calibration."""
