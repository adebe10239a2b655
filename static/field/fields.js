// One drawing for each kind of question. set(value) is called at every input.
"use strict";

field.fields = (function () {
  const { h, icon } = field.draw;
  const { inWords, isChanged, isBlank } = field.questions;

  // answers: live object; last: {at, answers} or null; put(name, value): saves and redraws.
  // Questions shown by this one's answer stand inside its card.
  function card(question, all, state) {
    const value = state.answers[question.name];
    const inner = all.filter(
      (q) => q.shown_when && q.shown_when[0] === question.name && field.questions.isShown(q, state.answers)
    );
    return h(
      "section",
      { class: "card", "data-question": question.name },
      body(question, value, state),
      inner.map((q) =>
        h(
          "div",
          { class: `inner${isBad(question, value) ? " inner-bad" : ""}`, "data-question": q.name },
          body(q, state.answers[q.name], state)
        )
      )
    );
  }

  const isBad = (question, value) => Boolean(question.bad_value) && value === question.bad_value;

  function body(question, value, state) {
    const id = `q_${question.name}`;
    const fault = state.faults[question.name];
    const hints = hintsOf(question, value, state);
    const wrong = fault ? h("p", { class: "danger-text strong", id: `e_${question.name}` }, fault) : null;
    const set = (given) => state.put(question.name, given);
    const group = { yes_no: picks, choice: picks, chips, lines }[question.kind];
    if (group) {
      return h(
        "fieldset",
        { id, "aria-describedby": fault ? `e_${question.name}` : null },
        h("legend", null, question.label, optional(question), hints),
        wrong,
        group(question, value, set, state)
      );
    }
    return [
      h("label", { class: "label", for: id }, question.label, optional(question), hints),
      wrong,
      { stepper, amount, text }[question.kind](question, value, set, fault),
    ];
  }

  const optional = (question) =>
    question.required ? null : h("span", { class: "muted plain" }, "（可不填）");

  function hintsOf(question, value, state) {
    const before = state.last ? inWords(question, state.last.answers[question.name]) : "";
    const told = state.known.filter((known) => known.name === question.name);
    return [
      question.help ? h("small", null, question.help) : null,
      told.map((known) =>
        h("small", null, `${known.source}${known.on ? ` ${known.on}` : ""}：${known.value}`)
      ),
      before
        ? h(
            "small",
            null,
            `上次 ${field.words.monthDay(state.last.at)}：${before} `,
            h(
              "span",
              { class: "tag tag-changed", hidden: !isChanged(question, value, state.last.answers) },
              icon("pencil"),
              "已改"
            )
          )
        : null,
    ];
  }

  // After an input that does not redraw its card: does the answer still differ from the last one?
  function markChange(root, question, value, last) {
    const tag = root.querySelector(`[data-question="${question.name}"] .tag-changed`);
    if (tag) tag.hidden = !isChanged(question, value, last.answers);
  }

  function describedBy(question, fault) {
    return fault ? { "aria-invalid": "true", "aria-describedby": `e_${question.name}` } : {};
  }

  function picks(question, value, set) {
    const wide = question.kind === "choice" && question.options.length > 2;
    return h(
      "div",
      { class: wide ? "pair picks" : "pair" },
      question.options.map(([code, words]) =>
        h(
          "span",
          { class: `pick${code === question.bad_value ? " pick-bad" : ""}` },
          h("input", {
            type: "radio",
            name: `q_${question.name}`,
            id: `q_${question.name}-${code}`,
            checked: value === code,
            on: { change: () => set(code) },
          }),
          h("label", { for: `q_${question.name}-${code}` }, words)
        )
      )
    );
  }

  function chips(question, value, set) {
    const chosen = value || [];
    return h(
      "div",
      { class: "chips" },
      question.options.map(([code, words]) =>
        h(
          "span",
          { class: "pick" },
          h("input", {
            type: "checkbox",
            id: `q_${question.name}-${code}`,
            checked: chosen.includes(code),
            on: {
              change: (event) =>
                set(
                  question.options
                    .map((o) => o[0])
                    .filter((c) => (c === code ? event.target.checked : chosen.includes(c)))
                ),
            },
          }),
          h("label", { for: `q_${question.name}-${code}` }, words)
        )
      )
    );
  }

  function stepper(question, value, set, fault) {
    const most = question.max || 20;
    const input = h(
      "input",
      Object.assign(
        {
          type: "text",
          inputmode: "numeric",
          autocomplete: "off",
          id: `q_${question.name}`,
          value: isBlank(value) ? "" : String(value),
          on: { input: () => set(input.value.trim()) },
        },
        describedBy(question, fault)
      )
    );
    const by = (step) => () => {
      input.value = String(
        Math.min(most, Math.max(0, (Number(field.questions.plain(input.value)) || 0) + step))
      );
      set(Number(input.value));
    };
    return h(
      "div",
      { class: "stepper" },
      h("button", { type: "button", "aria-label": `减少：${question.label}`, on: { click: by(-1) } }, "−"),
      input,
      h("button", { type: "button", "aria-label": `增加：${question.label}`, on: { click: by(1) } }, "+"),
      question.unit ? h("span", null, question.unit) : null
    );
  }

  function amount(question, value, set, fault) {
    const input = h(
      "input",
      Object.assign(
        {
          type: "text",
          inputmode: "decimal",
          autocomplete: "off",
          id: `q_${question.name}`,
          value: value || "",
          on: { input: () => set(input.value) },
        },
        describedBy(question, fault)
      )
    );
    return h("div", { class: "row" }, input, h("span", null, question.unit || "元"));
  }

  function text(question, value, set, fault) {
    const area = h(
      "textarea",
      Object.assign(
        {
          id: `q_${question.name}`,
          rows: "3",
          maxlength: String(question.max || 500),
          value: value || "",
          on: { input: () => set(area.value) },
        },
        describedBy(question, fault)
      )
    );
    return area;
  }

  // A short list of amounts: what, which month, how much.
  function lines(question, value, set, state) {
    let given = value && value.length ? value : [{ item: "", month: "", yuan: "" }];
    const put = (fresh) => {
      given = fresh;
      set(fresh);
    };
    const change = (at, part, words) =>
      put(given.map((line, i) => (i === at ? Object.assign({}, line, { [part]: words }) : line)));
    const rows = given.map((line, at) =>
      h(
        "li",
        { class: "line" },
        h(
          "select",
          {
            "aria-label": `第 ${at + 1} 行，项目`,
            on: { change: (e) => change(at, "item", e.target.value) },
          },
          h("option", { value: "" }, "选项目"),
          question.options.map(([code, words]) =>
            h("option", { value: code, selected: code === line.item }, words)
          )
        ),
        h(
          "select",
          {
            "aria-label": `第 ${at + 1} 行，月份`,
            on: { change: (e) => change(at, "month", e.target.value) },
          },
          h("option", { value: "" }, "12 个月合计"),
          months(line.month).map((month) =>
            h("option", { value: month, selected: month === line.month }, month)
          )
        ),
        h("input", {
          type: "text",
          inputmode: "decimal",
          autocomplete: "off",
          placeholder: "元",
          "aria-label": `第 ${at + 1} 行，金额（元）`,
          value: line.yuan || "",
          on: { input: (e) => change(at, "yuan", e.target.value) },
        }),
        h(
          "button",
          {
            type: "button",
            class: "button",
            "aria-label": `删去第 ${at + 1} 行`,
            on: {
              click: () => {
                put(given.filter((_, i) => i !== at));
                state.redraw();
              },
            },
          },
          icon("x")
        )
      )
    );
    const full = given.length >= (question.max || 12);
    return [
      h("ol", { class: "lines" }, rows),
      full
        ? h("p", { class: "helptext" }, `最多 ${given.length} 行。`)
        : field.draw.button([icon("plus"), "加一行"], () => {
            put(given.concat({ item: "", month: "", yuan: "" }));
            state.redraw();
          }),
    ];
  }

  function months(kept) {
    const [year, month] = field.words.day().split("-").map(Number);
    const found = Array.from({ length: 13 }, (_, ago) =>
      new Date(Date.UTC(year, month - 1 - ago, 15)).toISOString().slice(0, 7)
    );
    return kept && !found.includes(kept) ? found.concat(kept) : found;
  }

  return { card, markChange };
})();
