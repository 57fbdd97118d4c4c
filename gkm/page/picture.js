// SPDX-License-Identifier: BSD-3-Clause
// The fabric as a picture: the key manager above, each group a box with its hosts. A few hosts have their names in
// it, many are a field of shapes, and very many a bar. All of one state in a box are one path, so a thousand hosts
// are a few elements, and only boxes that have changed are drawn again.

import { byId, drawn, element, glyph, modeGlyph, number, shapes, spiText } from "./dom.js";
import { MEANINGS, STATES, connectedOf } from "./model.js";

const NAMED_MAX = 24;
const SHAPES_MAX = 6000; // in the whole picture
const COLUMN = 300;
const GAP = 16;
const PAD = 14;
const HEAD = 56; // of a box, above its members
const TOP = { width: 250, height: 48, below: 30 };
const CHIP = { height: 28, gap: 6 };
const BAR = 16;

const pen = document.createElement("canvas").getContext("2d");
let layout = null; // of the picture that is shown

/* --- where everything goes ------------------------------------------------------------------ */

function widthOf(text, font) {
	pen.font = font;
	return pen.measureText(text).width;
}

function cut(text, width, font) {
	if (widthOf(text, font) <= width)
		return text;
	let end = text.length;

	while (end > 1 && widthOf(`${text.slice(0, end)}…`, font) > width)
		end--;
	return `${text.slice(0, end)}…`;
}

const FONTS = { name: "600 14px system-ui, sans-serif", text: "12px system-ui, sans-serif" };

function cellOf(count) {
	if (count <= 150)
		return 18;
	return count <= 500 ? 14 : 11;
}

/** What its members look like, and how high they are. */
function placeMembers(group, width, crowded) {
	const count = group.members.length;

	if (count <= NAMED_MAX) {
		const widest = Math.max(40, ...group.members.map((member) => widthOf(member.name, FONTS.text)));
		const chip = Math.min(width, widest + 34);
		const columns = Math.max(1, Math.floor((width + CHIP.gap) / (chip + CHIP.gap)));

		return { kind: "names", columns, cellX: chip + CHIP.gap, cellY: CHIP.height + CHIP.gap, chip,
			height: Math.ceil(count / columns) * (CHIP.height + CHIP.gap) - CHIP.gap };
	}
	if (crowded)
		return { kind: "bar", height: BAR };
	const cell = cellOf(count), columns = Math.floor(width / cell);

	return { kind: "shapes", columns, cellX: cell, cellY: cell, height: Math.ceil(count / columns) * cell };
}

/** Boxes in columns, each below the one above it. */
function place(model, width) {
	const groups = model.groups;
	const columns = Math.max(1, Math.min(groups.length, Math.floor((width + GAP) / (COLUMN + GAP))));
	const boxWidth = (width - (columns - 1) * GAP) / columns;
	const seats = groups.reduce((sum, group) => sum + group.members.length, 0);
	const bottoms = new Array(columns).fill(TOP.height + TOP.below);
	const boxes = groups.map((group) => {
		const members = placeMembers(group, boxWidth - 2 * PAD, seats > SHAPES_MAX);
		const column = bottoms.indexOf(Math.min(...bottoms));
		const box = { group, members, column, x: column * (boxWidth + GAP), y: bottoms[column], width: boxWidth,
			height: HEAD + members.height + PAD };

		bottoms[column] += box.height + GAP;
		return box;
	});

	return { width, columns, boxWidth, boxes, height: Math.max(...bottoms) - GAP + 2 };
}

/* --- drawing -------------------------------------------------------------------------------- */

function text(className, x, y, content, anchor) {
	return drawn("text", { class: className, x, y, "text-anchor": anchor }, content);
}

function drawNames(box) {
	const { columns, cellX, cellY, chip } = box.members;

	return box.group.members.map((member, i) => {
		const x = PAD + (i % columns) * cellX, y = HEAD + Math.floor(i / columns) * cellY;

		return drawn("g", { class: `host ${member.state}` },
			drawn("rect", { class: "chip", x: x + 0.5, y: y + 0.5, width: chip - 1, height: CHIP.height - 1, rx: 6 }),
			drawn("path", { class: member.state, d: shapes[member.state](x + 14, y + CHIP.height / 2, 5) }),
			text("label", x + 26, y + CHIP.height / 2 + 4, cut(member.name, chip - 32, FONTS.text)));
	});
}

function drawShapes(box) {
	const { columns, cellX } = box.members;
	const paths = Object.fromEntries(STATES.map((state) => [state, ""]));

	box.group.members.forEach((member, i) => {
		const x = PAD + (i % columns + 0.5) * cellX, y = HEAD + (Math.floor(i / columns) + 0.5) * cellX;

		paths[member.state] += shapes[member.state](x, y, cellX * 0.4);
	});
	return STATES.filter((state) => paths[state])
		.map((state) => drawn("path", { class: state, d: paths[state] }));
}

function drawBar(box) {
	const total = box.group.members.length, width = box.width - 2 * PAD;
	let x = PAD;

	return STATES.filter((state) => box.group.counts[state]).map((state) => {
		const part = width * box.group.counts[state] / total;
		const rect = drawn("rect", { class: state, x, y: HEAD, width: Math.max(part - 1, 2), height: BAR });

		x += part;
		return rect;
	});
}

function subtitle(group) {
	const parts = [`${number(connectedOf(group))} of ${number(group.members.length)} connected`];

	if (group.counts.away)
		parts.push(`${number(group.counts.away)} away`);
	parts.push(group.active ? `key ${spiText(group.active.spi)}` : "no key");
	return parts.join(" · ");
}

function drawBox(box) {
	const { group } = box, mode = group.mode.mode;
	const modeWidth = widthOf(mode, FONTS.text) + 18;
	const icon = modeGlyph(mode);
	const draw = { names: drawNames, shapes: drawShapes, bar: drawBar }[box.members.kind];

	for (const [name, value] of Object.entries({ x: box.width - PAD - modeWidth, y: 13, width: 12, height: 12 }))
		icon.setAttribute(name, value);
	return drawn("g", { class: "box", transform: `translate(${box.x} ${box.y})` },
		drawn("rect", { class: "frame", x: 0.5, y: 0.5, width: box.width - 1, height: box.height - 1, rx: 8 }),
		text("name", PAD, 24, cut(group.name, box.width - 3 * PAD - modeWidth, FONTS.name)),
		icon, text(`label mode-${mode}`, box.width - PAD, 23, mode, "end"),
		text("sub", PAD, 43, cut(subtitle(group), box.width - 2 * PAD, FONTS.text)), ...draw(box));
}

function drawTop(model, placed) {
	const x = placed.width / 2;
	const address = model.told.address.includes(":") ? `[${model.told.address}]` : model.told.address;

	return drawn("g", { class: "top" },
		drawn("rect", { class: "frame", x: x - TOP.width / 2, y: 0.5, width: TOP.width, height: TOP.height, rx: 8 }),
		text("name", x, 20, "key manager", "middle"),
		text("sub", x, 38, `${address}:${model.told.port} · ${number(model.told.sessions)} sessions`, "middle"));
}

/** From the key manager to each box; behind those of its column that are above it. */
function drawLinks(placed) {
	const bus = TOP.height + TOP.below / 2;
	const middle = (box) => box.x + box.width / 2;
	const lines = { live: `M${placed.width / 2} ${TOP.height}V${bus}`, dead: "" };

	for (const box of placed.boxes) {
		const above = placed.boxes.filter((other) => other.column === box.column && other.y < box.y).pop();
		const from = above ? `M${middle(box)} ${above.y + above.height}` : `M${placed.width / 2} ${bus}H${middle(box)}`;

		lines[connectedOf(box.group) ? "live" : "dead"] += `${from}V${box.y}`;
	}
	return Object.entries(lines).filter(([, d]) => d).map(([name, d]) => drawn("path", { class: `link ${name}`, d }));
}

/* --- showing -------------------------------------------------------------------------------- */

/** All that a box shows; it is drawn again when this differs. */
function signature(box) {
	return `${box.width} ${box.x} ${box.y} ${box.height} ${box.group.mode.mode} ${subtitle(box.group)} ` +
		box.group.members.map((member) => member.name + member.state).join();
}

function summary(model) {
	return `Picture of the fabric: the key manager, and ${model.groups.map((group) =>
		`group ${group.name} in ${group.mode.mode} with ${connectedOf(group)} of ${group.members.length} hosts connected`).join(", ")}.`;
}

function legend(model) {
	const used = STATES.filter((state) => model.groups.some((group) => group.counts[state]));
	const list = byId("legend");

	if (list.dataset.used === used.join())
		return;
	list.dataset.used = used.join();
	list.replaceChildren(...used.map((state) => element("li", {}, glyph(state), ` ${MEANINGS[state]}`)));
}

export function showPicture(model) {
	const home = byId("drawing");
	const placed = place(model, Math.max(240, Math.floor(home.clientWidth)));
	const boxes = new Map();

	for (const box of placed.boxes) {
		const old = layout?.nodes.get(box.group.name);

		box.signature = signature(box);
		boxes.set(box.group.name, old?.signature === box.signature ? old : { signature: box.signature, node: drawBox(box) });
	}
	const svg = layout?.svg ?? drawn("svg", { role: "img" });

	svg.setAttribute("viewBox", `0 0 ${placed.width} ${placed.height}`);
	svg.setAttribute("width", placed.width);
	svg.setAttribute("height", placed.height);
	svg.setAttribute("aria-label", summary(model));
	svg.replaceChildren(...drawLinks(placed), drawTop(model, placed), ...[...boxes.values()].map((box) => box.node));
	if (!layout)
		home.replaceChildren(svg);
	layout = { svg, placed, nodes: boxes };
	legend(model);
}

/* --- pointing ------------------------------------------------------------------------------- */

/** The member that is drawn at a point of the page, or null. */
function memberAt(event) {
	const frame = layout.svg.getBoundingClientRect();
	const x = event.clientX - frame.left, y = event.clientY - frame.top;
	const box = layout.placed.boxes.find((one) => x >= one.x && x < one.x + one.width && y >= one.y && y < one.y + one.height);

	if (!box || box.members.kind === "bar")
		return null;
	const column = Math.floor((x - box.x - PAD) / box.members.cellX);
	const row = Math.floor((y - box.y - HEAD) / box.members.cellY);

	if (column < 0 || column >= box.members.columns || row < 0)
		return null;
	return box.group.members[row * box.members.columns + column] ?? null;
}

function showTip(event) {
	const member = layout && memberAt(event), tip = byId("tip");

	tip.hidden = !member;
	if (!member)
		return;
	tip.textContent = `${member.name} · ${member.told.vtep} · ${MEANINGS[member.state]}`;
	tip.style.left = `${Math.max(8, Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8))}px`;
	tip.style.top = `${Math.min(event.clientY + 16, innerHeight - tip.offsetHeight - 8)}px`;
}

/** chosen(name): the reader wants to see this host. changed(): there is another width now. */
export function watchPicture(chosen, changed) {
	const home = byId("drawing");

	home.addEventListener("pointermove", showTip);
	home.addEventListener("pointerleave", () => { byId("tip").hidden = true; });
	home.addEventListener("click", (event) => {
		const member = layout && memberAt(event);

		if (member)
			chosen(member.name);
	});
	new ResizeObserver(changed).observe(home);
}
