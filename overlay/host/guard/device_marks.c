/* SPDX-License-Identifier: BSD-3-Clause */

#include "device_marks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clear_check.h"
#include "guard_nft.h"
#include "guard_text.h"

void device_marks_init(struct device_marks *marks, const struct guard_local *local,
		       const struct guard_vnis *accepted)
{
	*marks = (struct device_marks){.local = local, .accepted = accepted};
	if (accepted)
		clear_check_name(local->host_interface, marks->table);
	else
		guard_marks_name(local->host_interface, marks->table);
}

/* What the devices do by this table. */
static const char *task(const struct device_marks *marks)
{
	return marks->accepted ? "look at what came in clear" : "mark what they send";
}

static int write_rules(const struct device_marks *marks, const struct vxlan_devices *devices,
		       char **ret_rules, struct covey_error *error)
{
	char *rules = NULL;
	size_t len;
	FILE *stream = open_memstream(&rules, &len);

	if (!stream)
		return covey_error_set(error, -ENOMEM, "out of memory");
	if (marks->accepted)
		clear_check_write(stream, marks->local->host_interface, devices, marks->accepted);
	else
		guard_local_write_marks(stream, marks->local, devices);
	if (fclose(stream) != 0) {
		free(rules);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_rules = rules;
	return 0;
}

static int read_table(const struct device_marks *marks, char **ret_listing,
		      struct covey_error *error)
{
	struct covey_error reason;
	int status = guard_nft_list_netdev(marks->table, false, ret_listing, &reason);

	if (status)
		covey_error_set(error, 0, "cannot read the rules by which VXLAN devices %s: %.400s",
				task(marks), reason.text);
	return status;
}

/* -EAGAIN: the table is not what was installed; what says how it differs. */
static int read_back(struct device_marks *marks, const char *rules, struct covey_error *what,
		     struct covey_error *error)
{
	char *listing;
	int status = read_table(marks, &listing, error);

	if (status)
		return status;
	if (guard_compare(rules, listing, what)) {
		free(listing);
		return -EAGAIN;
	}
	marks->listing = listing;
	marks->doubted = marks->undone = false;
	return 0;
}

static int wait(struct device_marks *marks, struct covey_error *error)
{
	return covey_error_set(
		error, -EAGAIN,
		"%s changes the rules by which VXLAN devices %s, again and again (table netdev "
		"%s): `nft monitor` shows what is done",
		marks->author.pid ? marks->author.name : "somebody", task(marks), marks->table);
}

static int set(struct device_marks *marks, const struct vxlan_devices *devices,
	       struct covey_error *error)
{
	struct covey_error reason;
	char *rules = NULL;
	int status = write_rules(marks, devices, &rules, error);

	if (status)
		return status;
	free(marks->listing);
	marks->listing = NULL;
	status = guard_nft_run(rules, &reason);
	if (status)
		covey_error_set(error, 0, "cannot let VXLAN devices %s: %.400s", task(marks),
				reason.text);
	else
		status = read_back(marks, rules, &reason, error);
	free(rules);
	if (status != -EAGAIN)
		return status;
	marks->undone = true;
	return wait(marks, error);
}

/* -ENOENT or -EEXIST: what says how the table differs. */
static int check(const struct device_marks *marks, struct covey_error *what,
		 struct covey_error *error)
{
	char *listing;
	int status;

	if (!marks->listing)
		return covey_error_set(what, -ENOENT, "undone at once");
	status = read_table(marks, &listing, error);
	if (status)
		return -EIO;
	if (strcmp(listing, marks->listing) != 0) {
		status = guard_compare(marks->listing, listing, what);
		if (status == 0)
			status = covey_error_set(what, -EEXIST, "a rule says something else");
	}
	free(listing);
	return status;
}

static int put_back(struct device_marks *marks, const struct vxlan_devices *devices,
		    uint64_t now_ms, struct covey_error *error)
{
	struct covey_error what, text;
	int status = check(marks, &what, error);

	if (status == 0)
		marks->doubted = false;
	if (status == 0 || status == -EIO)
		return status;
	if (!guard_restores_may(&marks->restores, now_ms))
		return wait(marks, error);
	status = set(marks, devices, error);
	if (status)
		return status;
	covey_error_set(&text, 0, "%s of VXLAN devices, %.400s",
			marks->accepted ? "looks" : "marks", what.text);
	guard_restores_count(&marks->restores, marks->local->host_interface, text.text,
			     &marks->author, now_ms);
	marks->author = (struct guard_author){0};
	return 0;
}

void device_marks_forget(struct device_marks *marks)
{
	free(marks->listing);
	marks->listing = NULL;
	marks->undone = false;
}

void device_marks_doubt(struct device_marks *marks, const struct guard_author *author)
{
	marks->doubted = true;
	if (author)
		marks->author = *author;
}

int device_marks_keep(struct device_marks *marks, const struct vxlan_devices *devices,
		      uint64_t now_ms, struct covey_error *error)
{
	if (marks->undone || (marks->listing && marks->doubted))
		return put_back(marks, devices, now_ms, error);
	return marks->listing ? 0 : set(marks, devices, error);
}

void device_marks_end(struct device_marks *marks)
{
	device_marks_forget(marks);
}
