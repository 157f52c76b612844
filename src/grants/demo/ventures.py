"""What the projects of the demonstration say of themselves: ten kinds, told for each community."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from grants.demo import names
from grants.demo.applications_of_the_year import Typed, rows, typed

_MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Kind:
    """One kind of project: its field, whom it serves, why, how, and what it counts.

    `answers` is the place of the need that it meets, in the order in which towns brought them in.
    """

    theme: str
    answers: int
    titles: tuple[str, ...]
    subject: str
    group: str
    why: str
    goal: str
    how: str
    activities: tuple[str, str, str]
    output: tuple[str, str]


KINDS: tuple[Kind, ...] = (
    Kind(
        "ELDERLY",
        2,
        ("银龄守望", "邻里敲门", "守望相助", "楼道里的问候"),
        "独居老人探访",
        "独居和高龄老人",
        "{community}独居和空巢老人{people}户，入户调查中近半数一周内与邻里交谈不足两次，"
        "紧急时不知道可以找谁；现有呼叫设备三成已损坏。",
        "让{people}户独居老人每周至少有人上门一次，紧急时十五分钟内有人到。",
        "以楼栋为单位，社工先培训楼栋长与志愿者，再由老人自己选择结对邻居，"
        "建立邻居、楼栋长、社工三级响应，个案由持证社工跟进，每月督导一次。",
        ("入户评估与结对", "志愿者探访与急救培训", "每周探访"),
        ("探访次数", "次"),
    ),
    Kind(
        "ELDERLY",
        0,
        ("邻里食堂", "一餐热饭", "长者餐桌", "送餐到家"),
        "老年助餐送餐",
        "行动不便的老人",
        "{community}助餐点每天供餐一百余份，行动不便需要送餐的老人{people}人，"
        "现有志愿者不足十人，周末无人送餐，老人常以剩饭充饥。",
        "让{people}位行动不便的老人一周七天都有热饭，并有人顺便看一眼是否平安。",
        "招募附近居民组成送餐队，按楼栋排班，送餐时填写平安卡；"
        "每月一次营养师指导，与助餐点共同核对份数，费用公开在社区公告栏。",
        ("送餐队招募与排班", "食品安全与沟通培训", "周末送餐"),
        ("送餐份数", "份"),
    ),
    Kind(
        "YOUTH",
        1,
        ("童心课堂", "四点半之后", "放学后的一小时", "小小书桌"),
        "课后照护",
        "放学后无人照看的小学生",
        "{community}双职工家庭集中，下午四点到六点半有{people}名小学生无人照看，"
        "去年发生两起摔伤；家长最担心的是安全和手机。",
        "让{people}名孩子放学后有安全的去处，写完作业，并学会一项与人合作的本领。",
        "在社区活动室开设小组，大学生志愿者辅导作业，社工带领合作游戏与情绪小组，"
        "家长轮值，每学期两次家长课堂，对需要关注的孩子开展个案。",
        ("招生与家庭访谈", "课后小组", "家长课堂"),
        ("服务人次", "人次"),
    ),
    Kind(
        "DISABLED",
        3,
        ("助残同行", "一起出门", "同行者", "无声的邻居"),
        "残障居民同行",
        "残障居民及其家庭",
        "{community}持证残障居民{people}人，多数一个月出门不超过四次；"
        "照料者平均年龄六十一岁，七成没有一天完整的休息。",
        "让{people}位残障居民每月至少参加两次社区活动，照料者每月有一天休息。",
        "由同伴支持员与社工共同制定出行计划，志愿者一对一陪同，"
        "设立照料者互助小组，把经验写成出行手册，与残联共同评估效果。",
        ("需求评估与出行计划", "同伴支持员培训", "陪同出行"),
        ("陪同次数", "次"),
    ),
    Kind(
        "ELDERLY",
        0,
        ("暖心陪诊", "看病不发愁", "陪您去医院", "就医有伴"),
        "老人陪诊",
        "子女不在身边的老人",
        "{community}六十五岁以上、子女不在本市的老人{people}人，"
        "就医最怕挂号、缴费和听不懂医嘱，去年有十余人因此拖延就诊。",
        "让{people}位老人需要时约得到陪诊员，听得懂医嘱，按时复诊。",
        "培训本社区的陪诊志愿者，建立预约电话与陪诊记录，社工负责审核与回访，"
        "与社区卫生服务站约定绿色通道，每季度复盘一次不良事件。",
        ("陪诊员招募与培训", "预约陪诊", "用药与复诊回访"),
        ("陪诊次数", "次"),
    ),
    Kind(
        "SOCIAL_WORK",
        4,
        ("楼道议事", "有事好商量", "邻里议事会", "一栋楼的公约"),
        "楼栋议事",
        "楼栋居民",
        "{community}去年登记邻里矛盾二十余起，多因停车、堆物和噪声；"
        "居民代表会参加者多为老面孔，{people}户年轻家庭几乎不参加。",
        "在六个楼栋形成居民自己议定的公约，让{people}户家庭至少参加一次议事。",
        "社工培训议事召集人，以五事协商的步骤收集议题、议定公约、公开执行情况，"
        "每个楼栋由居民推选值日，三个月后回访评议。",
        ("议题征集", "议事召集人培训", "楼栋议事会"),
        ("议事场次", "场"),
    ),
    Kind(
        "DISABLED",
        3,
        ("无障碍出行", "坡道地图", "轮椅上的社区", "听得见的路"),
        "无障碍地图",
        "轮椅使用者和视力障碍居民",
        "{community}及周边轮椅使用者和视力障碍居民{people}人，"
        "无障碍坡道与公厕信息靠口口相传，年轻残障居民希望自己来做地图。",
        "完成一份由{people}位残障居民参与制作的无障碍地图，推动十处整改。",
        "由残障居民组成测量队，志愿者协助测量坡度与宽度，结果上图并公开，"
        "与街道、物业逐处商议整改，完成后由测量队复查。",
        ("测量队组建与培训", "实地测量", "整改协商与复查"),
        ("测量点位", "处"),
    ),
    Kind(
        "OTHER",
        4,
        ("夕阳手工坊", "老手艺新传人", "指尖上的娄东", "巧手邻居"),
        "邻里手工",
        "退休居民和新太仓人家庭",
        "{community}外来务工家庭占四成，与老住户来往少；"
        "会编织、剪纸、做糕的退休居民{people}余人，手艺没有人学。",
        "让{people}个家庭通过手工与邻居结识，留下一支能自己开课的手工队。",
        "由退休居民当老师，社工协助备课与招募，亲子家庭结对学习，"
        "每月一次邻里集市，所得进入社区公益金，账目公开。",
        ("老师招募与备课", "手工课", "邻里集市"),
        ("课程人次", "人次"),
    ),
    Kind(
        "YOUTH",
        1,
        ("青春护航", "不只是叛逆", "成长同路人", "少年心事"),
        "青少年支持",
        "处于困境的青少年",
        "{community}单亲、留守和随迁家庭的青少年{people}人，"
        "学校反映情绪困扰与沉迷手机增多，家长不知道向谁求助。",
        "让{people}名青少年有一位可以信任的成年人，半数以上情绪困扰得到缓解。",
        "持证社工与学校心理老师联合筛查，开展成长小组与个案，"
        "招募青年志愿者结对，危机个案按流程转介并回访。",
        ("筛查与家访", "成长小组", "结对陪伴"),
        ("服务人次", "人次"),
    ),
    Kind(
        "OTHER",
        4,
        ("绿色小院", "一米菜园", "旧物新生", "会呼吸的楼道"),
        "共建小院",
        "小区居民",
        "{community}小区绿地踩踏、楼道堆物反复出现，两委每季清理，一个月后照旧；"
        "居民代表希望由{people}户居民认领，而不是一清了之。",
        "让{people}户居民认领并养护公共绿地与楼道，半年后堆物减少八成。",
        "居民认领、邻里结组，园艺志愿者指导，社工组织旧物交换与公约评议，"
        "每月公示照片，养护资金由社区公益金接续。",
        ("认领与设计工作坊", "共建日", "旧物交换集市"),
        ("参与人次", "人次"),
    ),
)


@dataclass(frozen=True)
class Venture:
    """One project of the demonstration: the `n`th, in a category, for a share of its cap."""

    n: int
    category: str
    asked_yuan: int
    starts_on: date
    ends_on: date
    need_id: int | None

    @property
    def kind(self) -> Kind:
        """What kind of project it is."""
        return KINDS[self.n % len(KINDS)]

    @property
    def community(self) -> str:
        """Where it works."""
        place = self.n * 7 + self.n // len(names.COMMUNITIES)
        name = names.COMMUNITIES[place % len(names.COMMUNITIES)]
        return name if name.endswith("村") else f"{name}社区"

    @property
    def people(self) -> int:
        """How many it serves directly."""
        return 24 + self.n * 11 % 60

    @property
    def title(self) -> str:
        """What it is called; no two of the demonstration are called alike."""
        name = self.kind.titles[self.n // len(KINDS) % 4]
        return f"{name}：{self.community}{self.kind.subject}"

    @property
    def leader(self) -> str:
        """Who leads it."""
        return names.demo_person(self.n)

    @property
    def sections(self) -> Mapping[str, Typed]:
        """Every section as it would be typed."""
        kind, phone = self.kind, names.demo_phone(2_000 + self.n)
        words = {"community": self.community, "people": self.people}
        first, last = self.starts_on, self.ends_on
        return {
            "project": typed(
                title=self.title,
                category=self.category,
                theme=kind.theme,
                need_id=self.need_id or "",
                community=self.community,
                starts_on=first,
                ends_on=last,
                summary=f"{kind.goal.format(**words)}服务对象为{kind.group}，"
                f"由{self.community}居委会支持实施。",
            ),
            "agency": typed(
                address=f"太仓市{names.TOWNS[self.n % 8]}示例路 {self.n + 1} 号",
                postcode="215400",
                contact=self.leader,
                contact_phone=phone,
                office_phone="",
                email=f"office{self.n}@example.org",
                full_time_staff=2 + self.n % 9,
                introduction=f"在{self.community}及周边开展服务多年，有持证社工和稳定的志愿者队伍。",
            ),
            "team": typed(leader=self.leader, leader_phone=phone)
            | rows(
                "members",
                ("name", "education", "qualification", "role", "phone", "full_time"),
                (names.demo_person(self.n + 31), "本科·社会工作", "WORKER", "项目社工", "", "on"),
                (names.demo_person(self.n + 62), "大专", "ASSISTANT", "活动执行", "", "on"),
            ),
            "need": typed(
                analysis=kind.why.format(**words),
                target_group=kind.group,
                direct_people=self.people,
                indirect_people=self.people * 4,
            ),
            "goals": typed(overall=kind.goal.format(**words))
            | rows(
                "goals",
                ("goal", "measure", "target"),
                (kind.activities[2], kind.output[0], f"{self.output} {kind.output[1]}"),
                ("服务对象受益", "登记名册", f"{self.people} 人（户）"),
            ),
            "plan": typed(
                method=kind.how,
                innovation="由居民自己选择、自己值守，社工从带领者逐步退为支持者。",
                sustainability="骨干队伍登记为社区社会组织，活动费由社区公益金接续。",
            )
            | rows(
                "activities",
                ("what", "starts_on", "ends_on", "place", "person_times", "output"),
                (kind.activities[0], first, first + _MONTH, self.community, 60, "名册"),
                (kind.activities[1], first + _MONTH, first + 3 * _MONTH, "社工室", 200, "签到"),
                (kind.activities[2], first + _MONTH, last - _MONTH, self.community, 900, "记录"),
            ),
            "risks": rows(
                "risks",
                ("risk", "response"),
                ("志愿者流失", "每组备选两人，按季表彰"),
                ("服务中发生意外", "事前签署告知书，投保意外险"),
            ),
            "budget": self._budget(),
            "indicators": rows(
                "indicators",
                ("kind", "name", "target", "unit", "evidence"),
                ("OUTPUT", kind.output[0], self.output, kind.output[1], "服务记录"),
                ("OUTPUT", "直接受益", self.people, "人", "名册"),
                ("SATISFACTION", "服务对象满意度", 90, "%", "问卷不少于 30 份"),
            ),
        }

    @property
    def output(self) -> int:
        """What the first indicator promises."""
        return self.people * 12

    def _budget(self) -> Typed:
        """What is asked for, spread over the lines that a call allows; own money beside it."""
        asked = self.asked_yuan
        tutoring, rides = max(asked * 6 // 100 // 600, 1), asked * 8 // 100 // 20
        wages, office = asked * 36 // 100, asked * 8 // 100
        rest = asked - wages - office - tutoring * 600 - rides * 20
        own = 500 + self.n % 5 * 300
        return rows(
            "rows",
            ("line", "item", "unit_price_fen", "quantity", "unit", "grant_fen", "own_fen", "basis"),
            ("L1", "项目社工补贴", wages, 1, "项", wages, 0, "1 人，按月发放"),
            ("L2", "活动物资与场地", rest + own, 1, "项", rest, own, "按活动计划测算"),
            ("L3", "督导", 600, tutoring, "人·半天", tutoring * 600, 0, "每月 1 次"),
            ("L4", "志愿者交通补贴", 20, rides, "人·天", rides * 20, 0, "按签到发放"),
            ("L7", "行政管理费", office, 1, "项", office, 0, "不超过 10%"),
        )
