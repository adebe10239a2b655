// Check your answers: value and 修改 in every row, what differs from last time, what is missing.
"use strict";

(function () {
  const { app, words, questions, visitRules: rules, pack } = field;
  const { h, card, button, summary, label } = field.draw;

  function row(name, value, { step, anchor, changed, before = "上次", missing, act = "修改", go }) {
    return h(
      "div",
      { class: missing ? "row-missing" : null },
      h("dt", null, name),
      h(
        "dd",
        { class: `grow${missing ? " danger-text strong" : ""}${value || missing ? "" : " muted"}` },
        missing ? "缺" : value || "没有填",
        changed ? [" ", h("span", { class: "tag tag-changed" }, `${before} ${changed}`)] : null
      ),
      h(
        "dd",
        null,
        h(
          "button",
          {
            type: "button",
            class: "edit",
            "aria-label": `${act}：${name}`,
            on: { click: () => go(step, anchor) },
          },
          act
        )
      )
    );
  }

  function rows(visit, household, steps, faults, go) {
    const { draft } = visit;
    const last = household && household.last ? household.last.answers : {};
    const isMissing = (id) => faults.some((f) => f.id === id);
    const found = [
      row(
        "方式",
        `${rules.MODES.find((m) => m[0] === draft.mode)[1]}，${words.monthDay(draft.visited_on ? `${draft.visited_on}T12:00:00+08:00` : draft.started_at)}`,
        { step: 0, anchor: "mode", go }
      ),
    ];
    if (household)
      field.facts
        .changes(household, draft)
        .forEach(([name, value, old]) =>
          found.push(row(name, value, { step: 0, changed: old || "没有登记", before: "登记", go }))
        );
    steps.forEach((step, at) => {
      if (step.key === "form")
        questions.shownIn(step.step, draft.answers).forEach((q) => {
          const value = draft.answers[q.name];
          found.push(
            row(q.label, questions.inWords(q, value), {
              step: at,
              anchor: `q_${q.name}`,
              go,
              missing: isMissing(`q_${q.name}`) && questions.isBlank(value),
              changed: questions.isChanged(q, value, last) ? questions.inWords(q, last[q.name]) : "",
            })
          );
        });
      if (step.key === "outcome") {
        rules.purposes(draft).forEach((p) => {
          const said = draft.reports[p.id] || {};
          const said_words = (pack.now().form.outcomes.find((o) => o[0] === said.outcome) || ["", ""])[1];
          found.push(
            row(p.title, [said_words, said.note].filter(Boolean).join("。"), {
              step: at,
              anchor: `outcome_${p.id}`,
              go,
              missing: !said.outcome || isMissing(`outcome_note_${p.id}`),
            })
          );
        });
        found.push(row("情况说明", draft.note, { step: at, anchor: "note", go, missing: isMissing("note") }));
      }
      if (step.key === "proof") {
        const photos = draft.attachments.filter((a) => a.kind === "photo");
        const has = (kind) => draft.attachments.some((a) => a.kind === kind);
        found.push(
          row(
            "照片",
            photos.length
              ? `${photos.length} 张：${photos.map((p) => field.proof.slotName(p.slot)).join("、")}`
              : "没有拍",
            { step: at, anchor: "photos", act: photos.length ? "修改" : "去拍", go }
          ),
          row("农户签字", has("signature") ? "已签" : "没有签", {
            step: at,
            anchor: "signature",
            act: has("signature") ? "修改" : "去签",
            go,
          })
        );
        if (has("voice")) found.push(row("语音说明", "有一段", { step: at, go }));
        found.push(
          row("位置", draft.position ? `误差 ${draft.position.accuracy_m} 米` : "没有定位", {
            step: at,
            anchor: "position",
            act: draft.position ? "修改" : "去定位",
            go,
          })
        );
      }
    });
    return found;
  }

  field.check = (visit, household, { go, save }) => {
    const { draft } = visit;
    const steps = rules.steps(draft);
    const faults = rules.faults(draft);
    const shown = visit.asked ? faults : faults.filter((f) => f.step !== "check");
    const place = (fault) => {
      visit.faults[fault.id] = fault.sentence;
      if (fault.step === "check") document.getElementById(fault.id).focus();
      else go(fault.step, fault.id);
    };
    const finish = async () => {
      const left = rules.faults(draft);
      if (left.length) {
        visit.asked = true;
        app.draw({ focus: false });
        return;
      }
      const send = document.getElementById("finish");
      send.disabled = true;
      try {
        await field.sealing.finish(draft, "visits/", rules.body(draft));
      } catch (error) {
        send.disabled = false;
        const fault = document.getElementById("finish-fault");
        fault.textContent = field.store.isFull(error)
          ? "手机空间满了，没有封存。草稿还在，先到有信号处上传别的记录再回来。"
          : "没有封存成功，草稿还在，请再点一次。";
        return;
      }
      app.tell("走访已封存在本机，有信号自动上传。");
      app.go("#/waiting");
      if (navigator.serviceWorker)
        navigator.serviceWorker.ready.then((r) => r.sync && r.sync.register("outbox")).catch(() => null);
      app.sync(true);
    };
    visit.faults = {};
    shown.forEach((f) => {
      visit.faults[f.id] = f.sentence;
    });
    return {
      title: draft.corrects ? "核对更正" : "核对后提交",
      heading: "核对",
      back: `#/visit/${draft.id}/${steps.length - 1}`,
      wrong: shown.length > 0,
      leave: visit.leave,
      main: [
        shown.length ? summary(shown, place, visit.asked) : null,
        card(
          { "aria-label": "填写的内容" },
          h(
            "h2",
            null,
            `${household ? household.head : draft.name} 户 `,
            h("span", { class: "muted plain" }, household ? household.address : "")
          ),
          h("dl", { class: "answers" }, rows(visit, household, steps, faults, go))
        ),
        draft.corrects
          ? card(
              null,
              label("correction_reason", "为什么更正"),
              visit.asked && visit.faults.correction_reason
                ? h("p", { class: "danger-text strong" }, visit.faults.correction_reason)
                : null,
              h("textarea", {
                id: "correction_reason",
                rows: "2",
                maxlength: "200",
                value: draft.correction_reason,
                on: {
                  input: (e) => {
                    draft.correction_reason = e.target.value;
                    save();
                  },
                },
              })
            )
          : null,
        card(
          { class: `card${visit.asked && !draft.confirmed ? " card-wrong" : ""}` },
          h(
            "label",
            { class: "tick", for: "confirmed" },
            h("input", {
              type: "checkbox",
              id: "confirmed",
              checked: draft.confirmed,
              on: {
                change: (e) => {
                  draft.confirmed = e.target.checked;
                  save();
                },
              },
            }),
            h("span", null, "以上内容是本人核实的，已告知农户信息用途。")
          )
        ),
        h("p", { class: "danger-text strong note", role: "alert", id: "finish-fault" }),
      ],
      foot: h(
        "footer",
        { class: "foot" },
        h("p", null, "提交后先存在本机并加密，有信号自动上传"),
        h(
          "div",
          { class: "row" },
          button("存草稿", async () => {
            await save();
            app.tell("草稿已存在本机。");
            app.go("#/tasks");
          }),
          button(draft.corrects ? "提交更正" : "完成走访", finish, {
            class: "button button-primary",
            id: "finish",
          })
        )
      ),
    };
  };
})();
