/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * DPDK's own ESP, the engine of ipsec-secgw: librte_ipsec over the crypto_aesni_gcm device, called
 * synchronously (CPU crypto), which is its fastest way.
 */

/* Session pools are experimental in DPDK 22.11. */
#define ALLOW_EXPERIMENTAL_API

#include "bench_buffers.h"
#include "bench_dataplane.h"
#include <errno.h>
#include <rte_cryptodev.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_ipsec.h>
#include <rte_malloc.h>
#include <rte_spinlock.h>
#include <stdlib.h>
#include <string.h>

#define DRIVER "crypto_aesni_gcm"
/* RFC 4106 section 5: SPI and the whole sequence number. */
#define AAD_LEN 12

/* One direction. */
struct end {
	struct rte_ipsec_session session;
	struct rte_ipsec_sa *sa;
};

struct rte_plane {
	struct end out;
	struct end in;
	bool shared;
	rte_spinlock_t lock; /* librte_ipsec wants one writer of the window at a time */
	int device;          /* -1: none */
	struct rte_mempool *sessions;
	char name[RTE_CRYPTODEV_NAME_MAX_LEN]; /* the device's, by the number of cores */
};

/* The outer header, Ethernet and all. */
struct tunnel_header {
	struct rte_ether_hdr ethernet;
	struct rte_ipv4_hdr ip;
};

_Static_assert(sizeof(struct tunnel_header) == BENCH_ETHERNET_LEN + BENCH_IP_LEN, "no padding");

static const char *why(void)
{
	return rte_errno ? rte_strerror(rte_errno) : "no reason given";
}

/* --- device -------------------------------------------------------------------------------- */

static int start_device(struct rte_plane *plane)
{
	struct rte_cryptodev_config config = {.socket_id = SOCKET_ID_ANY, .nb_queue_pairs = 1};
	struct rte_cryptodev_qp_conf queue = {.nb_descriptors = 128};
	uint8_t id = (uint8_t)plane->device;
	int status;

	plane->sessions = rte_cryptodev_sym_session_pool_create(
		plane->name, 8, rte_cryptodev_sym_get_private_session_size(id), 0, 0,
		SOCKET_ID_ANY);
	if (!plane->sessions)
		return -ENOMEM;
	queue.mp_session = plane->sessions;
	config.socket_id = rte_cryptodev_socket_id(id);
	status = rte_cryptodev_configure(id, &config);
	if (status == 0)
		status = rte_cryptodev_queue_pair_setup(id, 0, &queue, config.socket_id);
	return status == 0 ? rte_cryptodev_start(id) : status;
}

static int open_device(struct rte_plane *plane, unsigned cores, struct covey_error *error)
{
	struct rte_cryptodev_info info;
	int status;

	plane->device = -1;
	snprintf(plane->name, sizeof(plane->name), DRIVER "%u", cores);
	status = rte_eal_hotplug_add("vdev", plane->name, "");
	if (status < 0)
		return covey_error_set(error, status,
				       "rte-ipsec: DPDK has no %s device here (%s): leave it out "
				       "with --dataplane",
				       DRIVER, rte_strerror(-status));
	plane->device = rte_cryptodev_get_dev_id(plane->name);
	rte_cryptodev_info_get((uint8_t)plane->device, &info);
	if (!(info.feature_flags & RTE_CRYPTODEV_FF_SYM_CPU_CRYPTO))
		return covey_error_set(error, -ENOTSUP, "rte-ipsec: %s has no CPU crypto", DRIVER);
	status = start_device(plane);
	if (status < 0)
		return covey_error_set(error, status, "rte-ipsec: %s does not start: %s", DRIVER,
				       rte_strerror(-status));
	return 0;
}

static void close_device(struct rte_plane *plane)
{
	if (plane->device >= 0) {
		rte_cryptodev_stop((uint8_t)plane->device);
		rte_cryptodev_close((uint8_t)plane->device);
		rte_eal_hotplug_remove("vdev", plane->name);
	}
	rte_mempool_free(plane->sessions);
}

/* --- SAs ----------------------------------------------------------------------------------- */

static struct tunnel_header tunnel_header(void)
{
	return (struct tunnel_header){
		.ethernet =
			{
				.dst_addr = {{2, 0, 0, 0, 0, 1}},
				.src_addr = {{2, 0, 0, 0, 0, 2}},
				.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
			},
		.ip =
			{
				.version_ihl = RTE_IPV4_VHL_DEF,
				.time_to_live = 64,
				.next_proto_id = IPPROTO_ESP,
				.src_addr = rte_cpu_to_be_32(BENCH_SENDER_ADDRESS),
				.dst_addr = rte_cpu_to_be_32(BENCH_RECEIVER_ADDRESS),
			},
	};
}

static struct rte_crypto_sym_xform transform(const struct bench_shape *shape, bool outbound)
{
	return (struct rte_crypto_sym_xform){
		.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead =
			{
				.op = outbound ? RTE_CRYPTO_AEAD_OP_ENCRYPT
					       : RTE_CRYPTO_AEAD_OP_DECRYPT,
				.algo = RTE_CRYPTO_AEAD_AES_GCM,
				.key = {.data = bench_key,
					.length = (uint16_t)covey_cipher_key_len(shape->cipher)},
				.iv = {.offset = 0, .length = 12},
				.digest_length = 16,
				.aad_length = AAD_LEN,
			},
	};
}

static int open_end(struct rte_plane *plane, struct end *end, const struct bench_shape *shape,
		    bool outbound, struct covey_error *error)
{
	struct rte_crypto_sym_xform xform = transform(shape, outbound);
	struct tunnel_header header = tunnel_header();
	struct rte_ipsec_sa_prm parameters = {
		.flags = shape->cores > 1 ? RTE_IPSEC_SAFLAG_SQN_ATOM : 0,
		.ipsec_xform =
			{
				.spi = BENCH_SPI,
				.salt = 0x5a17,
				.options = {.esn = 1},
				.direction = outbound ? RTE_SECURITY_IPSEC_SA_DIR_EGRESS
						      : RTE_SECURITY_IPSEC_SA_DIR_INGRESS,
				.proto = RTE_SECURITY_IPSEC_SA_PROTO_ESP,
				.mode = RTE_SECURITY_IPSEC_SA_MODE_TUNNEL,
				.tunnel = {.type = RTE_SECURITY_IPSEC_TUNNEL_IPV4},
				.replay_win_sz = shape->replay_window,
			},
		.crypto_xform = &xform,
		.tun = {.hdr_len = sizeof(header),
			.hdr_l3_off = BENCH_ETHERNET_LEN,
			.next_proto = IPPROTO_IPIP,
			.hdr = &header},
	};
	int size = rte_ipsec_sa_size(&parameters), status;

	end->sa = size > 0 ? rte_zmalloc(NULL, (size_t)size, RTE_CACHE_LINE_SIZE) : NULL;
	if (!end->sa)
		return covey_error_set(error, -ENOMEM, "rte-ipsec: no memory for an SA");
	status = rte_ipsec_sa_init(end->sa, &parameters, (uint32_t)size);
	if (status < 0)
		return covey_error_set(error, status, "rte-ipsec: SA refused: %s",
				       rte_strerror(-status));
	end->session.sa = end->sa;
	end->session.type = RTE_SECURITY_ACTION_TYPE_CPU_CRYPTO;
	end->session.crypto.dev_id = (uint8_t)plane->device;
	end->session.crypto.ses =
		rte_cryptodev_sym_session_create((uint8_t)plane->device, &xform, plane->sessions);
	if (!end->session.crypto.ses)
		return covey_error_set(error, -ENOMEM, "rte-ipsec: no session: %s", why());
	status = rte_ipsec_session_prepare(&end->session);
	if (status < 0)
		return covey_error_set(error, status, "rte-ipsec: session refused: %s",
				       rte_strerror(-status));
	return 0;
}

static void close_end(struct rte_plane *plane, struct end *end)
{
	if (end->session.crypto.ses)
		rte_cryptodev_sym_session_free((uint8_t)plane->device, end->session.crypto.ses);
	if (end->sa)
		rte_ipsec_sa_fini(end->sa);
	rte_free(end->sa);
}

/* --- life ---------------------------------------------------------------------------------- */

static void rte_plane_close(void *state)
{
	struct rte_plane *plane = state;

	close_end(plane, &plane->out);
	close_end(plane, &plane->in);
	close_device(plane);
	free(plane);
}

static int rte_plane_open(const struct bench_shape *shape, void **ret_state,
			  struct covey_error *error)
{
	struct rte_plane *plane = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*plane), 64));
	int status;

	if (!plane)
		return covey_error_set(error, -ENOMEM, "rte-ipsec: out of memory");
	memset(plane, 0, sizeof(*plane));
	rte_spinlock_init(&plane->lock);
	plane->shared = shape->cores > 1;
	status = open_device(plane, shape->cores, error);
	if (status == 0)
		status = open_end(plane, &plane->out, shape, true, error);
	if (status == 0)
		status = open_end(plane, &plane->in, shape, false, error);
	if (status < 0) {
		rte_plane_close(plane);
		return status;
	}
	*ret_state = plane;
	return 0;
}

/* --- bursts -------------------------------------------------------------------------------- */

/* The library moves packets that failed to the end. */
static uint16_t keep(struct rte_mbuf **packets, uint16_t kept, uint16_t count)
{
	for (uint16_t i = kept; i < count; i++)
		rte_pktmbuf_free(packets[i]);
	return kept;
}

static uint16_t rte_plane_encrypt(void *state, unsigned core, struct rte_mbuf **packets,
				  uint16_t count)
{
	struct rte_plane *plane = state;
	uint16_t done;

	for (uint16_t i = 0; i < count; i++) {
		packets[i]->l2_len = BENCH_ETHERNET_LEN;
		packets[i]->l3_len = BENCH_IP_LEN;
	}
	done = rte_ipsec_pkt_cpu_prepare(&plane->out.session, packets, count);
	done = rte_ipsec_pkt_process(&plane->out.session, packets, done);
	return keep(packets, done, count);
}

static uint16_t rte_plane_decrypt(void *state, unsigned core, struct rte_mbuf **packets,
				  uint16_t count)
{
	struct rte_plane *plane = state;
	uint16_t done;

	for (uint16_t i = 0; i < count; i++) {
		packets[i]->l2_len = BENCH_ETHERNET_LEN;
		packets[i]->l3_len = BENCH_IP_LEN;
	}
	done = rte_ipsec_pkt_cpu_prepare(&plane->in.session, packets, count);
	if (plane->shared)
		rte_spinlock_lock(&plane->lock);
	done = rte_ipsec_pkt_process(&plane->in.session, packets, done);
	if (plane->shared)
		rte_spinlock_unlock(&plane->lock);
	return keep(packets, done, count);
}

const struct bench_dataplane bench_rte_ipsec = {
	.name = "rte-ipsec",
	.text = "DPDK's librte_ipsec over crypto_aesni_gcm, CPU crypto",
	.open = rte_plane_open,
	.close = rte_plane_close,
	.encrypt = rte_plane_encrypt,
	.decrypt = rte_plane_decrypt,
};
