"""Evaluation of a model beside its baselines."""
