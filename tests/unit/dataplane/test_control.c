/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control thread may say to the dataplane, and what becomes of it. */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct lab lab;

static int open_lab(void **state)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);

	lab_open(&lab, &config);
	return 0;
}

static int close_lab(void **state)
{
	lab_close(&lab);
	return 0;
}

static int install(const struct covey_sa *sa)
{
	struct covey_roster_entry peer = lab_peer(false);

	return dataplane_sa_install(lab.dataplane, sa, &peer, 1, NULL);
}

static struct dataplane_sa_status status_of(uint32_t spi)
{
	struct dataplane_sa_status all[16];
	size_t count = dataplane_read_sas(lab.dataplane, all, 16);

	for (size_t i = 0; i < count; i++)
		if (all[i].spi == spi)
			return all[i];
	fail_msg("SA %u is not listed", spi);
	return all[0];
}

/* Does a packet of the peer come through? Each epoch takes another window, so that replay does not
 * hide what the epoch floor says. */
static bool receives_from(const struct covey_sa *sa, uint8_t source, uint16_t sender_id,
			  uint64_t esn)
{
	struct reference_sa reference = lab_reference(&lab, sa);
	uint8_t clear[REFERENCE_BYTES_MAX], wire[REFERENCE_BYTES_MAX];
	struct sample sample = lab_sample();
	struct rte_mbuf *packet;
	size_t len;

	sample.source = source;
	len = reference_vxlan(&sample, clear);
	len = reference_vpe(&reference, (struct reference_iv){sender_id, covey_esn_epoch(esn), esn},
			    clear, 14, len, wire);
	packet = lab_packet(wire, len);
	if (inbound_burst(lab.worker, &packet, 1) == 0)
		return false;
	rte_pktmbuf_free(packet);
	return true;
}

static bool receives(const struct covey_sa *sa, uint16_t sender_id, uint64_t esn)
{
	return receives_from(sa, (uint8_t)sender_id, sender_id, esn);
}

/* The SPI that a frame of ours leaves with, 0 when it does not. */
static uint32_t sends(uint32_t vni)
{
	struct sample sample = lab_sample();
	uint8_t frame[REFERENCE_BYTES_MAX];
	struct rte_mbuf *packet;
	uint32_t spi;

	sample.vni = vni;
	packet = lab_packet(frame, reference_vxlan(&sample, frame));
	if (outbound_burst(lab.worker, &packet, 1) == 0)
		return 0;
	spi = be32toh(rte_pktmbuf_mtod_offset(packet, const struct covey_vpe_header *, 42)->spi);
	rte_pktmbuf_free(packet);
	return spi;
}

/* --- a dataplane ----------------------------------------------------------------------------- */

static void assert_refused(struct dataplane_config config, unsigned workers)
{
	struct dataplane *dataplane = NULL;
	struct covey_error error = {""};

	assert_int_equal(dataplane_new(&config, workers, &dataplane, &error), -EINVAL);
	assert_null(dataplane);
	assert_true(strlen(error.text) > 0);
}

static void test_bad_configurations(void **state)
{
	struct dataplane_config good = lab_config(false, COVEY_ENCAPSULATION_UDP), bad;

	assert_refused(good, 0);
	assert_refused(good, ENGINE_WORKERS_MAX + 1);
	bad = good, bad.paths = 0;
	assert_refused(bad, 1);
	bad = good, bad.paths = 1024;
	assert_refused(bad, 5);
	bad = good, bad.vtep.family = 0;
	assert_refused(bad, 1);
	bad = good, bad.encapsulation = 0;
	assert_refused(bad, 1);
	bad = good, bad.vpe_port = bad.vxlan_port;
	assert_refused(bad, 1);
	bad = good, bad.class_by_dscp[46] = 8;
	assert_refused(bad, 1);
}

/* --- groups ---------------------------------------------------------------------------------- */

static void test_groups(void **state)
{
	static const uint32_t some[] = {200, 201, 200}, taken[] = {300, LAB_VNI},
			      too_big[] = {COVEY_VNI_MAX + 1};
	static uint32_t many[COVEY_VNIS_PER_GROUP_MAX + 1];
	struct covey_sa sa = lab_sa(LAB_SPI, 1);

	assert_int_equal(install(&sa), 0);
	assert_int_equal(dataplane_sa_activate(lab.dataplane, LAB_SPI, NULL), 0);
	assert_int_equal(dataplane_group_set(lab.dataplane, 1, some, 3, NULL), 0);
	assert_int_equal(dataplane_group_set(lab.dataplane, 2, taken, 2, NULL), -EEXIST);
	assert_int_equal(dataplane_group_set(lab.dataplane, 2, too_big, 1, NULL), -EINVAL);
	assert_int_equal(
		dataplane_group_set(lab.dataplane, COVEY_GROUPS_PER_HOST_MAX, some, 1, NULL),
		-EINVAL);
	assert_int_equal(sends(LAB_VNI), LAB_SPI);
	assert_int_equal(sends(300), 0);
	for (unsigned i = 0; i < RTE_DIM(many); i++)
		many[i] = 1000 + i;
	assert_int_equal(dataplane_group_set(lab.dataplane, 2, many, RTE_DIM(many), NULL), -EINVAL);
	assert_int_equal(
		dataplane_group_set(lab.dataplane, 2, many, COVEY_VNIS_PER_GROUP_MAX, NULL), 0);
	assert_int_equal(dataplane_group_set(lab.dataplane, 0, NULL, 0, NULL), 0);
	assert_int_equal(sends(LAB_VNI), 0);
	assert_int_equal(dataplane_group_set(lab.dataplane, 0, taken, 2, NULL), 0);
	assert_int_equal(sends(300), LAB_SPI);
	for (unsigned i = 0; i < COVEY_VNIS_PER_GROUP_MAX; i++)
		assert_int_equal(sends(many[i]), 0);
}

/* --- SAs ------------------------------------------------------------------------------------- */

static void test_bad_sas(void **state)
{
	struct covey_sa good = lab_sa(LAB_SPI, 1), bad;
	struct covey_roster_entry entries[2] = {lab_peer(false), lab_peer(false)};

	bad = good, bad.spi = COVEY_SPI_MIN - 1;
	assert_int_equal(install(&bad), -EINVAL);
	bad = good, bad.group = COVEY_GROUPS_PER_HOST_MAX;
	assert_int_equal(install(&bad), -EINVAL);
	bad = good, bad.cipher = 0;
	assert_int_equal(install(&bad), -EINVAL);
	bad = good, bad.key_scope = 0;
	assert_int_equal(install(&bad), -EINVAL);
	for (unsigned i = 0; i < 4; i++) {
		bad = good, bad.replay_window = (const uint32_t[]){0, 32, 1000, 131072}[i];
		assert_int_equal(install(&bad), -EINVAL);
	}
	bad = good, bad.sender_id = 0;
	assert_int_equal(install(&bad), -EINVAL);
	bad = good, bad.epoch = 0;
	assert_int_equal(install(&bad), -EINVAL);
	assert_int_equal(dataplane_sa_install(lab.dataplane, &good, entries, 2, NULL), -EINVAL);
	entries[0].sender_id = 0;
	assert_int_equal(dataplane_sa_install(lab.dataplane, &good, entries, 1, NULL), -EINVAL);
	assert_int_equal(dataplane_read_sas(lab.dataplane, NULL, 0), 0);
	assert_int_equal(dataplane_sa_activate(lab.dataplane, LAB_SPI, NULL), -ENOENT);
	assert_int_equal(dataplane_sa_drain(lab.dataplane, LAB_SPI, NULL), -ENOENT);
	assert_int_equal(dataplane_roster_set(lab.dataplane, LAB_SPI, NULL, 0, NULL), -ENOENT);
	dataplane_sa_remove(lab.dataplane, LAB_SPI);
}

static void test_states(void **state)
{
	struct covey_sa first = lab_sa(LAB_SPI, 1), second = lab_sa(LAB_SPI + 1, 1);

	assert_int_equal(install(&first), 0);
	assert_int_equal(status_of(first.spi).state, COVEY_SA_INSTALLED);
	assert_int_equal(sends(LAB_VNI), 0);
	assert_true(receives(&first, LAB_PEER, covey_esn(1, 1)));
	assert_int_equal(dataplane_sa_activate(lab.dataplane, first.spi, NULL), 0);
	assert_int_equal(sends(LAB_VNI), first.spi);
	assert_int_equal(install(&second), 0);
	assert_int_equal(sends(LAB_VNI), first.spi);
	assert_int_equal(dataplane_sa_activate(lab.dataplane, second.spi, NULL), 0);
	assert_int_equal(sends(LAB_VNI), second.spi);
	assert_int_equal(status_of(first.spi).state, COVEY_SA_DRAINING);
	assert_true(receives(&first, LAB_PEER, covey_esn(1, 2)));
	assert_true(receives(&second, LAB_PEER, covey_esn(1, 2)));
	dataplane_sa_remove(lab.dataplane, first.spi);
	assert_false(receives(&first, LAB_PEER, covey_esn(1, 3)));
	assert_int_equal(dataplane_sa_drain(lab.dataplane, second.spi, NULL), 0);
	assert_int_equal(sends(LAB_VNI), 0);
	assert_true(receives(&second, LAB_PEER, covey_esn(1, 3)));
}

static void test_reinstall(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 5), other;

	assert_int_equal(install(&sa), 0);
	assert_int_equal(dataplane_sa_activate(lab.dataplane, LAB_SPI, NULL), 0);
	assert_true(receives(&sa, LAB_PEER, covey_esn(1, 1)));
	assert_int_equal(install(&sa), -EEXIST);
	other = sa, other.epoch = 4;
	assert_int_equal(install(&other), -EEXIST);
	other = sa, other.epoch = 6, other.tek[31] ^= 1;
	assert_int_equal(install(&other), -EEXIST);
	other = sa, other.epoch = 6, other.cipher = COVEY_AES_128_GCM;
	assert_int_equal(install(&other), -EEXIST);
	other = sa, other.epoch = 6, other.key_scope = COVEY_KEY_SCOPE_GROUP;
	assert_int_equal(install(&other), -EEXIST);
	other = sa, other.epoch = 6, other.sender_id = 9;
	assert_int_equal(install(&other), -EEXIST);
	other = sa, other.epoch = 6, other.group = 1;
	assert_int_equal(install(&other), -EEXIST);
	assert_int_equal(status_of(LAB_SPI).epoch, 5);
	sa.epoch = 6;
	assert_int_equal(install(&sa), 0);
	assert_int_equal(status_of(LAB_SPI).epoch, 6);
	assert_int_equal(status_of(LAB_SPI).state, COVEY_SA_ACTIVE);
	assert_int_equal(sends(LAB_VNI), LAB_SPI);
	/* Received windows stay: what was received is not received again. */
	assert_false(receives(&sa, LAB_PEER, covey_esn(1, 1)));
	assert_true(receives(&sa, LAB_PEER, covey_esn(1, 2)));
}

static void test_sas_per_group(void **state)
{
	struct covey_sa sa;

	for (unsigned i = 0; i < COVEY_SAS_PER_GROUP_MAX; i++) {
		sa = lab_sa(LAB_SPI + i, 1);
		assert_int_equal(install(&sa), 0);
	}
	sa = lab_sa(LAB_SPI + 100, 1);
	assert_int_equal(install(&sa), -ENOSPC);
	dataplane_sa_remove(lab.dataplane, LAB_SPI + 3);
	assert_int_equal(install(&sa), 0);
	for (unsigned i = 0; i < COVEY_SAS_PER_GROUP_MAX; i++) {
		sa = lab_sa(LAB_SPI + i, 1);
		assert_int_equal(receives(&sa, LAB_PEER, covey_esn(1, 1)), i != 3);
	}
}

/* --- rosters --------------------------------------------------------------------------------- */

static void set_roster(uint16_t sender_id, uint16_t epoch_floor)
{
	struct covey_roster_entry entry = {.vtep = lab_address(false, (uint8_t)sender_id),
					   .sender_id = sender_id,
					   .epoch_floor = epoch_floor};

	assert_int_equal(
		dataplane_roster_set(lab.dataplane, LAB_SPI, &entry, sender_id ? 1 : 0, NULL), 0);
}

static void test_rosters(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 1);

	assert_int_equal(install(&sa), 0);
	assert_false(receives(&sa, 3, covey_esn(9, 1)));
	set_roster(3, 4);
	assert_true(receives(&sa, 3, covey_esn(4, 1)));
	assert_false(receives(&sa, 3, covey_esn(3, 1)));
	assert_false(receives(&sa, LAB_PEER, covey_esn(9, 1)));
	/* A floor never falls, not even when its sender was away in between. */
	set_roster(3, 2);
	assert_false(receives(&sa, 3, covey_esn(3, 2)));
	set_roster(0, 0);
	assert_false(receives(&sa, 3, covey_esn(5, 1)));
	set_roster(3, 1);
	assert_false(receives(&sa, 3, covey_esn(3, 3)));
	assert_true(receives(&sa, 3, covey_esn(5, 2)));
	sa.epoch = 2;
	assert_int_equal(install(&sa), 0);
	set_roster(3, 1);
	assert_false(receives(&sa, 3, covey_esn(3, 4)));
}

static void test_bad_roster_changes_nothing(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 1);
	struct covey_roster_entry twice[2] = {lab_peer(false), lab_peer(false)};

	twice[0].epoch_floor = twice[1].epoch_floor = 9;
	assert_int_equal(install(&sa), 0);
	assert_int_equal(dataplane_roster_set(lab.dataplane, LAB_SPI, twice, 2, NULL), -EINVAL);
	assert_true(receives(&sa, LAB_PEER, covey_esn(1, 1)));
}

/* 65,534 senders; a few of them are then heard, and the first roster's keys serve the next. */
static void test_large_roster(void **state)
{
	struct covey_roster_entry *entries = calloc(COVEY_ROSTER_MAX, sizeof(*entries));
	struct covey_sa sa = lab_sa(LAB_SPI, 1);
	const struct cipher_key *before;
	struct sa_record *record;

	assert_non_null(entries);
	for (unsigned i = 0; i < COVEY_ROSTER_MAX - 1; i++)
		entries[i] = (struct covey_roster_entry){
			.vtep = lab_address(false, (uint8_t)(i + 2)),
			.sender_id = (uint16_t)(i + 2),
			.epoch_floor = 1,
		};
	assert_int_equal(
		dataplane_sa_install(lab.dataplane, &sa, entries, COVEY_ROSTER_MAX - 1, NULL), 0);
	assert_true(receives(&sa, 2, covey_esn(1, 1)));
	assert_true(receives(&sa, 40000, covey_esn(1, 1)));
	assert_true(receives(&sa, 65535, covey_esn(1, 1)));
	record = sa_record_find(lab.dataplane, LAB_SPI);
	before = sender_table_find(record->parts.senders, 40000)->key;
	assert_int_equal(dataplane_roster_set(lab.dataplane, LAB_SPI, entries, 50000, NULL), 0);
	assert_ptr_equal(sender_table_find(record->parts.senders, 40000)->key, before);
	assert_true(receives(&sa, 40000, covey_esn(1, 2)));
	assert_false(receives(&sa, 65535, covey_esn(1, 2)));
	free(entries);
}

/* Keys of senders that left are wiped; that of a group stays. */
static void test_departed_keys_are_wiped(void **state)
{
	static const struct cipher_key zero;
	struct covey_sa sa = lab_sa(LAB_SPI, 1);
	const struct cipher_key *key;
	struct sa_record *record;

	assert_int_equal(install(&sa), 0);
	record = sa_record_find(lab.dataplane, LAB_SPI);
	key = sender_table_find(record->parts.senders, LAB_PEER)->key;
	assert_memory_not_equal(key, &zero, sizeof(zero));
	set_roster(3, 1);
	assert_memory_equal(key, &zero, sizeof(zero));
	set_roster(LAB_PEER, 1);
	assert_true(receives(&sa, LAB_PEER, covey_esn(1, 1)));
}

/* --- reading --------------------------------------------------------------------------------- */

static void test_windows_listed(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 3);
	struct dataplane_window_status windows[4];

	assert_int_equal(install(&sa), 0);
	assert_int_equal(dataplane_sa_activate(lab.dataplane, LAB_SPI, NULL), 0);
	assert_int_equal(dataplane_read_windows(lab.dataplane, windows, 4), 0);
	assert_int_equal(sends(LAB_VNI), LAB_SPI);
	assert_int_equal(sends(LAB_VNI), LAB_SPI);
	assert_true(receives(&sa, LAB_PEER, covey_esn(1, 77)));
	assert_true(receives(&sa, LAB_PEER, covey_esn(1, 70)));
	assert_int_equal(dataplane_read_windows(lab.dataplane, windows, 4), 2);
	assert_true(windows[0].sending);
	assert_int_equal(windows[0].sender_id, LAB_SELF);
	assert_int_equal(windows[0].esn, covey_esn(3, 2));
	assert_false(windows[1].sending);
	assert_int_equal(windows[1].sender_id, LAB_PEER);
	assert_int_equal(windows[1].window_id, 1);
	assert_int_equal(windows[1].esn, covey_esn(1, 77));
}

/* What was sent before we came is a replay, authentic as it is; forged it is a forgery. */
static void test_floors(void **state)
{
	const struct covey_floor floors[] = {
		{.sender_id = LAB_PEER, .window_id = 1, .esn = covey_esn(1, 3000)},
		{.sender_id = LAB_PEER, .window_id = 2, .esn = covey_esn(2, 5)},
	};
	struct covey_sa sa = lab_sa(LAB_SPI, 1), other = sa;
	struct dataplane_window_status window;
	struct dataplane_counters counters;

	sa.floors = floors;
	sa.floor_count = 2;
	assert_int_equal(install(&sa), 0);
	other.tek[0] ^= 1;
	assert_false(receives(&other, LAB_PEER, covey_esn(1, 3000)));
	assert_int_equal(status_of(LAB_SPI).windows, 0);
	assert_false(receives(&sa, LAB_PEER, covey_esn(1, 3000)));
	assert_int_equal(status_of(LAB_SPI).windows, 1);
	assert_int_equal(dataplane_read_windows(lab.dataplane, &window, 1), 1);
	assert_int_equal(window.packets, 0);
	assert_int_equal(window.heard_ms, DATAPLANE_NOT_HEARD);
	assert_false(receives(&sa, LAB_PEER, covey_esn(1, 2999)));
	assert_false(receives(&sa, LAB_PEER, covey_esn(1, 1)));
	dataplane_read_counters(lab.dataplane, &counters);
	assert_int_equal(counters.drops[COVEY_DROP_IN_ICV], 1);
	assert_int_equal(counters.drops[COVEY_DROP_IN_REPLAY_SEEN], 2);
	assert_int_equal(counters.drops[COVEY_DROP_IN_REPLAY_OLD], 1);
	assert_int_equal(counters.decrypted_packets, 0);
	assert_true(receives(&sa, LAB_PEER, covey_esn(1, 3001)));
	assert_true(receives(&sa, LAB_PEER, covey_esn(2, 6)));
	assert_true(receives(&sa, LAB_PEER, covey_esn(3, 1))); /* a window without a floor */
	assert_int_equal(status_of(LAB_SPI).packets_received, 3);
	assert_int_equal(status_of(LAB_SPI).multicast_received, 0);
}

/* By the cast bit of the window, which is the sender's word. A window here is the ESN's epoch. */
static void test_multicast_is_counted(void **state)
{
	const struct covey_sa sa = lab_sa(LAB_SPI, 1);

	assert_int_equal(install(&sa), 0);
	assert_true(receives(&sa, LAB_PEER, covey_esn(0x0fff, 1)));
	assert_true(receives(&sa, LAB_PEER, covey_esn(0x1000, 1)));
	assert_true(receives(&sa, LAB_PEER, covey_esn(0x2000, 1)));
	assert_true(receives(&sa, LAB_PEER, covey_esn(0xf001, 1)));
	assert_int_equal(status_of(LAB_SPI).packets_received, 4);
	assert_int_equal(status_of(LAB_SPI).multicast_received, 2);
}

/* Whoever has the SA has its windows: floors that come with it again are late, and say nothing new.
 */
static void test_floors_with_an_installed_sa(void **state)
{
	const struct covey_floor floor = {
		.sender_id = LAB_PEER, .window_id = 1, .esn = covey_esn(1, 3000)};
	struct covey_sa sa = lab_sa(LAB_SPI, 1);

	assert_int_equal(install(&sa), 0);
	sa.epoch = 2;
	sa.floors = &floor;
	sa.floor_count = 1;
	assert_int_equal(install(&sa), 0);
	assert_true(receives(&sa, LAB_PEER, covey_esn(1, 3000)));
}

static void test_bad_floors(void **state)
{
	const struct covey_floor floors[] = {
		{.sender_id = 3, .window_id = 1, .esn = covey_esn(1, 1)},
		{.sender_id = 2, .window_id = 1, .esn = covey_esn(1, 1)},
	};
	struct covey_sa sa = lab_sa(LAB_SPI, 1);

	sa.floors = floors;
	sa.floor_count = 2;
	assert_int_equal(install(&sa), -ERANGE);
	assert_int_equal(dataplane_read_sas(lab.dataplane, NULL, 0), 0);
}

static void test_sent_windows_of_one_sa(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 3), next = lab_sa(LAB_SPI + 1, 3);
	struct dataplane_window_status windows[2];

	assert_int_equal(install(&sa), 0);
	assert_int_equal(install(&next), 0);
	assert_int_equal(dataplane_sa_activate(lab.dataplane, LAB_SPI, NULL), 0);
	assert_int_equal(sends(LAB_VNI), LAB_SPI);
	assert_int_equal(sends(LAB_VNI), LAB_SPI);
	assert_true(receives(&sa, LAB_PEER, covey_esn(1, 77)));
	assert_int_equal(dataplane_read_sent(lab.dataplane, LAB_SPI, windows, 2), 1);
	assert_int_equal(windows[0].esn, covey_esn(3, 2));
	assert_int_equal(dataplane_read_sent(lab.dataplane, LAB_SPI, windows, 0), 1);
	assert_int_equal(dataplane_read_sent(lab.dataplane, LAB_SPI + 1, windows, 2), 0);
	assert_int_equal(dataplane_read_sent(lab.dataplane, LAB_SPI + 2, windows, 2), 0);
}

static void test_own_sender_is_counted_by_sa(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 3), next = lab_sa(LAB_SPI + 1, 3);

	assert_int_equal(install(&sa), 0);
	assert_int_equal(install(&next), 0);
	assert_false(receives_from(&next, LAB_PEER, LAB_SELF, covey_esn(1, 1)));
	assert_false(receives_from(&next, LAB_PEER, LAB_SELF, covey_esn(1, 1)));
	assert_int_equal(status_of(LAB_SPI).own_sender, 0);
	assert_int_equal(status_of(LAB_SPI + 1).own_sender, 2);
}

#define ON_A_LAB(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_configurations),
		ON_A_LAB(test_groups),
		ON_A_LAB(test_bad_sas),
		ON_A_LAB(test_states),
		ON_A_LAB(test_reinstall),
		ON_A_LAB(test_sas_per_group),
		ON_A_LAB(test_rosters),
		ON_A_LAB(test_bad_roster_changes_nothing),
		ON_A_LAB(test_large_roster),
		ON_A_LAB(test_departed_keys_are_wiped),
		ON_A_LAB(test_windows_listed),
		ON_A_LAB(test_floors),
		ON_A_LAB(test_floors_with_an_installed_sa),
		ON_A_LAB(test_bad_floors),
		ON_A_LAB(test_sent_windows_of_one_sa),
		ON_A_LAB(test_own_sender_is_counted_by_sa),
		ON_A_LAB(test_multicast_is_counted),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
