"""Resource estimates: closed formulas, counted circuits, and what a processor makes of them."""
