"""An example on bundled data: one model from images to a map, as a page."""
