"""Circuits as quimb tensor networks: one builder, trees by cotengra found once and kept, one way to contract."""
