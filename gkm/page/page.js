// SPDX-License-Identifier: BSD-3-Clause
// Asks the key manager again and again, and shows what it says. The page changes nothing there.

import { byId, element, glyph, many, mark, number, prose, say, seconds } from "./dom.js";
import { changes } from "./events.js";
import { showGroups, watchGroups } from "./groups.js";
import { findMember, showMembers, watchMembers } from "./members.js";
import { modelOf } from "./model.js";
import { showPicture, watchPicture } from "./picture.js";

const EVERY_MS = 1000;
const PATIENCE_MS = 10000;
const EVENTS_MAX = 200;

let model = null;
let heardAt = 0; // performance.now() of the last answer
let since = new Map(); // alarms, and when this page saw them first

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/* --- parts ---------------------------------------------------------------------------------- */

function setState(kind, text) {
	const pill = byId("state");

	if (pill.dataset.text === text)
		return;
	pill.dataset.text = text;
	mark(pill, `pill ${kind}`);
	pill.replaceChildren(glyph({ good: "connected", bad: "away", lost: "evicted" }[kind]), text);
	document.title = model ? `${text} · covey ${model.told.fabric}` : "covey";
}

function facts() {
	const { told } = model, certificate = told.certificates[0];
	const list = [
		["key manager", told.address.includes(":") ? `[${told.address}]:${told.port}` : `${told.address}:${told.port}`],
		["sessions", number(told.sessions)],
		["hosts", number(model.hosts.size)],
		["certificate", certificate ? (certificate.ends_s > 0 ? `ends in ${seconds(certificate.ends_s)}` : "has ended") : "none"],
		["revoked", number(told.revocations?.revoked ?? 0)],
	];
	const home = byId("facts");

	if (home.children.length !== list.length)
		home.replaceChildren(...list.map(([name]) => element("div", {}, element("dt", {}, name), element("dd"))));
	list.forEach(([, text], i) => say(home.children[i].lastChild, text));
}

/** What is wrong, and behind the last colon what to do. */
function alarm(text) {
	const at = text.lastIndexOf(": ");
	const body = element("div", {}, element("p", {}, ...prose(at < 0 ? text : text.slice(0, at))));

	if (at >= 0)
		body.append(element("p", { class: "do" }, ...prose(text.slice(at + 2))));
	body.append(element("p", { class: "hint" }, `seen at ${since.get(text)}`));
	return element("li", {}, glyph("away"), body);
}

function showAlarms() {
	const list = byId("alarm-list"), now = model.problems.join("\n");

	since = new Map(model.problems.map((text) => [text, since.get(text) ?? clock.format(new Date())]));
	say(byId("alarm-count"), model.problems.length ? number(model.problems.length) : "");
	if (list.dataset.shown === now && list.children.length)
		return;
	list.dataset.shown = now;
	list.replaceChildren(...(model.problems.length ? model.problems.map(alarm)
		: [element("li", { class: "none" }, glyph("connected"), "None.")]));
}

function addEvents(events) {
	const list = byId("event-list"), at = clock.format(new Date());
	const glyphs = { good: "connected", bad: "away", note: "absent" };

	for (const { kind, text } of events.slice(-EVENTS_MAX))
		list.prepend(element("li", { class: kind }, element("time", {}, at), glyph(glyphs[kind]), element("span", {}, text)));
	while (list.children.length > EVENTS_MAX)
		list.lastChild.remove();
}

/* --- the whole ------------------------------------------------------------------------------ */

function show() {
	say(byId("fabric"), model.told.fabric);
	facts();
	showAlarms();
	showPicture(model);
	showGroups(model);
	showMembers(model);
}

function take(told) {
	const before = model;

	model = modelOf(told);
	heardAt = performance.now();
	document.body.classList.remove("stale");
	setState(model.problems.length ? "bad" : "good",
		model.problems.length ? many(model.problems.length, "alarm", "alarms") : "all is well");
	show();
	if (before)
		addEvents(changes(before, model));
	else
		requestAnimationFrame(() => performance.mark("covey-shown"));
}

function missed() {
	const silent = Math.floor((performance.now() - heardAt) / 1000);

	document.body.classList.add("stale");
	setState("lost", heardAt ? `no answer for ${seconds(silent)}: is covey-gkm running?` : "no answer: is covey-gkm running?");
}

async function ask() {
	try {
		const answer = await fetch("status.json", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });

		if (!answer.ok)
			throw new Error(answer.statusText);
		take(await answer.json());
	} catch (error) {
		console.warn(error);
		missed();
	}
}

async function askAgain() {
	if (!document.hidden)
		await ask();
	setTimeout(askAgain, EVERY_MS);
}

const again = () => model && show();

document.addEventListener("visibilitychange", () => document.hidden || ask());
watchGroups(again);
watchMembers(() => model && showMembers(model));
watchPicture((name) => {
	findMember(name);
	again();
}, () => model && showPicture(model));
askAgain();
