/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <rte_eal.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PACKETS 1023

static struct rte_mempool *pool;

static int start(char *lcores)
{
	char prefix[64];
	char *arguments[] = {"unit", "--no-huge", "--no-pci",    "--no-shconf", "--no-telemetry",
			     "-m",   "64",        "--log-level", "lib.*:4",     "--file-prefix",
			     prefix, "--lcores",  lcores};

	snprintf(prefix, sizeof(prefix), "covey-unit-%d", getpid());
	if (rte_eal_init(RTE_DIM(arguments), arguments) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("packets", PACKETS, 0, 0,
				       RTE_PKTMBUF_HEADROOM + REFERENCE_BYTES_MAX, SOCKET_ID_ANY);
	return pool ? 0 : -1;
}

int lab_eal(void **state)
{
	char lcores[32];
	cpu_set_t cpus;
	int cpu = 0;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &cpus))
		cpu++;
	snprintf(lcores, sizeof(lcores), "0@%d", cpu);
	return start(lcores);
}

int lab_eal_with_workers(void **state)
{
	char lcores[4096] = "(0-2)@(";
	size_t used = strlen(lcores);
	cpu_set_t cpus;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	for (int cpu = 0; cpu < CPU_SETSIZE && used < sizeof(lcores) - 8; cpu++)
		if (CPU_ISSET(cpu, &cpus))
			used += (size_t)sprintf(lcores + used, "%d,", cpu);
	lcores[used - 1] = ')';
	return start(lcores);
}

struct rte_mempool *lab_pool(void)
{
	return pool;
}

struct covey_addr lab_address(bool ipv6, uint8_t last)
{
	struct covey_addr address = {.bytes = {10, 0, 0, last}, .family = AF_INET};

	if (ipv6)
		address = (struct covey_addr){.bytes = {0xfd, [15] = last}, .family = AF_INET6};
	return address;
}

struct dataplane_config lab_config(bool ipv6, enum covey_encapsulation encapsulation)
{
	struct dataplane_config config = {
		.vtep = lab_address(ipv6, LAB_SELF),
		.encapsulation = encapsulation,
		.vpe_port = COVEY_VPE_PORT,
		.vpe_protocol = COVEY_VPE_IP_PROTOCOL,
		.vxlan_port = COVEY_VXLAN_PORT,
		.tunnels = {{COVEY_VXLAN_OLD_PORT, COVEY_TUNNEL_VXLAN, false},
			    {COVEY_GPE_PORT, COVEY_TUNNEL_GPE, false},
			    {COVEY_GENEVE_PORT, COVEY_TUNNEL_GENEVE, false}},
		.tunnel_count = 3,
		.fabric_mtu = LAB_MTU,
		.paths = 16,
	};

	for (unsigned i = 0; i < 64; i++)
		config.class_by_dscp[i] = (uint8_t)(i >> 3);
	return config;
}

struct covey_sa lab_sa(uint32_t spi, uint16_t epoch)
{
	struct covey_sa sa = {
		.spi = spi,
		.cipher = COVEY_AES_256_GCM,
		.key_scope = COVEY_KEY_SCOPE_SENDER,
		.replay_window = LAB_WINDOW,
		.sender_id = LAB_SELF,
		.epoch = epoch,
		.may_send = true,
		.may_receive = true,
	};

	for (unsigned i = 0; i < sizeof(sa.tek); i++)
		sa.tek[i] = (uint8_t)(spi * 7 + i * 31);
	return sa;
}

struct covey_roster_entry lab_peer(bool ipv6)
{
	return (struct covey_roster_entry){
		.vtep = lab_address(ipv6, LAB_PEER), .sender_id = LAB_PEER, .epoch_floor = 1};
}

struct reference_sa lab_reference(const struct lab *lab, const struct covey_sa *sa)
{
	struct reference_sa reference = {
		.spi = sa->spi,
		.cipher = sa->cipher,
		.key_scope = sa->key_scope,
		.encapsulation = lab->config.encapsulation,
		.vpe_port = lab->config.vpe_port,
		.vpe_protocol = lab->config.vpe_protocol,
	};

	memcpy(reference.tek, sa->tek, sizeof(reference.tek));
	return reference;
}

void lab_open(struct lab *lab, const struct dataplane_config *config)
{
	const uint32_t vni = LAB_VNI;

	lab->config = *config;
	assert_int_equal(dataplane_new(config, 1, &lab->dataplane, NULL), 0);
	lab->worker = dataplane_worker(lab->dataplane, 0);
	assert_int_equal(dataplane_group_set(lab->dataplane, 0, &vni, 1, NULL), 0);
}

void lab_close(struct lab *lab)
{
	dataplane_close(lab->dataplane);
}

void lab_install_active(struct lab *lab, const struct covey_sa *sa)
{
	struct covey_roster_entry peer = lab_peer(lab->config.vtep.family == AF_INET6);

	assert_int_equal(dataplane_sa_install(lab->dataplane, sa, &peer, 1, NULL), 0);
	assert_int_equal(dataplane_sa_activate(lab->dataplane, sa->spi, NULL), 0);
}

struct sample lab_sample(void)
{
	return (struct sample){
		.ttl = 64,
		.source_port = 50000,
		.source = LAB_SELF,
		.vni = LAB_VNI,
		.payload_len = 100,
	};
}

/*
 * A packet reaches a worker through a port of a library, and the pool it came from is one's, too:
 * of the order that these make ThreadSanitizer sees nothing.
 */
#ifdef __SANITIZE_THREAD__
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

static void leave_sanitizer(void)
{
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

static void enter_sanitizer(void)
{
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}
#else
static void leave_sanitizer(void)
{
}

static void enter_sanitizer(void)
{
}
#endif

struct rte_mbuf *lab_packet(const uint8_t *bytes, size_t len)
{
	struct rte_mbuf *packet;

	leave_sanitizer();
	packet = rte_pktmbuf_alloc(pool);
	assert_non_null(packet);
	memcpy(rte_pktmbuf_append(packet, (uint16_t)len), bytes, len);
	enter_sanitizer();
	return packet;
}

unsigned lab_packets_out(void)
{
	return rte_mempool_in_use_count(pool);
}
