"""What every part stands on: files, output folders, processes, provenance, seeds, the package's own data."""
