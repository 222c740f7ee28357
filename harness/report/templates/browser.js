"use strict";
/* The error browser. Texts reach the page through textContent alone: whatever a claim holds, it is shown, never run. */
(async () => {
  const PAGE = 25;
  const byId = (id) => document.getElementById(id);
  const data = await unpack(byId("data").textContent);
  const { labels, systems, texts, claims } = data;
  const n = claims.id.length;
  const text = (column, row) => (column ? texts[column[row]] : "");
  const found = searchable();
  const state = { rows: [], page: 0 };

  async function unpack(encoded) {
    const bytes = Uint8Array.from(atob(encoded.trim()), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  function searchable() {
    const columns = [claims.text, claims.speaker, claims.article, claims.title];
    return claims.id.map((id, row) => [id, ...columns.map((column) => text(column, row))].join("\n").toLowerCase());
  }

  function element(name, kind, content) {
    const made = document.createElement(name);
    if (kind) made.className = kind;
    if (content !== undefined) made.textContent = content;
    return made;
  }

  /* true, false, or null where gold or the system has no label */
  function right(system, row) {
    const said = system.predicted ? system.predicted[row] : -1;
    return said < 0 || claims.gold[row] < 0 ? null : said === claims.gold[row];
  }

  const filters = {
    "all": () => true,
    "a-right-b-wrong": (row, a, b) => right(a, row) === true && right(b, row) === false,
    "a-wrong": (row, a) => right(a, row) === false,
    "differ": (row, a, b) => a.predicted && b.predicted && a.predicted[row] !== b.predicted[row],
    "any-wrong": (row) => systems.some((system) => right(system, row) === false),
    "all-wrong": (row) => systems.every((system) => right(system, row) === false),
    "all-right": (row) => systems.every((system) => right(system, row) === true),
  };

  const score = (system, row) => (system.score === null || system.score[row] === null ? -Infinity : system.score[row]);
  const orders = {
    "file": null,
    "down": (a) => (one, other) => score(a, other) - score(a, one) || one - other,
    "up": (a) => (one, other) => score(a, one) - score(a, other) || one - other,
    "gap": (a, b) => (one, other) => gap(a, b, other) - gap(a, b, one) || one - other,
  };
  function gap(a, b, row) {
    const between = score(a, row) - score(b, row);
    return Number.isNaN(between) ? -Infinity : between;
  }

  const chosen = (id) => systems[Number(byId(id).value)];

  function select() {
    const [a, b] = [chosen("a"), chosen("b")];
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const gold = byId("gold").value;
    const keep = filters[byId("which").value];
    state.rows = [];
    for (let row = 0; row < n; row += 1) {
      if (gold !== "" && claims.gold[row] !== Number(gold)) continue;
      if (!keep(row, a, b) || !words.every((word) => found[row].includes(word))) continue;
      state.rows.push(row);
    }
    const order = orders[byId("order").value];
    if (order) state.rows.sort(order(a, b));
    state.page = 0;
    show();
  }

  function show() {
    const pages = Math.max(1, Math.ceil(state.rows.length / PAGE));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const start = state.page * PAGE;
    const rows = state.rows.slice(start, start + PAGE);
    byId("claims").replaceChildren(...rows.map(card));
    const range = rows.length ? `, ${(start + 1).toLocaleString("en")} to ${(start + rows.length).toLocaleString("en")} shown` : "";
    byId("count").textContent = `${state.rows.length.toLocaleString("en")} of ${n.toLocaleString("en")} claims${range}`;
    byId("page").value = state.page + 1;
    byId("page").max = pages;
    byId("pages").textContent = `of ${pages.toLocaleString("en")}`;
    for (const id of ["first", "previous"]) byId(id).disabled = state.page === 0;
    for (const id of ["next", "last"]) byId(id).disabled = state.page === pages - 1;
    byId("legend-reasons").hidden = !chosen("a").reasons;
  }

  function card(row) {
    const made = element("li");
    const where = element("div", "where");
    const speaker = text(claims.speaker, row);
    if (speaker) where.append(element("span", "speaker", speaker));
    const title = text(claims.title, row);
    where.append(element("span", "", title || text(claims.article, row)), element("span", "", claims.id[row]));
    made.append(where);
    if (claims.text) {
      const [before, after] = [text(claims.previous, row), text(claims.next, row)];
      if (before) made.append(element("p", "near", before));
      made.append(marked(row));
      if (after) made.append(element("p", "near", after));
    }
    made.append(answers(row));
    const passages = evidence(row);
    if (passages) made.append(passages);
    const reasons = reasonsOf(chosen("a"), row);
    if (reasons.length) made.append(reasonList(reasons));
    return made;
  }

  /* The passages that A was shown, gold ones marked, and the gold ones that it was not shown; groups are numbered. */
  function evidence(row) {
    const groups = claims.evidence ? claims.evidence[row] : [];
    const flat = chosen("a").evidence ? chosen("a").evidence[row] : [];
    const groupsOf = new Map();
    groups.forEach((group, number) => {
      for (let at = 0; at < group.length; at += 2) {
        groupsOf.set(group[at], [...(groupsOf.get(group[at]) || []), number + 1]);
      }
    });
    const rows = [];
    const listed = new Set();
    for (let at = 0; at < flat.length; at += 2) {
      listed.add(flat[at]);
      rows.push(passage(row, flat[at], flat[at + 1], groupsOf, true));
    }
    for (const group of groups) {
      for (let at = 0; at < group.length; at += 2) {
        if (!listed.has(group[at])) rows.push(passage(row, group[at], group[at + 1], groupsOf, false));
        listed.add(group[at]);
      }
    }
    if (!rows.length) return null;
    const made = element("details", "evidence");
    const unseen = rows.length - flat.length / 2;
    const rest = unseen ? `, ${unseen} gold not shown to it` : "";
    made.append(element("summary", "", `Passages shown to ${chosen("a").name}: ${flat.length / 2}${rest}`));
    const list = element("ol", "");
    list.append(...rows);
    made.append(list);
    return made;
  }

  function passage(row, id, content, groupsOf, isShown) {
    const made = element("li", isShown ? "" : "unseen");
    const where = element("span", "where", texts[id]);
    if (groupsOf.has(id)) where.append(element("b", "", `gold, group ${groupsOf.get(id).join(" and ")}`));
    if (!isShown) where.append(element("span", "", "not shown"));
    made.append(where, matching(row, texts[content]));
    return made;
  }

  /* A passage with the words that it shares with the claim marked; short words are left out. */
  function matching(row, content) {
    const words = (one) => one.toLowerCase().match(/[\p{L}\p{N}]+/gu) || [];
    const shared = new Set(words(text(claims.text, row)).filter((word) => word.length > 3 || /\p{N}/u.test(word)));
    const made = element("p", "");
    for (const part of content.split(/([\p{L}\p{N}]+)/u)) {
      made.append(shared.has(part.toLowerCase()) ? element("mark", "same", part) : part);
    }
    return made;
  }

  function reasonsOf(system, row) {
    const flat = system.reasons ? system.reasons[row] : [];
    const made = [];
    for (let at = 0; at < flat.length; at += 3) {
      made.push({ name: texts[flat[at]], text: texts[flat[at + 1]], weight: flat[at + 2] });
    }
    return made;
  }

  /* The claim, with the words that A's reasons rest on in mark elements; the strongest reason wins where they overlap. */
  function marked(row) {
    const content = text(claims.text, row);
    const made = element("p", "claim");
    const owner = new Array(content.length).fill(null);
    for (const reason of reasonsOf(chosen("a"), row)) {
      // A reason without a weight, such as a quote of a passage, is not about words of the claim.
      for (let at = reason.text && reason.weight ? content.indexOf(reason.text) : -1; at >= 0; at = content.indexOf(reason.text, at + 1)) {
        for (let place = at; place < at + reason.text.length; place += 1) owner[place] = owner[place] || reason;
      }
    }
    for (let start = 0; start < content.length; ) {
      let end = start;
      while (end < content.length && owner[end] === owner[start]) end += 1;
      const part = content.slice(start, end);
      made.append(owner[start] ? element("mark", owner[start].weight > 0 ? "for" : "against", part) : part);
      start = end;
    }
    return made;
  }

  function answers(row) {
    const made = element("ul", "answers");
    const gold = element("li", "gold");
    gold.append(element("span", "name", "gold"), element("b", "", claims.gold[row] < 0 ? "none" : labels[claims.gold[row]]));
    if (labels.length) made.append(gold);
    for (const system of systems) {
      const verdict = right(system, row);
      const kind = verdict === null ? "" : verdict ? "right" : "wrong";
      const item = element("li", system === chosen("a") ? `${kind} chosen` : kind);
      item.append(element("span", "name", system.name));
      if (system.predicted) item.append(element("b", "", system.predicted[row] < 0 ? "no answer" : labels[system.predicted[row]]));
      if (data.measure) item.append(element("span", "", data.measure));
      if (system.score) item.append(element("span", "", system.score[row] === null ? "no score" : shown(system.score[row])));
      if (verdict !== null) {
        const sign = element("span", "", verdict ? "✓" : "✗");
        sign.setAttribute("role", "img");
        sign.setAttribute("aria-label", verdict ? "right" : "wrong");
        item.append(sign);
      }
      made.append(item);
    }
    return made;
  }

  const shown = (value) => (Math.abs(value) < 10 && !Number.isInteger(value) ? value.toFixed(3) : String(value)).replace(/^(-?)0\./, "$1.");

  function reasonList(reasons) {
    const made = element("ul", "reasons");
    made.setAttribute("aria-label", `What moved the score of ${chosen("a").name}`);
    for (const reason of reasons) {
      const sign = reason.weight > 0 ? "+" : "−";
      const quoted = reason.text ? `${reason.name}: “${reason.text}”` : reason.name;
      made.append(element("li", "", reason.weight ? `${sign}${Math.abs(reason.weight)} ${reason.name}` : quoted));
    }
    return made;
  }

  function option(value, content) {
    const made = element("option", "", content);
    made.value = value;
    return made;
  }

  function turn(page) {
    state.page = page;
    show();
    byId("claims").focus({ preventScroll: true });
    byId("count").scrollIntoView({ block: "center" });
  }

  for (const id of ["a", "b"]) byId(id).append(...systems.map((system, place) => option(place, system.name)));
  byId("b").value = Math.min(1, systems.length - 1);
  byId("gold").append(...labels.map((label, code) => option(code, label)));
  if (claims.gold.includes(-1)) byId("gold").append(option(-1, "none"));
  byId("browser").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["which", "a", "b", "gold", "order"]) byId(id).addEventListener("change", select);
  let waiting = 0;
  byId("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(select, 120);
  });
  byId("first").addEventListener("click", () => turn(0));
  byId("previous").addEventListener("click", () => turn(state.page - 1));
  byId("next").addEventListener("click", () => turn(state.page + 1));
  byId("last").addEventListener("click", () => turn(Infinity));
  byId("page").addEventListener("change", () => turn((Number(byId("page").value) || 1) - 1));
  const opened = [];
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not(.data):not([open])")) {
      details.open = true;
      opened.push(details);
    }
  });
  window.addEventListener("afterprint", () => {
    for (const details of opened.splice(0)) details.open = false;
  });
  if (!labels.length) {
    for (const id of ["which", "gold"]) byId(id).parentElement.hidden = true;
  }
  byId("browser").hidden = false;
  byId("paging").hidden = false;
  select();
})();
