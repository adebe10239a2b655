// Own households: the list with a search, and what is known of one and who said it.
"use strict";

(function () {
  const { app, words, pack, store } = field;
  const { h, icon, severity, due, deadline, link, card, button, empty } = field.draw;
  const ENDED = { kept: "已兑现", not_kept: "未兑现", withdrawn: "已撤回" };
  const HOME = [
    "id",
    "number",
    "head",
    "tun",
    "place",
    "address",
    "kind_label",
    "size",
    "phone",
    "version",
    "members",
    "last",
    "known",
    "pause",
    "plan",
    "promises",
  ];

  function matches(household, typed) {
    const text = typed.trim();
    return (
      !text ||
      household.number.includes(text) ||
      household.head.includes(text) ||
      household.members.some((m) => m.name.includes(text)) ||
      (household.tun || "").includes(text)
    );
  }

  function row(household) {
    const item = pack.itemOf(household.id);
    return link(
      `#/household/${household.id}`,
      { class: "task" },
      severity(item ? item.severity : ""),
      h(
        "div",
        { class: "grow" },
        h("b", null, `${household.head} 户`),
        h(
          "div",
          { class: "small muted" },
          [household.tun || household.address, `${household.size} 人`, household.number]
            .filter(Boolean)
            .join(" · ")
        )
      ),
      h("div", null, item ? deadline(item) : null)
    );
  }

  app.screens.households = () => {
    const all = pack.now() ? pack.now().households : [];
    const list = h("div", { id: "found" });
    const count = h("p", { class: "small muted note", role: "status" });
    const search = h("input", { type: "search", id: "search", autocomplete: "off", on: { input: show } });
    function show() {
      const found = all.filter((one) => matches(one, search.value));
      list.textContent = "";
      list.append(...found.map(row));
      count.textContent = found.length ? `${found.length} 户` : "本机没有这一户。换个姓名、户号试试。";
    }
    show();
    return {
      title: "农户",
      heading: "农户",
      tab: "households",
      main: all.length
        ? [
            h(
              "div",
              { class: "card" },
              h("label", { class: "label", for: "search" }, "按姓名、户号、屯名找"),
              search
            ),
            count,
            list,
          ]
        : [empty("users", "本机还没有农户", "在有网络的地方打开一次就会有。")],
    };
  };

  // Sections of other desks come as text, lists, or {label, value}: shown as they are, never dropped.
  function told(value) {
    if (value === null || value === undefined || value === "") return [];
    if (Array.isArray(value))
      return [
        h(
          "ul",
          { class: "people" },
          value.map((one) => h("li", null, told(one)))
        ),
      ];
    if (typeof value !== "object") return [String(value)];
    const head = value.label || value.title || value.text || value.sentence || "";
    const rest = [
      value.value,
      value.state_label,
      value.by,
      value.source,
      value.due_on ? words.due(value.due_on)[1] : value.on,
    ].filter((v) => v && typeof v !== "object");
    const lists = Object.keys(value)
      .filter((key) => Array.isArray(value[key]))
      .map((key) => told(value[key]));
    return [h("b", null, head), rest.length ? ` ${rest.join(" · ")}` : "", lists];
  }

  function section(title, content) {
    return content && content.length ? card({ "aria-label": title }, h("h2", null, title), content) : null;
  }

  function members(household) {
    return h(
      "ul",
      { class: "people" },
      household.members.map((m) =>
        h(
          "li",
          null,
          h("b", null, m.name),
          " ",
          h(
            "span",
            { class: "muted" },
            [
              m.relation_label,
              `${m.age} 岁`,
              m.sex,
              pack.labelOf("labour", m.labour),
              pack.labelOf("health", m.health),
            ]
              .filter(Boolean)
              .join(" · ")
          )
        )
      )
    );
  }

  // Open promises say how long is left; ended ones how they ended.
  function promises(household) {
    const row = (one) =>
      h(
        "li",
        null,
        h("b", null, one.sentence),
        " ",
        one.state === "open" ? due(one.due_on) : h("span", { class: "tag" }, ENDED[one.state] || one.state)
      );
    return h("ul", { class: "people" }, household.promises.map(row));
  }

  function known(household) {
    return household.known.map((k) =>
      h(
        "div",
        { class: "known" },
        h("dt", null, k.label),
        h("dd", null, k.value, h("div", { class: "small muted" }, [k.source, k.on].filter(Boolean).join(" ")))
      )
    );
  }

  function lastVisit(household) {
    if (!household.last) return null;
    const { at, by, answers } = household.last;
    const rows = pack
      .now()
      .form.steps.flatMap((step) => step.questions)
      .map((q) => [q.label, field.questions.inWords(q, answers[q.name])])
      .filter((pair) => pair[1]);
    return [
      h("p", { class: "small muted" }, `${words.when(at)}，${by}`),
      rows.length
        ? h(
            "details",
            null,
            h("summary", null, `看上次的 ${rows.length} 项回答`),
            h(
              "dl",
              null,
              rows.map(([label, value]) =>
                h("div", { class: "known" }, h("dt", null, label), h("dd", null, value))
              )
            )
          )
        : null,
    ];
  }

  function who(household, item, more) {
    return h(
      "section",
      { class: "who", "aria-label": "走访对象" },
      severity(item ? item.severity : ""),
      h(
        "div",
        { class: "grow" },
        h("b", null, `${household.head} 户`),
        h(
          "div",
          { class: "small muted" },
          [household.address || household.tun, `${household.size} 人`].filter(Boolean).join(" · "),
          item ? [" · ", deadline(item)] : null
        ),
        more || null
      ),
      household.phone
        ? link(`tel:${household.phone}`, { class: "call", "aria-label": "给户主打电话" }, icon("phone"))
        : null
    );
  }
  field.who = who;

  // Calm: nothing is wrong, and a visit is welcome all the same.
  function paused(household, item) {
    const pause = pack.pauseOf(household.id);
    if (!pause) return null;
    const by = item ? `，要在 ${words.date(item.due_on)}前入户` : "";
    return field.draw.message(
      "",
      h("b", null, "这一户的入户计时暂停了"),
      h("p", null, `${words.pausedDays(pause)}恢复${by}。`),
      h("p", null, `原因：${pause.reason}`),
      h("p", { class: "small" }, "暂停期间不催办，不算超期；能去也可以去。")
    );
  }

  app.screens.household = async (id) => {
    const household = pack.household(id);
    if (!household)
      return {
        title: "农户",
        heading: "农户",
        back: "#/households",
        tab: "households",
        main: empty("users", "本机没有这一户", "可能已经移交给别人。有网络时会更新。"),
      };
    const item = pack.itemOf(household.id);
    const draft = await field.drafts.ofHousehold(household.id);
    let sent = null;
    for (const one of (await store.all("outbox")).filter((i) => i.copy && i.path === "visits/")) {
      const copy = await field.vault.show(one.copy);
      if (String(copy.household) === String(household.id)) sent = one;
    }
    const start = async () => {
      const fresh = field.drafts.visit(household, item);
      await field.drafts.save(fresh);
      app.go(`#/visit/${fresh.id}/0`);
    };
    const act = draft
      ? button(
          `继续填草稿（${words.when(draft.saved_at)} 存的）`,
          () => app.go(`#/visit/${draft.id}/${draft.step}`),
          { class: "button button-primary", id: "start" }
        )
      : button(sent ? "再走访一次" : "开始走访", start, { class: "button button-primary", id: "start" });
    return {
      title: "农户",
      heading: "农户",
      back: item ? "#/tasks" : "#/households",
      above: who(household, item),
      main: [
        sent
          ? field.draw.message(
              sent.state === "refused" ? "warning" : "success",
              sent.state === "done"
                ? `走访已上传，回执 ${sent.receipt}。`
                : sent.state === "refused"
                  ? h("p", null, "走访被退回，", link("#/waiting", null, "去看原因"), "。")
                  : "走访已封存在本机，等待上传。"
            )
          : null,
        paused(household, item),
        item
          ? card(
              { "aria-label": "为什么去" },
              h("h2", null, "为什么去"),
              item.returned_because
                ? h("div", { class: "why" }, h("b", null, "退回补充："), item.returned_because)
                : null,
              item.purposes.map((p) =>
                h("div", { class: "why" }, h("b", null, p.title), h("br"), p.sentence)
              ),
              item.note ? h("p", { class: "small" }, h("b", null, "镇里交办："), item.note) : null
            )
          : null,
        section("家庭成员", [members(household)]),
        section("上次走访", lastVisit(household)),
        section("已知情况", household.known.length ? [h("dl", null, known(household))] : null),
        section("走访计划", field.plan.told(household)),
        section("答应过的事", household.promises.length ? [promises(household)] : null),
        Object.keys(household)
          .filter((key) => !HOME.includes(key))
          .map((key) =>
            section(
              (household[key] || {}).title || "其他",
              told((household[key] || {}).lines || household[key])
            )
          ),
        card(
          { "aria-label": "户情" },
          h("h2", null, "户情"),
          h("p", { class: "small" }, `户号 ${household.number}，${household.kind_label}`),
          h("p", { class: "small muted" }, household.place)
        ),
      ],
      foot: h(
        "footer",
        { class: "foot" },
        pack.now().account.may_visit
          ? h("div", { class: "row" }, act)
          : h("p", null, "您现在没有入户走访的职务。")
      ),
    };
  };
})();
