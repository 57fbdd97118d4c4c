// SPDX-License-Identifier: BSD-3-Clause
// Elements, and the shapes of states.

export const byId = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes))
		if (value !== null && value !== undefined)
			node.setAttribute(name, value);
	node.append(...children);
	return node;
}

export function element(name, attributes = {}, ...children) {
	return fill(document.createElement(name), attributes, children);
}

export function drawn(name, attributes = {}, ...children) {
	return fill(document.createElementNS(SVG, name), attributes, children);
}

/** Only what changes is touched: screen readers and layout are left alone otherwise. */
export function say(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

export function mark(node, className) {
	if (node.getAttribute("class") !== className)
		node.setAttribute("class", className);
}

/** Each state has a shape of its own, as a path around the point. r: half of its size. */
export const shapes = {
	connected: (x, y, r) => circle(x, y, r),
	behind: (x, y, r) => circle(x, y, r) + hole(x, y, r * 0.55),
	deaf: (x, y, r) => `M${x} ${y - r}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`,
	away: (x, y, r) => `M${x} ${y - r}l${r} ${2 * r}h${-2 * r}z`,
	absent: (x, y, r) => circle(x, y, r) + hole(x, y, r * 0.72),
	evicted: (x, y, r) => {
		const a = r * 0.4, b = r - a;

		return `M${x} ${y - a}l${b} ${-b}l${a} ${a}l${-b} ${b}l${b} ${b}l${-a} ${a}l${-b} ${-b}` +
			`l${-b} ${b}l${-a} ${-a}l${b} ${-b}l${-b} ${-b}l${a} ${-a}z`;
	},
};

function circle(x, y, r) {
	return `M${x - r} ${y}a${r} ${r} 0 1 1 ${2 * r} 0a${r} ${r} 0 1 1 ${-2 * r} 0z`;
}

/** The other way around, so it is not filled. */
function hole(x, y, r) {
	return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
}

export function glyph(state) {
	return drawn("svg", { class: `glyph ${state}`, viewBox: "0 0 12 12", "aria-hidden": "true" },
		drawn("path", { d: shapes[state](6, 6, 5) }));
}

/** enforce: full; transition: half; observe: empty. */
export function modeGlyph(mode) {
	const svg = drawn("svg", { class: `glyph mode-${mode}`, viewBox: "0 0 12 12", "aria-hidden": "true" });

	svg.append(drawn("rect", { class: "frame", x: 1.5, y: 1.5, width: 9, height: 9, rx: 1.5 }));
	if (mode !== "observe")
		svg.append(drawn("rect", { x: 1.5, y: 1.5, width: mode === "enforce" ? 9 : 4.5, height: 9 }));
	return svg;
}

export function seconds(s) {
	if (s < 120)
		return `${s} s`;
	if (s < 7200)
		return `${Math.floor(s / 60)} min`;
	if (s < 172800)
		return `${Math.floor(s / 3600)} h`;
	return `${Math.floor(s / 86400)} days`;
}

export function number(n) {
	return n.toLocaleString("en");
}

export function many(n, one, more) {
	return `${number(n)} ${n === 1 ? one : more}`;
}

export function spiText(spi) {
	return `0x${spi.toString(16).padStart(8, "0")}`;
}

/** What stands between backquotes is a command. */
export function prose(text) {
	return text.split("`").map((part, i) => (i % 2 ? element("code", {}, part) : part)).filter((part) => part !== "");
}
