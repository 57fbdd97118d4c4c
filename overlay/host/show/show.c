/* SPDX-License-Identifier: BSD-3-Clause */

#include "show.h"

#include <clock.h>
#include <crl_json.h>
#include <identity.h>
#include <inttypes.h>
#include <inventory.h>
#include <own_json.h>
#include <stdio.h>
#include <stdlib.h>

#include "health.h"
#include "host.h"
#include "member.h"
#include "problems.h"
#include "refusal.h"
#include "show_clear.h"
#include "show_dataplane.h"
#include "show_guard.h"
#include "show_paths.h"

#define SAS_MAX ((size_t)COVEY_GROUPS_PER_HOST_MAX * COVEY_SAS_PER_GROUP_MAX)

static const char *const link_names[] = {
	[MEMBER_WAITING] = "waiting",
	[MEMBER_CONNECTING] = "connecting",
	[MEMBER_CONNECTED] = "connected",
};

/* The other key managers of the list, and why there is no session with each of them. */
static json_t *show_others(const struct member *member, const struct covey_addr *present)
{
	const struct covey_gkms *gkms = member_read_gkms(member);
	json_t *array = json_array();
	char address[COVEY_ADDR_STRLEN];

	for (size_t i = 0; i < gkms->count; i++) {
		const char *reason = member_gkm_reason(member, i);

		if (!covey_addr_equal(&gkms->list[i], present))
			json_array_append_new(array,
					      json_pack("{s:s, s:s?}", "address",
							covey_addr_format(&gkms->list[i], address),
							"why", reason[0] ? reason : NULL));
	}
	return array;
}

static json_t *show_gkm(const struct member *member)
{
	const struct member_state *state = member_read_state(member);
	struct member_status status;
	char address[COVEY_ADDR_STRLEN], instance[17];

	member_read_status(member, &status);
	snprintf(instance, sizeof(instance), "%016" PRIx64, state->instance);
	return json_pack("{s:s, s:i, s:s, s:I, s:s?, s:s?, s:s?, s:o}", "address",
			 covey_addr_format(&status.gkm_address, address), "port",
			 (int)status.gkm_port, "state", link_names[status.link], "since_s",
			 (json_int_t)(status.since_ms / 1000), "instance",
			 state->instance ? instance : NULL, "last_error", status.last_error,
			 "certificate", status.certificate, "others",
			 show_others(member, &status.gkm_address));
}

/* --- groups ---------------------------------------------------------------------------------- */

static json_t *show_sender(const struct host *host, const struct membership *group,
			   const struct sender *sender)
{
	char identity[COVEY_IDENTITY_MAX + 1] = "";
	char vtep[COVEY_ADDR_STRLEN];

	identity_format(IDENTITY_HOST, host->identity->fabric, sender->host, identity, NULL);
	return json_pack("{s:i, s:s, s:s, s:i, s:b}", "sender_id", (int)sender->entry.sender_id,
			 "identity", identity, "vtep", covey_addr_format(&sender->entry.vtep, vtep),
			 "epoch_floor", (int)sender->entry.epoch_floor, "self",
			 sender->entry.sender_id == group->sender_id);
}

static json_t *show_senders(const struct host *host, const struct membership *group)
{
	struct show_received received = show_received_read(host->dataplane, group->index);
	json_t *array = json_array(), *object;

	for (size_t i = 0; i < group->senders.count; i++) {
		const struct sender *sender = &group->senders.list[i];

		object = show_sender(host, group, sender);
		if (sender->entry.sender_id != group->sender_id)
			show_received(&received, sender->entry.sender_id, object);
		json_array_append_new(array, object);
	}
	show_received_end(&received);
	return array;
}

static json_t *show_vnis(const struct membership *group)
{
	json_t *array = json_array();

	for (size_t i = 0; i < group->vni_count; i++)
		json_array_append_new(array, json_integer(group->vnis[i]));
	return array;
}

/* "no such member: not in covey_groups", or NULL. */
static const char *refusal_text(const struct membership *group, char *buf, size_t size)
{
	if (group->state != MEMBERSHIP_REFUSED)
		return NULL;
	snprintf(buf, size, "%s: %s", refusal_name(group->refusal), group->refusal_reason);
	return buf;
}

/* What a mode of the group is to be replaced by, and when, is there only if it is. */
static json_t *show_mode(const struct membership *group, uint64_t now)
{
	const struct member_mode *mode = &group->mode;
	json_t *object = json_pack("{s:s, s:b, s:b, s:I}", "name", covey_mode_name(mode->mode),
				   "told", mode->told, "in_force", member_mode_in_force(mode),
				   "serial", (json_int_t)mode->serial);

	if (object && mode->mode != mode->goal)
		json_object_set_new(object, "goal", json_string(covey_mode_name(mode->goal)));
	if (object && mode->then_at != MEMBER_MODE_NEVER) {
		json_object_set_new(object, "then", json_string(covey_mode_name(mode->then)));
		json_object_set_new(
			object, "ends_in_ms",
			json_integer((json_int_t)(mode->then_at > now ? mode->then_at - now : 0)));
	}
	return object;
}

static json_t *show_group(const struct host *host, const struct membership *group)
{
	char refusal[COVEY_REASON_MAX + 64];
	json_t *object;

	object = json_pack(
		"{s:s, s:i, s:s, s:o, s:s?, s:i, s:i, s:b, s:b, s:b, s:b, s:o, s:i, s:o}", "name",
		group->name, "index", (int)group->index, "state", membership_state_name(group),
		"mode", show_mode(group, clock_ms()), "refusal",
		refusal_text(group, refusal, sizeof(refusal)), "sender_id", (int)group->sender_id,
		"epoch", (int)group->epoch, "may_send", group->may_send, "may_receive",
		group->may_receive, "deaf", group->deaf, "perhaps_deaf", group->perhaps_deaf,
		"vnis", show_vnis(group), "replay_window", (int)group->replay_window, "members",
		show_senders(host, group));
	json_object_set_new(object, "traffic", show_traffic(host->dataplane, group->index));
	health_show_group(object, group, clock_ms());
	return object;
}

static json_t *show_groups(const struct host *host, const struct member_state *state)
{
	json_t *array = json_array();

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		const struct membership *group = state->groups[i];

		if (group && (group->state != MEMBERSHIP_LEAVING || group->rejoin))
			json_array_append_new(array, show_group(host, group));
	}
	return array;
}

/* --- SAs ------------------------------------------------------------------------------------- */

static const struct dataplane_sa_status *find_status(const struct dataplane_sa_status *statuses,
						     size_t count, uint32_t spi)
{
	static const struct dataplane_sa_status none;

	for (size_t i = 0; i < count; i++) {
		if (statuses[i].spi == spi)
			return &statuses[i];
	}
	return &none;
}

static json_t *show_sa(const struct membership *group, const struct held_sa *sa,
		       const struct dataplane_sa_status *status, uint64_t now)
{
	uint64_t ends = sa->drained_at < sa->expires_at ? sa->drained_at : sa->expires_at;

	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "spi",
			 (json_int_t)sa->spi, "group", group->name, "state",
			 covey_sa_state_name(sa->state), "cipher", covey_cipher_name(sa->cipher),
			 "key_scope", covey_key_scope_name(sa->key_scope), "epoch", (int)sa->epoch,
			 "age_s", (json_int_t)((now - sa->installed_at) / 1000), "expires_s",
			 (json_int_t)(ends > now ? (ends - now) / 1000 : 0), "windows",
			 (json_int_t)status->windows, "packets_sent",
			 (json_int_t)status->packets_sent, "packets_received",
			 (json_int_t)status->packets_received, "icv_failures",
			 (json_int_t)status->icv_failures);
}

static json_t *show_sas(const struct host *host, const struct member_state *state)
{
	struct dataplane_sa_status *statuses = calloc(SAS_MAX, sizeof(*statuses));
	json_t *array = json_array();
	uint64_t now = clock_ms();
	size_t count;

	if (!statuses || !array) {
		free(statuses);
		json_decref(array);
		return NULL;
	}
	count = dataplane_read_sas(host->dataplane, statuses, SAS_MAX);
	if (count > SAS_MAX)
		count = SAS_MAX;
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		const struct membership *group = state->groups[i];

		for (size_t j = 0; group && j < group->sa_count; j++) {
			const struct held_sa *sa = &group->sas[j];

			json_array_append_new(
				array,
				show_sa(group, sa, find_status(statuses, count, sa->spi), now));
		}
	}
	free(statuses);
	return array;
}

json_t *show_host(const struct host *host)
{
	/* These look at what is there now; what is wrong, and `ready`, depend on what they find. */
	json_t *guard = show_guard(host->guard);
	json_t *foreign = show_foreign(host->foreign, host->guard,
				       host->self->foreign_vxlan == FOREIGN_VXLAN_PASS);
	const struct member_state *state = member_read_state(host->member);
	json_t *answer = json_pack("{s:b, s:s, s:s, s:b, s:i}", "ok", 1, "host", host->self->name,
				   "identity", host->identity->uri, "ready", health_is_ready(host),
				   "workers", (int)dataplane_workers(host->dataplane));

	json_object_set_new(answer, "daemon", json_string("covey-host"));
	json_object_set_new(answer, "problems", problems_list(host));
	json_object_set_new(answer, "certificates", own_json(host->own));
	json_object_set_new(answer, "certificates_problem", own_json_problem(host->own));
	json_object_set_new(answer, "revocations",
			    host->lists ? crl_json(host->lists) : json_null());
	json_object_set_new(answer, "gkm", show_gkm(host->member));
	json_object_set_new(answer, "groups", show_groups(host, state));
	json_object_set_new(answer, "sas", show_sas(host, state));
	json_object_set_new(answer, "windows", show_windows(host->dataplane));
	json_object_set_new(answer, "counters", show_counters(host->dataplane));
	json_object_set_new(answer, "drops", show_drops(host->dataplane));
	json_object_set_new(
		answer, "clear",
		show_clear(host->dataplane,
			   host->self->fabric_port == FABRIC_PORT_KERNEL ? host->guard : NULL));
	json_object_set_new(answer, "ports", show_ports(host->dataplane));
	json_object_set_new(answer, "buffers", show_buffers(host->dataplane));
	json_object_set_new(answer, "guard", guard);
	json_object_set_new(answer, "foreign_vxlan", foreign);
	json_object_set_new(answer, "paths", show_paths(host->paths));
	json_object_set_new(answer, "probes", show_probes(host->probe_run));
	json_object_set_new(answer, "vxlan_too_large", show_too_large(host->vxlans));
	json_object_set_new(answer, "bridge_too_large", show_bridges(host->vxlans));
	return answer;
}
