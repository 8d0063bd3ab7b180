"""Property-based tests of all readers of strangers' files: each file is read, or refused in one line."""
