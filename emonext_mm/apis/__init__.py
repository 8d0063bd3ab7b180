"""The interface for Python: one function a file."""
