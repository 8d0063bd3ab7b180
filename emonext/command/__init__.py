"""The command ``emonext``."""
