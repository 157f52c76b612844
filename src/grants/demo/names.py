"""Fictional names and numbers. None belongs to anybody: ids and codes are never issued."""

from __future__ import annotations

from grants.kernel.identifiers import organisation_code_check

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

AGENCIES = (
    "示例晨曦社会工作服务中心",
    "示例和风社会工作发展中心",
    "示例暖巢为老服务中心",
    "示例同行社会工作服务中心",
    "示例青禾青少年服务中心",
    "示例桥畔社区发展中心",
    "示例知行社会工作服务中心",
    "示例朝露公益服务中心",
    "示例双木残障人士服务中心",
    "示例邻好志愿者协会",
    "示例澄湖社会工作服务中心",
    "示例百川公益发展中心",
)

#: Other agencies of the town are called by one of these words and one of the kinds.
WORDS = (
    "萤火", "清禾", "望江", "棠梨", "栖云", "南枝", "听潮", "拾光", "木槿", "远帆",
    "稻香", "青石", "归雁", "向晚", "石榴", "芦苇", "星野", "小满", "春泥", "月桥",
    "橘灯", "松风", "水杉", "白鹭", "云帆", "麦田", "竹里", "半山", "满庭", "渡口",
    "金沙", "蓝桥", "千灯", "香樟", "细雨", "明窗", "晓月",
)  # fmt: skip
KINDS = ("社会工作服务中心", "公益服务中心", "志愿者协会", "社区发展中心")

COMMUNITIES = [
    "中区",
    "东区",
    "府东",
    "县府",
    "南园",
    "桃园",
    "弇山",
    "梅园",
    "康乐",
    "西区",
    "德兴",
    "西郊",
    "伟阳",
    "太丰",
    "新毛",
    "电站村",
    "东林村",
    "万丰村",
    "永丰村",
    "胜泾村",
    "新农村",
    "群星",
    "太安",
    "利民",
    "南郊",
    "东市",
    "新北",
    "中荷村",
    "泥桥村",
    "松南村",
    "涂松村",
    "半泾村",
    "香塘村",
    "虹桥村",
    "岳星村",
    "庄西村",
    "新湖村",
    "新卫村",
    "黄桥村",
    "浮桥村",
    "永乐村",
    "东方",
    "惠阳",
    "东郊",
    "太平",
    "洋沙",
    "朝阳",
    "香花桥",
    "太东",
    "太胜",
    "滨河",
    "娄江",
    "洙泾村",
    "横沥村",
    "红庙村",
    "城北",
    "港城",
    "璜溪",
    "双桥",
    "陆渡",
]

TOWNS = ("城厢镇", "沙溪镇", "浏河镇", "浮桥镇", "璜泾镇", "双凤镇", "娄东街道", "陆渡街道")

OTHER_SERVICES = (
    "学校社会工作",
    "认知症友好社区",
    "未成年人关爱保护",
    "社区矫正帮扶",
    "困境儿童家庭支持",
    "失独家庭陪伴",
    "外来务工家庭融入",
)

VENTURE_THEMES = (
    "银龄守望",
    "邻里食堂",
    "童心课堂",
    "助残同行",
    "暖心陪诊",
    "楼道议事",
    "无障碍出行",
    "夕阳手工坊",
    "青春护航",
    "绿色小院",
)

SURNAMES = "张李王赵陈周吴郑孙钱冯沈韩杨朱秦许何吕施"
GIVEN = "一二三四五六七八九十"


def demo_agency(sequence: int) -> str:
    """太仓市示例萤火社会工作服务中心, 太仓市示例清禾公益服务中心, … 148 of them."""
    word = WORDS[sequence % len(WORDS)]
    kind = sequence % len(WORDS) + sequence // len(WORDS)
    return f"太仓市示例{word}{KINDS[kind % len(KINDS)]}"


def demo_uscc(sequence: int, *, association: bool = False) -> str:
    """A code in the demonstration range, with right check characters.

    It is that of a private non-enterprise unit, or of an association.
    """
    code = f"MJ9{sequence:05d}"
    plain = ("51" if association else "52") + "320585" + code + organisation_code_check(code)
    total = sum(_USCC.index(c) * pow(3, i, 31) for i, c in enumerate(plain))
    return plain + _USCC[(31 - total % 31) % 31]


def demo_resident_id(sequence: int) -> str:
    """An id whose order number (996-999) is kept for centenarians, with a modern birthday [K]."""
    year, month = 1975 + sequence % 30, 1 + sequence // 30 % 12
    day = 1 + sequence // 360 % 28
    plain = f"320585{year}{month:02d}{day:02d}{996 + sequence % 4}"
    total = sum(int(c) * w for c, w in zip(plain, _ID_WEIGHTS, strict=True))
    return plain + "10X98765432"[total % 11]


def demo_person(sequence: int) -> str:
    """示例·张一, 示例·李二, … two hundred of them."""
    surname = SURNAMES[sequence % len(SURNAMES)]
    return f"示例·{surname}{GIVEN[sequence // len(SURNAMES) % len(GIVEN)]}"


def demo_phone(sequence: int) -> str:
    """A mobile number of the demonstration."""
    return f"138{sequence:08d}"


def demo_account(sequence: int) -> str:
    """The number of an agency's bank account."""
    return f"3205850200000{sequence:05d}"


def demo_card(sequence: int) -> str:
    """The number of a person's bank card, with its check digit."""
    body = f"620000320585{sequence:06d}"
    return body + next(d for d in "0123456789" if _luhn(body + d))


def _luhn(number: str) -> bool:
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(number))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
