"""Pages, tables, charts and pictures."""
