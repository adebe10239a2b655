// The visit form one step at a time, with a check page at the end. Without it the form is one long page.
"use strict";

(function () {
  const form = document.getElementById("visit");
  const steps = Array.from(form.querySelectorAll("[data-step]"));
  const part = (id) => document.getElementById(id);
  let now = steps[0];

  // ---- questions that another answer reveals ----

  function answerOf(name) {
    const ticked = form.querySelector(`input[name="${name}"]:checked`);
    return ticked ? ticked.value : "";
  }

  function showQuestions() {
    form.querySelectorAll("[data-when]").forEach((card) => {
      const shown = answerOf(card.dataset.when) === card.dataset.equals;
      card.hidden = !shown;
      card.querySelectorAll("input, textarea").forEach((field) => { field.disabled = !shown; });
    });
  }

  // ---- check page ----

  function question(card) {
    const label = card.querySelector("legend, .label");
    return label ? label.firstChild.textContent.trim() : "";
  }

  function answer(card) {
    const ticked = Array.from(card.querySelectorAll("input:checked"))
      .map((input) => input.nextElementSibling.textContent.trim());
    const typed = Array.from(card.querySelectorAll("input[type=text], input[type=number], input[type=date], textarea"))
      .filter((field) => field.value.trim() !== "")
      .map((field) => {
        const unit = field.parentElement.querySelector("span");
        return field.value.trim() + (unit && field.tagName === "INPUT" && field.type !== "date" ? ` ${unit.textContent}` : "");
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
      step.querySelectorAll("[data-question]").forEach((card) => {
        if (!card.hidden) list.append(line(card, step));
      });
    });
    part("check").hidden = false;
  }

  // ---- steps: when nobody was met, the questions about the household fall away ----

  function openSteps() {
    const met = answerOf("mode") !== "not_met";
    return steps.filter((step) => met || !("whenMet" in step.dataset));
  }

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
    const field = target.matches("input, textarea") ? target : target.querySelector("input, textarea");
    if (field) field.focus();
  });
  part("back").addEventListener("click", () => move(-1));
  part("forward").addEventListener("click", () => move(1));
  form.addEventListener("change", () => { showQuestions(); show(); });
  // Enter in a one-line field means "next", not "send a half-filled visit".
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT" || part("forward").hidden) return;
    event.preventDefault();
    move(1);
  });

  part("progress").hidden = false;
  showQuestions();
  const wrong = document.querySelector(".error-summary a[href^='#']");
  go((wrong && stepOf(wrong.getAttribute("href").slice(1))) || (document.querySelector(".error-summary") && steps[steps.length - 1]) || steps[0]);
})();
