"""Trainings that are killed, stopped, and robbed of disk, worker or rank, against one that is not."""
