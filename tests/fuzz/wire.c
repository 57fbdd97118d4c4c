/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire.h"
#include "must.h"
#include <rte_eal.h>
#include <rte_random.h>
#include <sanitizer/asan_interface.h>
#include <sched.h>
#include <unistd.h>

#define PACKETS 255
#define ROOM    (RTE_PKTMBUF_HEADROOM + WIRE_FRAME_MAX)

/* Those of the SAs, and of a group of other hosts. */
#define OTHERS_VNI 1000u
static const struct covey_vnis fabric_vnis[] = {
	{100, 100}, {200, 200}, {300, 300}, {400, 400}, {OTHERS_VNI, OTHERS_VNI}};

static struct rte_mempool *pool;
static struct wire wires[WIRE_ENGINES];

/* An SA to send and receive on, one that is drained, one of receivers, one of senders, one of a key
 * that all share. */
static const struct {
	uint32_t spi, group, vni;
	enum covey_cipher cipher;
	enum covey_key_scope scope;
	bool may_send, may_receive, drained;
} sas[WIRE_SAS] = {
	{0x1000, 0, 100, COVEY_AES_256_GCM, COVEY_KEY_SCOPE_SENDER, true, true, false},
	{0x2000, 0, 100, COVEY_AES_256_GCM, COVEY_KEY_SCOPE_SENDER, true, true, true},
	{0x3000, 1, 200, COVEY_AES_128_GCM, COVEY_KEY_SCOPE_SENDER, false, true, false},
	{0x4000, 2, 300, COVEY_AES_256_GCM, COVEY_KEY_SCOPE_SENDER, true, false, false},
	{0x5000, 3, 400, COVEY_AES_128_GCM, COVEY_KEY_SCOPE_GROUP, true, true, false},
};

/* --- engines -------------------------------------------------------------------------------- */

static struct covey_addr address(bool ipv6, unsigned id)
{
	struct covey_addr addr = {.bytes = {10, 0, 0, (uint8_t)id}, .family = AF_INET};

	if (ipv6)
		addr = (struct covey_addr){.bytes = {0xfd, [15] = (uint8_t)id}, .family = AF_INET6};
	return addr;
}

static void configure(struct wire *wire, bool ipv6, bool udp)
{
	wire->config = (struct dataplane_config){
		.vtep = address(ipv6, WIRE_SELF),
		.encapsulation = udp ? COVEY_ENCAPSULATION_UDP : COVEY_ENCAPSULATION_IP,
		.vpe_port = WIRE_VPE_PORT,
		.vpe_protocol = WIRE_VPE_PROTOCOL,
		.vxlan_port = WIRE_VXLAN_PORT,
		.fabric_mtu = WIRE_MTU,
		.paths = 4,
		.tunnels = {{WIRE_OLD_PORT, COVEY_TUNNEL_VXLAN, false},
			    {WIRE_GPE_PORT, COVEY_TUNNEL_GPE, !udp},
			    {WIRE_GENEVE_PORT, COVEY_TUNNEL_GENEVE, !udp}},
		.tunnel_count = 3,
		.vnis = fabric_vnis,
		.vnis_count = RTE_DIM(fabric_vnis),
	};
	for (unsigned i = 0; i < 64; i++)
		wire->config.class_by_dscp[i] = (uint8_t)(i >> 3);
}

/* The keys that senders of this SA have, by the dataplane's own derivation. */
static void make_keys(const struct wire *wire, struct wire_sa *sa)
{
	const struct dataplane *dataplane = wire->dataplane;
	size_t len = covey_cipher_key_len(sa->sa.cipher);
	uint8_t key[COVEY_TEK_BYTES_MAX];

	sa->cipher = ciphers_get(dataplane->ciphers, sa->sa.cipher);
	for (unsigned id = 0; id < WIRE_SENDERS; id++) {
		memcpy(key, sa->sa.tek, len);
		if (sa->sa.key_scope == COVEY_KEY_SCOPE_SENDER)
			must(kdf_sender_key(dataplane->kdf, sa->sa.tek, len, sa->sa.spi,
					    (uint16_t)id, key) == 0);
		must(cipher_expand(dataplane->ciphers, sa->sa.cipher, key, &sa->keys[id]) == 0);
	}
}

static void add_sa(struct wire *wire, unsigned index, bool ipv6)
{
	struct covey_roster_entry roster[] = {
		{address(ipv6, WIRE_PEER), WIRE_PEER, WIRE_EPOCH_FLOOR},
		{address(ipv6, WIRE_OTHER_PEER), WIRE_OTHER_PEER, 1},
	};
	struct wire_sa *sa = &wire->sas[index];

	sa->vni = sas[index].vni;
	sa->sends = sas[index].may_send && !sas[index].drained;
	sa->sa = (struct covey_sa){
		.spi = sas[index].spi,
		.group = sas[index].group,
		.cipher = sas[index].cipher,
		.key_scope = sas[index].scope,
		.replay_window = WIRE_WINDOW,
		.sender_id = WIRE_SELF,
		.epoch = WIRE_EPOCH,
		.may_send = sas[index].may_send,
		.may_receive = sas[index].may_receive,
	};
	memset(sa->sa.tek, (int)index + 1, sizeof(sa->sa.tek));
	must(dataplane_group_set(wire->dataplane, sa->sa.group, &sa->vni, 1, NULL) == 0);
	must(dataplane_sa_install(wire->dataplane, &sa->sa, roster, 2, NULL) == 0);
	if (sas[index].drained)
		must(dataplane_sa_drain(wire->dataplane, sa->sa.spi, NULL) == 0);
	else
		must(dataplane_sa_activate(wire->dataplane, sa->sa.spi, NULL) == 0);
	make_keys(wire, sa);
	sa->record = sa_record_find(wire->dataplane, sa->sa.spi);
	must(sa->record);
}

static void start_eal(void)
{
	char prefix[64], lcores[4096] = "0@(";
	char *arguments[] = {"fuzz", "--no-huge", "--no-pci",    "--no-shconf", "--no-telemetry",
			     "-m",   "64",        "--log-level", "lib.*:4",     "--file-prefix",
			     prefix, "--lcores",  lcores};
	size_t used = strlen(lcores);
	cpu_set_t cpus;

	snprintf(prefix, sizeof(prefix), "covey-fuzz-%d", getpid());
	sched_getaffinity(0, sizeof(cpus), &cpus);
	for (int cpu = 0; cpu < CPU_SETSIZE && used < sizeof(lcores) - 8; cpu++)
		if (CPU_ISSET(cpu, &cpus))
			used += (size_t)sprintf(lcores + used, "%d,", cpu);
	lcores[used - 1] = ')';
	must(rte_eal_init(RTE_DIM(arguments), arguments) >= 0);
	/* One thread. */
	pool = rte_pktmbuf_pool_create_by_ops("packets", PACKETS, 0, 0, ROOM, SOCKET_ID_ANY,
					      "ring_sp_sc");
	must(pool);
}

void wire_start(void)
{
	start_eal();
	rte_srand(1); /* an input does the same in each run */
	for (unsigned i = 0; i < WIRE_ENGINES; i++) {
		configure(&wires[i], i & 1, !(i & 2));
		must(dataplane_new(&wires[i].config, 1, &wires[i].dataplane, NULL) == 0);
		wires[i].worker = dataplane_worker(wires[i].dataplane, 0);
		for (unsigned j = 0; j < WIRE_SAS; j++)
			add_sa(&wires[i], j, i & 1);
	}
}

struct wire *wire_get(unsigned index)
{
	struct wire *wire = &wires[index % WIRE_ENGINES];

	sight_set_carried(wire->config.tunnels[1].carried);
	return wire;
}

/* What is counted begins with windows, slots, and windows by sender. */
static void forget_claims(const struct windows *windows)
{
	memset(windows->claims, 0, 2 * sizeof(uint32_t) + WIRE_SENDERS * sizeof(uint16_t));
	must(windows_count(windows) == 0 && windows_end(windows) == 0);
}

/* The first slots hold all windows that were made, each in some cell that its key leads to. */
static void forget_windows(const struct windows *windows)
{
	uint32_t end = windows_end(windows);
	struct window_id id;
	uint64_t highest;

	if (end == 0)
		return;
	for (uint32_t i = 0; i < end; i++) {
		uint8_t *slot = windows->slots + (size_t)i * windows->stride;
		uint32_t first, step = 0;

		if (windows_read(windows, i, &id, &highest)) {
			first = windows_first(windows, windows_key(id));
			while (windows->cells[windows_step(first, step)] >> 32 != windows_key(id))
				step++;
			windows->cells[windows_step(first, step)] = 0;
		}
		memset(slot, 0, windows->stride);
	}
	forget_claims(windows);
}

void wire_leave(const struct wire_sa *sa, uint64_t packets)
{
	sa->record->tx_states[0].packets = sa->record->tx_states[0].allowed = 0;
	atomic_store(sa->record->parts.tx->shared, COVEY_PACKETS_HARD - packets);
}

void wire_reset(struct wire *wire)
{
	for (unsigned i = 0; i < WIRE_SAS; i++) {
		struct sa_record *record = wire->sas[i].record;

		forget_windows(record->windows);
		if (record->parts.tx)
			wire_leave(&wire->sas[i], COVEY_PACKETS_HARD);
		memset(record->rx_states, 0, sizeof(*record->rx_states));
	}
}

/* --- modes ---------------------------------------------------------------------------------- */

void wire_set_modes(struct wire *wire, uint8_t all)
{
	static const enum covey_mode modes[] = {COVEY_MODE_OBSERVE, COVEY_MODE_TRANSITION,
						COVEY_MODE_ENFORCE, COVEY_MODE_OBSERVE};

	for (unsigned i = 0; i < WIRE_SAS; i++) {
		unsigned bits = all >> (sas[i].group & 1 ? 6 : 4) & 3;

		wire->modes[i] = all & 0x08 ? modes[bits] : COVEY_MODE_ENFORCE;
		must(dataplane_group_mode(wire->dataplane, sas[i].group, wire->modes[i]) == 0);
	}
}

static bool is_clear(enum covey_mode mode, bool outbound)
{
	return mode == COVEY_MODE_OBSERVE || (mode == COVEY_MODE_TRANSITION && !outbound);
}

bool wire_is_clear(const struct wire *wire, uint32_t vni, bool outbound)
{
	for (unsigned i = 0; i < WIRE_SAS; i++)
		if (sas[i].vni == vni)
			return is_clear(wire->modes[i], outbound);
	return false;
}

bool wire_tunnel_passes(const struct wire *wire, const struct sight *sight)
{
	if (!sight->has_vni)
		return !sight->fragment;
	for (unsigned i = 0; i < RTE_DIM(fabric_vnis); i++)
		if (fabric_vnis[i].first == sight->vni)
			return wire_is_clear(wire, sight->vni, false);
	return true;
}

bool wire_is_clear_in_parts(const struct wire *wire, bool outbound)
{
	bool some = false;

	for (unsigned i = 0; i < WIRE_SAS; i++) {
		if (wire->modes[i] == COVEY_MODE_ENFORCE)
			return false;
		some |= is_clear(wire->modes[i], outbound);
	}
	return some;
}

/* -------------------------------------------------------------------------------------------- */

struct wire_sa *wire_sa(struct wire *wire, uint32_t spi)
{
	for (unsigned i = 0; i < WIRE_SAS; i++)
		if (wire->sas[i].sa.spi == spi)
			return &wire->sas[i];
	return NULL;
}

const struct cipher_key *wire_key(const struct wire_sa *sa, unsigned sender_id)
{
	return sender_id < WIRE_SENDERS ? &sa->keys[sender_id] : NULL;
}

bool wire_is_address(unsigned version, const uint8_t *at, unsigned id)
{
	struct covey_addr addr = address(version == 6, id);

	return memcmp(at, addr.bytes, version == 6 ? 16 : 4) == 0;
}

uint64_t wire_drops(const struct wire *wire)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
		sum += wire->worker->counters.drops[i];
	return sum;
}

/* --- packets -------------------------------------------------------------------------------- */

static struct rte_mbuf *buffer(const uint8_t *bytes, size_t len, size_t headroom)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(pool);
	uint8_t *start, *end;

	must(packet);
	start = packet->buf_addr;
	ASAN_UNPOISON_MEMORY_REGION(start, packet->buf_len);
	packet->data_off = (uint16_t)(headroom ? headroom : RTE_PKTMBUF_HEADROOM);
	end = start + packet->data_off + len;
	memcpy(rte_pktmbuf_append(packet, (uint16_t)len), bytes, len);
	if (!headroom)
		ASAN_POISON_MEMORY_REGION(start, packet->data_off);
	ASAN_POISON_MEMORY_REGION(end, (size_t)(start + packet->buf_len - end));
	return packet;
}

struct rte_mbuf *wire_packet(const uint8_t *bytes, size_t len, size_t split, size_t headroom)
{
	struct rte_mbuf *packet = buffer(bytes, RTE_MIN(split, len), headroom);

	if (split < len)
		must(rte_pktmbuf_chain(packet, buffer(bytes + split, len - split, 0)) == 0);
	return packet;
}

size_t wire_read(const struct rte_mbuf *packet, uint8_t ret_bytes[WIRE_FRAME_MAX + 256])
{
	size_t len = 0;

	for (const struct rte_mbuf *part = packet; part; part = part->next) {
		must(len + part->data_len <= WIRE_FRAME_MAX + 256);
		must(part->data_off + part->data_len <= part->buf_len);
		memcpy(ret_bytes + len, rte_pktmbuf_mtod(part, void *), part->data_len);
		len += part->data_len;
	}
	must(len == packet->pkt_len);
	return len;
}

bool wire_is_empty(void)
{
	return rte_mempool_full(pool) == 1;
}

/* --- inputs --------------------------------------------------------------------------------- */

bool wire_next(const uint8_t **data, size_t *size, struct wire_record *ret_record)
{
	const uint8_t *at = *data;
	size_t len;

	if (*size < 5)
		return false;
	len = RTE_MIN(RTE_MIN((size_t)(at[2] | at[3] << 8), *size - 4), WIRE_FRAME_MAX);
	*ret_record =
		(struct wire_record){.how = at[0], .where = at[1], .bytes = at + 4, .len = len};
	*data += 4 + len;
	*size -= 4 + len;
	return true;
}

static void put_be16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

void wire_repair(uint8_t *ip, size_t len)
{
	size_t header = len && ip[0] >> 4 == 4 ? (ip[0] & 15u) * 4 : 40;

	if (len < header + 8 || len < 20)
		return;
	if (ip[0] >> 4 == 4)
		put_be16(ip + 2, len);
	else
		put_be16(ip + 4, len - 40);
	if (ip[ip[0] >> 4 == 4 ? 9 : 6] == 17)
		put_be16(ip + header + 4, len - header);
}
