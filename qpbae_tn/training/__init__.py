"""Training: initial angles, the problem made from images, the loop, and what the ansatz could reach at best."""
