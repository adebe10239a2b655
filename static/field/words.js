// Dates, amounts and times as people say them. The day is the county's, whatever the phone's zone.
"use strict";

field.words = (function () {
  const ZONE = "Asia/Shanghai";
  const PARTS = new Intl.DateTimeFormat("en-CA", {
    timeZone: ZONE,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const SEVERITIES = {
    1: ["red", "红", "红色预警"],
    2: ["orange", "橙", "橙色预警"],
    3: ["yellow", "黄", "黄色预警"],
    4: ["blue", "蓝", "蓝色提示"],
  };
  const NAMES = { red: 1, orange: 2, yellow: 3, blue: 4 };
  const SOON_DAYS = 3;

  function parts(moment) {
    const found = {};
    PARTS.formatToParts(moment).forEach((part) => {
      found[part.type] = part.value;
    });
    return found;
  }

  function day(moment = new Date()) {
    const p = parts(new Date(moment));
    return `${p.year}-${p.month}-${p.day}`;
  }

  function time(moment) {
    const p = parts(new Date(moment));
    return `${p.hour}:${p.minute}`;
  }

  // ISO 8601 with the county's offset.
  function stamp(moment = new Date()) {
    const p = parts(new Date(moment));
    return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:${p.second}+08:00`;
  }

  const dayNumber = (text) =>
    Date.UTC(
      ...text
        .slice(0, 10)
        .split("-")
        .map((n, i) => Number(n) - (i === 1 ? 1 : 0))
    ) / 86400000;
  const daysUntil = (text, today = day()) => dayNumber(text) - dayNumber(today);

  // ["overdue" | "today" | "soon" | "later" | "none", words]
  function due(text, today = day()) {
    if (!text) return ["none", "未定时限"];
    const days = daysUntil(text, today);
    if (days < 0) return ["overdue", `超期 ${-days} 天`];
    if (days === 0) return ["today", "今天到期"];
    return [days <= 1 ? "today" : days <= SOON_DAYS ? "soon" : "later", `剩 ${days} 天`];
  }

  // [tone, character, spoken words]
  function severity(value) {
    return SEVERITIES[value] || SEVERITIES[NAMES[String(value).toLowerCase()]] || ["", "常", "常规走访"];
  }

  function monthDay(text) {
    const [, month, date] = day(text).split("-");
    return `${Number(month)} 月 ${Number(date)} 日`;
  }

  // 12 月 31 日, with the year where it is another one than today's.
  function date(text) {
    const year = day(text).slice(0, 4);
    return `${year === day().slice(0, 4) ? "" : `${year} 年 `}${monthDay(text)}`;
  }

  // Days from today to this week's Sunday; 1 January 1970 was a Thursday.
  const daysToSunday = (today = day()) => 6 - ((dayNumber(today) + 3) % 7);

  // 11 月 24 日起暂停，12 月 2 日; an older pack does not say since when.
  const pausedDays = ({ since, until }) =>
    `${since ? `${date(since)}起暂停，` : "已暂停，"}${date(until)}`;

  const shortDay = (text) => day(text).slice(5);

  // 今天 07:30, 昨天 18:05, 11 月 3 日 18:05
  function when(moment) {
    const ago = -daysUntil(day(moment));
    const said = ago === 0 ? "今天" : ago === 1 ? "昨天" : monthDay(moment);
    return `${said} ${time(moment)}`;
  }

  function bytes(count) {
    if (count >= 1073741824) return `${(count / 1073741824).toFixed(1)} GB`;
    return count < 1048576
      ? `${Math.max(1, Math.round(count / 1024))} KB`
      : `${(count / 1048576).toFixed(1)} MB`;
  }

  function yuan(text) {
    const [whole, cents = ""] = String(text).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return cents && Number(cents) ? `${grouped}.${cents}` : grouped;
  }

  return { day, time, stamp, daysUntil, due, severity, monthDay, date, daysToSunday, pausedDays, shortDay, when, bytes, yuan };
})();
