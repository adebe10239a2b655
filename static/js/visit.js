// The visit form one step at a time, with a check page at the end. Without it the form is one long page.
"use strict";

(function () {
  const form = document.getElementById("visit");
  const steps = Array.from(form.querySelectorAll("[data-step]"));
  const cards = Array.from(form.querySelectorAll("[data-question]"));
  const part = (id) => document.getElementById(id);
  let now = steps[0];

  // Fields of a card that belong to no card inside it.
  const own = (card, selector) => Array.from(card.querySelectorAll(selector))
    .filter((field) => field.closest("[data-question]") === card);

  // ---- questions that another answer reveals ----

  function answerOf(name) {
    const ticked = form.querySelector(`input[name="${name}"]:checked`);
    return ticked && !ticked.disabled ? ticked.value : "";
  }

  const met = () => answerOf("mode") !== "not_met";

  function showQuestions() {
    form.querySelectorAll("[data-when]").forEach((card) => {
      const shown = answerOf(card.dataset.when) === card.dataset.equals;
      card.hidden = !shown;
      own(card, "input, textarea").forEach((field) => { field.disabled = !shown; });
    });
    form.querySelectorAll("div[data-when-met]").forEach((box) => { box.hidden = !met(); });
  }

  // ---- short lists ----

  const chosen = (select) => (select.value ? select.selectedOptions[0].textContent : "");
  const figure = (text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text).toLocaleString("zh-CN", { minimumFractionDigits: Number(text) % 1 ? 2 : 0 }) : text);

  function lineWords(line) {
    const [item, month] = line.querySelectorAll("select");
    const yuan = line.querySelector("input").value.trim();
    if (!item.value && !yuan) return "";
    return `${chosen(item) || "没有选是哪一项"} ${chosen(month) || "12 个月合计"} ${yuan ? `${figure(yuan)} 元` : "没有填金额"}`;
  }

  function drawLine(line) {
    line.querySelector("[data-summary]").textContent = lineWords(line) || "新的一行";
  }

  function addLine(list) {
    const lines = Array.from(list.querySelectorAll(".money"));
    let line = lines.find((one) => one.hidden);
    if (!line) {
      line = lines[0].cloneNode(true);
      line.querySelectorAll("select, input").forEach((field) => { field.value = ""; });
      lines[lines.length - 1].after(line);
    }
    line.hidden = false;
    line.open = true;
    drawLine(line);
    line.querySelector("select").focus();
    tools(list);
  }

  function tools(list) {
    const shown = Array.from(list.querySelectorAll(".money")).filter((line) => !line.hidden);
    list.querySelector("[data-line-tools]").hidden = shown.length >= Number(list.dataset.most);
  }

  function drawLists() {
    form.querySelectorAll("[data-lines]").forEach((list) => {
      list.querySelectorAll("[data-blank]").forEach((line) => { line.hidden = true; });
      list.querySelector("[data-add-line]").addEventListener("click", () => addLine(list));
      tools(list);
    });
  }

  // ---- what changed against what was filled in at the beginning ----

  const begun = new Map();

  function said(card) {
    const ticked = own(card, "input:checked").map((input) => input.id);
    const typed = own(card, "input[type=text], input[type=number], textarea, select").map((field) => field.value);
    return ticked.concat(typed).filter(Boolean).join("|");
  }

  function showChanged() {
    cards.forEach((card) => {
      const mark = own(card, "[data-changed]")[0];
      if (mark) mark.hidden = !begun.get(card) || said(card) === begun.get(card);
    });
  }

  // ---- check page ----

  function question(card) {
    const label = card.querySelector("legend, .label");
    return label ? label.firstChild.textContent.trim() : "";
  }

  function answer(card) {
    if (card.querySelector("[data-lines]")) {
      return own(card, ".money").map(lineWords).filter(Boolean).join("；");
    }
    const ticked = own(card, "input:checked").map((input) => input.nextElementSibling.textContent.trim());
    const typed = own(card, "input[type=text], input[type=number], input[type=date], textarea")
      .filter((field) => field.value.trim() !== "")
      .map((field) => {
        const unit = field.tagName === "INPUT" && field.type !== "date" && field.parentElement.querySelector("span");
        return field.value.trim() + (unit ? ` ${unit.textContent}` : "");
      });
    return ticked.concat(typed).join("，");
  }

  function line(card, step) {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    const words = document.createElement("dd");
    const edit = document.createElement("button");
    const given = answer(card);
    term.textContent = question(card);
    words.textContent = given || "没有填";
    const missing = !given && !("optional" in card.dataset);
    words.className = missing ? "grow danger-text strong" : "grow";
    edit.type = "button";
    edit.className = "edit";
    edit.textContent = "修改";
    edit.setAttribute("aria-label", `修改：${question(card)}`);
    edit.addEventListener("click", () => { go(step); card.scrollIntoView({ block: "center" }); });
    const place = document.createElement("dd");
    place.append(edit);
    row.append(term, words, place);
    return row;
  }

  function drawCheck() {
    const list = part("answers");
    list.textContent = "";
    openSteps().forEach((step) => {
      if (step === steps[steps.length - 1]) return;
      step.querySelectorAll("[data-question]").forEach((card) => {
        if (!card.closest("[data-question][hidden], div[data-when-met][hidden]")) list.append(line(card, step));
      });
    });
    part("check").hidden = false;
  }

  // ---- steps: when nobody was met, the questions about the household fall away ----

  const openSteps = () => steps.filter((step) => met() || !("whenMet" in step.dataset));

  function drawBar(list) {
    const bar = part("step-bar");
    const at = list.indexOf(now);
    bar.textContent = "";
    list.forEach((step, position) => {
      const mark = document.createElement("li");
      if (position < at) mark.className = "past";
      if (position === at) mark.className = "now";
      bar.append(mark);
    });
    part("step-name").textContent = `${at + 1} ${now.dataset.step}`;
    part("step-count").textContent = `共 ${list.length} 步`;
  }

  function show() {
    const list = openSteps();
    const at = list.indexOf(now);
    const next = list[at + 1];
    steps.forEach((step) => { step.hidden = step !== now; });
    if (!next) drawCheck();
    drawBar(list);
    part("back").hidden = at === 0;
    part("forward").hidden = !next;
    part("send").hidden = Boolean(next);
    part("foot-note").hidden = Boolean(next);
    if (next) part("forward").textContent = `下一步：${next.dataset.step}`;
  }

  function go(step) {
    now = step;
    show();
    window.scrollTo(0, 0);
  }

  function move(by) {
    const list = openSteps();
    go(list[Math.min(Math.max(list.indexOf(now) + by, 0), list.length - 1)]);
  }

  function stepOf(id) {
    const target = document.getElementById(id);
    return target && steps.find((step) => step.contains(target));
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest(".error-summary a[href^='#']");
    const id = link && link.getAttribute("href").slice(1);
    if (!id || !stepOf(id)) return;
    event.preventDefault();
    go(stepOf(id));
    const target = document.getElementById(id);
    const field = target.matches("input, textarea") ? target : target.querySelector("input, textarea, select");
    if (field) field.focus();
  });
  part("back").addEventListener("click", () => move(-1));
  part("forward").addEventListener("click", () => move(1));
  form.addEventListener("change", () => { showQuestions(); show(); });
  form.addEventListener("input", (event) => {
    const money = event.target.closest(".money");
    if (money) drawLine(money);
    showChanged();
  });
  // Enter in a one-line field means "next", not "send a half-filled visit".
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT" || part("forward").hidden) return;
    event.preventDefault();
    move(1);
  });

  part("progress").hidden = false;
  cards.forEach((card) => begun.set(card, said(card)));
  drawLists();
  showQuestions();
  const wrong = document.querySelector(".error-summary a[href^='#']");
  go((wrong && stepOf(wrong.getAttribute("href").slice(1))) || (document.querySelector(".error-summary") && steps[steps.length - 1]) || steps[0]);
})();
