/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The modes of this host's groups: from the key manager to the guard, the dataplane and the file
 * for the next start.
 */

#include <clock.h>
#include <dataplane.h>
#include <inventory.h>
#include <log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "af_packet.h"
#include "guard_heard.h"
#include "member.h"
#include "mode_file.h"
#include "mode_lists.h"
#include "ports.h"
#include "process.h"
#include "protection.h"

static int file_path(const struct process *process, char **ret_path, struct covey_error *error)
{
	if (asprintf(ret_path, "%s.modes", process->options.socket) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

/* --- before there is a member ----------------------------------------------------------------- */

/* A file that cannot be believed is as good as none: the inventory says the mode then, and the key
 * manager soon. */
int process_read_modes(struct process *process, struct covey_error *error)
{
	struct covey_error reason;
	int count, status;
	char *path;

	process->modes = calloc(COVEY_GROUPS_PER_HOST_MAX, sizeof(*process->modes));
	process->heard = clear_heard_new();
	if (!process->modes || !process->heard)
		return covey_error_set(error, -ENOMEM, "out of memory");
	status = file_path(process, &path, error);
	if (status)
		return status;
	count = mode_file_read(path, process->modes, COVEY_GROUPS_PER_HOST_MAX, &reason);
	free(path);
	if (count < 0)
		log_warning("%s", reason.text);
	process->mode_count = count < 0 ? 0 : (size_t)count;
	process->modes_read_at = clock_ms();
	return mode_lists_of_first(process->inventory, process->self, process->modes,
				   process->mode_count, &process->clear, error);
}

void process_forget_modes(struct process *process)
{
	guard_clear_free(&process->clear);
	free(process->strict.list);
	clear_heard_free(process->heard);
	mode_records_free(process->modes, process->mode_count);
	free(process->modes);
}

void process_first_mode(void *arg, const char *group, struct member_mode_first *ret_first)
{
	const struct process *process = arg;
	struct mode_record first =
		mode_lists_first(process->inventory, group, process->modes, process->mode_count);

	/* Later nobody knows it: what was so at the start need not be so any more. */
	if (process->host.ready)
		first = (struct mode_record){.mode = COVEY_MODE_ENFORCE,
					     .then = COVEY_MODE_ENFORCE,
					     .left_ms = UINT64_MAX};

	*ret_first = (struct member_mode_first){
		.mode = first.mode,
		.then = first.then,
		.then_at = first.left_ms == UINT64_MAX ? MEMBER_MODE_NEVER
						       : process->modes_read_at + first.left_ms,
		.between_ms = first.between_ms,
	};
}

/* --- when a mode is another one now ----------------------------------------------------------- */

static struct mode_record record_of(const struct membership *group, uint64_t now)
{
	const struct member_mode *mode = &group->mode;
	struct mode_record record = {
		.mode = mode->mode,
		.then = mode->then ? mode->then : COVEY_MODE_ENFORCE,
		.left_ms = UINT64_MAX,
		.between_ms = mode->between_ms,
	};

	if (mode->then_at != MEMBER_MODE_NEVER) {
		record.left_ms = mode->then_at > now ? mode->then_at - now : 0;
	} else if (mode->mode != mode->goal) {
		record.then = mode->goal;
		record.left_ms = mode->step_at > now ? mode->step_at - now : 0;
	}
	snprintf(record.group, sizeof(record.group), "%s", group->name);
	return record;
}

/* Without memory, of no group any VNI is. */
static void note_agreed(const struct process *process, const struct member_state *state,
			struct mode_record *records, size_t count)
{
	struct guard_vnis disputed;
	int status = mode_lists_find_disputed(process->inventory, state, &disputed);

	for (size_t i = 0, at = 0; i < COVEY_GROUPS_PER_HOST_MAX && at < count; i++) {
		const struct membership *group = state->groups[i];

		if (!group || group->state == MEMBERSHIP_LEAVING)
			continue;
		records[at].has_vnis = true;
		if (status == 0)
			mode_lists_agreed(process->inventory, group,
					  mode_lists_find_record(process->modes,
								 process->mode_count, group->name),
					  &disputed, &records[at].vnis, &records[at].vnis_count);
		at++;
	}
	free(disputed.list);
}

static int write_file(const struct process *process, const struct member_state *state,
		      struct covey_error *error)
{
	static struct mode_record records[COVEY_GROUPS_PER_HOST_MAX];
	uint64_t now = clock_ms();
	size_t count = 0;
	int status;
	char *path;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		if (state->groups[i] && state->groups[i]->state != MEMBERSHIP_LEAVING)
			records[count++] = record_of(state->groups[i], now);
	note_agreed(process, state, records, count);
	status = file_path(process, &path, error);
	if (status == 0) {
		status = mode_file_write(path, records, count, error);
		free(path);
	}
	mode_records_free(records, count);
	return status;
}

/* At a deadline it may become another one, without our being there. */
static enum covey_mode strictest(const struct member_mode *mode)
{
	return mode->then_at != MEMBER_MODE_NEVER && mode->then > mode->goal ? mode->then
									     : mode->goal;
}

/* For the next boot: what the key manager has said, and nobody else. */
static void keep_modes(struct process *process, const struct member_state *state)
{
	const struct inventory *inventory = process->inventory;
	struct mode_memory *memory = &process->memory;
	struct covey_error reason;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		const struct membership *group = state->groups[i];
		const struct inventory_group *known =
			group && group->mode.told ? inventory_find_group(inventory, group->name)
						  : NULL;

		if (known)
			mode_memory_note(memory, (size_t)(known - inventory->groups),
					 strictest(&group->mode));
	}
	if (mode_memory_write(memory, inventory, &reason) < 0 && !memory->told) {
		log_error("%s: after a reboot, groups begin in the inventory's mode until the key "
			  "manager is heard",
			  reason.text);
		memory->told = true;
	}
	process->host.modes_kept = !memory->failed;
}

/* These are never in clear. On failure, what the dataplane has does not change. */
static int put_strict(struct process *process, const struct guard_vnis *vnis)
{
	struct guard_vnis copy;
	int status;

	if (guard_vnis_same(vnis, &process->strict))
		return 0;
	status = guard_vnis_copy(vnis, &copy);
	if (status)
		return status;
	status = dataplane_set_strict(process->dataplane, copy.list, copy.count);
	if (status) {
		free(copy.list);
		return status;
	}
	free(process->strict.list);
	process->strict = copy;
	return 0;
}

/* Before modes change: those that are strict, and those that are to be. */
static int put_strict_more(struct process *process, const struct guard_vnis *vnis)
{
	struct guard_vnis both;
	int status = guard_clear_join(vnis, &process->strict, &both);

	if (status)
		return status;
	status = put_strict(process, &both);
	free(both.list);
	return status;
}

/* A VNI on which key manager and inventory do not agree is strict, and the others of its group are
 * in the group's mode. If the dataplane cannot be told which, no clear packet of the group passes.
 */
static enum covey_mode mode_of(const struct process *process, const struct membership *group,
			       bool told)
{
	uint32_t vni;

	return !told && mode_lists_disputed(process->inventory, group, &vni) ? COVEY_MODE_ENFORCE
									     : group->mode.mode;
}

/* A group without VNIs has nothing that a mode could be about. */
static int put_modes(const struct process *process, const struct member_state *state, bool told,
		     struct covey_error *error)
{
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		const struct membership *group = state->groups[i];
		int status = group && group->vni_count > 0
				     ? dataplane_group_mode(process->dataplane, group->index,
							    mode_of(process, group, told))
				     : 0;

		if (status)
			return covey_error_set(error, status, "the dataplane cannot follow (%s)",
					       strerror(-status));
	}
	return 0;
}

/* What closes must not wait for memory. */
static int tell_dataplane(struct process *process, const struct member_state *state,
			  struct covey_error *error)
{
	struct guard_vnis disputed;
	int strict = mode_lists_find_disputed(process->inventory, state, &disputed);
	int status;

	if (strict == 0)
		strict = put_strict_more(process, &disputed);
	status = put_modes(process, state, strict == 0, error);
	if (strict == 0 && status == 0)
		strict = put_strict(process, &disputed);
	free(disputed.list);
	if (status == 0 && strict)
		status = covey_error_set(error, strict, "the dataplane cannot follow (%s)",
					 strerror(-strict));
	return status;
}

/* Is any of these not among the others? */
static bool closes(const struct guard_vnis *now, const struct guard_vnis *then)
{
	size_t at = 0;

	for (size_t i = 0; i < now->count; i++) {
		while (at < then->count && then->list[at] < now->list[i])
			at++;
		if (at == then->count || then->list[at] != now->list[i])
			return true;
	}
	return false;
}

/*
 * As a bump in the wire, covey-host itself carries what is in clear. Only if it sends by AF_PACKET
 * does that pass the guard. The dataplane has stopped to send what may not pass any more.
 */
static int tell_guard(struct process *process, struct guard_clear *clear, struct covey_error *error)
{
	struct guard_clear before = process->clear;
	int status;

	if (!process->clear_failed && guard_clear_same(clear, &process->clear))
		return 0;
	if (process->ports->fabric_af_packet &&
	    closes(&process->clear.accepted, &clear->accepted) &&
	    !af_packet_flush(process->self->fabric_interface))
		log_warning("%s: packets of groups that send in clear no longer may still be to be "
			    "sent, and the guard will drop them",
			    process->self->fabric_interface);
	status = protection_set_clear(process->protection, clear, error);
	process->clear_failed = status != 0;
	if (status)
		return status;
	process->clear = *clear;
	*clear = before;
	return 0;
}

/* Those that pass already, and those that are to. */
static int tell_guard_more(struct process *process, const struct guard_clear *clear,
			   struct covey_error *error)
{
	struct guard_clear both = {0};
	int status = guard_clear_join(&process->clear.accepted, &clear->accepted, &both.accepted);

	if (status == 0)
		status = guard_vnis_copy(&clear->steered, &both.steered);
	if (status)
		covey_error_set(error, status, "out of memory");
	else if (!guard_vnis_same(&both.accepted, &process->clear.accepted))
		status = tell_guard(process, &both, error);
	guard_clear_free(&both);
	return status;
}

/* What an AF_PACKET port sends in clear must pass the guard, so that opens first and closes last.
 */
static int tell_both(struct process *process, const struct member_state *state,
		     struct guard_clear *clear, struct covey_error *error)
{
	int status;

	/* If it fails, so does the second time. What closes in the dataplane must not wait. */
	if (process->ports->fabric_af_packet)
		tell_guard_more(process, clear, error);
	status = tell_dataplane(process, state, error);
	return status ? status : tell_guard(process, clear, error);
}

int process_put_modes(void *arg, struct covey_error *error)
{
	struct process *process = arg;
	const struct member_state *state = member_read_state(process->member);
	struct covey_error reason;
	struct guard_clear clear;
	int status;

	status = mode_lists_of_member(process->inventory, state, process->modes,
				      process->mode_count, &clear, error);
	if (status)
		return status;
	/* First, so that whoever goes on from the file never opens what was closed. */
	if (write_file(process, state, &reason) < 0)
		log_warning("%s: after a restart, groups begin in the inventory's mode",
			    reason.text);
	keep_modes(process, state);
	status = tell_both(process, state, &clear, error);
	guard_clear_free(&clear);
	return status;
}

/* --- who sends in clear ----------------------------------------------------------------------- */

/* What came in over IPv4 and over IPv6: the guard lists it first. */
#define GUARD_HEARD_MAX (2 * COVEY_GUARD_HEARD_MAX)

static void hear_at_guard(const struct process *process)
{
	static struct guard_heard list[GUARD_HEARD_MAX];
	size_t count, v4 = 0, v6 = 0;
	struct covey_error error;

	if (protection_read_heard(process->protection, list, GUARD_HEARD_MAX, &count, &error) < 0) {
		log_warning("who sends VXLAN in clear cannot be read: %s", error.text);
		clear_heard_incomplete(process->heard);
		return;
	}
	for (size_t i = 0; i < count && i < GUARD_HEARD_MAX && !list[i].out; i++) {
		*(list[i].address.family == AF_INET ? &v4 : &v6) += 1;
		clear_heard_add(process->heard, &list[i].address, list[i].vni, list[i].packets);
	}
	/* Who finds a set full is not counted. */
	if (v4 >= COVEY_GUARD_HEARD_MAX || v6 >= COVEY_GUARD_HEARD_MAX)
		clear_heard_incomplete(process->heard);
}

static void hear_at_dataplane(struct process *process)
{
	static struct dataplane_heard list[EFFECTS_HEARD_MAX];
	size_t count = dataplane_read_heard(process->dataplane, list, EFFECTS_HEARD_MAX);
	struct dataplane_counters counters;

	for (size_t i = 0; i < count; i++)
		if (!list[i].outbound)
			clear_heard_add(process->heard, &list[i].peer, list[i].vni,
					list[i].packets);
	dataplane_read_counters(process->dataplane, &counters);
	if (count == EFFECTS_HEARD_MAX || counters.unheard != process->unheard)
		clear_heard_incomplete(process->heard);
	process->unheard = counters.unheard;
}

void process_hear_clear(void *arg, size_t max, struct effects_heard_all *ret_all)
{
	struct process *process = arg;

	if (process->self->fabric_port == FABRIC_PORT_KERNEL)
		hear_at_guard(process);
	else
		hear_at_dataplane(process);
	clear_heard_take(process->heard, max, ret_all);
}
