// Keys, and the parts of the page that change. Without this script every form works by itself.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const article = byId("article");
  if (!article) {
    document.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey && (event.key === "l" || event.key === "Escape")) location.assign("/");
    });
    return;
  }
  const waiting = []; // keys pressed while an answer is on its way
  let busy = false;
  let digits = "";
  let rating = false; // whether the next digit says how sure the answer is

  const tell = (text) => { byId("message").textContent = text; };
  const trouble = (text) => { byId("trouble").textContent = text; };
  const note = () => byId("note");
  const draftOf = () => (byId("labels") ? `note ${byId("labels").dataset.place}` : null);

  function keepDraft(name, value) {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  }

  function restoreDraft() {
    const name = draftOf();
    if (name && note() && !note().value) note().value = localStorage.getItem(name) || "";
    if (name && !byId("confidence").value) byId("confidence").value = localStorage.getItem(`sure ${name}`) || "";
  }

  function showClaim() {
    const marked = article.querySelector("mark");
    if (!marked) return;
    const box = marked.getBoundingClientRect();
    const frame = article.getBoundingClientRect();
    article.scrollTop += box.top - frame.top - Math.max(0, (frame.height - box.height) / 3);
  }

  function apply(reply, stays) {
    if (reply.panel === undefined) return;
    const panel = byId("panel");
    const top = panel.scrollTop;
    const active = document.activeElement;
    const again = stays && active.name === "axis" ? `[name="axis"][value="${CSS.escape(active.value)}"]` : stays && active.closest(".passages") ? "#show-passages" : stays && active.id ? `#${CSS.escape(active.id)}` : "#question";
    for (const marked of article.querySelectorAll("mark")) {
      const piece = marked.parentNode;
      marked.replaceWith(...marked.childNodes);
      piece.normalize();
    }
    if (reply.article !== undefined) {
      article.innerHTML = reply.article;
      article.dataset.window = reply.window;
      byId("source").textContent = reply.source;
      byId("part").hidden = reply.is_whole;
      byId("reading").hidden = !reply.window;
    }
    for (const [number, html] of reply.pieces || []) byId(`p${number}`).innerHTML = html;
    const open = [...document.querySelectorAll("#panel details[open]")].map((details) => details.id);
    panel.innerHTML = reply.panel;
    for (const id of open) if (byId(id) && (stays || id !== "span")) byId(id).open = true;
    byId("progress").innerHTML = reply.progress;
    document.title = reply.title;
    tell(reply.message);
    restoreDraft();
    (document.querySelector(again) || byId("question")).focus({ preventScroll: true });
    panel.scrollTop = stays ? top : 0;
    if (stays) return;
    showClaim();
    if (matchMedia("(max-width: 52rem)").matches) scrollTo(0, 0);
  }

  async function send(form, button) {
    if (busy) return;
    busy = true;
    document.body.classList.add("busy");
    const action = (button && button.getAttribute("formaction")) || form.getAttribute("action");
    const draft = action === "/label" ? draftOf() : null;
    const body = new URLSearchParams(new FormData(form, button));
    body.set("window", article.dataset.window);
    try {
      const response = await fetch(action, {
        method: "POST",
        body,
        headers: { Accept: "application/json" },
        redirect: "error",
        signal: AbortSignal.timeout(60000),
      });
      const reply = await response.json();
      trouble(reply.trouble || "");
      if (!response.ok) waiting.length = 0;
      else if (draft) for (const name of [draft, `sure ${draft}`]) localStorage.removeItem(name);
      apply(reply, ["/mark", "/flag", "/passages", "/judge"].includes(action));
    } catch {
      waiting.length = 0;
      trouble("The server does not answer: is the command still running? Your last answer was not saved, all others are.");
    }
    busy = false;
    document.body.classList.remove("busy");
    if (waiting.length) press(waiting.shift());
  }

  const submit = (selector) => {
    const target = document.querySelector(selector);
    if (!target) return false;
    send(target.form, target);
    return true;
  };

  function focus(id) {
    const field = byId(id);
    if (!field) return;
    field.focus();
    field.select();
  }

  function toggle(id) {
    digits = "";
    const details = byId(id);
    if (!details) return tell("there is none here");
    details.open = !details.open;
    if (details.open) {
      details.querySelector("summary").focus();
      details.scrollIntoView({ block: "nearest" });
    } else byId("question").focus();
  }

  // No key (Enter) ends a number: 3, Enter is 03.
  function digit(key) {
    const choices = document.querySelectorAll('#labels [name="number"]');
    if (!choices.length) return;
    digits += key;
    if (key && digits.length < String(choices.length).length) return tell(`${digits}_`);
    const number = Number(digits);
    digits = "";
    const choice = choices[number - 1];
    if (!choice) return tell(`there is no number ${number} here; give 1-${choices.length}`);
    if (choice.type === "radio") {
      choice.checked = true;
      focus("note");
    } else send(choice.form, choice);
  }

  function markFeature(key) {
    const features = document.querySelectorAll('#features [name="axis"]');
    digits += key;
    if (key && digits.length < String(features.length).length) return tell(`${digits}_`);
    const feature = features[Number(digits) - 1];
    digits = "";
    if (!feature) return tell(`there is no such feature; give 1-${features.length}`);
    feature.focus();
    send(feature.form, feature);
  }

  function showPassages() {
    const button = byId("show-passages");
    if (!button) return tell("there are no passages to judge here");
    byId("evidence").open = true;
    button.focus();
    send(button.form, button);
  }

  // The first digit chooses a passage, the next one what it says.
  function choosePassage(number) {
    const passage = document.activeElement.closest("#evidence li");
    if (!passage) {
      const chosen = byId(`passage-${number}`);
      if (!chosen) return tell(`there is no passage ${number} here`);
      chosen.querySelector("button").focus();
      return tell("what does it say of the sentence? press a number");
    }
    const stance = passage.querySelectorAll("button")[number - 1];
    if (!stance) return tell(`there is no number ${number} here`);
    send(stance.form, stance);
  }

  function askRating() {
    const names = [...byId("confidence").options].slice(1).map((option, index) => `${index + 1} ${option.text}`);
    rating = true;
    tell(`How sure is your next answer? ${names.join(", ")}`);
  }

  function rate(key) {
    const choices = byId("confidence");
    if (!/^[1-9]$/.test(key) || Number(key) >= choices.options.length) return tell("nothing is chosen");
    choices.selectedIndex = Number(key);
    keepDraft(`sure ${draftOf()}`, choices.value);
    tell(`'${choices.value}' goes with your next answer`);
  }

  // A sign (a control character that is shown as \x1b) counts as one character, any other character as itself.
  function length(node) {
    if (node.nodeType === Node.TEXT_NODE) return [...node.data].length;
    if (node.classList && node.classList.contains("sign")) return 1;
    return [...node.childNodes].reduce((sum, child) => sum + length(child), 0);
  }

  function offsetOf(node, offset, isEnd) {
    const sign = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest(".sign");
    if (sign) [node, offset] = [sign.parentNode, [...sign.parentNode.childNodes].indexOf(sign) + (isEnd ? 1 : 0)];
    if (node === article) {
      const piece = article.children[offset];
      if (piece) return Number(piece.dataset.start);
      [node, offset] = [article.lastElementChild, article.lastElementChild.childNodes.length];
    }
    const piece = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest("[data-start]");
    const before = document.createRange();
    before.setStart(piece, 0);
    before.setEnd(node, offset);
    return Number(piece.dataset.start) + length(before.cloneContents());
  }

  function takeSelection() {
    const selection = getSelection();
    const details = byId("span");
    if (!details) return tell("there is no span to correct here");
    if (!selection.rangeCount || selection.isCollapsed || !article.contains(selection.getRangeAt(0).commonAncestorContainer)) {
      toggle("span");
      return details.open && tell("select the right words in the article, then press w");
    }
    const range = selection.getRangeAt(0);
    byId("start").value = offsetOf(range.startContainer, range.startOffset, false);
    byId("end").value = offsetOf(range.endContainer, range.endOffset, true);
    byId("span-text").textContent = selection.toString().trim();
    byId("span-text").hidden = false;
    details.open = true;
    const button = details.querySelector(".main");
    button.focus();
    button.scrollIntoView({ block: "nearest" });
    tell("press Enter to correct the span");
  }

  function press(key) {
    if (busy) return waiting.push(key);
    if (rating) {
      rating = false;
      return rate(key);
    }
    const isDigit = /^[0-9]?$/.test(key);
    if (isDigit && document.activeElement.closest("#evidence")) return choosePassage(Number(key));
    if (isDigit && document.activeElement.closest("#features")) return markFeature(key);
    if (isDigit) return digit(key);
    digits = "";
    if (key === "c") return askRating();
    if (key === "!") return submit("#flag");
    if (key === "w") return takeSelection();
    if (key === "e") return showPassages();
    if (key === "u") return submit('[action="/undo"] button');
    if (key === "s") return submit('[action="/skip"] button');
    if (key === "n") return focus("note");
    if (key === "j") return focus("jump");
    if (key === "/") return focus("find");
    if (key === "?") return toggle("guideline");
    if (key === "f") return toggle("features");
    if (key === "l") location.assign("/queue");
  }

  document.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target, event.submitter);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#take-selection")) takeSelection();
  });
  document.addEventListener("input", (event) => {
    const name = draftOf();
    if (!name) return;
    if (event.target.id === "note") keepDraft(name, event.target.value);
    if (event.target.id === "confidence") keepDraft(`sure ${name}`, event.target.value);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const inText = event.target.matches('textarea, select, input:not([type="radio"])');
    if (inText) {
      const ends = event.key === "Escape" || (event.key === "Enter" && !event.shiftKey && event.target.matches("textarea"));
      if (!ends) return;
      event.preventDefault();
      byId("question").focus();
      if (event.target.id === "note" && note().value.trim()) tell(note().required ? "the reason is stored when you decide" : "the note goes with your next answer");
    } else if (event.key === "Escape") {
      if (digits) tell("");
      digits = "";
      byId("question").focus();
    } else if (event.key === "Enter" && digits) {
      event.preventDefault();
      press("");
    } else if (event.key.length === 1 && event.key !== " ") {
      event.preventDefault();
      if (!event.repeat) press(event.key.toLowerCase());
    }
  });
  restoreDraft();
  showClaim();
})();
