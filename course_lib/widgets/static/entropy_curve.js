// The loss as a curve: −log p of the target, and where on it the present p is.

import { formatNumber } from "./common.js";
import { svg } from "./svg.js";

const [WIDTH, HEIGHT, TOP] = [220, 120, 6]; // the loss that the curve reaches up to
const [LEFT, BOTTOM] = [30, 20];

const across = (p) => LEFT + p * (WIDTH - LEFT - 8);
const up = (loss) => 6 + (1 - Math.min(TOP, loss) / TOP) * (HEIGHT - BOTTOM - 6);

export class Curve {
  constructor() {
    const points = Array.from({ length: 81 }, (_, i) => Math.exp(-TOP * (1 - i / 80)));
    const path = points
      .map((p, i) => `${i ? "L" : "M"}${across(p).toFixed(1)} ${up(-Math.log(p)).toFixed(1)}`)
      .join("");
    this.dot = svg("circle", { r: 5, class: "cw-dot" });
    this.drop = svg("path", { class: "cw-drop" });
    this.even = svg("path", { class: "cw-even" });
    this.evenText = svg("text", { class: "cw-axis", "text-anchor": "end" });
    this.element = svg(
      "svg",
      { class: "cw-curve", role: "img", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT },
      svg("path", { class: "cw-axes", d: `M${LEFT} 4V${HEIGHT - BOTTOM}H${WIDTH - 6}` }),
      this.even,
      this.evenText,
      svg("path", { class: "cw-line-path", d: path }),
      this.drop,
      this.dot,
      ...[0, 0.5, 1].map((p) =>
        svg("text", { class: "cw-axis", x: across(p), y: HEIGHT - 6, "text-anchor": "middle" }, `${p}`),
      ),
      ...[0, 3, 6].map((l) =>
        svg("text", { class: "cw-axis", x: LEFT - 6, y: up(l) + 4, "text-anchor": "end" }, `${l}`),
      ),
      svg("text", { class: "cw-axis", x: across(0.75), y: HEIGHT - 6, "text-anchor": "middle" }, "p"),
      svg("text", { class: "cw-axis", x: LEFT + 6, y: 14 }, "L = −log p"),
    );
  }

  paint({ p, loss }, target, count) {
    const [x, y] = [across(p[target]), up(loss)];
    this.dot.setAttribute("cx", x);
    this.dot.setAttribute("cy", y);
    this.drop.setAttribute("d", `M${x} ${HEIGHT - BOTTOM}V${y}H${LEFT}`);
    const even = up(Math.log(count));
    this.even.setAttribute("d", `M${LEFT} ${even}H${WIDTH - 6}`);
    this.evenText.setAttribute("x", WIDTH - 8);
    this.evenText.setAttribute("y", even - 4);
    this.evenText.textContent = `log ${count}`;
    const outside = loss > TOP ? ", above the picture" : "";
    this.element.setAttribute(
      "aria-label",
      `the curve of −log p: at p ${formatNumber(p[target], 3)} the loss is ${formatNumber(loss)}${outside}`,
    );
  }
}
