/* SPDX-License-Identifier: BSD-3-Clause */
#include "control.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int control_new(unsigned workers, struct control **ret_control, struct covey_error *error)
{
	struct control *control = calloc(1, sizeof(*control));
	int code = -ENOMEM;

	if (!control)
		return covey_error_set(error, -ENOMEM, "out of memory for the SA table");
	control->vnis = vnis_new(0);
	control->spare = calloc(1, sizeof(*control->spare));
	if (!control->vnis || !control->spare) {
		covey_error_set(error, code, "out of memory for the SA table");
		goto fail;
	}
	code = ciphers_new(workers, &control->ciphers);
	if (code != 0) {
		covey_error_set(error, code, "ipsec-mb has no AES-GCM for this CPU: %s",
				strerror(-code));
		goto fail;
	}
	code = kdf_new(&control->kdf);
	if (code != 0) {
		covey_error_set(error, code,
				"OpenSSL has no HKDF: check that its default provider is loaded");
		goto fail;
	}
	*ret_control = control;
	return 0;
fail:
	control_free(control, 0);
	return code;
}

void control_free(struct control *control, unsigned workers)
{
	struct sa_record *record;

	if (!control)
		return;
	while ((record = control->sas)) {
		control->sas = record->next;
		record_free(record, workers);
	}
	for (unsigned i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		free(control->groups[i].vnis);
	kdf_free(control->kdf);
	ciphers_free(control->ciphers);
	free(control->spare);
	vnis_free(control->vnis);
	free(control);
}

struct sa_record *control_find(const struct control *control, uint32_t spi)
{
	struct sa_record *record = control->sas;

	while (record && record->spi != spi)
		record = record->next;
	return record;
}

/*
 * Until each worker has looked away from what it found before. rte_rcu_qsbr_synchronize() does the
 * same in a library, where ThreadSanitizer would not see the order that it makes.
 */
static void wait_for_workers(struct engine *engine)
{
	rte_rcu_qsbr_check(engine->qsbr, rte_rcu_qsbr_start(engine->qsbr), true);
}

void control_publish(struct engine *engine)
{
	struct control *control = engine->control;
	struct sadb *next = control->spare;
	struct sadb_group *group;

	sadb_clear(next, control->vnis);
	for (struct sa_record *record = control->sas; record; record = record->next) {
		sadb_add(next, record->rx);
		if (record->state != COVEY_SA_ACTIVE)
			continue;
		group = &next->groups[record->group];
		group->tx = record->tx;
		group->reason = COVEY_DROP_OUT_NOT_SENDER;
	}
	control->spare = atomic_exchange_explicit(&engine->sadb, next, memory_order_acq_rel);
	wait_for_workers(engine);
}

/* --- groups ------------------------------------------------------------------------------- */

static int add_vnis(struct vnis *table, const struct group_record *record, uint32_t group,
		    struct covey_error *error)
{
	for (size_t i = 0; i < record->vni_count; i++)
		if (vnis_add(table, record->vnis[i], group) != 0)
			return covey_error_set(error, -EEXIST,
					       "VNI %u of group index %u belongs to group index %d",
					       record->vnis[i], group,
					       vnis_find(table, record->vnis[i]));
	return 0;
}

static int build_vnis(const struct control *control, struct vnis **ret_vnis,
		      struct covey_error *error)
{
	struct vnis *vnis;
	size_t count = 0;

	for (unsigned i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		count += control->groups[i].vni_count;
	vnis = vnis_new(count);
	if (!vnis)
		return covey_error_set(error, -ENOMEM, "out of memory for %zu VNIs", count);
	for (unsigned i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		int code = add_vnis(vnis, &control->groups[i], i, error);

		if (code != 0) {
			vnis_free(vnis);
			return code;
		}
	}
	*ret_vnis = vnis;
	return 0;
}

static int check_group(uint32_t group, const uint32_t *vnis, size_t vni_count,
		       struct covey_error *error)
{
	if (group >= COVEY_GROUPS_PER_HOST_MAX)
		return covey_error_set(error, -EINVAL, "group index %u is not below %u", group,
				       COVEY_GROUPS_PER_HOST_MAX);
	if (vni_count > COVEY_VNIS_PER_GROUP_MAX)
		return covey_error_set(error, -EINVAL, "%zu VNIs in one group, at most %u fit",
				       vni_count, COVEY_VNIS_PER_GROUP_MAX);
	for (size_t i = 0; i < vni_count; i++)
		if (vnis[i] > COVEY_VNI_MAX)
			return covey_error_set(error, -EINVAL, "VNI %u has more than 24 bits",
					       vnis[i]);
	return 0;
}

int engine_group_set(struct engine *engine, uint32_t group, const uint32_t *vnis, size_t vni_count,
		     struct covey_error *error)
{
	struct control *control = engine->control;
	struct group_record before, after = {.vni_count = vni_count};
	struct vnis *old = control->vnis;
	int code = check_group(group, vnis, vni_count, error);

	if (code != 0)
		return code;
	after.vnis = calloc(vni_count + 1, sizeof(*vnis));
	if (!after.vnis)
		return covey_error_set(error, -ENOMEM, "out of memory for %zu VNIs", vni_count);
	if (vni_count > 0)
		memcpy(after.vnis, vnis, vni_count * sizeof(*vnis));
	before = control->groups[group];
	control->groups[group] = after;
	code = build_vnis(control, &control->vnis, error);
	if (code != 0) {
		control->groups[group] = before;
		free(after.vnis);
		return code;
	}
	control_publish(engine);
	vnis_free(old);
	free(before.vnis);
	return 0;
}
