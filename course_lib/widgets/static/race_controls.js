// The controls of OptimizerRace: the race, the surface, the rates; the methods with their settings; the keys to step.

import { formatNumber, h, parseNumber, Refused } from "./common.js";
import { choices, field } from "./controls.js";
import { optionsOf } from "./race_runs.js";
import { rateText, swatch } from "./race_style.js";
import { OPTION_NAMES, optionsText, outcomeOf, RULES } from "./race_words.js";

const RACE_SPEEDS = [5, 15, 30, 60];

/** Write a text only where it is another one: most frames change few of them. */
export function putText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A number of an option from what was typed; throws Refused where it is none or out of range. */
function numberFrom(what, text, [low, high], whole = false) {
  const value = parseNumber(text);
  if (Number.isNaN(value) || (whole && !Number.isInteger(value)) || value < low || value > high) {
    throw new Refused(
      `${what}: expected a ${whole ? "whole " : ""}number from ${low} to ${high}, got “${text}”; the last one stays`,
    );
  }
  return value;
}

/** Above the race: which race, which surface, whose rates. */
export function makeTop(actions, library) {
  const select = (onChange, ...options) =>
    h("select", { onchange: (event) => onChange(event.target.value) }, ...options);
  const labelled = (label, element) => h("label", { class: "cw-field" }, h("span", {}, label), element);
  const option = ([value, title]) => h("option", { value }, title);
  const preset = select(
    (name) => name && actions.choose(name),
    h("option", { value: "" }, "your own"),
    ...library.presets.map(({ name, title }) => option([name, title])),
  );
  const surface = select(
    (name) => actions.setup({ surface: name, start: library.surfaces[name].start }),
    ...Object.entries(library.surfaces).map(([name, { title }]) => option([name, title])),
  );
  const stops = library.kappas;
  const kappa = h("input", {
    type: "range",
    class: "cw-slider",
    min: "0",
    max: String(stops.length - 1),
    oninput: () => actions.setup({ kappa: stops[Number(kappa.value)] }, false),
    onchange: () => actions.settle(),
  });
  const kappaText = h("span", { class: "cw-kappa" });
  const kappaLabel = labelled("condition number κ", kappa);
  kappaLabel.append(kappaText);
  const rates = choices(
    "rates",
    [
      ["same", "same rate"],
      ["tuned", "each tuned"],
      ["own", "own"],
    ],
    (value) => actions.setup({ rates: value }),
  );
  const start = [0, 1].map((i) =>
    field(`start w${i}`, {
      onCommit: (text) =>
        actions.guard(() => {
          const box = actions.state().about.box.slice(2 * i, 2 * i + 2);
          const value = numberFrom(`start w${i}`, text, box);
          actions.setup({ start: actions.state().setup.start.map((old, j) => (i === j ? value : old)) });
        }),
    }),
  );
  const budget = field("evaluations", {
    title: `gradient evaluations for each method, 1 to ${library.most.budget}`,
    onCommit: (text) =>
      actions.guard(() => actions.setup({ budget: numberFrom("evaluations", text, [1, library.most.budget], true) })),
  });
  const seed = field("seed", {
    title: "of the noise",
    onCommit: (text) =>
      actions.guard(() => actions.setup({ seed: numberFrom("seed", text, [0, library.most.seed], true) })),
  });
  const note = h("p", { class: "cw-note-line" });
  const element = h(
    "div",
    { class: "cw-controls" },
    h("div", { class: "cw-bar" }, labelled("race", preset), labelled("surface", surface), kappaLabel, rates.element),
    note,
    h("div", { class: "cw-bar" }, ...start.map((made) => made.element), budget.element, seed.element),
  );
  return {
    element,
    set({ setup, about, preset: name }) {
      preset.value = name;
      surface.value = setup.surface;
      kappaLabel.hidden = setup.surface !== "quadratic";
      kappa.value = stops.indexOf(setup.kappa);
      kappa.setAttribute("aria-valuetext", String(setup.kappa));
      putText(kappaText, String(setup.kappa));
      rates.set(setup.rates);
      start.forEach((made, i) => made.set(formatNumber(setup.start[i], 3)));
      budget.set(String(setup.budget));
      seed.set(String(setup.seed));
      seed.element.hidden = setup.surface !== "noisy";
      putText(note, library.presets.find((found) => found.name === name)?.note ?? about.note);
    },
  };
}

/** The methods, one a row: on or off, how it looks, its settings, how it stands. */
export function makeMethods(actions, library) {
  const rows = Object.keys(library.methods).map((name) => {
    const box = h("input", { type: "checkbox", onchange: () => actions.turn(name, box.checked) });
    const title = h("span", {}, library.methods[name].title);
    const settings = h("button", { type: "button", class: "cw-button cw-chosen", onclick: () => actions.focus(name) });
    const outcome = h("span", { class: "cw-outcome" });
    const problem = h("span", { class: "cw-problem", hidden: true });
    const label = h("label", { class: "cw-check" }, box, swatch(name), title);
    const row = h("div", { class: "cw-method" }, label, settings, outcome, problem);
    return { name, box, title, settings, outcome, problem, row };
  });
  const element = h(
    "div",
    { class: "cw-methods", role: "group", "aria-label": "methods" },
    h("div", { class: "cw-title" }, "methods, their settings, the loss they reached"),
    ...rows.map(({ row }) => row),
  );
  return {
    element,
    set({ setup, focus, mine }) {
      for (const { name, box, title, settings, problem, row } of rows) {
        const { title: plain } = library.methods[name];
        const label = name === "mine" ? (mine.name ?? plain) : plain;
        row.hidden = name === "mine" && !mine.run;
        box.checked = setup.on.includes(name);
        putText(title, label);
        const text = optionsText(optionsOf(setup, name, library.tuned));
        putText(settings, text);
        settings.setAttribute("aria-pressed", String(name === focus));
        settings.setAttribute("aria-label", `settings of ${label}: ${text}`);
        problem.hidden = name !== "mine" || !mine.problem;
        putText(problem, name === "mine" ? (mine.problem ?? "") : "");
      }
    },
    /** lines: those of the methods that are on. */
    setOutcomes(lines, spent, surface) {
      for (const { name, outcome } of rows) {
        const line = lines.find((found) => found.name === name);
        const { text, badge } = line ? outcomeOf(line.run, spent, surface, line.faint) : { text: "off", badge: "off" };
        putText(outcome, text);
        const wanted = badge === "off" ? "cw-outcome cw-off" : badge ? `cw-outcome cw-badge cw-${badge}` : "cw-outcome";
        if (outcome.className !== wanted) outcome.className = wanted;
      }
    },
  };
}

// where a value stands on its slider, and back
const SLIDES = {
  log: { at: Math.log10, value: (at) => Number((10 ** at).toPrecision(2)), step: 0.02 },
  decay: { at: (value) => -Math.log10(1 - value), value: (at) => Number((1 - 10 ** -at).toFixed(4)), step: 0.02 },
  whole: { at: Number, value: Math.round, step: 1 },
};

/** The settings of the method in focus: a slider and a field for each option. */
export function makeSettings(actions, library) {
  const element = h("div", { class: "cw-panel", role: "group" });
  let shown = null;
  let made = [];
  const build = (name, label) => {
    shown = `${name} ${label}`;
    const { options } = library.methods[name];
    made = Object.entries(options).map(([option, [, low, high, kind]]) => {
      const slide = SLIDES[kind];
      const what = `${label}, ${OPTION_NAMES[option]}`;
      const [least, most] = [slide.at(low), slide.at(high)];
      const range = h("input", {
        type: "range",
        class: "cw-slider",
        "aria-label": `${OPTION_NAMES[option]}, slider`,
        min: least,
        max: most,
        step: slide.step,
        oninput: () => {
          const value = Math.max(low, Math.min(high, slide.value(Number(range.value))));
          actions.option(name, option, value, false);
        },
        onchange: () => actions.settle(),
      });
      const typed = field(OPTION_NAMES[option], {
        onCommit: (text) =>
          actions.guard(() => actions.option(name, option, numberFrom(what, text, [low, high], kind === "whole"))),
      });
      return { option, slide, range, typed };
    });
    element.setAttribute("aria-label", `settings of ${label}`);
    element.replaceChildren(
      h("div", { class: "cw-title" }, `${label}: settings`),
      h("p", { class: "cw-rule" }, RULES[name]),
      ...made.map(({ range, typed }) => h("div", { class: "cw-setting" }, typed.element, range)),
    );
  };
  return {
    element,
    set({ setup, focus, mine }) {
      const label = focus === "mine" ? (mine.name ?? library.methods.mine.title) : library.methods[focus].title;
      if (shown !== `${focus} ${label}`) build(focus, label);
      const now = optionsOf(setup, focus, library.tuned);
      for (const { option, slide, range, typed } of made) {
        const text = option === "lr" ? rateText(now[option]) : formatNumber(now[option], 4);
        typed.set(text);
        if (document.activeElement !== range) range.value = slide.at(now[option]);
        const shared = option === "lr" && setup.rates === "same" ? ", the same for all" : "";
        range.setAttribute("aria-valuetext", text + shared);
      }
    },
  };
}

/** Stepping, playing, scrubbing. */
export function makeTransport(actions) {
  const button = (label, title, onclick) => h("button", { type: "button", class: "cw-button", title, onclick }, label);
  const play = button("Play", "Space", actions.toggle);
  const slider = h("input", {
    type: "range",
    min: "0",
    class: "cw-slider",
    "aria-label": "gradient evaluations shown",
    oninput: () => actions.drag(Number(slider.value)),
    onchange: actions.settle,
  });
  const count = h("span", { class: "cw-count" });
  const speed = h(
    "select",
    { "aria-label": "speed" },
    ...RACE_SPEEDS.map((rate) => h("option", { value: rate, selected: rate === 15 }, `${rate} a second`)),
  );
  const element = h(
    "div",
    { class: "cw-bar cw-transport", role: "group", "aria-label": "steps" },
    button("First", "back to the start", () => actions.step(0)),
    button("Back", "key [", () => actions.step(actions.state().step - 1)),
    play,
    button("Next", "key ]", () => actions.step(actions.state().step + 1)),
    button("Last", "all evaluations", () => actions.step(actions.state().setup.budget)),
    slider,
    count,
    speed,
    button("Reset", "the race as it was at first", actions.reset),
  );
  return {
    element,
    rate: () => Number(speed.value),
    setPlaying(playing) {
      play.textContent = playing ? "Pause" : "Play";
    },
    setStep(spent, budget) {
      slider.max = budget;
      slider.value = spent;
      const text = `${spent} of ${budget} evaluations`;
      if (count.textContent === text) return;
      count.textContent = text;
      slider.setAttribute("aria-valuetext", text);
    },
  };
}
