/* SPDX-License-Identifier: BSD-3-Clause */
#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static void install(struct scene *scene, uint32_t spi, uint32_t group, bool may_send,
		    bool may_receive)
{
	struct covey_sa sa = lab_sa(spi, 5);
	struct covey_roster_entry peer = lab_peer(false);

	sa.group = group;
	sa.may_send = may_send;
	sa.may_receive = may_receive;
	peer.epoch_floor = 3;
	assert_int_equal(dataplane_sa_install(scene->lab.dataplane, &sa, &peer, 1, NULL), 0);
	assert_int_equal(dataplane_sa_activate(scene->lab.dataplane, spi, NULL), 0);
}

void scene_open(struct scene *scene, bool inbound)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	static const uint32_t vnis[] = {VNI_NO_SA, VNI_NOT_SENDER};
	struct covey_sa sa = lab_sa(LAB_SPI, 5);

	memset(scene, 0, sizeof(*scene));
	lab_open(&scene->lab, &config);
	install(scene, LAB_SPI, 0, true, true);
	install(scene, SPI_NOT_RECEIVER, 3, true, false);
	install(scene, SPI_NOT_SENDER, 2, false, true);
	assert_int_equal(dataplane_group_set(scene->lab.dataplane, 1, &vnis[0], 1, NULL), 0);
	assert_int_equal(dataplane_group_set(scene->lab.dataplane, 2, &vnis[1], 1, NULL), 0);
	scene->sample = lab_sample();
	scene->sample.source = inbound ? LAB_PEER : LAB_SELF;
	scene->sa = lab_reference(&scene->lab, &sa);
	scene->iv = (struct reference_iv){LAB_PEER, 0x1234, covey_esn(3, 10)};
}

struct rte_mbuf *scene_packet(struct scene *scene)
{
	const unsigned buffers = scene->buffers;
	size_t rest_len = buffers & EARLY ? scene->wire_len - WIRE_VPE_AT - 20 : 10;
	size_t first = buffers & CHAINED ? scene->wire_len - rest_len : scene->wire_len;
	struct rte_mbuf *packet = lab_packet(scene->wire, first), *rest;

	if (buffers & CHAINED) {
		rest = lab_packet(scene->wire + first, rest_len);
		assert_int_equal(rte_pktmbuf_chain(packet, rest), 0);
		rest->data_len -= (buffers & CUT_SHORT) != 0;
	}
	if (buffers & NO_HEADROOM) {
		memmove(packet->buf_addr, scene->wire, scene->wire_len);
		packet->data_off = 0;
	}
	if (buffers & SHARED) {
		rest = rte_pktmbuf_clone(packet, packet->pool);
		assert_non_null(rest);
		scene->held = buffers & COPY ? packet : rest;
		packet = buffers & COPY ? rest : packet;
	}
	return packet;
}

/* What another holds is as it was, whatever became of the packet. */
static void release_held(struct scene *scene)
{
	if (!scene->held)
		return;
	assert_memory_equal(rte_pktmbuf_mtod(scene->held, void *), scene->wire,
			    scene->held->data_len);
	rte_pktmbuf_free(scene->held);
}

uint16_t scene_run(struct scene *scene, bool inbound)
{
	struct rte_mbuf *packet = scene_packet(scene);
	uint16_t passed = inbound ? inbound_burst(scene->lab.worker, &packet, 1)
				  : outbound_burst(scene->lab.worker, &packet, 1);

	if (passed > 0)
		rte_pktmbuf_free(packet);
	release_held(scene);
	return passed;
}

void scene_seal(struct scene *scene)
{
	scene->wire_len = reference_vpe(&scene->sa, scene->iv, scene->clear, IP_AT,
					scene->clear_len, scene->wire);
}

void scene_send_before(struct scene *scene, uint64_t esn)
{
	uint64_t saved = scene->iv.esn;

	scene->iv.esn = esn;
	scene_seal(scene);
	assert_int_equal(scene_run(scene, true), 1);
	scene->iv.esn = saved;
	scene_seal(scene);
}
