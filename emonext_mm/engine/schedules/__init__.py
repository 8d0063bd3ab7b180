"""Learning-rate schedules."""
from emonext_mm.engine.schedules.inverse_time import InverseTimeLR
from emonext_mm.engine.schedules.warm_restarts import WarmRestartLR

__all__ = ['InverseTimeLR', 'WarmRestartLR']
