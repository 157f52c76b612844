// Amounts as they are typed: 60000, 60,000, 6万, full-width characters. Whole fen, never a float.
const UNITS = { "": 0, 万: 4, 亿: 8 };

/** Text to fen (BigInt), or null when it is no amount. The server decides; this only shows. */
const fenFrom = (text) => {
  const plain = text.normalize("NFKC").trim().replace(/^¥\s*/, "");
  const found = /^([1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.(\d+))?\s*([万亿]?)\s*元?$/.exec(plain);
  if (!found) return null;
  const places = UNITS[found[3]] + 2;
  const decimals = (found[2] ?? "").replace(/0+$/, "");
  if (decimals.length > places) return null;
  const fen = BigInt(found[1].replaceAll(",", "") + decimals.padEnd(places, "0"));
  return fen < 10n ** 17n ? fen : null;
};

/** 1234567n is "12,345.67". */
const yuanText = (fen) => {
  const plain = fen < 0n ? -fen : fen;
  const whole = String(plain / 100n).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${fen < 0n ? "-" : ""}${whole}.${String(plain % 100n).padStart(2, "0")}`;
};

const DIGITS = "零壹贰叁肆伍陆柒捌玖";

const groupInCapitals = (group) => {
  let said = "", zeroWaits = false;
  [...String(group).padStart(4, "0")].forEach((digit, place) => {
    if (digit === "0") zeroWaits = said !== "";
    else {
      said += (zeroWaits ? "零" : "") + DIGITS[digit] + ["仟", "佰", "拾", ""][place];
      zeroWaits = false;
    }
  });
  return said;
};

const wholeInCapitals = (yuan) => {
  const groups = [];
  for (let rest = yuan; rest > 0n; rest /= 10000n) groups.push(Number(rest % 10000n));
  let said = "", gap = false;
  for (let place = groups.length - 1; place >= 0; place--) {
    const group = groups[place];
    if (group === 0) {
      gap = said !== "";
      if (place === 2 && said && !said.includes("亿")) said += "亿";
      continue;
    }
    if (said && (gap || group < 1000)) said += "零";
    said += groupInCapitals(group) + ["", "万", "亿", "万"][place];
    gap = false;
    if (place === 3 && groups[2] === 0) {
      said += "亿";
      gap = true;
    }
  }
  return said;
};

/** 10700053n is 人民币壹拾万柒仟元零伍角叁分, as kernel/money.py writes it. */
const amountInCapitals = (fen) => {
  const yuan = fen / 100n, jiao = Number((fen % 100n) / 10n), cent = Number(fen % 10n);
  let said = yuan ? wholeInCapitals(yuan) + "元" : "";
  if (!jiao && !cent) return `人民币${said || "零元"}整`;
  if (jiao) said += (yuan && yuan % 10n === 0n ? "零" : "") + DIGITS[jiao] + "角";
  else if (yuan) said += "零";
  return `人民币${said}${cent ? DIGITS[cent] + "分" : ""}`;
};
globalThis.amounts = { fenFrom, yuanText, amountInCapitals };
