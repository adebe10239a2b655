"""The screening engine: rules as data compiled to set-based SQL that reads each feed once.

`screen` fills the temporary table `hit` of the caller's transaction; monitoring/actions merges it
into alerts. `measured` gives all values of one household, hit or not, for explanations.
"""

from monitoring.engine.frozen import COUNTY, Frozen, FrozenRule, Screened, Within
from monitoring.engine.screening import Measured, measured, screen

__all__ = [
    "COUNTY",
    "Frozen",
    "FrozenRule",
    "Measured",
    "Screened",
    "Within",
    "measured",
    "screen",
]
