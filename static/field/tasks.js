// What to do today, this week, and what is done.
"use strict";

(function () {
  const { app, words, pack } = field;
  const { h, icon, severity, deadline, link, message, empty, button } = field.draw;
  const TABS = [
    ["today", "今天"],
    ["week", "本周"],
    ["all", "全部"],
    ["done", "已完成"],
  ];
  const WEEK = 7;

  // Hamlet after hamlet, so that nobody walks a way twice; the hamlet with the most urgent visit first.
  function routeOrder(items) {
    const urgent = new Map();
    const tunOf = (item) => (pack.household(item.household) || {}).tun || "";
    items.forEach((item) => {
      const key = tunOf(item);
      if (!urgent.has(key) || item.due_on < urgent.get(key)) urgent.set(key, item.due_on);
    });
    const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    return items
      .slice()
      .sort(
        (a, b) =>
          order(urgent.get(tunOf(a)), urgent.get(tunOf(b))) ||
          order(tunOf(a), tunOf(b)) ||
          order(a.due_on, b.due_on) ||
          a.severity - b.severity ||
          a.id - b.id
      );
  }

  function split(items) {
    const day = (item) => words.daysUntil(item.due_on);
    return { today: items.filter((i) => day(i) <= 1), week: items.filter((i) => day(i) <= WEEK), all: items };
  }

  function card(item, draft) {
    const household = pack.household(item.household) || {};
    const pause = pack.pauseOf(item.household);
    const [first, ...others] = item.purposes;
    const steps = draft
      ? `草稿已填 ${Math.min(draft.reached || 0, draft.steps || 0)}/${draft.steps || 0}`
      : "";
    return link(
      `#/household/${item.household}`,
      { class: "task" },
      severity(item.severity),
      h(
        "div",
        { class: "grow" },
        h("b", null, `${household.head || ""} 户`),
        item.returned_because
          ? h("div", { class: "danger-text strong" }, `退回补充：${item.returned_because}`)
          : null,
        h("div", null, first ? first.title : "入户走访", others.length ? `，另有 ${others.length} 项` : ""),
        pause
          ? h("div", { class: "small" }, `${words.pausedDays(pause)}恢复计时：${pause.reason}`)
          : null,
        h(
          "div",
          { class: "small muted" },
          [household.tun || household.address, household.size ? `${household.size} 人` : "", steps]
            .filter(Boolean)
            .join(" · ")
        )
      ),
      h("div", null, deadline(item))
    );
  }

  const SIGNS = {
    waiting: ["sign", "clock"],
    reseal: ["sign", "clock"],
    refused: ["sign sign-bad", "triangle-alert"],
  };

  function headOf(row) {
    const head = row.head || (pack.household(row.household) || {}).head;
    return head ? `${head} 户` : "走访记录";
  }

  function doneCard(row) {
    const [look, sign] = SIGNS[row.state] || ["sign sign-done", "check"];
    return h(
      "div",
      { class: "task" },
      h("span", { class: look }, icon(sign)),
      h(
        "div",
        { class: "grow" },
        h("b", null, headOf(row)),
        h(
          "div",
          { class: "small muted" },
          `${words.when(row.at)} · ${row.receipt ? `回执 ${row.receipt} · ` : ""}${row.state_label}`
        )
      ),
      h("div")
    );
  }

  // Visits sealed on this phone, waiting or gone up today.
  async function sealedVisits() {
    const rows = [];
    for (const item of await field.store.all("outbox")) {
      if (!item.copy || item.path !== "visits/") continue;
      const draft = await field.vault.show(item.copy);
      rows.push({
        household: draft.household,
        item: draft.item,
        head: draft.name,
        at: item.at,
        receipt: item.receipt,
        state_label: item.state === "done" ? "已上传" : item.state === "refused" ? "要修改" : "待上传",
        state: item.state,
        met: draft.mode !== "not_met",
      });
    }
    return rows;
  }
  field.sealedVisits = sealedVisits;

  async function banner() {
    const made = pack.now() && pack.now().made_at;
    const stale = made ? `任务数据是${words.when(made)} 的。` : "";
    if (app.state.line !== "off" && app.state.line !== "out") return null;
    return h(
      "section",
      { class: "strip", "aria-label": "网络" },
      icon("info"),
      h("p", null, `离线照常用。${stale}`)
    );
  }

  app.screens.tasks = async (tab) => {
    const place = (app.state.account || {}).place || "我的任务";
    if (!pack.now()) {
      return {
        title: place,
        heading: "任务",
        tab: "tasks",
        main:
          app.state.line === "off"
            ? [empty("cloud-off", "还没有取到任务", "第一次要在有网络的地方打开。")]
            : [empty("cloud", "正在取任务…", "取完以后没有网络也能用。")],
      };
    }
    const sent = await sealedVisits();
    const gone = new Set(sent.filter((row) => row.item).map((row) => row.item));
    const drafts = await field.drafts.all();
    const lists = split(pack.now().items.filter((item) => !gone.has(item.id)));
    const receipts = new Set(pack.now().done.map((row) => row.receipt));
    lists.done = sent.filter((row) => !row.receipt || !receipts.has(row.receipt)).concat(pack.now().done);
    const open = lists[tab] ? tab : ["today", "week", "all"].find((name) => lists[name].length) || "today";
    const draftOf = (item) => drafts.find((d) => d.kind === "visit" && d.household === item.household);
    const shown =
      open === "done"
        ? lists.done.map(doneCard)
        : routeOrder(lists[open]).map((item) => card(item, draftOf(item)));
    const reports = drafts.filter((d) => d.kind === "report");
    const said = app.takeNews();
    const policy = await field.store.get("meta", "policy");
    return {
      title: place,
      heading: "任务",
      tab: "tasks",
      above: [
        await banner(),
        h(
          "nav",
          { class: "tabs", "aria-label": "任务范围" },
          TABS.map(([name, text]) =>
            link(
              `#/tasks/${name}`,
              { "aria-current": name === open ? "true" : null },
              `${text} ${lists[name].length}`
            )
          )
        ),
      ],
      main: [
        said ? message("success", said) : null,
        shown.length
          ? shown
          : open === "done"
            ? empty("clipboard-check", "还没有完成的走访")
            : empty("clipboard-check", "没有要入户的", "有新任务会出现在这里。"),
        reports.map((d) =>
          link(
            `#/report/${d.id}`,
            { class: "task" },
            h("span", { class: "sign" }, icon("pencil")),
            h(
              "div",
              { class: "grow" },
              h("b", null, "没报完的困难户"),
              h(
                "div",
                { class: "small muted" },
                `${d.found.name || "还没写姓名"} · ${words.when(d.saved_at)} 存的`
              )
            ),
            h("div")
          )
        ),
        field.plan.entry(sent),
        pack.now().account.may_report
          ? h(
              "div",
              { class: "wide-row" },
              button([icon("plus"), "上报新发现的困难户"], () => app.go("#/report/new"), {
                class: "button button-wide",
              })
            )
          : null,
        h(
          "p",
          { class: "small muted note" },
          `本机只存自己的 ${pack.now().households.length} 户走访资料，${policy.offline_days} 天不联网会自动清除。`
        ),
      ],
    };
  };
})();
