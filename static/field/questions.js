// The form as data: which questions show, what is wrong, what changed. No page in here.
// A question is {name, label, kind, options, bad_value, shown_when, required, help, unit, max}.
"use strict";

field.questions = (function () {
  const FULL_WIDTH = "０１２３４５６７８９．，";
  const HALF_WIDTH = "0123456789.,";
  const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;

  const isBlank = (value) =>
    value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);

  function isShown(question, answers) {
    if (!question.shown_when) return true;
    const given = answers[question.shown_when[0]];
    return Array.isArray(given) ? given.includes(question.shown_when[1]) : given === question.shown_when[1];
  }

  function plain(text) {
    return String(text === undefined || text === null ? "" : text)
      .replace(/[０-９．，]/g, (c) => HALF_WIDTH[FULL_WIDTH.indexOf(c)])
      .replace(/,/g, "")
      .replace(/元$/, "")
      .trim();
  }

  const isAmount = (text) => /^\d{1,7}(\.\d{1,2})?$/.test(plain(text));
  const amount = (text) => Number(plain(text)).toFixed(2);

  // ---- the steps of one visit ----

  // Every step of a visit: the form's own, then one for each kind of purpose that asks more.
  function stepsOf(form, kinds, met) {
    if (!met) return [];
    const extra = Array.from(new Set(kinds))
      .filter((kind) => form.sections && form.sections[kind])
      .map((kind) => form.sections[kind]);
    return form.steps.concat(extra).filter((step) => step.questions.length);
  }

  const shownIn = (step, answers) => step.questions.filter((question) => isShown(question, answers));

  // Answers of questions that are still shown, in the shape the server reads.
  function clean(steps, answers) {
    const found = {};
    steps.forEach((step) =>
      step.questions.forEach((question) => {
        const value = answers[question.name];
        if (isBlank(value) || !isShown(question, found)) return; // by answers taken just before
        if (question.kind === "stepper") found[question.name] = Number(plain(value));
        else if (question.kind === "amount")
          found[question.name] = isAmount(value) ? amount(value) : plain(value);
        else if (question.kind === "text") found[question.name] = String(value).trim();
        else if (question.kind === "lines") found[question.name] = cleanLines(value);
        else found[question.name] = value;
      })
    );
    return found;
  }

  const cleanLines = (lines) =>
    lines
      .filter((line) => line.item || plain(line.yuan))
      .map((line) => ({
        item: line.item || "",
        month: line.month || "",
        yuan: isAmount(line.yuan) ? amount(line.yuan) : plain(line.yuan),
      }));

  // One sentence, or nothing.
  function fault(question, value) {
    if (question.kind === "lines") return faultOfLines(question, value || []);
    if (isBlank(value) || (typeof value === "string" && !value.trim())) {
      if (!question.required) return "";
      const ask = { chips: "请至少选一项", text: "请填写", amount: "请填写", stepper: "请填" }[question.kind];
      return `${ask || "请回答"}：${question.label}`;
    }
    if (question.kind === "stepper") {
      const most = question.max || 20;
      const text = plain(value);
      return /^\d+$/.test(text) && Number(text) <= most ? "" : `请填 0 到 ${most} 的整数：${question.label}`;
    }
    if (question.kind === "amount" && !isAmount(value)) return `请填金额数字，例如 38000：${question.label}`;
    if (question.kind === "text" && question.max && String(value).trim().length > question.max) {
      return `最多 ${question.max} 个字，请写短一些：${question.label}`;
    }
    return "";
  }

  function faultOfLines(question, lines) {
    const typed = cleanLines(lines);
    if (!typed.length) return question.required ? `请至少写一行：${question.label}` : "";
    if (typed.some((line) => !line.item)) return `有一行没有选项目：${question.label}`;
    if (typed.some((line) => !isAmount(line.yuan)))
      return `有一行的金额不是数字，例如 1200：${question.label}`;
    if (typed.some((line) => line.month && !MONTH.test(line.month)))
      return `月份写成年-月，例如 2026-11：${question.label}`;
    return "";
  }

  function faultsIn(step, answers) {
    return shownIn(step, answers)
      .map((question) => ({ name: question.name, sentence: fault(question, answers[question.name]) }))
      .filter((found) => found.sentence);
  }

  const isAnswered = (step, answers) =>
    !faultsIn(step, answers).length &&
    shownIn(step, answers).some((question) => !isBlank(answers[question.name]));

  // ---- the last visit ----

  // "这一步没有变化": the last answers of this step, where there are any and they still fit the form.
  // Questions marked `anew` must be decided at every visit, and so must what they lead to.
  const isAnew = (question, all) =>
    question.anew ||
    (Boolean(question.shown_when) &&
      all.some((other) => other.name === question.shown_when[0] && isAnew(other, all)));
  const kept = (step) => step.questions.filter((question) => !isAnew(question, step.questions));
  const askedAnew = (step) => step.questions.filter((question) => question.anew && !question.shown_when);

  function sameAsLast(step, last, answers) {
    const taken = Object.assign({}, answers);
    kept(step).forEach((question) => {
      const before = last[question.name];
      if (!isBlank(before) && fits(question, before)) taken[question.name] = before;
    });
    return taken;
  }

  function fits(question, value) {
    const known = (question.options || []).map((option) => option[0]);
    if (question.kind === "yes_no" || question.kind === "choice") return known.includes(value);
    if (question.kind === "chips") return Array.isArray(value) && value.every((one) => known.includes(one));
    if (question.kind === "lines") return Array.isArray(value);
    return true;
  }

  const hasLast = (step, last) => kept(step).some((question) => !isBlank(last[question.name]));

  function isChanged(question, value, last) {
    const before = last ? last[question.name] : undefined;
    if (isBlank(before) || isBlank(value)) return false;
    return inWords(question, before) !== inWords(question, value);
  }

  // ---- in words ----

  function labelOf(question, value) {
    const found = (question.options || []).find((option) => option[0] === value);
    return found ? found[1] : String(value);
  }

  function inWords(question, value) {
    if (isBlank(value)) return "";
    if (question.kind === "lines") {
      return cleanLines(value)
        .map((line) =>
          [labelOf(question, line.item), line.month || "12 个月合计", `${field.words.yuan(line.yuan)} 元`]
            .filter(Boolean)
            .join(" ")
        )
        .join("；");
    }
    if (Array.isArray(value)) return value.map((one) => labelOf(question, one)).join("、");
    if (question.kind === "amount")
      return `${field.words.yuan(isAmount(value) ? amount(value) : value)} ${question.unit || "元"}`;
    return `${labelOf(question, value)} ${question.unit || ""}`.trim();
  }

  return {
    isBlank,
    isShown,
    plain,
    isAmount,
    amount,
    stepsOf,
    shownIn,
    clean,
    fault,
    faultsIn,
    isAnswered,
    askedAnew,
    sameAsLast,
    hasLast,
    isChanged,
    inWords,
    labelOf,
  };
})();
