/* A ceremony by keyboard or remote, in step with the server. Everything works without this file. */
(function () {
  "use strict";
  var BEAT = 1500, FORWARD = [" ", "ArrowRight", "PageDown"], BACK = ["ArrowLeft", "PageUp"];
  var busy = false;

  function part() { return document.getElementById("main"); }

  function show(text) {
    var found = new DOMParser().parseFromString(text, "text/html").getElementById("main");
    if (found) { part().replaceWith(document.importNode(found, true)); }
  }

  function follow(done) {
    var address = part().dataset.poll;
    if (!address) { done(); return; }
    fetch(address, { credentials: "same-origin" }).then(function (answer) {
      return answer.status === 200 ? answer.text() : "";
    }).then(function (text) {
      // An answer to a question asked before the last step is old by now.
      if (text && part().dataset.poll === address) { show(text); }
    }).catch(function () { /* The line is down: the screen stays as it is and asks again. */ }).then(done);
  }

  function step(form) {
    if (busy) { return; }
    busy = true;
    fetch(form.action, { method: "POST", body: new FormData(form), credentials: "same-origin" })
      .then(function () { follow(function () { busy = false; }); }, function () { busy = false; });
  }

  function go(where) {
    var target = part().querySelector(where);
    if (!target) { return; }
    if (target.tagName === "A") { window.location.assign(target.href); } else { step(target); }
  }

  document.addEventListener("keydown", function (event) {
    var on = document.activeElement;
    var typing = on && (on.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(on.tagName));
    var presses = event.key === " " && on && /^(A|BUTTON)$/.test(on.tagName);
    if (typing || presses || event.ctrlKey || event.metaKey || event.altKey || event.repeat) { return; }
    if (FORWARD.indexOf(event.key) >= 0) { event.preventDefault(); go("[data-next]"); }
    if (BACK.indexOf(event.key) >= 0) { event.preventDefault(); go("[data-back]"); }
  });

  document.addEventListener("submit", function (event) {
    if (!event.target.matches("form[data-next], form[data-back]")) { return; }
    event.preventDefault();
    step(event.target);
  });

  (function beat() { setTimeout(function () { if (busy) { beat(); } else { follow(beat); } }, BEAT); })();
})();
