// ProgressView in the browser: a map of the assignments, a table of them, and the exercises of each on request.

import { Announcer, Banner, Cleanup, h, renderView } from "./common.js";
import { svg } from "./svg.js";

const WORDS = { done: "done", started: "begun", ready: "can begin", later: "later" };
const MARKS = { done: "✓", started: "◐", ready: "○", later: "·" };
const [COLUMN, ROW, WIDE, HIGH] = [136, 66, 108, 54];

/** How many of the misconceptions met are overcome; a dash where none was met. */
function ofMet(overcome, met) {
  return met ? `${overcome} of ${met}` : "–";
}

/** A title in at most two lines, as even as its words allow. */
function twoLines(title) {
  if (title.length < 18) return [title];
  const words = title.split(" ");
  const lines = words.slice(1).map((_, i) => [words.slice(0, i + 1).join(" "), words.slice(i + 1).join(" ")]);
  const longest = (pair) => Math.max(...pair.map((line) => line.length));
  return lines.reduce((best, pair) => (longest(pair) < longest(best) ? pair : best));
}

class ProgressTable {
  constructor(model, el) {
    this.model = model;
    this.open = new Set();
    this.onlyOpen = false;
    this.cleanup = new Cleanup();
    this.root = h("div", { class: "cw cw-progress", role: "group", "aria-label": "Your progress" });
    el.append(this.root);
    this.cleanup.keep(() => this.root.remove());
    this.banner = new Banner();
    this.announcer = new Announcer(this.cleanup);
    this.body = h("div", { class: "cw-progress-body" });
    this.root.append(this.banner.element, this.body, this.announcer.element);
    for (const name of ["summary", "note"]) {
      this.cleanup.watchModel(model, `change:${name}`, () => {
        this.banner.guard(() => this.draw());
        this.announcer.say(this.inWords());
      });
    }
    this.cleanup.watchModel(model, "change:problem", () => {
      const problem = model.get("problem");
      if (problem) this.banner.show(problem);
      else this.banner.clear();
    });
    this.draw();
  }

  get summary() {
    return this.model.get("summary");
  }

  inWords() {
    const { done, total, met, overcome } = this.summary;
    return `${done} of ${total} exercises done, ${overcome} of ${met} misconceptions overcome`;
  }

  draw() {
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const note = this.model.get("note");
    this.body.replaceChildren(
      this.heading(),
      ...(note ? [h("p", { class: "cw-note-line" }, note)] : []),
      h(
        "div",
        { class: "cw-scroll", tabindex: "0", role: "region", "aria-label": "map of the assignments" },
        this.map(),
      ),
      h(
        "div",
        { class: "cw-scroll", tabindex: "0", role: "region", "aria-label": "table of the assignments" },
        this.table(),
      ),
      this.ideas(),
    );
    if (focused) this.body.querySelector(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
  }

  heading() {
    const { next } = this.summary;
    const what = next
      ? [h("b", {}, `Next: ${next.exercise}`), ` in ${next.assignment} · ${next.title} (${next.why})`]
      : [h("b", {}, "Everything is done.")];
    return h(
      "div",
      { class: "cw-progress-head" },
      h("p", { class: "cw-progress-next" }, ...what),
      h("p", {}, `${this.inWords()}.`),
    );
  }

  /** The map: a box for each assignment, arrows from what it builds on. The table says the same in words. */
  map() {
    const { assignments, next } = this.summary;
    const at = new Map(assignments.map(({ number, place }) => [number, [place[0] * COLUMN + 8, place[1] * ROW + 8]]));
    const width = Math.max(...[...at.values()].map(([x]) => x)) + WIDE + 8;
    const height = Math.max(...[...at.values()].map(([, y]) => y)) + HIGH + 8;
    const arrows = assignments.flatMap(({ number, builds_on }) =>
      builds_on
        .filter((before) => at.has(before))
        .map((before) => {
          const [[x, y], [u, v]] = [at.get(number), at.get(before)];
          const [from, to] = [`${u + WIDE} ${v + HIGH / 2}`, `${x - 8} ${y + HIGH / 2}`];
          const bend = (x - u - WIDE) / 2;
          const d = `M${from}C${u + WIDE + bend} ${v + HIGH / 2} ${x - bend} ${y + HIGH / 2} ${to}`;
          const tip = `M${x - 10} ${y + HIGH / 2 - 4}L${x - 2} ${y + HIGH / 2}L${x - 10} ${y + HIGH / 2 + 4}z`;
          return svg(
            "g",
            {},
            svg("path", { d, class: "cw-progress-arrow" }),
            svg("path", { d: tip, class: "cw-progress-tip" }),
          );
        }),
    );
    const boxes = assignments.map(({ number, title, status, done, total }) => {
      const [x, y] = at.get(number);
      const kind = `cw-progress-box cw-is-${status}${next?.assignment === number ? " cw-is-next" : ""}`;
      return svg(
        "g",
        { transform: `translate(${x} ${y})` },
        svg("rect", { class: kind, width: WIDE, height: HIGH, rx: 6 }),
        svg("rect", {
          class: "cw-progress-share",
          x: 5,
          y: HIGH - 7,
          width: ((WIDE - 10) * done) / (total || 1),
          height: 3,
        }),
        svg("text", { x: WIDE / 2, y: 16, class: "cw-progress-number" }, `${number} ${MARKS[status]}`),
        ...twoLines(title).map((words, i) =>
          svg("text", { x: WIDE / 2, y: 29 + 12 * i, class: "cw-progress-title" }, words),
        ),
      );
    });
    const label = assignments
      .map(
        ({ number, builds_on, status }) =>
          `${number} ${WORDS[status]}${builds_on.length ? `, builds on ${builds_on.join(" and ")}` : ""}`,
      )
      .join("; ");
    return svg(
      "svg",
      {
        class: "cw-progress-map",
        width,
        height,
        viewBox: `0 0 ${width} ${height}`,
        role: "img",
        "aria-label": `Map. ${label}`,
      },
      ...arrows,
      ...boxes,
    );
  }

  table() {
    const heads = ["assignment", "", "exercises done", "answers tried", "misconceptions overcome", "hints"];
    const rows = this.summary.assignments.flatMap((a) => this.rowsOf(a));
    const { done, total, attempts, met, overcome, hints } = this.summary;
    const cells = ["", `${done} of ${total}`, String(attempts), ofMet(overcome, met), String(hints)].map((text) =>
      h("td", {}, text),
    );
    return h(
      "table",
      { class: "cw-progress-table" },
      h(
        "caption",
        { class: "cw-hidden" },
        "Exercises done, answers tried, misconceptions and hints of each assignment",
      ),
      h("thead", {}, h("tr", {}, ...heads.map((text) => (text ? h("th", { scope: "col" }, text) : h("td", {}))))),
      h("tbody", {}, ...rows, h("tr", { class: "cw-progress-total" }, h("th", { scope: "row" }, "all"), ...cells)),
    );
  }

  rowsOf(a) {
    const shown = this.open.has(a.number);
    const button = h(
      "button",
      {
        type: "button",
        class: "cw-progress-more",
        "aria-expanded": String(shown),
        "data-key": a.number,
        onclick: () => {
          if (!this.open.delete(a.number)) this.open.add(a.number);
          this.draw();
        },
      },
      `${shown ? "▾" : "▸"} ${a.number} · ${a.title}`,
    );
    const wait = a.missing.length && a.status !== "done" ? ` (after ${a.missing.join(", ")})` : "";
    const texts = [`${a.done} of ${a.total}`, String(a.attempts), ofMet(a.overcome, a.met), String(a.hints)];
    const row = h(
      "tr",
      { class: this.summary.next?.assignment === a.number ? "cw-picked" : "" },
      h("th", { scope: "row" }, button),
      h("td", {}, `${MARKS[a.status]} ${WORDS[a.status]}${wait}`),
      ...texts.map((text) => h("td", {}, text)),
    );
    if (!shown) return [row];
    const ones = a.exercises.map((e) => {
      const ideas = a.ideas.filter(({ exercise }) => exercise === e.id);
      const words = e.done ? "✓ done" : e.attempts ? `◐ ${Math.round(100 * e.best)} % of the points` : "○ open";
      const own = [
        words,
        "",
        String(e.attempts),
        ofMet(ideas.filter((i) => i.overcome).length, ideas.length),
        String(e.hints),
      ];
      return h(
        "tr",
        { class: "cw-progress-one" },
        h("th", { scope: "row" }, e.name),
        ...own.map((text) => h("td", {}, text)),
      );
    });
    return [row, ...ones];
  }

  ideas() {
    const all = this.summary.assignments.flatMap(({ ideas }) => ideas);
    if (!all.length) return h("p", { class: "cw-note-line" }, "No misconception met so far.");
    const box = h("input", {
      type: "checkbox",
      "data-key": "still",
      onchange: () => {
        this.onlyOpen = box.checked;
        this.draw();
      },
    });
    box.checked = this.onlyOpen;
    const listed = all.filter(({ overcome }) => !this.onlyOpen || !overcome);
    const items = listed.map(({ exercise, name, sentence, met, overcome }) =>
      h(
        "li",
        {},
        h("b", {}, `${overcome ? "✓ overcome" : "! still there"}: ${name}`),
        ` (${exercise}, met ${met > 2 ? `${met} times` : met === 2 ? "twice" : "once"}). ${sentence}`,
      ),
    );
    return h(
      "div",
      { class: "cw-progress-ideas" },
      h("p", { class: "cw-title" }, "Misconceptions met"),
      h("label", { class: "cw-check" }, box, h("span", {}, "only those not overcome")),
      items.length ? h("ul", {}, ...items) : h("p", {}, "All are overcome."),
    );
  }
}

export default { render: (shown) => renderView(ProgressTable, shown) };
