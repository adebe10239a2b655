"""Rows of property, business, money, hardship and clues; as `other_rows`, all of it invented."""

from datetime import timedelta

from yizhou.demo.other_rows import Case, Values


def vehicle_registration(c: Case) -> Values:
    return {
        "plate": f"桂M{c.village.code[6:]}{c.serial:03d}",
        "kind": c.one("car", "car", "lorry", "farm", "motorcycle"),
        "registered_on": c.ago(30, 1500),
        "standing": "held",
        "ended_on": "",
    }


def industry_project(c: Case) -> Values:
    failed = c.often(0.12)
    return {
        "project": c.one("桑蚕养殖", "糖料蔗种植", "沃柑种植", "肉牛养殖"),
        "project_year": c.as_of.year,
        "standing": "failed" if failed else c.one("running", "finished"),
        "income_yuan": c.yuan(0, 2000) if failed else c.yuan(3000, 30_000),
        "last_income_yuan": c.yuan(3000, 30_000),
        "failed_on": c.ago(40, 120) if failed else "",
        "failed_because": "蚕病" if failed else "",
        "counted_on": c.ago(1, 25),
    }


def forest_loss(c: Case) -> Values:
    paid, loss = c.often(0.5), c.yuan(1500, 20_000)
    return {
        "plants": c.one("油茶", "杉木", "桉树"),
        "happened_on": c.ago(60, 150),
        "loss_yuan": loss,
        "standing": "compensated" if paid else c.one("checking", "assessed"),
        "compensated_yuan": loss // 3 if paid else "",
        "compensated_on": c.ago(5, 50) if paid else "",
    }


def hazard_point(c: Case) -> Values:
    moved = c.often(0.4)
    return {
        "point_no": f"{c.village.code}{c.serial:04d}",
        "people": c.people,
        "found_on": c.ago(120, 600),
        "standing": "moved" if moved else c.one("watched", "leaving"),
        "moved_on": c.ago(5, 100) if moved else "",
    }


def property_title(c: Case) -> Values:
    number = f"{c.village.code[6:]}{c.serial:03d}"
    return {
        "title_no": f"桂（{c.as_of.year}）演示不动产权第{number}号",
        "registered_on": c.ago(20, 900),
        "standing": "held",
        "ended_on": "",
    }


def business_registration(c: Case) -> Values:
    return {
        "credit_code": f"9245MA{c.village.code[6:]}{c.serial:06d}",
        "business_name": f"演示{c.village.name}小卖部",
        "kind": "self_employed",
        "capacity": "owner",
        "registered_on": c.ago(200, 1800),
        "standing": c.one("open", "open", "closed"),
        "standing_on": c.ago(3, 150),
    }


def salary_tax(c: Case) -> Values:
    income = c.yuan(2200, 9500)
    return {
        "kind": "wages",
        "payer": "演示制衣厂",
        "month_on": c.month(),
        "income_yuan": income,
        "tax_yuan": max(0, income - 5000) * 3 // 100,
    }


def one_card_payment(c: Case) -> Values:
    return {
        "payment_no": c.number("YKT"),
        "project": c.one("耕地地力保护补贴", "生态公益林补偿", "高龄津贴"),
        "office": "演示财政所",
        "month_on": c.month(),
        "amount_yuan": c.yuan(60, 1800),
        "paid_on": c.month() + timedelta(days=c.rng.randint(9, 22)),
        "standing": "failed" if c.often(0.03) else "paid",
    }


def fiscal_payroll(c: Case) -> Values:
    left = c.often(0.1)
    return {
        "employer": f"演示{c.village.township_name}中心小学",
        "since_on": c.ago(400, 4000),
        "standing": "left" if left else "serving",
        "left_on": c.ago(10, 200) if left else "",
    }


def overdue_loan(c: Case) -> Values:
    days, principal = c.rng.randint(5, 160), c.one(10_000, 30_000, 50_000)
    is_overdue, standing_on = c.often(0.7), c.ago(2, 20)
    return {
        "bank": "演示农村商业银行",
        "loan_no": c.number("JJ"),
        "kind": "micro",
        "due_on": standing_on - timedelta(days=days),
        "principal_yuan": principal,
        "overdue_yuan": principal // 3 if is_overdue else 0,
        "overdue_days": days if is_overdue else 0,
        "standing": "overdue" if is_overdue else "settled",
        "standing_on": standing_on,
    }


def bank_deposit(c: Case) -> Values:
    return {
        "query_no": c.number("HD"),
        "bank": "演示农村商业银行",
        "authorised_on": c.ago(40, 70),
        "queried_on": c.ago(3, 35),
        "result": c.one("within", "within", "within", "above", "no_account"),
    }


def petition(c: Case) -> Values:
    closed = c.often(0.5)
    return {
        "petition_no": c.number("XF"),
        "received_on": c.ago(40, 150),
        "standing": "closed" if closed else "transferred",
        "closed_on": c.ago(3, 35) if closed else "",
    }


def veteran_aid(c: Case) -> Values:
    aided = c.often(0.6)
    return {
        "found_on": c.ago(60, 150),
        "aid_yuan": c.yuan(500, 5000) if aided else "",
        "aided_on": c.ago(5, 50) if aided else "",
    }


def women_case(c: Case) -> Values:
    helped = c.often(0.5)
    return {
        "help": c.one("under_way", "done") if helped else "needed",
        "aid_yuan": 10_000 if helped else "",
    }


def union_hardship(c: Case) -> Values:
    ended = c.often(0.2)
    return {
        "employer": "演示缫丝厂",
        "filed_on": c.ago(150, 500),
        "standing": "relieved" if ended else "listed",
        "ended_on": c.ago(5, 120) if ended else "",
    }


def court_case(c: Case) -> Values:
    claimed = c.yuan(8000, 120_000)
    return {
        "case_no": f"（{c.as_of.year}）演示执{c.village.code[6:]}{c.serial:03d}号",
        "claimed_yuan": claimed,
        "received_yuan": c.one(0, claimed // 5, claimed // 2),
    }


def imprisonment(c: Case) -> Values:
    released = c.often(0.4)
    return {
        "started_on": c.ago(200, 900),
        "standing": "released" if released else "held",
        "ends_on": "" if released else c.as_of + timedelta(days=c.rng.randint(60, 900)),
        "released_on": c.ago(5, 150) if released else "",
    }


def power_use(c: Case) -> Values:
    cut = c.often(0.02)
    return {
        "account_no": f"06{c.village.code[6:]}{c.serial:06d}",
        "supply": "home",
        "month_on": c.month(),
        "kwh": c.one(0, c.rng.randint(1, 15), c.rng.randint(60, 320), c.rng.randint(60, 320)),
        "owed_yuan": c.yuan(40, 300) if cut or c.often(0.05) else 0,
        "standing": "cut" if cut else "normal",
    }


def youth_hardship(c: Case) -> Values:
    helped = c.often(0.4)
    return {
        "help": c.one("under_way", "done") if helped else "needed",
        "project": "希望工程助学" if helped else "",
        "aid_yuan": c.one(1000, 2000, 3000) if helped else "",
    }


def public_opinion_clue(c: Case) -> Values:
    return {
        "clue_no": c.number("YQ"),
        "topic": "illness",
        "gist": "家中一人重病，自付费用较高，在网上筹款。",
    }


def approvals_clue(c: Case) -> Values:
    is_waiting, accepted = c.often(0.3), c.ago(20, 120)
    return {
        "business_no": c.number("SP"),
        "matter": "个体工商户注销登记",
        "topic": "closing",
        "accepted_on": accepted,
        "result": "waiting" if is_waiting else "granted",
        "finished_on": "" if is_waiting else accepted + timedelta(days=c.rng.randint(1, 10)),
    }


def insurance_claim(c: Case) -> Values:
    paid, loss = c.often(0.5), c.yuan(6000, 60_000)
    return {
        "claim_no": c.number("FPB"),
        "happened_on": c.ago(100, 170),
        "opened_on": c.ago(60, 90),
        "loss_yuan": loss,
        "standing": "paid" if paid else c.one("opened", "checking"),
        "paid_yuan": loss // 4 if paid else "",
        "paid_on": c.ago(3, 40) if paid else "",
    }
