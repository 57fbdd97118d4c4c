// SPDX-License-Identifier: BSD-3-Clause
// Hosts as a table: those in trouble first, as many as one reads, and any other by name or address.

import { byId, element, glyph, many, number, say, spiText } from "./dom.js";
import { MEANINGS, isTrouble } from "./model.js";

const SHOWN = 40;

let shown = ""; // what the table has
const order = new Intl.Collator("en", { numeric: true }).compare;

function groupsText(host) {
	const names = host.seats.map((seat) => seat.group.name);

	return names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
}

function sendsText(host) {
	const spis = host.seats.map((seat) => seat.member.told.spi).filter((spi) => spi);

	if (!spis.length)
		return host.seats.some((seat) => seat.member.told.may_send) ? "nothing" : "receives only";
	if (host.seats.length === 1)
		return spiText(spis[0]);
	const newest = host.seats.filter((seat) => seat.group.active && seat.member.told.spi === seat.group.active.spi).length;

	return `the newest key of ${newest} of ${many(host.seats.length, "group", "groups")}`;
}

function stateText(host) {
	const there = host.seats.filter((seat) => seat.member.state === host.state).length;
	const own = host.seats.reduce((sum, seat) => sum + seat.member.told.own_sender, 0);
	let text = MEANINGS[host.state];

	if (there < host.seats.length)
		text += ` in ${there} of ${host.seats.length} groups`;
	if (own)
		text += `; ${number(own)} packets with its SenderID came from elsewhere`;
	return text;
}

function cellsOf(host) {
	return [host.name, host.vtep, host.state, stateText(host), groupsText(host), sendsText(host)];
}

function row([name, vtep, state, stateWords, groups, sends]) {
	return element("tr", { class: state },
		element("th", { scope: "row" }, element("span", { class: "host" }, name), " ", element("small", {}, vtep)),
		element("td", {}, element("span", { class: "state" }, glyph(state), element("span", {}, stateWords))),
		element("td", { class: "wide" }, groups),
		element("td", {}, sends.startsWith("0x") ? element("code", {}, sends) : sends));
}

function isWanted(host, text, state) {
	if (state === "trouble" ? !isTrouble(host.state) : state && host.state !== state &&
		!(state === "connected" && !isTrouble(host.state)))
		return false;
	return !text || host.name.toLowerCase().includes(text) || host.vtep.toLowerCase().includes(text);
}

export function showMembers(model) {
	const text = byId("find-text").value.trim().toLowerCase(), state = byId("find-state").value;
	const found = [...model.hosts.values()].filter((host) => isWanted(host, text, state));

	found.sort((a, b) => isTrouble(b.state) - isTrouble(a.state) || order(a.name, b.name));
	const cells = found.slice(0, SHOWN).map(cellsOf);
	const now = JSON.stringify(cells);

	say(byId("member-count"), number(model.hosts.size));
	if (now !== shown)
		byId("member-rows").replaceChildren(...cells.map(row));
	shown = now;
	say(byId("member-rest"), found.length > SHOWN ? `${SHOWN} of ${number(found.length)} are listed. Find others by name or address.`
		: found.length ? "" : "No host is like that.");
}

export function findMember(name) {
	byId("find-state").value = "";
	byId("find-text").value = name;
	byId("members").scrollIntoView({ block: "start" });
}

export function watchMembers(changed) {
	byId("find").addEventListener("input", changed);
	byId("find").addEventListener("submit", (event) => event.preventDefault());
}
