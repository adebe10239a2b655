// The visit plan: which households are due this month, by when, on foot or by phone.
"use strict";

field.plan = (function () {
  const { app, words, pack } = field;
  const { h, icon, link, card, empty, due, deadline } = field.draw;
  const NEAR_DAYS = 7; // from here on the days left are counted
  const GROUPS = [
    ["late", "已过期"],
    ["now", "这周要走"],
    ["month", "本月后几周"],
    ["done", "本月已走访"],
  ];

  const thisMonth = (text) => Boolean(text) && text.slice(0, 7) === words.day().slice(0, 7);
  const byPhone = (plan) => plan.mode === "phone";
  const month = () => `${Number(words.day().slice(5, 7))} 月走访计划`;

  // late, now, month, done: of this month. later: what is not.
  function groupOf(plan) {
    if (plan.sealed) return "done";
    if (plan.told) return thisMonth(plan.done_on) ? "done" : thisMonth(plan.next_due) ? "month" : "later";
    if (words.daysUntil(plan.next_due) < 0) return "late";
    if (plan.week_on && words.daysUntil(plan.week_on) <= words.daysToSunday()) return "now";
    return thisMonth(plan.week_on || plan.next_due) ? "month" : "later";
  }

  // What was visited and has not come back with the pack yet counts as visited.
  function grouped(sealed) {
    const visited = new Map(
      sealed
        .filter((row) => row.met && row.state !== "refused")
        .map((row) => [String(row.household), row.state_label])
    );
    const found = { late: [], now: [], month: [], done: [], later: [] };
    const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    (pack.now() ? pack.now().households : [])
      .filter((household) => household.plan)
      .map((household) => {
        const plan = Object.assign({}, household.plan, { sealed: visited.get(String(household.id)) || "" });
        return Object.assign({}, household, { plan });
      })
      .sort(
        (a, b) =>
          order(a.tun || "", b.tun || "") ||
          order(a.plan.next_due, b.plan.next_due) ||
          order(a.number, b.number)
      )
      .forEach((household) => found[groupOf(household.plan)].push(household));
    return found;
  }

  // 还有 5 户：入户 3 户，电话 2 户
  function left(found) {
    const open = found.late.concat(found.now, found.month);
    const calls = open.filter((household) => byPhone(household.plan)).length;
    if (!open.length) return "本月的都走完了";
    const ways = [
      calls < open.length ? `入户 ${open.length - calls} 户` : "",
      calls ? `电话 ${calls} 户` : "",
    ];
    return `还有 ${open.length} 户：${ways.filter(Boolean).join("，")}`;
  }

  // 本期已走访（11 月 5 日）
  const ended = (plan) => `${plan.told}${plan.done_on ? `（${words.date(plan.done_on)}）` : ""}`;

  function limit(household, plan) {
    const item = pack.itemOf(household.id);
    if (plan.done_on || plan.sealed) return null;
    if (item) return deadline(item);
    if (plan.told || words.daysUntil(plan.next_due) > NEAR_DAYS)
      return h("span", { class: "due due-later" }, `${words.date(plan.next_due)}前`);
    return due(plan.next_due);
  }

  function whenOf(household, plan) {
    if (plan.sealed) return `已走访，${plan.sealed}`;
    if (plan.told)
      return `${ended(plan)}${plan.done_on ? `，下一次在 ${words.date(plan.next_due)}前` : ""}`;
    if (pack.itemOf(household.id)) return "已在任务里";
    return plan.week_on && ["month", "later"].includes(groupOf(plan))
      ? `安排在 ${words.date(plan.week_on)}那一周`
      : "";
  }

  function row(household) {
    const { plan } = household;
    const when = whenOf(household, plan);
    const [sign, way] = byPhone(plan) ? ["phone", "电话走访"] : ["footprints", "入户走访"];
    return link(
      `#/household/${household.id}`,
      { class: "task" },
      h("span", { class: "sign", role: "img", "aria-label": way }, icon(sign)),
      h(
        "div",
        { class: "grow" },
        h("b", null, `${household.head} 户`),
        h("div", null, plan.label),
        h(
          "div",
          { class: "small muted" },
          [household.tun || household.address, `${household.size} 人`].filter(Boolean).join(" · ")
        ),
        when ? h("div", { class: "small muted" }, when) : null
      ),
      h("div", null, limit(household, plan))
    );
  }

  app.screens.plan = async () => {
    const found = grouped(await field.sealedVisits());
    const known = Object.values(found).some((rows) => rows.length);
    return {
      title: month(),
      heading: "走访计划",
      back: "#/tasks",
      tab: "tasks",
      main: known
        ? [
            card(
              { "aria-label": "本月" },
              h("b", null, left(found)),
              h("p", { class: "small muted" }, "因别的事走访过的也算，不用再去一次。")
            ),
            GROUPS.filter(([name]) => found[name].length).flatMap(([name, title]) => [
              h("h2", { class: "part" }, `${title} ${found[name].length} 户`),
              ...found[name].map(row),
            ]),
            found.later.length
              ? h(
                  "details",
                  { class: "later" },
                  h("summary", null, `以后的 ${found.later.length} 户`),
                  found.later.map(row)
                )
              : null,
          ]
        : [empty("calendar-days", "还没有走访计划", "镇里排好以后，有网络时会出现在这里。")],
    };
  };

  // The way to it from the tasks; nothing where nobody has a plan.
  function entry(sealed) {
    const found = grouped(sealed);
    if (!Object.values(found).some((rows) => rows.length)) return null;
    return link(
      "#/plan",
      { class: "task", id: "to-plan" },
      h("span", { class: "sign" }, icon("calendar-days")),
      h("div", { class: "grow" }, h("b", null, month()), h("div", { class: "small muted" }, left(found))),
      h("div")
    );
  }

  // One household's plan in sentences.
  function told(household) {
    const { plan } = household;
    if (!plan) return [];
    const by = words.date(plan.next_due);
    const late = words.daysUntil(plan.next_due) < 0;
    const when = plan.told
      ? `${ended(plan)}，下一次在 ${by}前。`
      : late
        ? `应在 ${by}前走访，已经过期，请尽快去。`
        : `要在 ${by}前走访${plan.week_on && groupOf(plan) !== "now" ? `，安排在 ${words.date(plan.week_on)}那一周` : ""}。`;
    return [
      h("b", null, plan.label),
      h("p", { class: "small" }, when, byPhone(plan) ? "可以打电话走访。" : ""),
    ];
  }

  return { entry, told };
})();
