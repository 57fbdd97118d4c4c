/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The worked packets of docs/protocol.md, opened by covey's own dataplane: what a stranger sends
 * who has only read the page is understood.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lab.h"
#include "page.h"
#include "worked.h"

#define VNI    100u
#define L2_LEN 14u

/* The receiver: the lab's own VTEP has another SenderID than any packet of the page. */
#define RECEIVER 77

static struct dataplane_config config_for(const struct worked *packet)
{
	return lab_config(packet->ip_version == 6,
			  packet->udp ? COVEY_ENCAPSULATION_UDP : COVEY_ENCAPSULATION_IP);
}

static struct covey_sa sa_for(const struct worked *packet)
{
	struct covey_sa sa = {
		.spi = packet->spi,
		.cipher = packet->key_len == 32 ? COVEY_AES_256_GCM : COVEY_AES_128_GCM,
		.key_scope = packet->sender_scope ? COVEY_KEY_SCOPE_SENDER : COVEY_KEY_SCOPE_GROUP,
		.replay_window = 64,
		.sender_id = RECEIVER,
		.epoch = 1,
		.may_receive = true,
	};
	struct block tek;

	page_field(packet->name, "tek", &tek);
	assert_int_equal(tek.len, packet->key_len);
	memcpy(sa.tek, tek.bytes, tek.len);
	return sa;
}

/* The sender as the GKM would list it: its VTEP is the packet's source. */
static struct covey_roster_entry sender_of(const struct worked *packet, const struct block *outer)
{
	struct covey_roster_entry entry = {
		.vtep.family = packet->ip_version == 4 ? AF_INET : AF_INET6,
		.sender_id = packet->sender_id,
		.epoch_floor = packet->epoch,
	};

	memcpy(entry.vtep.bytes, outer->bytes + (packet->ip_version == 4 ? 12 : 8),
	       packet->ip_version == 4 ? 4 : 16);
	return entry;
}

static struct dataplane *open_dataplane(const struct worked *packet, const struct block *outer)
{
	struct dataplane_config config = config_for(packet);
	bool ipv4 = packet->ip_version == 4;
	struct covey_roster_entry sender = sender_of(packet, outer);
	struct covey_sa sa = sa_for(packet);
	const uint32_t vni = VNI;
	struct dataplane *dataplane;

	/* Where the packet goes, should it be no multicast group. */
	memcpy(config.vtep.bytes, outer->bytes + (ipv4 ? 16 : 24), ipv4 ? 4 : 16);
	assert_int_equal(dataplane_new(&config, 1, &dataplane, NULL), 0);
	assert_int_equal(dataplane_group_set(dataplane, 0, &vni, 1, NULL), 0);
	assert_int_equal(dataplane_sa_install(dataplane, &sa, &sender, 1, NULL), 0);
	return dataplane;
}

/* An Ethernet frame around the packet. */
static struct rte_mbuf *frame(const struct worked *packet, const struct block *outer)
{
	uint8_t bytes[L2_LEN + BLOCK_MAX] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};

	bytes[12] = packet->ip_version == 4 ? 0x08 : 0x86;
	bytes[13] = packet->ip_version == 4 ? 0x00 : 0xdd;
	memcpy(bytes + L2_LEN, outer->bytes, outer->len);
	return lab_packet(bytes, L2_LEN + outer->len);
}

static uint64_t drops(const struct dataplane *dataplane, enum covey_drop reason)
{
	struct dataplane_counters counters;

	dataplane_read_counters(dataplane, &counters);
	return counters.drops[reason];
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_opens(void **state)
{
	for (size_t i = 0; i < WORKED_COUNT; i++) {
		struct rte_mbuf *packet;
		struct dataplane *dataplane;
		struct block outer, inner;

		page_field(worked[i].name, "outer", &outer);
		page_field(worked[i].name, "inner", &inner);
		dataplane = open_dataplane(&worked[i], &outer);
		packet = frame(&worked[i], &outer);
		assert_int_equal(inbound_burst(dataplane_worker(dataplane, 0), &packet, 1), 1);
		assert_int_equal(packet->pkt_len, L2_LEN + inner.len);
		assert_memory_equal(rte_pktmbuf_mtod_offset(packet, uint8_t *, L2_LEN), inner.bytes,
				    inner.len);
		rte_pktmbuf_free(packet);
		dataplane_close(dataplane);
	}
}

/* The second time it is a replay, and a changed byte anywhere in VPE is a forgery. */
static void test_opens_once_and_unchanged(void **state)
{
	for (size_t i = 0; i < WORKED_COUNT; i++) {
		struct rte_mbuf *packets[3];
		struct dataplane *dataplane;
		struct block outer;

		page_field(worked[i].name, "outer", &outer);
		dataplane = open_dataplane(&worked[i], &outer);
		packets[0] = frame(&worked[i], &outer);
		packets[1] = frame(&worked[i], &outer);
		outer.bytes[outer.len - 1] ^= 1;
		/* The next ESN, so that it is no replay. */
		outer.bytes[(worked[i].ip_version == 4 ? 20 : 40) + (worked[i].udp ? 8 : 0) + 15]++;
		packets[2] = frame(&worked[i], &outer);
		assert_int_equal(inbound_burst(dataplane_worker(dataplane, 0), packets, 3), 1);
		assert_int_equal(drops(dataplane, COVEY_DROP_IN_REPLAY_SEEN), 1);
		assert_int_equal(drops(dataplane, COVEY_DROP_IN_ICV), 1);
		rte_pktmbuf_free(packets[0]);
		dataplane_close(dataplane);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens),
		cmocka_unit_test(test_opens_once_and_unchanged),
	};

	return cmocka_run_group_tests_name("docs: packets and dataplane", tests, lab_eal, NULL);
}
