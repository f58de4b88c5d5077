/* A screen that stays on: asks for its picture every half minute, keeps the last one while the
   network is away, and comes back by itself. The key stands after # and travels in a header only. */
(() => {
  "use strict";
  const EVERY = 30_000;
  const TURN = 15_000;
  const PATIENCE = 15_000;
  const FIRST_RETRY = 5_000;
  const LONGEST_WAIT = 300_000;
  const CLOSED = [401, 403, 404];

  const stage = document.getElementById("wall");
  const last = document.querySelector("[data-last]");
  const key = location.hash.slice(1);
  let tag = stage.dataset.tag;
  let zone = stage.dataset.zone;
  let shownAt = tag ? Date.now() : 0;
  let drawnAt = shownAt;
  let failures = 0;
  let turn = 0;
  let timer = 0;
  let turner = 0;
  let isAsking = false;

  const time = (at) => {
    const how = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    return new Date(at).toLocaleTimeString("en-GB", zone ? { ...how, timeZone: zone } : how);
  };

  const say = () => {
    const lost = failures > 0;
    const words = !shownAt ? (lost ? "No connection yet, trying again" : "")
      : lost ? `Last update ${time(shownAt)}, trying again` : `Updated ${time(shownAt)}`;
    if (last.textContent !== words) last.textContent = words;
    last.classList.toggle("is-stale", lost);
  };

  const takeTurns = () => {
    for (const group of stage.querySelectorAll("[data-turns]")) {
      const count = group.children.length;
      for (let n = 0; n < count; n += 1) group.children[n].hidden = n !== turn % count;
    }
  };

  const windClocks = () => {
    for (const clock of stage.querySelectorAll("[data-ends]")) {
      const gone = Math.floor((Date.now() - drawnAt) / 1000);
      const left = Math.max(0, Number(clock.dataset.ends) - gone);
      const parts = [
        String(Math.floor(left / 86400)),
        String(Math.floor((left % 86400) / 3600)).padStart(2, "0"),
        String(Math.floor((left % 3600) / 60)).padStart(2, "0"),
      ];
      clock.querySelectorAll(".plates").forEach((plates, n) => {
        if (!parts[n] || plates.textContent === parts[n]) return;
        const digits = [...parts[n]].map((digit) => {
          const plate = document.createElement("b");
          plate.setAttribute("aria-hidden", "true");
          plate.textContent = digit;
          return plate;
        });
        plates.replaceChildren(...digits);
        plates.setAttribute("aria-label", parts[n]);
      });
    }
  };

  const draw = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    stage.replaceChildren(...fresh.body.children);
    zone = stage.querySelector("[data-zone]")?.dataset.zone ?? "";
    drawnAt = Date.now();
    takeTurns();
  };

  const end = (why) => {
    clearTimeout(timer);
    clearInterval(turner);
    removeEventListener("online", ask);
    stage.replaceChildren(document.querySelector(`template[data-${why}]`).content.cloneNode(true));
    last.textContent = "";
    last.classList.remove("is-stale");
  };

  const wait = () => {
    const pause = failures ? Math.min(LONGEST_WAIT, FIRST_RETRY * 2 ** (failures - 1)) : EVERY;
    clearTimeout(timer);
    timer = setTimeout(ask, failures ? pause * (0.8 + 0.4 * Math.random()) : pause);
  };

  async function ask() {
    if (isAsking) return;
    isAsking = true;
    const cutoff = new AbortController();
    const alarm = setTimeout(() => cutoff.abort(), PATIENCE);
    const headers = {};
    if (tag) headers["If-None-Match"] = tag;
    if (key) headers["X-Board-Key"] = key;
    try {
      const asked = { headers, cache: "no-store", credentials: "same-origin", redirect: "error" };
      const answer = await fetch(stage.dataset.picture, { ...asked, signal: cutoff.signal });
      if (CLOSED.includes(answer.status)) {
        end(key ? "ended" : "keyless");
        return;
      }
      if (answer.status === 200) {
        draw(await answer.text());
        tag = answer.headers.get("ETag") ?? "";
      } else if (answer.status !== 304 && answer.status !== 204) {
        throw new Error(String(answer.status));
      }
      failures = 0;
      shownAt = Date.now();
    } catch {
      failures += 1;
    } finally {
      clearTimeout(alarm);
      isAsking = false;
    }
    windClocks();
    say();
    wait();
  }

  addEventListener("online", ask);
  turner = setInterval(() => {
    turn += 1;
    takeTurns();
    windClocks();
  }, TURN);
  say();
  if (tag) wait();
  else ask();
})();
