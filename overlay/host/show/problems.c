/* SPDX-License-Identifier: BSD-3-Clause */

#include "problems.h"

#include <clock.h>
#include <covey/addr.h>
#include <crl.h>
#include <crl_watch.h>
#include <dataplane.h>
#include <inttypes.h>
#include <inventory.h>
#include <inventory_watch.h>
#include <own_end.h>
#include <own_watch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "foreign_vxlan.h"
#include "guard_nft.h"
#include "guard_rules.h"
#include "guard_text.h"
#include "guard_watch.h"
#include "health.h"
#include "host.h"
#include "member.h"
#include "path_mtu.h"
#include "printable.h"
#include "vxlan_devices.h"
#include "vxlan_watch.h"

/* So many paths are named. */
#define PROBLEM_PATHS_MAX 8
/* Room for a sentence with an error's text in it. */
#define PROBLEM_SIZE 1024

/* The name of an interface may be any bytes, and JSON takes no others than UTF-8. */
__attribute__((format(printf, 2, 3))) static void add(json_t *problems, const char *format, ...)
{
	char text[PROBLEM_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *at = text; *at; at++) {
		if (!printable_char(*at))
			*at = '?';
	}
	json_array_append_new(problems, json_string(text));
}

/* --- the way of VXLAN ------------------------------------------------------------------------- */

static void check_vtep(json_t *problems, const struct host *host)
{
	char address[COVEY_ADDR_STRLEN];

	if (health_has_vtep(host))
		return;
	covey_addr_format(&host->self->vtep, address);
	add(problems,
	    "no interface of this host has its VTEP address %s: nothing can be sent from it and "
	    "nothing is taken there: give it to %s, or correct covey_vtep in the inventory",
	    address, host->self->host_interface);
}

static void check_uplinks(json_t *problems, const struct host *host)
{
	if (health_has_uplink(host))
		return;
	if (host->self->uplink_count > 0)
		add(problems,
		    "none of the interfaces that covey_fabric_interface names is there with "
		    "an Ethernet header, so VXLAN does not leave: see `ip link`, or correct "
		    "the inventory");
	else
		add(problems, "no route leads to a covey_vtep of another host by an Ethernet "
			      "interface, so VXLAN does not leave: see `ip route get`, or name the "
			      "interface in covey_fabric_interface");
}

static void check_vxlans(json_t *problems, const struct host *host)
{
	const char *failing = host->vxlans ? vxlan_watch_failing(host->vxlans) : NULL;
	const char *misplaced = host->vxlans ? vxlan_watch_misplaced(host->vxlans) : NULL;

	if (misplaced)
		add(problems, VXLAN_MISPLACED, misplaced, host->self->host_interface);
	if (failing)
		add(problems,
		    "VXLAN devices are not served: %s. It is tried again all the time, and until "
		    "it works VXLAN is dropped",
		    failing);
}

#define MAC         "%02x:%02x:%02x:%02x:%02x:%02x"
#define MAC_ARGS(m) m[0], m[1], m[2], m[3], m[4], m[5]

static void check_source(json_t *problems, const struct host *host)
{
	const uint8_t *was = host->source_mac;
	uint8_t now[6];

	if (!was || !host->has_mac || host->has_mac(host->self->host_interface, was, now))
		return;
	add(problems,
	    "%s has the MAC address " MAC " now, but VXLAN leaves with " MAC ", which it had when "
	    "covey-host started: covey-host puts it back; find out which program changes it",
	    host->self->host_interface, MAC_ARGS(now), MAC_ARGS(was));
}

static void check_paths(json_t *problems, const struct host *host)
{
	const struct path_peer *peers;
	struct covey_error text;
	size_t count = 0, found = 0;

	if (!host->paths)
		return;
	peers = path_mtu_list(host->paths, &count);
	for (size_t i = 0; i < count; i++)
		if (path_mtu_explain(host->paths, &peers[i], &text) && found++ < PROBLEM_PATHS_MAX)
			add(problems, "%s", text.text);
	if (found > PROBLEM_PATHS_MAX)
		add(problems,
		    "the paths to %zu more hosts are too small, or nothing arrives on them: see "
		    "`covey show paths`",
		    found - PROBLEM_PATHS_MAX);
}

/* --- what keeps VXLAN from leaving in clear --------------------------------------------------- */

static void check_guard(json_t *problems, const struct host *host)
{
	struct guard_status guard;

	if (!host->guard)
		return;
	guard_watch_last(host->guard, &guard);
	if (guard.off)
		add(problems,
		    "the guard of %s was removed by `covey-host --guard off`: clear VXLAN is not "
		    "held back: put it back with `covey-host --guard on`",
		    guard.interface);
	else if (guard.failing[0] != '\0')
		add(problems,
		    "the guard of %s is not as it should be, so clear VXLAN may not be held back: "
		    "%s. It is tried again all the time: see `nft list ruleset`",
		    guard.interface, guard.failing);
	else if (guard.present && guard.weaker[0] != '\0')
		add(problems,
		    "the guard of %s holds back less than it could: %s. Use Linux 5.16 or later "
		    "with CONFIG_NETFILTER_EGRESS, and libnftables 1.0.1 or later",
		    guard.interface, guard.weaker);
}

static void check_foreign(json_t *problems, const struct host *host)
{
	const struct foreign_vxlan *list;
	size_t count = 0;

	if (!host->foreign || host->self->foreign_vxlan == FOREIGN_VXLAN_PASS)
		return;
	list = foreign_vxlan_list(host->foreign, &count);
	for (size_t i = 0; i < count; i++) {
		if (!list[i].unguarded && host->guard &&
		    guard_watch_drops(host->guard, list[i].port))
			continue;
		add(problems,
		    "%s device %s sends to UDP port %u, not the fabric's %u, over %s, so what "
		    "it sends leaves in clear%s: make it a VXLAN device with `dstport %u`, or %s",
		    vxlan_device_kind_name(list[i].kind), list[i].name, list[i].port,
		    host->inventory->vxlan_port,
		    list[i].over[0] != '\0' ? list[i].over : "whatever its forwarding table says",
		    list[i].unguarded ? "" : ", but for the fabric's VNIs, which are dropped",
		    host->inventory->vxlan_port,
		    list[i].unguarded || host->self->foreign_vxlan == FOREIGN_VXLAN_DROP
			    ? "remove it: the guard does not drop it there"
			    : "set covey_foreign_vxlan: drop");
	}
}

/* Other programs' tunnels, perhaps, which have their VNIs for purposes of their own. */
static void check_foreign_vnis(json_t *problems, const struct host *host)
{
	struct guard_status guard;
	struct guard_reader reader;
	struct guard_line line;
	uint64_t packets = 0;
	char *listing;

	if (!host->guard)
		return;
	guard_watch_last(host->guard, &guard);
	if (guard_nft_list(guard.interface, true, &listing, NULL))
		return;
	reader = guard_read_text(listing);
	while (guard_read_line(&reader, &line)) {
		if (line.kind == GUARD_LINE_RULE &&
		    strncmp(line.what, GUARD_FOREIGN_VNI, strlen(GUARD_FOREIGN_VNI)) == 0)
			packets += line.packets;
	}
	free(listing);
	if (packets == 0)
		return;
	add(problems,
	    "the guard has dropped %" PRIu64
	    " packets of tunnels that covey does not encrypt, with VNIs of the fabric: if they are "
	    "of the fabric, make the device use UDP port %u or see covey_encapsulations; if they "
	    "are of another program (Cilium, flannel), have it use other VNIs, or set "
	    "covey_foreign_vxlan: pass, by which they leave in clear",
	    packets, host->inventory->vxlan_port);
}

/* --- certificates ----------------------------------------------------------------------------- */

static const char *whose(enum own_role role)
{
	static const char *const words[] = {"this host's certificate", "the certificate of its CA",
					    "the certificate of another CA in ca.crt"};

	return words[role];
}

/* A CA cannot be renewed. */
#define ANOTHER_CA                                                                                 \
	"make another CA in a folder of its own (`covey --pki FOLDER pki init`), and all "         \
	"certificates by it (\"Replace the CA\" in operations.md)"

static void check_expired(json_t *problems, const struct host *host,
			  const struct own_certificate *certificate, const char *end)
{
	const char *who = whose(certificate->role);

	if (certificate->role == OWN_TRUSTED)
		add(problems, "%s (%s) has expired at %s: take it out of ca.crt", who,
		    certificate->subject, end);
	else if (certificate->role == OWN_ISSUER)
		add(problems,
		    "%s (%s) has expired at %s: sessions stay, but none begins any "
		    "more: " ANOTHER_CA,
		    who, certificate->subject, end);
	else
		add(problems,
		    "%s (%s) has expired at %s: sessions stay, but none begins any more: put a new "
		    "one in its place (`covey pki renew %s`)",
		    who, certificate->subject, end, host->self->name);
}

static void check_end(json_t *problems, const struct host *host,
		      const struct own_certificate *certificate)
{
	static const char *const what_to_do[] = {
		[OWN_OURS] = "make a new one with `covey pki renew` and copy it here",
		[OWN_ISSUER] = ANOTHER_CA,
		[OWN_TRUSTED] = "put a new CA beside it in ca.crt, and make new certificates; or "
				"take it out if none is by it",
	};
	time_t now = time(NULL);
	char end[CRL_TIME_SIZE];

	crl_time(certificate->not_after, end);
	if (certificate->not_after <= now)
		check_expired(problems, host, certificate, end);
	else if (own_end_is_near(certificate->not_before, certificate->not_after, now))
		add(problems, "%s (%s) ends at %s, and then no session begins by it any more: %s",
		    whose(certificate->role), certificate->subject, end,
		    what_to_do[certificate->role]);
}

static void check_lists(json_t *problems, const struct host *host)
{
	struct crl_summary summary;
	char next[CRL_TIME_SIZE];

	if (!host->lists || !crl_watch_summarise(host->lists, &summary) ||
	    (!crl_is_late(&summary) && !crl_is_near(&summary)))
		return;
	add(problems,
	    "the revocation list %s should %s replaced by %s: make it again with `covey pki crl`, "
	    "and copy it here",
	    crl_watch_path(host->lists), crl_is_late(&summary) ? "have been" : "be",
	    crl_time(summary.next_update, next));
}

static void check_certificates(json_t *problems, const struct host *host)
{
	const struct own_chain *chain = host->own ? own_watch_chain(host->own) : NULL;
	const char *problem = host->own ? own_watch_problem(host->own) : NULL;

	for (size_t i = 0; chain && i < chain->count; i++)
		check_end(problems, host, &chain->list[i]);
	if (problem)
		add(problems,
		    "the files of this host's key, certificate and CAs cannot be used, so those "
		    "that "
		    "were loaded before stay in force: %s",
		    problem);
	check_lists(problems, host);
}

/* --- modes of groups -------------------------------------------------------------------------- */

static void check_mode(json_t *problems, const struct host *host, const struct membership *group)
{
	const struct member_mode *mode = &group->mode;
	const struct inventory_group *known = inventory_find_group(host->inventory, group->name);

	if (mode->mode == COVEY_MODE_OBSERVE)
		add(problems,
		    "group %s is in observe: its VXLAN leaves in clear, and clear VXLAN comes in: "
		    "when `covey show` names nothing that would be dropped, go on with `covey mode "
		    "%s transition` at the key manager",
		    group->name, group->name);
	if (mode->mode == COVEY_MODE_TRANSITION)
		add(problems,
		    "group %s is in transition: its VXLAN leaves encrypted, but clear VXLAN comes "
		    "in, too: end that with `covey mode %s enforce` at the key manager",
		    group->name, group->name);
	if (!member_mode_in_force(mode))
		add(problems,
		    "group %s: its mode is %s, and the guard or the dataplane does not do so: it "
		    "is tried again each second, see the log",
		    group->name, covey_mode_name(mode->mode));
	if (mode->told && mode->mode == COVEY_MODE_ENFORCE && known &&
	    known->mode != COVEY_MODE_ENFORCE && !host->modes_kept)
		add(problems,
		    "group %s enforces, but the inventory says `mode: %s`, and this cannot be "
		    "kept over a reboot (see the log): then its VXLAN is in clear until the key "
		    "manager is heard: remove that line",
		    group->name, covey_mode_name(known->mode));
}

static void check_agreed(json_t *problems, const struct host *host, const struct membership *group)
{
	const struct inventory_group *known = inventory_find_group(host->inventory, group->name);
	size_t i = 0;

	while (known && i < group->vni_count && inventory_has_vni(known, group->vnis[i]))
		i++;
	if (i == group->vni_count || !covey_mode_accepts_clear(group->mode.mode))
		return;
	add(problems,
	    "group %s is in %s, but VNI %u, which the key manager gives to it, passes in clear "
	    "only when this host's inventory says the same: give both the same inventory",
	    group->name, covey_mode_name(group->mode.mode), group->vnis[i]);
}

/* --- groups ----------------------------------------------------------------------------------- */

/* What the key manager says of it. That a group is perhaps deaf it cannot know, so this says what
 * speaks for it, and how to find out. */
static void check_hearing(json_t *problems, const struct membership *group)
{
	if (group->deaf)
		add(problems,
		    "group %s: deaf: the others report that they send in it, and nothing of it "
		    "arrives here: check this host's packet filter (`nft list ruleset`), its "
		    "fabric "
		    "interface and XDP program (`ip link`), and the switch's table of multicast "
		    "groups",
		    group->name);
	else if (group->perhaps_deaf)
		add(problems,
		    "group %s: perhaps deaf: the others report that they send in it, nothing at "
		    "all arrives here, and some of what members send arrived nowhere: if tenants "
		    "here miss something, check this host's packet filter (`nft list ruleset`), "
		    "its fabric interface and XDP program (`ip link`); if not, that was for a host "
		    "that is away. This is said until something arrives here",
		    group->name);
}

static void check_group(json_t *problems, const struct membership *group,
			const struct member_status *status, uint64_t now)
{
	const struct held_sa *active = membership_active_sa(group);
	bool away = status->link != MEMBER_CONNECTED;

	if (!active)
		add(problems, "group %s: there is no key to send with, so its VXLAN is dropped: %s",
		    group->name,
		    away ? "the key manager must come back first"
			 : "the key manager has given none yet");
	else if (away)
		add(problems,
		    "group %s: traffic goes on with the present key for %" PRIu64
		    " s more, and then stops: the key manager must be back before that",
		    group->name, active->expires_at > now ? (active->expires_at - now) / 1000 : 0);
	else if (group->state != MEMBERSHIP_JOINED)
		add(problems,
		    "group %s: the key manager has not let this host in again yet; traffic goes on "
		    "with the present key",
		    group->name);
	check_hearing(problems, group);
}

static void check_session(json_t *problems, const struct member *member,
			  const struct member_status *status)
{
	const struct covey_gkms *gkms = member_read_gkms(member);
	char address[COVEY_ADDR_STRLEN], list[COVEY_GKMS_STRLEN];

	if (status->link == MEMBER_CONNECTED)
		return;
	if (gkms->count == 1)
		add(problems,
		    "the key manager at %s port %u cannot be reached: check whether covey-gkm runs "
		    "there, and the network to it",
		    covey_addr_format(&status->gkm_address, address), status->gkm_port);
	else
		add(problems,
		    "none of the key managers at %s port %u lets this host in: check whether "
		    "covey-gkm runs and leads on one of them, and the network to it (`covey show` "
		    "says what each of them answers)",
		    covey_gkms_format(gkms, list), status->gkm_port);
}

static void check_groups(json_t *problems, const struct host *host)
{
	const struct member_state *state = member_read_state(host->member);
	struct member_status status;
	uint64_t now = clock_ms();
	size_t wanted = 0;

	member_read_status(host->member, &status);
	check_session(problems, host->member, &status);
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		if (!health_wants(state->groups[i]))
			continue;
		check_group(problems, state->groups[i], &status, now);
		check_mode(problems, host, state->groups[i]);
		check_agreed(problems, host, state->groups[i]);
		wanted++;
	}
	if (wanted == 0)
		add(problems, "this host is in no group, so all VXLAN is dropped: add it to "
			      "covey_groups, or `covey join GROUP`");
}

static void check_vnis(json_t *problems, const struct host *host)
{
	uint32_t vnis[PROBLEMS_VNIS_MAX];
	size_t count = dataplane_read_unknown_vnis(host->dataplane, vnis, PROBLEMS_VNIS_MAX);
	char device[IFNAMSIZ];

	for (size_t i = 0; i < count; i++) {
		bool found = host->vni_device &&
			     host->vni_device(vnis[i], host->inventory->vxlan_port, device);

		add(problems,
		    "VNI %" PRIu32 "%s%s is in no group that this host is in: what it sends is "
		    "dropped (out-unknown-vni): add the VNI to a group in covey_groups, or remove "
		    "the device",
		    vnis[i], found ? ", device " : "", found ? device : "");
	}
}

/* What it has changed and cannot be taken over, and why it was not read. */
static void check_inventory(json_t *problems, const struct host *host)
{
	json_t *list = inventory_watch_problems(host->inventory_watch);
	const json_t *problem;
	size_t i;

	json_array_foreach(list, i, problem)
		add(problems, "%s", json_string_value(problem));
	json_decref(list);
}

json_t *problems_list(const struct host *host)
{
	json_t *problems = json_array();

	if (!problems)
		return NULL;
	if (!host->ready)
		add(problems, "covey-host is starting: nothing passes yet");
	check_vtep(problems, host);
	check_uplinks(problems, host);
	check_vxlans(problems, host);
	check_source(problems, host);
	check_paths(problems, host);
	check_guard(problems, host);
	check_foreign(problems, host);
	check_foreign_vnis(problems, host);
	check_certificates(problems, host);
	check_groups(problems, host);
	check_vnis(problems, host);
	check_inventory(problems, host);
	return problems;
}
