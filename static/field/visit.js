// The visit, step by step. Every input is sealed on this phone at once.
"use strict";

(function () {
  const { app, words, pack, drafts, questions, visitRules: rules } = field;
  const { h, icon, card, button, message, label } = field.draw;
  let open = null; // {draft, faults, facts, saved}: the visit on the screen

  async function take(id) {
    if (open && open.draft.id === id) return open;
    const draft = await drafts.open(id);
    const release = draft && (await drafts.hold(id));
    if (!release) return draft ? "elsewhere" : null;
    const leave = () => {
      open = null;
      release();
    };
    open = { leave, draft, faults: Object.assign({}, draft.told || {}), facts: new Set(), full: "" };
    return open;
  }

  async function save() {
    const visit = open;
    try {
      await drafts.save(visit.draft);
      visit.full = "";
    } catch (error) {
      visit.full = field.store.isFull(error)
        ? "手机空间满了，刚填的没有存下。先别关这一页，到有信号处上传后再填。"
        : "没有存下，请再点一次。";
    }
    paintSaved();
  }

  function paintSaved() {
    const note = document.getElementById("saved");
    if (!note || !open) return;
    note.textContent = "";
    if (open.full) note.append(h("b", { class: "danger-text" }, open.full));
    else if (open.draft.saved_at)
      note.append(icon("save"), ` ${words.time(open.draft.saved_at)} 已存在本机，没有信号也不会丢`);
  }

  const last = (household) => (household && household.last ? household.last : null);

  // ---- steps ----

  function why(visit, household) {
    const { draft, faults } = visit;
    const item = rules.item(draft);
    return [
      item && item.returned_because
        ? message("warning", h("b", null, "退回补充"), h("br"), item.returned_because)
        : null,
      rules.purposes(draft).length
        ? card(
            { "aria-label": "要核实的事" },
            h("h2", null, "要核实的事"),
            rules
              .purposes(draft)
              .map((p) => h("div", { class: "why" }, h("b", null, p.title), h("br"), p.sentence)),
            item && item.note ? h("p", { class: "small" }, h("b", null, "镇里交办："), item.note) : null
          )
        : null,
      card(
        { "data-question": "mode" },
        h(
          "fieldset",
          { id: "mode" },
          h("legend", null, "怎么走访的？"),
          h(
            "div",
            { class: "pair thirds" },
            rules.MODES.map(([code, text]) =>
              h(
                "span",
                { class: "pick" },
                h("input", {
                  type: "radio",
                  name: "mode",
                  id: `mode-${code}`,
                  checked: draft.mode === code,
                  on: {
                    change: () => {
                      draft.mode = code;
                      save();
                      app.draw({ focus: false });
                    },
                  },
                }),
                h("label", { for: `mode-${code}` }, text)
              )
            )
          )
        ),
        h("label", { class: "label", for: "visited_on" }, "哪天走访的？"),
        faults.visited_on ? h("p", { class: "danger-text strong" }, faults.visited_on) : null,
        h("input", {
          type: "date",
          id: "visited_on",
          max: words.day(),
          value: draft.visited_on || words.day(draft.started_at),
          on: {
            input: (e) => {
              draft.visited_on = e.target.value;
              save();
            },
          },
        })
      ),
      household ? field.facts.section(household, owner(visit), visit.facts) : null,
    ];
  }

  function owner(visit) {
    return {
      draft: visit.draft,
      faults: visit.faults,
      save,
      redraw: async (focus) => {
        await app.draw({ focus: false });
        const target = focus && document.querySelector(focus);
        if (target) target.focus();
      },
    };
  }

  function formStep(visit, step, household) {
    const { draft } = visit;
    const before = last(household);
    const state = {
      answers: draft.answers,
      faults: shortFaults(visit.faults),
      last: before,
      known: household ? household.known : [],
      redraw: () => app.draw({ focus: false }),
      put(name, value) {
        draft.answers[name] = value;
        delete visit.faults[`q_${name}`];
        save();
        const question = step.questions.find((q) => q.name === name);
        if (["yes_no", "choice", "chips"].includes(question.kind)) redrawCard(step, question, state);
        else if (before) field.fields.markChange(document, question, value, before);
      },
    };
    const from = Object.assign({}, knownAnswers(household), before ? before.answers : {});
    const same = questions.hasLast(step, from)
      ? h(
          "div",
          { class: "wide-row" },
          button(
            [icon("copy-check"), before ? "这一步没有变化" : "按登记和部门数据填"],
            () => {
              draft.answers = questions.sameAsLast(step, from, draft.answers);
              save();
              app.draw({ focus: false });
            },
            { class: "button button-wide", id: "same" }
          ),
          questions.askedAnew(step).length
            ? h(
                "p",
                { class: "helptext gap" },
                `每次都要重新问的 ${questions.askedAnew(step).length} 题除外。`
              )
            : null
        )
      : null;
    return [
      same,
      topQuestions(step)
        .filter((q) => questions.isShown(q, draft.answers))
        .map((q) => field.fields.card(q, step.questions, state)),
    ];
  }

  const knownAnswers = (household) => {
    const found = {};
    (household ? household.known : []).forEach((k) => {
      if (k.name && !questions.isBlank(k.answer)) found[k.name] = k.answer;
    });
    return found;
  };

  // A question shown by an answer of the same step stands inside that question's card.
  const topQuestions = (step) =>
    step.questions.filter((q) => !q.shown_when || !step.questions.some((p) => p.name === q.shown_when[0]));

  function shortFaults(faults) {
    const found = {};
    Object.keys(faults)
      .filter((id) => id.startsWith("q_"))
      .forEach((id) => {
        found[id.slice(2)] = faults[id];
      });
    return found;
  }

  function redrawCard(step, question, state) {
    const top = question.shown_when && step.questions.find((q) => q.name === question.shown_when[0]);
    const shown = top || question;
    const old = document.querySelector(`.card[data-question="${shown.name}"]`);
    const focused = document.activeElement && document.activeElement.id;
    old.replaceWith(field.fields.card(shown, step.questions, state));
    const target = focused && document.getElementById(focused);
    if (target) target.focus({ preventScroll: true });
  }

  function outcome(visit) {
    const { draft, faults } = visit;
    const codes = rules.met(draft)
      ? pack.now().form.outcomes
      : pack.now().form.outcomes.filter(([code]) => pack.now().form.without_meeting.includes(code));
    const said = (p) => draft.reports[p.id] || (draft.reports[p.id] = { outcome: "", note: "" });
    return [
      rules.purposes(draft).map((p) =>
        card(
          { "data-question": `outcome_${p.id}` },
          h(
            "fieldset",
            { id: `outcome_${p.id}` },
            h("legend", null, `${p.title}：核实结果`, h("small", null, p.sentence)),
            wrong(faults[`outcome_${p.id}`]),
            h(
              "div",
              { class: "pair picks" },
              codes.map(([code, text]) =>
                h(
                  "span",
                  { class: "pick" },
                  h("input", {
                    type: "radio",
                    name: `outcome_${p.id}`,
                    id: `outcome_${p.id}-${code}`,
                    checked: said(p).outcome === code,
                    on: {
                      change: () => {
                        said(p).outcome = code;
                        delete faults[`outcome_${p.id}`];
                        save();
                      },
                    },
                  }),
                  h("label", { for: `outcome_${p.id}-${code}` }, text)
                )
              )
            )
          ),
          label(`outcome_note_${p.id}`, "依据和说明"),
          wrong(faults[`outcome_note_${p.id}`]),
          area(`outcome_note_${p.id}`, 500, said(p).note, (text) => {
            said(p).note = text;
          })
        )
      ),
      card(
        { "data-question": "note" },
        label("note", rules.met(draft) ? "还有什么要说的（可不填）" : "去了几次、问了谁"),
        wrong(faults.note),
        area("note", 2000, draft.note, (text) => {
          draft.note = text;
        })
      ),
    ];
  }

  const wrong = (sentence) => (sentence ? h("p", { class: "danger-text strong" }, sentence) : null);
  const area = (id, most, value, set) =>
    h("textarea", {
      id,
      rows: "3",
      maxlength: String(most),
      value: value || "",
      on: {
        input: (e) => {
          set(e.target.value);
          delete open.faults[id];
          save();
        },
      },
    });

  function proofStep(visit, policy) {
    const of = owner(visit);
    return [
      field.proof.photos(of, policy),
      field.proof.signature(of),
      field.proof.voice(of, policy),
      field.proof.position(of),
    ];
  }

  function progress(steps, at) {
    return h(
      "section",
      { class: "progress", "aria-label": "填写进度" },
      h(
        "div",
        { class: "row" },
        h("b", { class: "grow" }, `${at + 1} ${steps[at].title}`),
        h("span", { class: "muted" }, `共 ${steps.length} 步`)
      ),
      h(
        "ol",
        { "aria-hidden": "true" },
        steps.map((_, i) => h("li", { class: i < at ? "past" : i === at ? "now" : null }))
      )
    );
  }

  const elsewhere = () => ({
    title: "入户走访",
    heading: "入户走访",
    back: "#/tasks",
    tab: "tasks",
    main: field.draw.empty("pencil", "这份草稿在另一个窗口里开着", "请到那个窗口里填，或先关掉它。"),
  });

  function lost() {
    return {
      title: "入户走访",
      heading: "入户走访",
      back: "#/tasks",
      tab: "tasks",
      main: field.draw.empty(
        "clipboard-check",
        "这份草稿已经不在",
        "可能已经完成，或者在另一个窗口里提交了。"
      ),
    };
  }

  app.screens.visit = async (id, where) => {
    const visit = await take(id);
    if (visit === "elsewhere") return elsewhere();
    if (!visit || !pack.now()) return lost();
    const { draft } = visit;
    const household = pack.household(draft.household);
    const steps = rules.steps(draft);
    if (where === "check") return field.check(visit, household, { go, save });
    const at = Math.min(Math.max(Number(where) || 0, 0), steps.length - 1);
    const step = steps[at];
    draft.step = at;
    draft.steps = steps.length;
    if (at > draft.reached) {
      draft.reached = at;
      save();
    }
    const policy = await field.store.get("meta", "policy");
    const content = {
      why: () => why(visit, household),
      form: () => formStep(visit, step.step, household),
      outcome: () => outcome(visit),
      proof: () => proofStep(visit, policy),
    }[step.key]();
    const next = steps[at + 1];
    return {
      title: "入户走访",
      heading: "入户走访",
      back: `#/household/${draft.household}`,
      above: [
        household
          ? field.who(household, rules.item(draft))
          : h("section", { class: "who" }, h("b", null, `${draft.name} 户`)),
        progress(steps, at),
      ],
      main: content,
      after: paintSaved,
      leave: visit.leave,
      foot: h(
        "footer",
        { class: "foot" },
        h("p", { id: "saved", role: "status" }),
        h(
          "div",
          { class: "row" },
          at > 0 ? button("上一步", () => go(at - 1), { id: "previous" }) : null,
          button(
            next ? `下一步：${next.title}` : "下一步：核对",
            () => {
              if (at + 1 > draft.reached) draft.reached = at + 1;
              save();
              go(next ? at + 1 : "check");
            },
            { class: "button button-primary", id: "next" }
          )
        )
      ),
    };

    function go(to, focus) {
      const target = `#/visit/${draft.id}/${to}`;
      if (focus) app.state.focusOn = focus;
      app.go(target);
    }
  };
})();
