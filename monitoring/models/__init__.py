"""Department data, thresholds, rules, screening runs, alerts and clues."""

from monitoring.feeds import FEEDS
from monitoring.feeds.approvals_clue import ApprovalsClue
from monitoring.feeds.bank_deposit import BankDeposit
from monitoring.feeds.business_registration import BusinessRegistration
from monitoring.feeds.court_case import CourtCase
from monitoring.feeds.criminal_case_harm import CriminalCaseHarm
from monitoring.feeds.dibao_exit import DibaoExit
from monitoring.feeds.dibao_payment import DibaoPayment
from monitoring.feeds.disability_certificate import DisabilityCertificate
from monitoring.feeds.disaster_damage import DisasterDamage
from monitoring.feeds.education_cost import EducationCost
from monitoring.feeds.employment_status import EmploymentStatus
from monitoring.feeds.fiscal_payroll import FiscalPayroll
from monitoring.feeds.forest_loss import ForestLoss
from monitoring.feeds.funeral_record import FuneralRecord
from monitoring.feeds.hazard_point import HazardPoint
from monitoring.feeds.house_safety import HouseSafety
from monitoring.feeds.household_register_change import HouseholdRegisterChange
from monitoring.feeds.imprisonment import Imprisonment
from monitoring.feeds.industry_project import IndustryProject
from monitoring.feeds.insurance_claim import InsuranceClaim
from monitoring.feeds.low_income_list import LowIncomeListing
from monitoring.feeds.medical_enrolment import MedicalEnrolment
from monitoring.feeds.medical_settlement import MedicalSettlement
from monitoring.feeds.one_card_payment import OneCardPayment
from monitoring.feeds.overdue_loan import OverdueLoan
from monitoring.feeds.petition import Petition
from monitoring.feeds.power_use import PowerUse
from monitoring.feeds.property_title import PropertyTitle
from monitoring.feeds.public_opinion_clue import PublicOpinionClue
from monitoring.feeds.salary_tax import SalaryTax
from monitoring.feeds.school_status import SchoolStatus
from monitoring.feeds.serious_illness import SeriousIllness
from monitoring.feeds.severe_mental_disorder import SevereMentalDisorder
from monitoring.feeds.tekun_support import TekunSupport
from monitoring.feeds.temporary_relief import TemporaryRelief
from monitoring.feeds.traffic_accident import TrafficAccident
from monitoring.feeds.union_hardship import UnionHardship
from monitoring.feeds.vehicle_registration import VehicleRegistration
from monitoring.feeds.veteran_aid import VeteranAid
from monitoring.feeds.wage_arrears import WageArrears
from monitoring.feeds.water_supply import WaterSupply
from monitoring.feeds.women_case import WomenCase
from monitoring.feeds.youth_hardship import YouthHardship
from monitoring.models.alert import Alert, AlertEvent, AlertState, Clue, Finding, Hit
from monitoring.models.conflict import DataConflict, DataConflictEvent, SourceOfTruth
from monitoring.models.proposal import RegistryProposal
from monitoring.models.reminder import DataReminder
from monitoring.models.rule import Rule, RuleVersion
from monitoring.models.screening import ScreeningRun
from monitoring.models.threshold import Threshold
from monitoring.models.transfer import Transfer, TransferPart
from monitoring.models.upload import (
    Upload,
    UploadChunk,
    UploadFault,
    UploadUndo,
    UploadUndoRow,
)

__all__ = [
    "FEEDS",
    "Alert",
    "AlertEvent",
    "AlertState",
    "Clue",
    "DataReminder",
    "CriminalCaseHarm",
    "DataConflict",
    "DataConflictEvent",
    "DibaoExit",
    "DibaoPayment",
    "DisabilityCertificate",
    "DisasterDamage",
    "EducationCost",
    "EmploymentStatus",
    "Finding",
    "FuneralRecord",
    "Hit",
    "HouseSafety",
    "HouseholdRegisterChange",
    "IndustryProject",
    "LowIncomeListing",
    "MedicalEnrolment",
    "MedicalSettlement",
    "RegistryProposal",
    "Rule",
    "RuleVersion",
    "SchoolStatus",
    "ScreeningRun",
    "SeriousIllness",
    "SevereMentalDisorder",
    "SourceOfTruth",
    "TekunSupport",
    "TemporaryRelief",
    "Threshold",
    "TrafficAccident",
    "Transfer",
    "TransferPart",
    "Upload",
    "UploadChunk",
    "UploadFault",
    "UploadUndo",
    "UploadUndoRow",
    "WageArrears",
    "WaterSupply",
    "ForestLoss",
    "HazardPoint",
    "PropertyTitle",
    "VehicleRegistration",
    "BusinessRegistration",
    "SalaryTax",
    "OneCardPayment",
    "FiscalPayroll",
    "OverdueLoan",
    "BankDeposit",
    "Petition",
    "VeteranAid",
    "WomenCase",
    "UnionHardship",
    "CourtCase",
    "Imprisonment",
    "PowerUse",
    "YouthHardship",
    "PublicOpinionClue",
    "ApprovalsClue",
    "InsuranceClaim",
]
