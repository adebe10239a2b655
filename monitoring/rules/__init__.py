"""Every rule that ships, one file each. A new one is a file and a line here."""

from monitoring.rules.accident_liability import RULE as ACCIDENT_LIABILITY
from monitoring.rules.approvals_clue import RULE as APPROVALS_CLUE
from monitoring.rules.business_closed import RULE as BUSINESS_CLOSED
from monitoring.rules.care_money_missing import RULE as CARE_MONEY_MISSING
from monitoring.rules.certificate_expired import RULE as CERTIFICATE_EXPIRED
from monitoring.rules.certificate_expiring import RULE as CERTIFICATE_EXPIRING
from monitoring.rules.child_alone import RULE as CHILD_ALONE
from monitoring.rules.chronic_care_cost import RULE as CHRONIC_CARE_COST
from monitoring.rules.court_debt import RULE as COURT_DEBT
from monitoring.rules.criminal_harm import RULE as CRIMINAL_HARM
from monitoring.rules.dibao_and_payroll import RULE as DIBAO_AND_PAYROLL
from monitoring.rules.dibao_exit import RULE as DIBAO_EXIT
from monitoring.rules.dibao_with_assets import RULE as DIBAO_WITH_ASSETS
from monitoring.rules.disability_worse import RULE as DISABILITY_WORSE
from monitoring.rules.disaster_house import RULE as DISASTER_HOUSE
from monitoring.rules.disaster_injured import RULE as DISASTER_INJURED
from monitoring.rules.disaster_loss import RULE as DISASTER_LOSS
from monitoring.rules.elder_alone_disabled import RULE as ELDER_ALONE_DISABLED
from monitoring.rules.exclusion_company import RULE as EXCLUSION_COMPANY
from monitoring.rules.exclusion_deposit import RULE as EXCLUSION_DEPOSIT
from monitoring.rules.exclusion_flat import RULE as EXCLUSION_FLAT
from monitoring.rules.exclusion_one_car import RULE as EXCLUSION_ONE_CAR
from monitoring.rules.exclusion_payroll import RULE as EXCLUSION_PAYROLL
from monitoring.rules.exclusion_property import RULE as EXCLUSION_PROPERTY
from monitoring.rules.exclusion_salary import RULE as EXCLUSION_SALARY
from monitoring.rules.exclusion_shop import RULE as EXCLUSION_SHOP
from monitoring.rules.exclusion_vehicle import RULE as EXCLUSION_VEHICLE
from monitoring.rules.forest_loss import RULE as FOREST_LOSS
from monitoring.rules.hazard_point import RULE as HAZARD_POINT
from monitoring.rules.heavy_medical import RULE as HEAVY_MEDICAL
from monitoring.rules.heavy_single_stay import RULE as HEAVY_SINGLE_STAY
from monitoring.rules.house_grade_c import RULE as HOUSE_GRADE_C
from monitoring.rules.house_grade_d import RULE as HOUSE_GRADE_D
from monitoring.rules.house_repair_stuck import RULE as HOUSE_REPAIR_STUCK
from monitoring.rules.income_after_expense import RULE as INCOME_AFTER_EXPENSE
from monitoring.rules.income_below_line import RULE as INCOME_BELOW_LINE
from monitoring.rules.income_checked_low import RULE as INCOME_CHECKED_LOW
from monitoring.rules.income_fall import RULE as INCOME_FALL
from monitoring.rules.industry_failed import RULE as INDUSTRY_FAILED
from monitoring.rules.industry_income_fall import RULE as INDUSTRY_INCOME_FALL
from monitoring.rules.insurance_claim import RULE as INSURANCE_CLAIM
from monitoring.rules.insurance_suspended import RULE as INSURANCE_SUSPENDED
from monitoring.rules.job_lost import RULE as JOB_LOST
from monitoring.rules.living_subsidy_missing import RULE as LIVING_SUBSIDY_MISSING
from monitoring.rules.loan_overdue import RULE as LOAN_OVERDUE
from monitoring.rules.medical_aid_missing import RULE as MEDICAL_AID_MISSING
from monitoring.rules.medical_and_job_lost import RULE as MEDICAL_AND_JOB_LOST
from monitoring.rules.mental_disorder_risk import RULE as MENTAL_DISORDER_RISK
from monitoring.rules.not_insured import RULE as NOT_INSURED
from monitoring.rules.nursing_subsidy_missing import RULE as NURSING_SUBSIDY_MISSING
from monitoring.rules.paid_after_death import RULE as PAID_AFTER_DEATH
from monitoring.rules.paid_after_register_death import RULE as PAID_AFTER_REGISTER_DEATH
from monitoring.rules.paid_in_prison import RULE as PAID_IN_PRISON
from monitoring.rules.petition import RULE as PETITION
from monitoring.rules.power_cut_for_arrears import RULE as POWER_CUT_FOR_ARREARS
from monitoring.rules.premium_not_subsidised import RULE as PREMIUM_NOT_SUBSIDISED
from monitoring.rules.public_opinion import RULE as PUBLIC_OPINION
from monitoring.rules.recognition_expiring import RULE as RECOGNITION_EXPIRING
from monitoring.rules.relief_twice import RULE as RELIEF_TWICE
from monitoring.rules.school_and_one_worker import RULE as SCHOOL_AND_ONE_WORKER
from monitoring.rules.school_cost import RULE as SCHOOL_COST
from monitoring.rules.school_suspended import RULE as SCHOOL_SUSPENDED
from monitoring.rules.serious_illness_new import RULE as SERIOUS_ILLNESS_NEW
from monitoring.rules.serious_illness_untreated import RULE as SERIOUS_ILLNESS_UNTREATED
from monitoring.rules.several_clues import RULE as SEVERAL_CLUES
from monitoring.rules.severe_disability import RULE as SEVERE_DISABILITY
from monitoring.rules.shipped import BUDGETS, DEADLINES, GATES, ShippedRule, ShippedThreshold
from monitoring.rules.student_without_aid import RULE as STUDENT_WITHOUT_AID
from monitoring.rules.suspected_dropout import RULE as SUSPECTED_DROPOUT
from monitoring.rules.tekun_and_dibao import RULE as TEKUN_AND_DIBAO
from monitoring.rules.tekun_and_nursing import RULE as TEKUN_AND_NURSING
from monitoring.rules.traffic_accident import RULE as TRAFFIC_ACCIDENT
from monitoring.rules.union_hardship import RULE as UNION_HARDSHIP
from monitoring.rules.veteran_hardship import RULE as VETERAN_HARDSHIP
from monitoring.rules.victim_unpaid import RULE as VICTIM_UNPAID
from monitoring.rules.wage_arrears import RULE as WAGE_ARREARS
from monitoring.rules.water_cut import RULE as WATER_CUT
from monitoring.rules.water_far import RULE as WATER_FAR
from monitoring.rules.water_short import RULE as WATER_SHORT
from monitoring.rules.water_unsafe import RULE as WATER_UNSAFE
from monitoring.rules.welfare_post_lost import RULE as WELFARE_POST_LOST
from monitoring.rules.women_hardship import RULE as WOMEN_HARDSHIP
from monitoring.rules.worker_held import RULE as WORKER_HELD
from monitoring.rules.youth_hardship import RULE as YOUTH_HARDSHIP

SHIPPED: tuple[ShippedRule, ...] = (
    INCOME_BELOW_LINE,
    INCOME_AFTER_EXPENSE,
    INCOME_FALL,
    INCOME_CHECKED_LOW,
    HEAVY_MEDICAL,
    HEAVY_SINGLE_STAY,
    SERIOUS_ILLNESS_UNTREATED,
    SERIOUS_ILLNESS_NEW,
    NOT_INSURED,
    INSURANCE_SUSPENDED,
    MENTAL_DISORDER_RISK,
    CHRONIC_CARE_COST,
    SEVERE_DISABILITY,
    CERTIFICATE_EXPIRING,
    CERTIFICATE_EXPIRED,
    DISABILITY_WORSE,
    SUSPECTED_DROPOUT,
    SCHOOL_COST,
    SCHOOL_SUSPENDED,
    JOB_LOST,
    WAGE_ARREARS,
    WELFARE_POST_LOST,
    HOUSE_GRADE_D,
    HOUSE_GRADE_C,
    HOUSE_REPAIR_STUCK,
    WATER_UNSAFE,
    WATER_CUT,
    WATER_FAR,
    WATER_SHORT,
    DISASTER_HOUSE,
    DISASTER_LOSS,
    DISASTER_INJURED,
    FOREST_LOSS,
    HAZARD_POINT,
    TRAFFIC_ACCIDENT,
    ACCIDENT_LIABILITY,
    CRIMINAL_HARM,
    WORKER_HELD,
    VICTIM_UNPAID,
    INDUSTRY_FAILED,
    INDUSTRY_INCOME_FALL,
    BUSINESS_CLOSED,
    PETITION,
    PUBLIC_OPINION,
    APPROVALS_CLUE,
    CHILD_ALONE,
    YOUTH_HARDSHIP,
    WOMEN_HARDSHIP,
    UNION_HARDSHIP,
    VETERAN_HARDSHIP,
    INSURANCE_CLAIM,
    DIBAO_EXIT,
    RELIEF_TWICE,
    RECOGNITION_EXPIRING,
    LOAN_OVERDUE,
    COURT_DEBT,
    ELDER_ALONE_DISABLED,
    MEDICAL_AND_JOB_LOST,
    SCHOOL_AND_ONE_WORKER,
    POWER_CUT_FOR_ARREARS,
    SEVERAL_CLUES,
    EXCLUSION_PROPERTY,
    EXCLUSION_FLAT,
    EXCLUSION_VEHICLE,
    EXCLUSION_ONE_CAR,
    EXCLUSION_COMPANY,
    EXCLUSION_SHOP,
    EXCLUSION_PAYROLL,
    EXCLUSION_DEPOSIT,
    EXCLUSION_SALARY,
    NURSING_SUBSIDY_MISSING,
    LIVING_SUBSIDY_MISSING,
    STUDENT_WITHOUT_AID,
    MEDICAL_AID_MISSING,
    CARE_MONEY_MISSING,
    PREMIUM_NOT_SUBSIDISED,
    PAID_AFTER_DEATH,
    PAID_AFTER_REGISTER_DEATH,
    TEKUN_AND_DIBAO,
    DIBAO_AND_PAYROLL,
    PAID_IN_PRISON,
    TEKUN_AND_NURSING,
    DIBAO_WITH_ASSETS,
)

__all__ = ["BUDGETS", "DEADLINES", "GATES", "SHIPPED", "ShippedRule", "ShippedThreshold"]
