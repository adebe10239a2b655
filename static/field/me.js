// Who works on this phone, what it holds, large type, lock and sign out.
"use strict";

(function () {
  const { app, words, store } = field;
  const { h, icon, card, button } = field.draw;

  const fact = (name, value) => h("div", { class: "known" }, h("dt", null, name), h("dd", null, value));

  async function storage() {
    if (!navigator.storage || !navigator.storage.estimate) return "不知道";
    const { usage, quota } = await navigator.storage.estimate();
    return `${words.bytes(usage)}，还可用 ${words.bytes(quota - usage)}`;
  }

  async function warning() {
    const waiting = (await app.ownWaiting()).length;
    const drafts = (await field.drafts.all()).length;
    return [
      drafts ? `有 ${drafts} 份没填完的草稿，退出后会清除，找不回来。` : "",
      waiting ? `有 ${waiting} 条没有上传。退出后仍封存在本机，有信号时自动上传，但不能再修改。` : "",
    ].filter(Boolean);
  }

  async function signOut() {
    await store.put("meta", { k: "leaving", since: Date.now() });
    await field.wipe.readable("signout");
    app.sync(true);
  }

  app.screens.me = async () => {
    const account = app.state.account || {};
    const contact = await store.get("meta", "contact");
    const prefs = (await store.get("meta", "prefs")) || {};
    const warned = h("div", { class: "message message-warning", role: "alert", hidden: true });
    const ask = async () => {
      const lines = await warning();
      warned.textContent = "";
      warned.append(
        ...lines.map((line) => h("p", null, line)),
        h("p", null, "退出会清除本机的资料，下次要重新登录。"),
        h(
          "div",
          { class: "row gap" },
          button("不退出", () => {
            warned.hidden = true;
          }),
          button("清除并退出", signOut, { class: "button button-primary", id: "sign-out-now" })
        )
      );
      warned.hidden = false;
      warned.querySelector("button").focus();
    };
    const big = async () => {
      await store.put("meta", Object.assign({ k: "prefs" }, prefs, { big: !prefs.big }));
      document.documentElement.classList.toggle("big", !prefs.big);
      app.draw({ focus: false });
    };
    return {
      title: "我的",
      heading: "我的",
      tab: "me",
      main: [
        card(
          { "aria-label": "我" },
          h("h2", null, account.name || ""),
          h(
            "dl",
            null,
            fact("职务", account.role_name || ""),
            fact("负责", account.place || ""),
            fact("手机", account.phone || ""),
            fact("最近联网", contact ? words.when(contact.at) : "还没有"),
            fact("本机已用", await storage()),
            fact("任务数据", field.pack.now() ? words.when(field.pack.now().made_at) : "还没有取到")
          )
        ),
        h(
          "div",
          { class: "wide-row" },
          button([icon("refresh-cw"), "现在联网更新"], () => app.sync(true), { class: "button button-wide" }),
          button([icon("a-large-small"), prefs.big ? "标准字" : "大字版"], big, {
            class: "button button-wide",
            id: "big",
          }),
          button([icon("lock"), "马上锁住"], () => app.lock(), {
            class: "button button-wide",
            id: "lock-now",
          }),
          button([icon("log-out"), "退出登录"], ask, { class: "button button-wide", id: "sign-out" })
        ),
        warned,
        h(
          "p",
          { class: "small muted note" },
          "本机的资料都加密，只有开锁码能打开。手机丢了，请马上告诉乡镇，可以远程清除。"
        ),
      ],
    };
  };
})();
