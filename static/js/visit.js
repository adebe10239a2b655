// The visit form one step at a time, with a check page at the end. Without it the form is one long page.
"use strict";

(function () {
  const form = document.getElementById("visit");
  const steps = Array.from(form.querySelectorAll("[data-step]"));
  const part = (id) => document.getElementById(id);
  const last = steps.length - 1;
  let now = 0;

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
    row.append(term, words, edit);
    return row;
  }

  function drawCheck() {
    const list = part("answers");
    list.textContent = "";
    steps.forEach((step, position) => {
      step.querySelectorAll("[data-question]").forEach((card) => {
        if (!card.hidden) list.append(line(card, position));
      });
    });
    part("check").hidden = false;
  }

  // ---- steps ----

  function drawBar() {
    const bar = part("step-bar");
    bar.textContent = "";
    steps.forEach((step, position) => {
      const mark = document.createElement("li");
      if (position < now) mark.className = "past";
      if (position === now) mark.className = "now";
      bar.append(mark);
    });
    part("step-name").textContent = `${now + 1} ${steps[now].dataset.step}`;
    part("step-count").textContent = `共 ${steps.length} 步`;
  }

  function go(position) {
    now = Math.min(Math.max(position, 0), last);
    steps.forEach((step, index) => { step.hidden = index !== now; });
    if (now === last) drawCheck();
    drawBar();
    part("back").hidden = now === 0;
    part("forward").hidden = now === last;
    part("send").hidden = now !== last;
    if (now < last) part("forward").textContent = `下一步：${steps[now + 1].dataset.step}`;
    part("foot-note").hidden = now !== last;
    window.scrollTo(0, 0);
  }

  function stepOf(id) {
    const target = document.getElementById(id);
    return target ? steps.findIndex((step) => step.contains(target)) : -1;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest(".error-summary a[href^='#']");
    if (!link) return;
    const id = link.getAttribute("href").slice(1);
    if (stepOf(id) < 0) return;
    event.preventDefault();
    go(stepOf(id));
    const target = document.getElementById(id);
    const field = target.matches("input, textarea, select") ? target : target.querySelector("input, textarea");
    if (field) field.focus();
  });
  part("back").addEventListener("click", () => go(now - 1));
  part("forward").addEventListener("click", () => go(now + 1));
  form.addEventListener("change", showQuestions);
  // Enter in a one-line field means "next", not "send a half-filled visit".
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.tagName === "INPUT" && now < last) {
      event.preventDefault();
      go(now + 1);
    }
  });

  part("progress").hidden = false;
  showQuestions();
  const wrong = document.querySelector(".error-summary a[href^='#']");
  const at = wrong ? stepOf(wrong.getAttribute("href").slice(1)) : 0;
  go(at < 0 ? last : at);
})();
