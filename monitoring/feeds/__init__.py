"""Every department data set, one file each. A new one is a file, a line here, and a migration."""

from monitoring.feeds.approvals_clue import FEED as APPROVALS_CLUE
from monitoring.feeds.bank_deposit import FEED as BANK_DEPOSIT
from monitoring.feeds.business_registration import FEED as BUSINESS_REGISTRATION
from monitoring.feeds.court_case import FEED as COURT_CASE
from monitoring.feeds.criminal_case_harm import FEED as CRIMINAL_CASE_HARM
from monitoring.feeds.dibao_exit import FEED as DIBAO_EXIT
from monitoring.feeds.dibao_payment import FEED as DIBAO_PAYMENT
from monitoring.feeds.disability_certificate import FEED as DISABILITY_CERTIFICATE
from monitoring.feeds.disaster_damage import FEED as DISASTER_DAMAGE
from monitoring.feeds.education_cost import FEED as EDUCATION_COST
from monitoring.feeds.employment_status import FEED as EMPLOYMENT_STATUS
from monitoring.feeds.fiscal_payroll import FEED as FISCAL_PAYROLL
from monitoring.feeds.forest_loss import FEED as FOREST_LOSS
from monitoring.feeds.funeral_record import FEED as FUNERAL_RECORD
from monitoring.feeds.hazard_point import FEED as HAZARD_POINT
from monitoring.feeds.house_safety import FEED as HOUSE_SAFETY
from monitoring.feeds.household_register_change import FEED as HOUSEHOLD_REGISTER_CHANGE
from monitoring.feeds.imprisonment import FEED as IMPRISONMENT
from monitoring.feeds.industry_project import FEED as INDUSTRY_PROJECT
from monitoring.feeds.insurance_claim import FEED as INSURANCE_CLAIM
from monitoring.feeds.low_income_list import FEED as LOW_INCOME_LIST
from monitoring.feeds.medical_enrolment import FEED as MEDICAL_ENROLMENT
from monitoring.feeds.medical_settlement import FEED as MEDICAL_SETTLEMENT
from monitoring.feeds.one_card_payment import FEED as ONE_CARD_PAYMENT
from monitoring.feeds.overdue_loan import FEED as OVERDUE_LOAN
from monitoring.feeds.petition import FEED as PETITION
from monitoring.feeds.power_use import FEED as POWER_USE
from monitoring.feeds.property_title import FEED as PROPERTY_TITLE
from monitoring.feeds.public_opinion_clue import FEED as PUBLIC_OPINION_CLUE
from monitoring.feeds.record import Check, Column, Feed, Happening, Proposal, Record, Rhythm
from monitoring.feeds.salary_tax import FEED as SALARY_TAX
from monitoring.feeds.school_status import FEED as SCHOOL_STATUS
from monitoring.feeds.serious_illness import FEED as SERIOUS_ILLNESS
from monitoring.feeds.severe_mental_disorder import FEED as SEVERE_MENTAL_DISORDER
from monitoring.feeds.tekun_support import FEED as TEKUN_SUPPORT
from monitoring.feeds.temporary_relief import FEED as TEMPORARY_RELIEF
from monitoring.feeds.traffic_accident import FEED as TRAFFIC_ACCIDENT
from monitoring.feeds.union_hardship import FEED as UNION_HARDSHIP
from monitoring.feeds.vehicle_registration import FEED as VEHICLE_REGISTRATION
from monitoring.feeds.veteran_aid import FEED as VETERAN_AID
from monitoring.feeds.wage_arrears import FEED as WAGE_ARREARS
from monitoring.feeds.water_supply import FEED as WATER_SUPPLY
from monitoring.feeds.women_case import FEED as WOMEN_CASE
from monitoring.feeds.youth_hardship import FEED as YOUTH_HARDSHIP

FEEDS: dict[str, Feed] = {
    feed.code: feed
    for feed in (
        MEDICAL_SETTLEMENT,
        MEDICAL_ENROLMENT,
        SERIOUS_ILLNESS,
        SEVERE_MENTAL_DISORDER,
        DIBAO_PAYMENT,
        TEKUN_SUPPORT,
        LOW_INCOME_LIST,
        DIBAO_EXIT,
        TEMPORARY_RELIEF,
        FUNERAL_RECORD,
        DISABILITY_CERTIFICATE,
        SCHOOL_STATUS,
        EDUCATION_COST,
        EMPLOYMENT_STATUS,
        WAGE_ARREARS,
        HOUSE_SAFETY,
        WATER_SUPPLY,
        DISASTER_DAMAGE,
        HOUSEHOLD_REGISTER_CHANGE,
        CRIMINAL_CASE_HARM,
        TRAFFIC_ACCIDENT,
        VEHICLE_REGISTRATION,
        INDUSTRY_PROJECT,
        FOREST_LOSS,
        HAZARD_POINT,
        PROPERTY_TITLE,
        BUSINESS_REGISTRATION,
        SALARY_TAX,
        ONE_CARD_PAYMENT,
        FISCAL_PAYROLL,
        OVERDUE_LOAN,
        BANK_DEPOSIT,
        PETITION,
        VETERAN_AID,
        WOMEN_CASE,
        UNION_HARDSHIP,
        COURT_CASE,
        IMPRISONMENT,
        POWER_USE,
        YOUTH_HARDSHIP,
        PUBLIC_OPINION_CLUE,
        APPROVALS_CLUE,
        INSURANCE_CLAIM,
    )
}

__all__ = ["FEEDS", "Check", "Column", "Feed", "Happening", "Proposal", "Record", "Rhythm"]
