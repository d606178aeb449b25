/**
 * Building and refreshing elements. Nothing that a person or a bot wrote is ever parsed as HTML:
 * text becomes text nodes, and every attribute is set by name.
 */

const SVG = "http://www.w3.org/2000/svg";

/** `on…` properties are listeners, `data` fills the dataset, `true` is a bare attribute, null and false are skipped. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/**
 * Make `parent` show `entries` (`{key, signature, build}`) in order, keeping every element whose signature
 * stayed the same: focus, an opened spoiler and a pressed button survive what happens around them.
 */
export function reconcile(parent, entries) {
  const standing = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  const spot = focused && { key: focused.closest("[data-key]")?.dataset.key, name: focused.dataset.spot };
  const nodes = entries.map((entry) => standingOrBuilt(standing.get(entry.key), entry));
  const kept = new Set(nodes);
  for (const node of standing.values()) if (!kept.has(node)) node.remove();
  nodes.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
  if (focused && !focused.isConnected) refocus(nodes, spot);
}

function standingOrBuilt(node, { key, signature, build }) {
  if (node?.dataset.signature === signature) return node;
  const fresh = build();
  fresh.dataset.key = key;
  fresh.dataset.signature = signature;
  return fresh;
}

function refocus(nodes, spot) {
  const node = nodes.find((candidate) => candidate.dataset.key === spot.key);
  if (!node) return;
  const places = [node, ...node.querySelectorAll("[data-spot]")];
  places.find((place) => place.dataset.spot === spot.name)?.focus({ preventScroll: true });
}
