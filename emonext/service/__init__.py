"""Predictions over HTTP, with Starlette."""
