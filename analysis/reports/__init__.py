"""The report pages: one source gives Markdown and HTML, with charts and data beside them."""
