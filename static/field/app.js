// The shell: boot, routes, lock, and the line to the server. Nothing at start waits for the network.
"use strict";

field.app = (function () {
  const { store, vault, words } = field;
  const { h, icon } = field.draw;
  const CHECK_EVERY = 20 * 1000;
  const NEWS_STAYS = 8 * 1000;
  const PING_EVERY = 5 * 60 * 1000;
  const TABS = [
    ["tasks", "list-checks", "任务"],
    ["households", "users", "农户"],
    ["waiting", "cloud-upload", "待上传"],
    ["me", "user", "我的"],
  ];

  const screens = {}; // name -> (...params) => {title, back, above, main, foot, tab, leave}
  const state = {
    line: "unknown",
    sending: "",
    account: null,
    used: Date.now(),
    nextPing: 0,
    fails: 0,
    news: null,
  };
  let current = { name: "", leave: null };
  let drawing = 0;

  const part = (id) => document.getElementById(id);
  const go = (hash) => {
    if (location.hash === hash) draw();
    else location.hash = hash;
  };

  // ---- drawing ----

  async function draw({ focus = true } = {}) {
    const turn = ++drawing;
    const [name, ...params] = location.hash.replace(/^#\/?/, "").split("/");
    const wanted = await screenFor(name || "tasks");
    let screen;
    let notes;
    let foot;
    try {
      screen = await screens[wanted](...params);
      notes = vault.isOpen() ? await banners() : null;
      foot = screen.foot || (screen.tab ? await tabs(screen.tab) : null);
    } catch (error) {
      if (turn !== drawing) return; // locked meanwhile: the later draw shows it
      throw error;
    }
    if (turn !== drawing) return;
    if (current.leave && current.leave !== screen.leave) current.leave();
    const top = window.scrollY;
    const focused = document.activeElement ? document.activeElement.id : "";
    current = { name: wanted, leave: screen.leave || null };
    document.title = `${screen.wrong ? "错误：" : ""}${screen.heading} - 入户走访`; // history shows titles: no names
    fill(part("bar"), [
      screen.back ? field.draw.link(screen.back, { "aria-label": "返回" }, icon("arrow-left")) : null,
      h("h1", { tabindex: "-1", id: "heading" }, screen.title),
      h("span", { class: "net", id: "net", role: "status" }),
    ]);
    fill(part("above"), [notes, screen.above]);
    fill(part("main"), [screen.main]);
    fill(part("foot"), [foot]);
    document.body.classList.toggle("bare", !screen.foot && !screen.tab);
    document.body.dataset.screen = wanted;
    paintLine();
    if (!focus) {
      window.scrollTo(0, top);
      const again = focused && document.getElementById(focused);
      if (again) again.focus({ preventScroll: true });
    } else if (!focusAsked()) {
      window.scrollTo(0, 0);
      part("heading").focus({ preventScroll: true });
    }
    if (screen.after) screen.after();
  }

  // A link to one field of another step asked for it.
  function focusAsked() {
    const asked = state.focusOn && document.getElementById(state.focusOn);
    state.focusOn = "";
    if (!asked) return false;
    const input = asked.matches("input, textarea, select")
      ? asked
      : asked.querySelector("input, textarea, select, button");
    if (input) input.focus({ preventScroll: true });
    asked.scrollIntoView({ block: "center" });
    return true;
  }

  function fill(node, children) {
    node.textContent = "";
    node.append(...children.flat(3).filter(Boolean));
  }

  async function screenFor(name) {
    if (vault.isOpen()) return screens[name] ? name : "tasks";
    return (await store.get("meta", "lock")) ? "unlock" : screens.pin && state.enrolled ? "pin" : "signin";
  }

  async function tabs(open) {
    const waiting = (await store.all("outbox")).filter((i) => i.state !== "done" || i.clashes).length;
    return h(
      "nav",
      { class: "bottom", "aria-label": "主导航" },
      TABS.map(([name, sign, label]) =>
        field.draw.link(
          `#/${name}`,
          { "aria-current": name === open ? "page" : null },
          icon(sign),
          label,
          name === "waiting" && waiting
            ? h(
                "span",
                { class: "count" },
                h("span", { class: "unseen" }, "，"),
                String(waiting),
                h("span", { class: "unseen" }, " 条")
              )
            : null
        )
      )
    );
  }

  // What the worker must know on every screen.
  async function banners() {
    const [session, policy] = await Promise.all([store.get("meta", "session"), store.get("meta", "policy")]);
    const days = await field.pack.daysWithoutContact();
    const left = policy ? policy.offline_days - days : 9;
    return [
      session && session.out
        ? h(
            "section",
            { class: "strip strip-red", "aria-label": "登录" },
            icon("triangle-alert"),
            h("p", null, "登录已失效，没上传的都还在本机。", field.draw.link("#/again", null, "重新登录"))
          )
        : null,
      left <= 2
        ? h(
            "section",
            { class: "strip strip-red", "aria-label": "联网期限" },
            icon("triangle-alert"),
            h(
              "p",
              null,
              `已 ${days} 天没有联网，满 ${policy.offline_days} 天会清除本机资料。请到有信号的地方打开一次。`
            )
          )
        : null,
    ];
  }

  function paintLine() {
    const net = part("net");
    if (!net) return;
    const [tone, sign, said] = state.sending
      ? ["on", "cloud-upload", "正在上传"]
      : state.line === "on"
        ? ["on", "cloud-check", "在线"]
        : state.line === "unknown"
          ? ["", "cloud", "检查网络"]
          : state.line === "out"
            ? ["", "cloud", "未登录"]
            : ["", "cloud-off", "离线"];
    net.className = `net${tone ? " net-on" : ""}`;
    fill(net, [icon(sign), said]);
    document.body.dataset.line = state.line;
  }

  // ---- the line ----

  async function sync(force = false) {
    let line;
    try {
      line = await field.outbox.drain(force);
      if (line.state === "on" && vault.isOpen() && (await field.sealing.reseal()))
        line = await field.outbox.drain(true);
    } catch (error) {
      line = { state: "off" };
      if (field.store.isFull(error)) tell("手机空间满了，先删掉手机里别的东西，已封存的记录都还在。");
      else console.error(error);
    }
    if (line.state === "busy") return;
    const before = state.line;
    state.line = line.state;
    state.fails = line.state === "on" ? 0 : state.fails + 1;
    state.nextPing =
      Date.now() +
      (line.state === "on" ? PING_EVERY : Math.min(PING_EVERY, field.outbox.backOff(state.fails + 3)));
    paintLine();
    if (line.state === "on" && !line.wipe) await freshen(line);
    else if (before !== line.state) redrawQuietly();
  }

  async function freshen(line) {
    try {
      if (await field.pack.fetchNewer(line.pack)) {
        state.account = Object.assign({}, state.account, field.pack.now().account);
        if (vault.isOpen()) await vault.put("account", state.account);
      }
    } catch (error) {
      if (!(error instanceof field.network.Unreachable)) console.error(error);
    }
    redrawQuietly();
    if (line.build && line.build !== document.body.dataset.build && state.worker)
      state.worker.update().catch(() => null);
  }

  // Lists may change under the reader; a form never does.
  function redrawQuietly() {
    if (["tasks", "plan", "waiting", "me", "unlock"].includes(current.name) && !isTyping()) draw({ focus: false });
  }

  const isTyping = () =>
    /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement ? document.activeElement.tagName : "");

  // Said on one screen, and kept through the redraws that follow at once.
  function tell(sentence) {
    state.news = { sentence, until: Date.now() + NEWS_STAYS };
  }
  function takeNews() {
    if (!state.news || Date.now() > state.news.until) return "";
    state.news.where = state.news.where || location.hash;
    return state.news.where === location.hash ? state.news.sentence : "";
  }

  field.news.listen(({ what, id }) => {
    if (what === "sending") {
      state.sending = id;
      paintLine();
    }
    if (what === "drained") {
      state.sending = "";
      paintLine();
      redrawQuietly();
    }
    if (what === "outbox" && current.name === "waiting" && !isTyping()) draw({ focus: false });
    if (what === "wiped") {
      lock();
    }
  });

  async function onTimer() {
    if (document.hidden) return;
    if (await field.wipe.whenTooLong()) return;
    const due = (await store.all("outbox")).some((i) => i.state === "waiting" && i.next <= Date.now());
    const session = await store.get("meta", "session");
    if (!session) return;
    if (Date.now() >= state.nextPing || (due && state.line === "on")) sync();
  }

  // ---- the lock ----

  async function lockWhenIdle() {
    if (!vault.isOpen()) return;
    const policy = await store.get("meta", "policy");
    if (policy && Date.now() - state.used > policy.lock_minutes * 60000) lock();
  }

  function lock() {
    vault.lock();
    field.pack.close();
    state.account = null;
    document.querySelectorAll(".cover").forEach((cover) => cover.remove());
    draw();
  }

  async function opened() {
    state.used = Date.now();
    state.account = await vault.get("account");
    await field.pack.open();
    await draw();
    sync(true);
  }

  // ---- boot ----

  function startWorker() {
    if (!("serviceWorker" in navigator)) return;
    // Never awaited: registering queues behind a hanging update check.
    navigator.serviceWorker
      .register("/field/sw.js", { scope: "/field/", updateViaCache: "none" })
      .then((found) => {
        state.worker = found;
        const switchOver = () => {
          if (found.waiting && current.name !== "visit" && current.name !== "report")
            found.waiting.postMessage("activate");
        };
        switchOver();
        found.addEventListener("updatefound", () => {
          const coming = found.installing;
          if (coming) coming.addEventListener("statechange", switchOver);
        });
      })
      .catch(() => null);
  }

  async function boot() {
    if (!window.crypto || !crypto.subtle || !window.indexedDB) {
      part("main").textContent =
        "这个浏览器不能安全保存资料。请用手机自带的浏览器打开，地址要以 https 开头。";
      return;
    }
    window.addEventListener("hashchange", () => draw());
    window.addEventListener("online", () => sync(true));
    window.addEventListener("offline", () => sync());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) {
        lockWhenIdle();
        sync();
      }
    });
    ["pointerdown", "keydown", "input"].forEach((name) =>
      window.addEventListener(
        name,
        () => {
          state.used = Date.now();
        },
        { passive: true }
      )
    );
    part("skip").addEventListener("click", (event) => {
      event.preventDefault();
      part("main").focus();
    });
    setInterval(lockWhenIdle, 5000);
    setInterval(onTimer, CHECK_EVERY);
    await field.wipe.whenTooLong();
    const prefs = await store.get("meta", "prefs");
    document.documentElement.classList.toggle("big", Boolean(prefs && prefs.big));
    await draw();
    document.body.dataset.ready = "1";
    startWorker();
    sync();
  }

  const ownWaiting = async () => (await store.all("outbox")).filter((i) => i.state !== "done");

  return { screens, state, go, draw, sync, lock, opened, boot, tell, takeNews, ownWaiting, when: words.when };
})();
