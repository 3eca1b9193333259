"""Writing compiled programs to files, one format a module."""
