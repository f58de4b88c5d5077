/* Small comforts where scripts run. Every page works without this file. */
(function () {
  "use strict";

  function reveal(root) {
    root.querySelectorAll("[data-copy][hidden], [data-dismiss][hidden]").forEach(function (b) { b.hidden = false; });
  }

  function copy(button) {
    var from = document.getElementById(button.dataset.copy);
    var text = from.value === undefined ? from.textContent.trim() : from.value;
    navigator.clipboard.writeText(text).then(function () {
      var was = button.lastChild.textContent;
      button.lastChild.textContent = "Copied";
      setTimeout(function () { button.lastChild.textContent = was; }, 2000);
    });
  }

  function ask(form) {
    var box = document.createElement("dialog");
    box.className = "ask";
    box.setAttribute("aria-labelledby", "ask-text");
    box.innerHTML = '<form method="dialog"><p id="ask-text"></p><div class="row"><button class="btn" value="no">Not now</button><button class="btn is-main" value="yes"></button></div></form>';
    box.querySelector("p").textContent = form.dataset.confirm;
    box.querySelector(".is-main").textContent = form.dataset.confirmLabel || "Yes, do it";
    document.body.appendChild(box);
    box.addEventListener("close", function () {
      box.remove();
      if (box.returnValue === "yes") { form.dataset.asked = "1"; form.requestSubmit(); }
    });
    box.showModal();
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("form[data-confirm]") || form.dataset.asked) { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(form);
  }, true);

  document.addEventListener("click", function (event) {
    var b = event.target.closest("[data-copy], [data-dismiss], [data-print]");
    if (b) {
      if (b.dataset.copy) { copy(b); }
      if (b.hasAttribute("data-dismiss")) { b.closest(".toast, .callout").remove(); }
      if (b.hasAttribute("data-print")) { window.print(); }
    }
    document.querySelectorAll("details.who-menu[open], details.more[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) { menu.open = false; }
    });
  });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") { return; }
    document.querySelectorAll("details.who-menu[open], details.more[open]").forEach(function (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  /* A page changed by a form that asks again (a filter) needs no button: it is hidden, and the change sends the form. */
  document.addEventListener("change", function (event) {
    var form = event.target.form;
    if (form && form.hasAttribute("data-auto")) { form.requestSubmit(); }
  });

  /* While a file is taken in the bar says how far it is; then its run is shown, or why it broke off. */
  function followProgress(form) {
    var box = form.querySelector("[data-progress-box]");
    var bar = box.querySelector("progress"), text = box.querySelector("[data-progress-text]");
    box.hidden = false;
    setTimeout(function () { form.querySelectorAll("button").forEach(function (b) { b.disabled = true; }); }, 0);
    (function look() {
      fetch(form.dataset.progress, { credentials: "same-origin" }).then(function (answer) {
        if (!answer.ok) { return null; }
        return answer.json();
      }).then(function (said) {
        if (said === null || said.state === "gone") {
          bar.value = bar.max; text.textContent = "100%";
          if (form.dataset.ended) { location.assign(form.dataset.ended); }
          return;
        }
        if (form.dataset.ended && said.state !== "running") { location.reload(); return; }
        bar.max = said.size || 1; bar.value = said.done;
        text.textContent = Math.floor(100 * said.done / (said.size || 1)) + "%";
        setTimeout(look, 800);
      }, function () { setTimeout(look, 3000); });
    })();
  }
  document.addEventListener("submit", function (event) {
    var by = event.submitter;
    if (by && by.hasAttribute("data-shows-progress") && !event.defaultPrevented) { followProgress(event.target); }
  });
  document.querySelectorAll("form[data-progress] [data-progress-box]:not([hidden])").forEach(function (box) { followProgress(box.closest("form")); });

  document.addEventListener("htmx:after:swap", function () { reveal(document); });
  reveal(document);
  document.querySelectorAll("form[data-auto] .auto-button").forEach(function (b) { b.hidden = true; });
})();
