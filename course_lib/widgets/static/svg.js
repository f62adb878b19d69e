// Drawing with SVG: elements made as h() of common.js makes those of the page.

/** Make an SVG element: svg("path", { d: "M0 0L9 9", class: "cw-route" }, ...children). Undefined entries are left out. */
export function svg(tag, entries = {}, ...children) {
  svg.space ??= Object.assign(document.createElement("template"), {
    innerHTML: "<svg></svg>",
  }).content.firstChild.namespaceURI; // the parser knows the name, and so no address stands in this file
  const element = document.createElementNS(svg.space, tag);
  for (const [name, value] of Object.entries(entries)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}
