"""Comparison of runs on the same samples: is a difference more than noise?"""
