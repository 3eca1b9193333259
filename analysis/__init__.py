"""What it costs, how it scales, how good it is; the reports."""
