"""What all other packages may use: files, errors, checkpoints, the command line, the training log."""
