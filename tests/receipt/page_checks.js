// What the tests ask a page in a browser. Each function gives a plain value.

function open_all() {
  document.querySelectorAll("details").forEach((d) => (d.open = true));
}

// WCAG 2.2, relative luminance
function luminance(colour) {
  const [r, g, b] = colour.slice(0, 3).map((part) => {
    const p = part / 255;
    return p <= 0.04045 ? p / 12.92 : ((p + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const parts = (css) => (css.match(/[\d.]+/g) || []).map(Number);

function ground(element) {
  for (let e = element; e; e = e.parentElement) {
    const colour = parts(getComputedStyle(e).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
}

// the text that stands out least from its ground, and how many texts there are
function contrasts() {
  open_all();
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim();
    const element = walk.currentNode.parentElement;
    if (!text || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const ink = element.namespaceURI.includes("svg") ? style.fill : style.color;
    const ends = [luminance(parts(ink)), luminance(ground(element))].sort((a, b) => b - a);
    found.push([(ends[0] + 0.05) / (ends[1] + 0.05), text]);
  }
  found.sort((a, b) => a[0] - b[0]);
  return { least: found[0][0], text: found[0][1], texts: found.length };
}

// elements that stick out of the window; what is hidden on purpose is left out
function outside() {
  open_all();
  const wide = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll("body *")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width > 1 && (box.left < -1 || box.right > wide + 1) && !e.closest("thead");
  });
  const scroll = document.documentElement.scrollWidth - wide;
  return { scroll, out: out.slice(0, 5).map((e) => e.outerHTML.slice(0, 150)) };
}

// what has the focus, and the line around it
function focus() {
  const style = getComputedStyle(document.activeElement);
  return { tag: document.activeElement.tagName, line: style.outlineStyle,
           width: parseFloat(style.outlineWidth) };
}

const box = (selector) => document.querySelector(selector).getBoundingClientRect();
const shown = (selector) =>
  [...document.querySelectorAll(selector)].filter((e) => e.getClientRects().length).length;
