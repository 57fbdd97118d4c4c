// SPDX-License-Identifier: BSD-3-Clause
// Groups with their keys: how far members have gone over to a new one, and what is left of each until it must be
// replaced.

import { byId, element, many, mark, modeGlyph, number, say, seconds, spiText } from "./dom.js";
import { connectedOf, isWell } from "./model.js";

const SHOWN = 12; // until the reader asks for all

const cards = new Map();
let all = false;

/* --- keys ----------------------------------------------------------------------------------- */

function newMeter(name) {
	const meter = { name: element("span", { class: "what" }, name), fill: element("i"), text: element("span", { class: "value" }) };

	meter.row = element("div", { class: "meter" }, meter.name,
		element("span", { class: "bar", "aria-hidden": "true" }, meter.fill), meter.text);
	return meter;
}

/** part: of the bar, from 0 to 1. */
function setMeter(meter, part, text) {
	meter.fill.style.width = `${Math.min(100, Math.max(0, part * 100)).toFixed(1)}%`;
	mark(meter.fill, part >= 0.9 ? "near" : "");
	say(meter.text, text);
}

function newKey() {
	const key = {
		spi: element("code"), state: element("span"), turn: element("span", { class: "turn" }),
		meters: { time: newMeter("age"), packets: newMeter("packets"), failures: newMeter("failed") },
	};

	key.row = element("li", { class: "key" }, element("p", {}, key.spi, " ", key.state, " ", key.turn),
		...Object.values(key.meters).map((meter) => meter.row));
	return key;
}

function turnText(sa, group) {
	const connected = connectedOf(group);

	if (sa.state === "installing")
		return `${number(sa.acked)} of ${number(connected)} have it`;
	if (sa.state === "active")
		return `${number(sa.sending)} of ${number(connected)} send with it`;
	return sa.sending ? `${number(sa.sending)} still send with it` : "none sends with it";
}

function shareText(part) {
	if (part === 0)
		return "none";
	return part < 0.001 ? "< 0.1 % of its limit" : `${(part * 100).toFixed(1)} % of its limit`;
}

function setKey(key, sa, group) {
	const whole = sa.age_s + sa.ends_s;
	const { time, packets, failures } = key.meters;

	say(key.spi, spiText(sa.spi));
	say(key.state, sa.state);
	mark(key.state, `sa-${sa.state}`);
	say(key.turn, turnText(sa, group));
	setMeter(time, whole ? sa.age_s / whole : 1, `${seconds(sa.age_s)}, ends in ${seconds(sa.ends_s)}`);
	for (const meter of [packets, failures])
		meter.row.hidden = sa.state !== "active";
	setMeter(packets, sa.packets_used / sa.packets_max, shareText(sa.packets_used / sa.packets_max));
	setMeter(failures, sa.icv_failures / sa.icv_failures_max, sa.icv_failures ? `${number(sa.icv_failures)} failed ICVs` : "none");
}

function setKeys(card, group) {
	const wanted = new Map(group.told.sas.map((sa) => [sa.spi, sa]));

	for (const [spi, key] of card.keys)
		if (!wanted.has(spi)) {
			key.row.remove();
			card.keys.delete(spi);
		}
	for (const [spi, sa] of wanted) {
		if (!card.keys.has(spi)) {
			card.keys.set(spi, newKey());
			card.list.append(card.keys.get(spi).row);
		}
		setKey(card.keys.get(spi), sa, group);
	}
	card.none.hidden = wanted.size > 0;
}

/* --- groups --------------------------------------------------------------------------------- */

function newCard(name) {
	const card = {
		title: element("span", {}, name), mode: element("span"), sub: element("p", { class: "sub" }),
		list: element("ul", { class: "keys" }), none: element("p", { class: "hint" }, "It has no key."), keys: new Map(), shown: "",
	};

	card.node = element("article", { class: "group" }, element("h3", {}, card.title, " ", card.mode), card.sub, card.list, card.none);
	return card;
}

function modeText(mode) {
	let text = mode.mode;

	if (mode.goal !== mode.mode)
		text += `, on its way to ${mode.goal}`;
	if (mode.then !== null)
		text += `; by itself ${mode.then} in ${seconds(mode.left_s)}`;
	return text;
}

function subText(group) {
	const { counts, told } = group;
	const parts = [`${number(connectedOf(group))} of ${many(group.members.length, "host", "hosts")} connected`];

	for (const [count, word] of [[counts.deaf, "deaf"], [counts.behind, "not on the newest key"], [counts.away, "away"], [counts.absent, "absent"], [counts.evicted, "evicted"]])
		if (count)
			parts.push(`${number(count)} ${word}`);
	if (told.rekey_s !== null)
		parts.push(`next key in ${seconds(told.rekey_s)}`);
	return parts.join(" · ");
}

function setCard(card, group) {
	if (card.shown !== group.mode.mode) {
		card.shown = group.mode.mode;
		card.modeText = element("span");
		mark(card.mode, `badge mode-${group.mode.mode}`);
		card.mode.replaceChildren(modeGlyph(group.mode.mode), " ", card.modeText);
	}
	say(card.modeText, modeText(group.mode));
	say(card.sub, subText(group));
	setKeys(card, group);
}

function showMore(count) {
	const button = byId("group-more");

	button.hidden = all || count <= SHOWN;
	if (!button.hidden)
		say(button, `Show all ${number(count)} groups`);
}

export function showGroups(model) {
	const home = byId("group-list");
	const sorted = [...model.groups.filter((group) => !isWell(group)), ...model.groups.filter(isWell)];
	const shown = all ? sorted : sorted.slice(0, SHOWN);
	const nodes = shown.map((group) => {
		if (!cards.has(group.name))
			cards.set(group.name, newCard(group.name));
		setCard(cards.get(group.name), group);
		return cards.get(group.name).node;
	});

	for (const name of [...cards.keys()])
		if (!shown.some((group) => group.name === name))
			cards.delete(name);
	if (nodes.length !== home.children.length || nodes.some((node, i) => home.children[i] !== node))
		home.replaceChildren(...nodes);
	say(byId("group-count"), number(model.groups.length));
	showMore(sorted.length);
}

export function watchGroups(changed) {
	byId("group-more").addEventListener("click", () => {
		all = true;
		changed();
		byId("group-list").querySelector("h3")?.focus();
	});
}
