"""The templates of the report pages, each beside the page that is made from it; installed without the pages."""
