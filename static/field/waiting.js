// What is sealed and on its way: one row an item, with its state, receipt, or what to do.
"use strict";

(function () {
  const { app, words, vault, store } = field;
  const { h, icon, card, button, link, message, empty } = field.draw;
  const PROBLEMS = {
    server: "服务器暂时没有收下",
    unreachable: "信号断了",
    forbidden: "服务器没有收下",
    no_visit: "文字要先到",
    cannot_open: "服务器打不开这条记录，请去修改后再提交一次",
    id_used: "编号已被别的记录使用，请去修改后再提交一次",
    http_413: "内容太大，请去修改，写短一些再提交",
  };

  // The opened view of every item: {item, draft, answer, photos}
  async function opened() {
    const photos = await store.all("photos");
    return Promise.all(
      (await store.all("outbox"))
        .sort((a, b) => a.at - b.at)
        .map(async (item) => ({
          item,
          draft: item.copy ? await vault.show(item.copy) : null,
          answer: await vault.answer(item.answer),
          photos: photos.filter((p) => p.visit === item.id),
        }))
    );
  }

  const titleOf = ({ item, draft }) =>
    draft
      ? `${draft.kind === "report" ? `上报：${draft.found.name}` : `${draft.name} 户`}${draft.corrects ? "（更正）" : ""}`
      : item.path === "reports/"
        ? "已封存的上报"
        : "已封存的走访";

  function retry(item) {
    if (!item.tries || item.next <= Date.now()) return "排队中";
    return `${PROBLEMS[item.problem] || "没有传成"}，${words.time(item.next)} 前后自动重试`;
  }

  function rowOf(view, owner) {
    const { item, photos } = view;
    const sent = item.photos - photos.length;
    let sign = "clock";
    let tone = "";
    let said = retry(item);
    let more = null;
    if (item.account !== owner) said = "是另一位工作人员的记录，要本人在这台手机登录后上传";
    else if (item.state === "reseal")
      said = item.own ? "服务器换了钥匙，开锁联网后重新封存" : "服务器换了钥匙，这条打不开，请联系乡镇";
    else if (item.state === "refused") [sign, tone, said, more] = refused(view);
    else if (item.receipt && item.photos) {
      [sign, tone] = ["cloud-upload", "sign-going"];
      said = `文字已到，照片 ${sent}/${item.photos}${item.tries && item.next > Date.now() ? `，${words.time(item.next)} 前后再传` : ""}`;
      more = h("progress", { value: sent, max: String(item.photos), "aria-label": "照片上传进度" });
    } else if (app.state.sending === item.id) [sign, tone, said] = ["cloud-upload", "sign-going", "正在上传"];
    return h(
      "li",
      { class: "parcel", "data-id": item.id, "data-state": item.state },
      h("span", { class: `sign ${tone}` }, icon(sign)),
      h(
        "div",
        { class: "grow" },
        h("b", null, titleOf(view)),
        h("div", { class: `small${item.state === "refused" ? " danger-text" : " muted"}` }, said),
        more
      )
    );
  }

  function refused(view) {
    const { item, answer } = view;
    if (item.problem === "photos") {
      return [
        "triangle-alert",
        "sign-bad",
        `文字已收到，有照片没有收下：${photoReason(view) || "不合要求"}`,
        button("删去没收下的照片", async () => {
          for (const photo of view.photos.filter((p) => p.state === "refused"))
            await store.remove("photos", photo.id);
          await field.outbox.set(item.id, { state: "waiting", next: 0 });
          app.sync(true);
        }),
      ];
    }
    const reasons =
      answer && answer.errors
        ? Object.values(answer.errors).join("")
        : (answer && answer.detail) || PROBLEMS[item.problem] || "内容要更正";
    return [
      "triangle-alert",
      "sign-bad",
      `被退回：${reasons}`,
      view.draft
        ? h(
            "p",
            null,
            link(
              "#/waiting",
              {
                class: "act",
                on: {
                  click: (event) => {
                    event.preventDefault();
                    amend(view);
                  },
                },
              },
              "去修改"
            )
          )
        : h(
            "p",
            { class: "small" },
            "原文已从本机清除，镇里留有原件。",
            button("知道了", () => forget(view))
          ),
    ];
  }

  async function forget({ item, photos }) {
    await store.write(["outbox", "photos"], (transaction) => {
      transaction.objectStore("outbox").delete(item.id);
      photos.forEach((photo) => transaction.objectStore("photos").delete(photo.id));
    });
    app.draw({ focus: false });
  }

  const photoReason = (view) => view.reason || "";

  // The same answers again, under a new id that names the one it replaces.
  async function amend({ item, draft, answer }) {
    const kept = (await field.drafts.all()).find((d) => d.replaces === item.id);
    const told = (answer && answer.errors) || {};
    const fresh = kept || field.drafts.again(draft, { replaces: item.id, told });
    if (!kept) await field.drafts.save(fresh);
    app.go(fresh.kind === "report" ? `#/report/${fresh.id}` : `#/visit/${fresh.id}/check`);
  }

  async function correct({ item, draft }) {
    const kept = (await field.drafts.all()).find((d) => d.corrects === item.id);
    const fresh = kept || field.drafts.again(draft, { corrects: item.id, item: null });
    if (!kept) await field.drafts.save(fresh);
    app.go(`#/visit/${fresh.id}/0`);
  }

  function doneRow(view) {
    const { item, answer, draft } = view;
    const kept = item.result && item.result !== "filed";
    return h(
      "li",
      { class: "parcel", "data-id": item.id, "data-state": "done" },
      h("span", { class: "sign sign-done" }, icon("check")),
      h(
        "div",
        { class: "grow" },
        h("b", null, titleOf(view)),
        h(
          "div",
          { class: "small muted" },
          `${words.time(item.done_at || item.sent_at)} 服务器已收到，回执 ${item.receipt}`
        ),
        kept && answer && answer.sentence ? h("div", { class: "small" }, answer.sentence) : null,
        draft && item.path === "visits/" && !draft.corrects && item.result === "filed"
          ? link(
              "#/waiting",
              {
                class: "act small",
                on: {
                  click: (event) => {
                    event.preventDefault();
                    correct(view);
                  },
                },
              },
              "有写错的，去更正"
            )
          : null
      )
    );
  }

  // ---- clashes ----

  function clashCard(view, clash) {
    const id = clash.id;
    const name = view.draft ? `${view.draft.name} 户` : clash.subject;
    const subject = clash.person && view.draft ? `${name}，${clash.subject}` : name;
    const fault = h("p", { class: "danger-text strong", role: "alert" });
    const note = h("textarea", { id: `note-${id}`, rows: "2", maxlength: "200" });
    let choice = "mine";
    const send = h(
      "button",
      { type: "button", class: "button button-primary", on: { click: () => decide(choice) } },
      "用我填的"
    );
    const pick = (code, name, value, told) =>
      h(
        "span",
        { class: "pick side" },
        h("input", {
          type: "radio",
          name: `choice-${id}`,
          id: `${code}-${id}`,
          checked: code === choice,
          on: {
            change: () => {
              choice = code;
              send.textContent = code === "mine" ? "用我填的" : "用镇里的";
            },
          },
        }),
        h(
          "label",
          { for: `${code}-${id}` },
          h("span", null, name),
          h("b", null, value),
          h("small", null, told)
        )
      );
    async function decide(code) {
      fault.textContent = "";
      if (code !== "township" && note.value.trim().length < 2) {
        fault.textContent = "请写一句为什么（至少 2 个字）。";
        note.focus();
        return;
      }
      try {
        const { status, body } = await field.network.post(`clashes/${id}/`, {
          choice: code,
          note: note.value.trim(),
        });
        if (status !== 200) {
          fault.textContent = body.detail || "没有办成，请再试一次。";
          return;
        }
        if (body.state === "clash") {
          await settle(view, clash, body.clash);
          app.tell(body.sentence);
        } else {
          await settle(view, clash, null);
          app.tell(body.sentence);
        }
        app.draw({ focus: false });
      } catch (error) {
        if (!(error instanceof field.network.Unreachable)) throw error;
        fault.textContent = "现在没有信号。有信号时再选，两边填的都留着。";
      }
    }
    return h(
      "section",
      { class: "card clash", "data-clash": id, "aria-label": `${subject}：${clash.field_label}` },
      h("h2", null, icon("git-compare-arrows"), ` ${subject}：${clash.field_label}要您定`),
      h("p", { class: "small muted" }, "走访已收到。您填写期间镇里也改了这一项。"),
      h(
        "fieldset",
        null,
        h("legend", { class: "unseen" }, "用哪一个"),
        h(
          "div",
          { class: "pair" },
          pick(
            "office",
            `镇里 ${clash.office_at ? words.shortDay(clash.office_at) : ""}`,
            clash.office,
            `${clash.office_by || "登记"}${clash.office_at ? `，${words.time(clash.office_at)}` : ""}`
          ),
          pick(
            "mine",
            `我填 ${words.shortDay(view.item.at)}`,
            clash.mine,
            `当面核实，${words.time(view.item.at)}`
          )
        )
      ),
      h("label", { class: "label", for: `note-${id}` }, "为什么"),
      note,
      fault,
      h(
        "div",
        { class: "row gap" },
        button("交给镇里定", () => decide("township")),
        send
      )
    );
  }

  // The remaining clashes are kept in the answer, sealed as before.
  async function settle({ item, answer }, clash, fresh) {
    const left = answer.clashes.map((one) => (one.id === clash.id ? fresh : one)).filter(Boolean);
    const inbox = await store.get("meta", "inbox");
    const raw = field.seal.random(32);
    const sealed = {
      key: await field.seal.wrapFor(inbox.spki, raw),
      body: await field.seal.closeJson(
        await field.seal.contentKey(raw),
        Object.assign({}, answer, { clashes: left })
      ),
    };
    await field.outbox.set(item.id, { answer: sealed, clashes: left.length });
  }

  async function reasons(views) {
    for (const view of views.filter((v) => v.item.problem === "photos")) {
      const bad = view.photos.find((p) => p.answer);
      const answer = bad ? await vault.answer(bad.answer) : null;
      view.reason = answer ? answer.detail || answer.sentence : "";
    }
  }

  app.screens.waiting = async () => {
    const views = await opened();
    await reasons(views);
    const owner = ((await store.get("meta", "owner")) || {}).id;
    const going = views.filter((v) => v.item.state !== "done");
    const done = views.filter((v) => v.item.state === "done").reverse();
    const photos = going.flatMap((v) => v.photos);
    const weight = photos.reduce((sum, p) => sum + p.bytes.byteLength, 0);
    const clashes = views
      .filter((v) => v.item.clashes && v.answer)
      .flatMap((v) => v.answer.clashes.map((c) => clashCard(v, c)));
    const said = app.takeNews();
    return {
      title: "待上传",
      heading: "待上传",
      tab: "waiting",
      main: [
        said ? message("success", said) : null,
        clashes,
        going.length
          ? card(
              { "aria-label": "待上传" },
              h(
                "div",
                { class: "row" },
                h("h2", { class: "grow" }, `${going.length} 条待上传`),
                photos.length
                  ? h("span", { class: "muted small" }, `${photos.length} 张照片，${words.bytes(weight)}`)
                  : null
              ),
              h(
                "ul",
                { class: "parcels" },
                going.map((v) => rowOf(v, owner))
              ),
              button([icon("cloud-upload"), "立即上传"], () => app.sync(true), {
                class: "button button-wide",
                id: "send-now",
              })
            )
          : null,
        done.length
          ? card(
              { "aria-label": "已上传" },
              h("h2", null, `今天已上传 ${done.length} 条`),
              h("ul", { class: "parcels" }, done.map(doneRow))
            )
          : null,
        !going.length && !done.length && !clashes.length
          ? empty("cloud-check", "没有待上传的", "走访完成后先封存在本机，有信号自动上传。")
          : null,
      ],
    };
  };
})();
