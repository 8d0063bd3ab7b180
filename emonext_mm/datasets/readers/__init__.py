"""Readers of FER2013 in every layout in circulation."""
