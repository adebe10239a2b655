// Signing in once, choosing the unlock code, unlocking.
"use strict";

(function () {
  const { app, store, vault } = field;
  const { h, button, label, message } = field.draw;
  const WIPED = {
    pins: "开锁码输错次数太多，本机的资料已清除。",
    days: "太久没有联网，本机的资料已自动清除。",
    remote: "乡镇下令清除，本机的资料已清除。",
    signout: "已退出，本机的资料已清除。",
    account: "换了人登录，上一位的资料已清除。",
  };

  async function whatHappened() {
    const wiped = await store.get("meta", "wiped");
    const sealed = (await store.all("outbox")).filter(
      (i) => i.state === "waiting" || i.state === "reseal"
    ).length;
    const kept = sealed
      ? `还有 ${sealed} 条已封存的记录，${((await store.get("meta", "session")) || {}).out ? "重新登录后" : "有信号时"}自动上传，不会丢。`
      : "";
    if (!wiped && !kept) return null;
    return message(
      wiped && wiped.why !== "signout" ? "warning" : "",
      h("p", null, wiped ? WIPED[wiped.why] : "", kept)
    );
  }

  function input(id, type, more) {
    return h(
      "input",
      Object.assign({ id, type, autocomplete: "off", autocapitalize: "off", spellcheck: "false" }, more)
    );
  }

  const phoneName = () =>
    (/Android[^;]*; ([^;)]+)/.exec(navigator.userAgent) || [null, "我的手机"])[1]
      .replace(/ Build.*/, "")
      .slice(0, 30);

  async function installId() {
    const kept = await store.get("meta", "install");
    if (kept) return kept.id;
    const id = field.seal.uuid();
    await store.put("meta", { k: "install", id });
    return id;
  }

  // Throws a sentence; resolves to the account.
  async function enrol(username, password, name) {
    let answer;
    try {
      answer = await field.network.post("enrol/", { username, password, name, install: await installId() });
    } catch (error) {
      if (!(error instanceof field.network.Unreachable)) throw error;
      throw new Error("没有连上服务器。登录要有网络，请到有信号的地方再试。");
    }
    if (answer.status !== 201) throw new Error(answer.body.detail || "没有登录成功，请再试一次。");
    const { account, key, policy } = answer.body;
    const owner = await store.get("meta", "owner");
    if (owner && owner.id !== account.id && (await store.get("meta", "lock")))
      await field.wipe.readable("account");
    await store.write(["meta"], (transaction) => {
      const meta = transaction.objectStore("meta");
      meta.put({ k: "owner", id: account.id });
      meta.put(Object.assign({ k: "server_key" }, key));
      meta.put(Object.assign({ k: "policy" }, policy));
      meta.put({ k: "contact", at: Date.now() });
      meta.put({ k: "session", out: false });
      meta.delete("leaving");
    });
    return account;
  }

  function form(fields, submit, words) {
    const fault = h("p", { class: "danger-text strong", role: "alert", id: "fault" });
    const send = h("button", { class: "button button-primary button-wide", type: "submit" }, words);
    return h(
      "form",
      {
        class: "card",
        novalidate: true,
        on: {
          submit: async (event) => {
            event.preventDefault();
            if (send.disabled) return;
            fault.textContent = "";
            send.disabled = true;
            try {
              await submit();
            } catch (error) {
              fault.textContent = error.message;
              const first = event.target.querySelector("input");
              if (first) first.focus();
            } finally {
              send.disabled = false;
            }
          },
        },
      },
      fields,
      fault,
      send
    );
  }

  app.screens.signin = async () => {
    const name = input("username", "text", { autocomplete: "username" });
    const password = input("password", "password", { autocomplete: "current-password" });
    const phone = input("phone-name", "text", { value: phoneName(), maxlength: "60" });
    const submit = async () => {
      if (!name.value.trim() || !password.value) throw new Error("请填用户名和密码。");
      const account = await enrol(name.value.trim(), password.value, phone.value.trim());
      app.state.enrolled = { account, phone: phone.value.trim() };
      app.draw();
    };
    return {
      title: "入户走访",
      heading: "登录",
      main: [
        await whatHappened(),
        form(
          [
            h("h2", null, "登录这台手机"),
            h("p", { class: "small muted" }, "只要登录一次，以后没有网络也能打开。"),
            label("username", "用户名"),
            name,
            label("password", "密码"),
            password,
            label("phone-name", "这台手机叫什么", "丢了手机时，镇里按这个名字清除。"),
            phone,
          ],
          submit,
          "登录"
        ),
      ],
    };
  };

  const pinInput = (id, more) =>
    input(
      id,
      "password",
      Object.assign({ inputmode: "numeric", maxlength: "6", autocomplete: "off", class: "pin" }, more)
    );

  app.screens.pin = async () => {
    const policy = await store.get("meta", "policy");
    const first = pinInput("pin");
    const second = pinInput("pin-again");
    const submit = async () => {
      const weak = vault.weakness(first.value, policy.pin_digits);
      if (weak) throw new Error(weak);
      if (first.value !== second.value) throw new Error("两次输入不一样，请重新输入。");
      await vault.setPin(first.value);
      const { account, phone } = app.state.enrolled;
      await vault.put("account", Object.assign({ phone }, account));
      app.state.enrolled = null;
      history.replaceState(null, "", "#/tasks"); // not where the last one on this phone stood
      if (navigator.storage && navigator.storage.persist) navigator.storage.persist().catch(() => null);
      await app.opened();
    };
    return {
      title: "设置开锁码",
      heading: "设置开锁码",
      main: form(
        [
          h(
            "p",
            null,
            `${app.state.enrolled.account.name}，请定一个 ${policy.pin_digits} 位数字的开锁码。以后打开应用只要输它。`
          ),
          label("pin", "开锁码"),
          first,
          label("pin-again", "再输一次"),
          second,
          h(
            "p",
            { class: "small muted" },
            `连错 ${policy.pin_tries} 次会清除本机资料；已封存、待上传的不会丢。`
          ),
        ],
        submit,
        "设好了"
      ),
    };
  };

  app.screens.unlock = async () => {
    const policy = await store.get("meta", "policy");
    const pin = pinInput("pin");
    const submit = async () => {
      const went = await vault.unlock(pin.value);
      pin.value = "";
      if (went.open) return app.opened();
      if (went.wiped) return null; // the news of the wipe draws the sign-in page
      throw new Error(`开锁码不对，还可以试 ${went.left} 次。`);
    };
    const forget = h(
      "div",
      { hidden: true },
      h("p", null, "忘了开锁码只能清除本机资料、重新登录。没填完的草稿会丢，已封存的不会丢。"),
      button("清除本机资料", () => field.wipe.readable("signout"))
    );
    return {
      title: "入户走访",
      heading: "开锁",
      main: [
        await whatHappened(),
        form([label("pin", "输入开锁码"), pin], submit, "开锁"),
        h(
          "section",
          { class: "card" },
          button(
            "忘了开锁码",
            () => {
              forget.hidden = false;
            },
            { class: "button button-wide" }
          ),
          forget,
          h(
            "p",
            { class: "small muted gap" },
            `连错 ${policy.pin_tries} 次会清除本机资料；已封存、待上传的不会丢。`
          )
        ),
      ],
      after: () => pin.focus(),
    };
  };

  // The server no longer knows this phone: the password once more, everything stays.
  app.screens.again = () => {
    const name = input("username", "text", { autocomplete: "username" });
    const password = input("password", "password", { autocomplete: "current-password" });
    const submit = async () => {
      const phone = app.state.account.phone;
      const account = await enrol(name.value.trim(), password.value, phone);
      if (!(await store.get("meta", "lock"))) {
        app.state.enrolled = { account, phone };
        return app.draw();
      }
      app.state.account = Object.assign({ phone }, account);
      await vault.put("account", app.state.account);
      await store.remove("meta", "pack");
      app.go("#/tasks");
      return app.sync(true);
    };
    return {
      title: "重新登录",
      heading: "重新登录",
      back: "#/tasks",
      main: form(
        [
          h("p", null, "这台手机的登录已失效。草稿和没上传的记录都还在，登录后自动上传。"),
          label("username", "用户名"),
          name,
          label("password", "密码"),
          password,
        ],
        submit,
        "登录"
      ),
    };
  };
})();
