"""Writing compiled programs to files."""
