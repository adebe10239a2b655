"""Every department data set, one file each. A new one is a file, a line here, and a migration."""

from monitoring.feeds.dibao_payment import FEED as DIBAO_PAYMENT
from monitoring.feeds.disability_certificate import FEED as DISABILITY_CERTIFICATE
from monitoring.feeds.medical_settlement import FEED as MEDICAL_SETTLEMENT
from monitoring.feeds.record import Check, Column, Feed, Happening, Proposal, Record, Rhythm
from monitoring.feeds.school_status import FEED as SCHOOL_STATUS

FEEDS: dict[str, Feed] = {
    feed.code: feed
    for feed in (MEDICAL_SETTLEMENT, DISABILITY_CERTIFICATE, SCHOOL_STATUS, DIBAO_PAYMENT)
}

__all__ = ["FEEDS", "Check", "Column", "Feed", "Happening", "Proposal", "Record", "Rhythm"]
