"""Lists of experiments: read, run over seeds, collected in one table."""
