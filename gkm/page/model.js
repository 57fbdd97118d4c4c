// SPDX-License-Identifier: BSD-3-Clause
// What is drawn, from what the key manager says (docs/covey-show.schema.json, "key_manager").

export const STATES = ["connected", "behind", "deaf", "away", "absent", "evicted"];

export const MEANINGS = {
	connected: "connected",
	behind: "connected, not on the newest key",
	deaf: "hears nothing of the others",
	away: "lost its connection",
	absent: "has not come yet",
	evicted: "evicted",
};

/** Of a host in several groups, the first of these that it is anywhere. */
const WORST = ["away", "deaf", "behind", "absent", "evicted", "connected"];

const nameOf = (identity) => identity.slice(identity.lastIndexOf("/") + 1);

function stateOf(member, active) {
	if (member.state !== "connected")
		return member.state;
	if (member.deaf || member.perhaps_deaf)
		return "deaf";
	return active && member.may_send && member.spi !== active.spi ? "behind" : "connected";
}

function groupOf(told) {
	const active = told.sas.find((sa) => sa.state === "active") ?? null;
	const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
	const members = told.members.map((member) => {
		const state = stateOf(member, active);

		counts[state]++;
		return { name: nameOf(member.identity), state, told: member };
	});

	return { name: told.name, told, active, members, counts, mode: told.mode };
}

function hostsOf(groups) {
	const hosts = new Map();

	for (const group of groups)
		for (const member of group.members) {
			let host = hosts.get(member.name);

			if (!host) {
				host = { name: member.name, vtep: member.told.vtep, state: "connected", seats: [] };
				hosts.set(member.name, host);
			}
			host.seats.push({ group, member });
		}
	for (const host of hosts.values())
		host.state = WORST.find((state) => host.seats.some((seat) => seat.member.state === state));
	return hosts;
}

export function modelOf(told) {
	const groups = told.groups.map(groupOf);

	return { told, groups, hosts: hostsOf(groups), problems: told.problems };
}

/** Who is evicted is so by the operator's word. */
export function isTrouble(state) {
	return state === "away" || state === "deaf" || state === "absent";
}

/** A group is looked at first if something is wrong with it. */
export function isWell(group) {
	return group.active !== null && group.mode.mode === "enforce" &&
		group.members.every((member) => !isTrouble(member.state));
}

export function connectedOf(group) {
	return group.counts.connected + group.counts.behind + group.counts.deaf;
}
