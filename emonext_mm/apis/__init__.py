"""What a user calls from Python, one verb a file."""
