"""Lists of experiments: read, carried out with several seeds, summarised in one table."""
