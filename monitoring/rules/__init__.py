"""Every rule that ships, one file each. A new one is a file and a line here."""

from monitoring.rules.heavy_medical import RULE as HEAVY_MEDICAL
from monitoring.rules.severe_disability import RULE as SEVERE_DISABILITY
from monitoring.rules.shipped import DEADLINES, GATES, ShippedRule, ShippedThreshold
from monitoring.rules.suspected_dropout import RULE as SUSPECTED_DROPOUT

SHIPPED: tuple[ShippedRule, ...] = (HEAVY_MEDICAL, SEVERE_DISABILITY, SUSPECTED_DROPOUT)

__all__ = ["DEADLINES", "GATES", "SHIPPED", "ShippedRule", "ShippedThreshold"]
