"""Charts, pictures and self-contained HTML pages."""
