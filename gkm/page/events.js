// SPDX-License-Identifier: BSD-3-Clause
// What has changed from one answer of the key manager to the next, in words.

import { many, spiText } from "./dom.js";

const NAMED = 3; // of many hosts to which the same happens

/** What is said of a host: whether that is good, and the words. */
const hostTexts = {
	connected: ["good", "connected"],
	deaf: ["bad", "hears nothing of what others send"],
	hears: ["good", "hears the others again"],
	away: ["bad", "lost the connection to the key manager"],
	absent: ["bad", "is not there"],
	evicted: ["bad", "evicted"],
	added: ["note", "new in the inventory"],
	gone: ["note", "no longer in the inventory"],
};

function namesText(names) {
	const shown = names.slice(0, NAMED).join(", ");

	return names.length > NAMED ? `${shown} and ${names.length - NAMED} more` : shown;
}

/** Of several groups, whether it is there at all; then, whether it hears the others. */
function presence(host) {
	const told = host.seats.map((seat) => seat.member.told);

	if (told.some((member) => member.state === "connected"))
		return told.some((member) => member.deaf || member.perhaps_deaf) ? "deaf" : "connected";
	return ["away", "absent", "evicted"].find((state) => told.some((member) => member.state === state));
}

function happened(old, host) {
	const before = old && presence(old), now = presence(host);

	if (!old)
		return "added";
	if (before === now)
		return null;
	return before === "deaf" && now === "connected" ? "hears" : now;
}

function hostEvents(before, now) {
	const lists = new Map();
	const add = (what, name) => lists.has(what) ? lists.get(what).push(name) : lists.set(what, [name]);

	for (const [name, host] of now.hosts) {
		const what = happened(before.hosts.get(name), host);

		if (what)
			add(what, name);
	}
	for (const name of before.hosts.keys())
		if (!now.hosts.has(name))
			add("gone", name);
	return [...lists].map(([what, names]) =>
		({ kind: hostTexts[what][0], text: `${namesText(names)}: ${hostTexts[what][1]}` }));
}

function saEvents(name, before, now) {
	const events = [];

	for (const sa of now.sas) {
		const old = before.sas.find((other) => other.spi === sa.spi);

		if (!old)
			events.push({ kind: "note", text: `${name}: new key ${spiText(sa.spi)}, ${sa.state}` });
		else if (old.state !== sa.state)
			events.push({ kind: "note", text: `${name}: key ${spiText(sa.spi)} is ${sa.state}` });
		if (old && sa.icv_failures > old.icv_failures)
			events.push({
				kind: "bad", text: `${name}: ${many(sa.icv_failures - old.icv_failures, "packet", "packets")}` +
					` dropped that failed authentication, key ${spiText(sa.spi)}`,
			});
	}
	for (const old of before.sas)
		if (!now.sas.some((sa) => sa.spi === old.spi))
			events.push({ kind: "note", text: `${name}: key ${spiText(old.spi)} is gone` });
	return events;
}

function modeEvents(name, before, now) {
	const events = [];
	const heard = new Set(before.clear.map((one) => `${one.member} ${one.vtep} ${one.vni}`));

	if (before.mode !== now.mode)
		events.push({ kind: now.mode === "enforce" ? "good" : "bad", text: `${name}: ${before.mode} is now ${now.mode}` });
	for (const one of now.clear)
		if (!heard.has(`${one.member} ${one.vtep} ${one.vni}`))
			events.push({ kind: "bad", text: `${name}: ${one.member} hears clear VXLAN from ${one.host ?? one.vtep} in VNI ${one.vni}` });
	return events;
}

function memberEvents(name, before, now) {
	const counts = new Map(before.map((member) => [member.identity, member.own_sender]));

	return now.filter((member) => member.own_sender > (counts.get(member.identity) ?? member.own_sender))
		.map((member) => ({
			kind: "bad", text: `${name}: ${many(member.own_sender - counts.get(member.identity), "packet", "packets")}` +
				` with the SenderID of ${member.identity.split("/").pop()} came from elsewhere`,
		}));
}

function groupEvents(before, now) {
	const events = [];

	for (const { name, told } of now.groups) {
		const old = before.groups.find((group) => group.name === name)?.told;

		if (!old) {
			events.push({ kind: "note", text: `${name}: a new group` });
			continue;
		}
		events.push(...saEvents(name, old, told), ...modeEvents(name, old.mode, told.mode),
			...memberEvents(name, old.members, told.members));
	}
	for (const { name } of before.groups)
		if (!now.groups.some((group) => group.name === name))
			events.push({ kind: "note", text: `${name}: no longer a group` });
	return events;
}

/** Of hosts there are events already. */
function problemEvents(before, now) {
	const others = (model, than) => model.problems.filter((text) =>
		!than.problems.includes(text) && !model.hosts.has(text.split(" ")[0]));

	return [
		...others(now, before).map((text) => ({ kind: "bad", text: text.split(": ")[0] })),
		...others(before, now).map((text) => ({ kind: "good", text: `over: ${text.split(": ")[0]}` })),
	];
}

/** Oldest first: {kind: "good", "bad" or "note", text}. */
export function changes(before, now) {
	if (before.told.instance !== now.told.instance)
		return [{ kind: "note", text: "the key manager was started again" }, ...problemEvents(before, now)];
	return [...hostEvents(before, now), ...groupEvents(before, now), ...problemEvents(before, now)];
}
