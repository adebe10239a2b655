"""The county's departments that share data or answer transferred items.

Source: reference 4.4, the catalogue of departments and data; Yizhou's own names: to be confirmed.
"""

DEPARTMENTS: dict[str, tuple[str, str]] = {  # code: name, short name
    "medical_insurance": ("医疗保障局", "医保局"),
    "health": ("卫生健康局", "卫健局"),
    "civil_affairs": ("民政局", "民政局"),
    "disabled_federation": ("残疾人联合会", "残联"),
    "education": ("教育局", "教育局"),
    "human_resources": ("人力资源和社会保障局", "人社局"),
    "housing": ("住房和城乡建设局", "住建局"),
    "water": ("水利局", "水利局"),
    "emergency": ("应急管理局", "应急局"),
    "police": ("公安局", "公安局"),
    "traffic_police": ("公安局交通管理大队", "交警"),
    "agriculture": ("农业农村局", "农业农村局"),
    "forestry": ("林业局", "林业局"),
    "natural_resources": ("自然资源局", "自然资源局"),
    "market_regulation": ("市场监督管理局", "市场监管局"),
    "tax": ("税务局", "税务局"),
    "finance": ("财政局", "财政局"),
    "banks": ("金融机构", "金融机构"),
    "petition": ("信访局", "信访局"),
    "veterans": ("退役军人事务局", "退役军人局"),
    "women": ("妇女联合会", "妇联"),
    "union": ("总工会", "总工会"),
    "court": ("人民法院", "法院"),
    "justice": ("司法局", "司法局"),
    "power": ("供电局", "供电局"),
    "youth_league": ("共青团委员会", "团委"),
    "publicity": ("党委宣传部（网信办）", "宣传部"),
    "approvals": ("行政审批局", "审批局"),
    "insurance": ("防贫保险承办机构", "保险机构"),
}
