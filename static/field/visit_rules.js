// What makes a visit complete and what is sent. No page in here.
"use strict";

field.visitRules = (function () {
  const { questions, words, pack } = field;
  const MODES = [
    ["in_person", "入户"],
    ["phone", "电话"],
    ["not_met", "未见到人"],
  ];
  const SHORT = 4; // characters a reason needs at least

  const met = (draft) => draft.mode !== "not_met";
  const item = (draft) => (draft.item ? pack.item(draft.item) : null);
  const purposes = (draft) => (item(draft) ? item(draft).purposes : draft.purposes || []);

  // The steps of this visit, before the check page.
  function steps(draft) {
    const form = pack.now().form;
    const asked = questions.stepsOf(
      form,
      purposes(draft).map((p) => p.kind),
      met(draft)
    );
    return [{ key: "why", title: "为什么来" }]
      .concat(asked.map((step) => ({ key: "form", title: step.title, step })))
      .concat([
        { key: "outcome", title: "核实结果" },
        { key: "proof", title: "照片和签字" },
      ]);
  }

  const asked = (draft) =>
    steps(draft)
      .filter((s) => s.key === "form")
      .map((s) => s.step);

  // [{step, id, sentence}]: where it is, the field's id, what to do.
  function faults(draft) {
    const found = [];
    steps(draft).forEach((step, at) => {
      const add = (id, sentence) => found.push({ step: at, id, sentence });
      if (step.key === "why") {
        const day = draft.visited_on;
        if (day && (words.daysUntil(day) > 0 || words.daysUntil(day) < -31))
          add("visited_on", "走访日期应在最近 31 天内，不能晚于今天。");
        faultsOfEdits(draft).forEach(([id, sentence]) => add(id, sentence));
      } else if (step.key === "form") {
        questions.faultsIn(step.step, draft.answers).forEach((f) => add(`q_${f.name}`, f.sentence));
      } else if (step.key === "outcome") {
        faultsOfOutcome(draft).forEach(([id, sentence]) => add(id, sentence));
      }
    });
    if (draft.corrects && draft.correction_reason.trim().length < SHORT)
      found.push({
        step: "check",
        id: "correction_reason",
        sentence: `请写明更正的原因（至少 ${SHORT} 个字）。`,
      });
    if (!draft.confirmed)
      found.push({ step: "check", id: "confirmed", sentence: "请确认以上内容是本人核实。" });
    return found;
  }

  function faultsOfEdits(draft) {
    return Object.keys(draft.edits)
      .map((name) => {
        const { field: what, value } = draft.edits[name];
        if (what === "phone" && !/^\+?[\d\s-]{7,20}$/.test(value.trim()))
          return [`edit_${name}`, "电话写数字，例如 13800001111。"];
        if (what === "address" && value.trim().length < 2) return [`edit_${name}`, "住址至少写 2 个字。"];
        return null;
      })
      .filter(Boolean);
  }

  function faultsOfOutcome(draft) {
    const found = [];
    const { without_meeting: away, note_needed_unless: plain } = pack.now().form;
    purposes(draft).forEach((purpose) => {
      const said = draft.reports[purpose.id] || {};
      if (!said.outcome) found.push([`outcome_${purpose.id}`, `请选择“${purpose.title}”的核实结果。`]);
      else if (!met(draft) && !away.includes(said.outcome))
        found.push([`outcome_${purpose.id}`, "没有见到人，只能选“联系不上”或“死亡或迁出”。"]);
      else if (!plain.includes(said.outcome) && (said.note || "").trim().length < SHORT)
        found.push([`outcome_note_${purpose.id}`, `请写明依据（至少 ${SHORT} 个字）。`]);
    });
    if (!met(draft) && draft.note.trim().length < SHORT)
      found.push(["note", `没有见到人，请写明去了几次、问了谁（至少 ${SHORT} 个字）。`]);
    return found;
  }

  // The moment the visit began when it was today, else noon of the day named.
  function visitedAt(draft) {
    const day = draft.visited_on || words.day(draft.started_at);
    return day === words.day(draft.started_at) ? words.stamp(draft.started_at) : `${day}T12:00:00+08:00`;
  }

  function body(draft) {
    return {
      id: draft.id,
      household: draft.household,
      item: draft.item,
      form_version: pack.now().form.version,
      visited_at: visitedAt(draft),
      sealed_at: words.stamp(),
      mode: draft.mode,
      answers: questions.clean(asked(draft), draft.answers),
      reports: purposes(draft).map((p) => ({
        purpose: p.id,
        outcome: draft.reports[p.id].outcome,
        note: (draft.reports[p.id].note || "").trim(),
      })),
      note: draft.note.trim(),
      edits: Object.keys(draft.edits).map((name) =>
        Object.assign({}, draft.edits[name], { value: draft.edits[name].value.trim() })
      ),
      position: draft.position,
      attachments: draft.attachments,
      replaces: draft.replaces,
      corrects: draft.corrects,
      correction_reason: draft.correction_reason.trim(),
    };
  }

  return { MODES, met, item, purposes, steps, asked, faults, body };
})();
