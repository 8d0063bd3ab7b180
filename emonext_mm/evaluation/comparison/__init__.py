"""Statistical comparison of runs on the same samples."""
