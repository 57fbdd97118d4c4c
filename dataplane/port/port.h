/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A port: where frames come from and go to, with its queues, and what a worker without packets can
 * wait for until a queue has some. There are three kinds. One is a device of DPDK. When DPDK opens
 * the queues of a kernel interface one at a time, DPDK sees several devices. For us they are one
 * port.
 *
 * The second kind is a TAP device, as host port. The kernel's VXLAN devices hand over up to 64 KiB
 * of a tenant's TCP or UDP at once, and take as much. It is cut into packets here, and put together
 * from packets.
 *
 * The third kind is UDP sockets of the VTEP's address, as fabric port. The kernel keeps the network
 * card: it routes, resolves and transmits. Packets to one receiver leave together, and packets that
 * arrive are gathered by the kernel.
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <dataplane.h>
#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;

#define PORT_NAME_MAX   64
#define PORT_NOTE_MAX   200
#define PORT_QUEUES_MAX 64
/* Packets in the deepest ring of a port, which is AF_XDP's. */
#define PORT_RING_MAX 2048u
/* How many packets a worker takes at a time: of most ports, and of those where one system call
 * brings or takes many. */
#define PORT_BURST     32u
#define PORT_BURST_MAX 64u

struct port_queue {
	/*
	 * Receive or send at most count packets. Returns how many. Packets that were received
	 * belong to the caller, packets that were sent to the queue. A worker knows nothing else of
	 * a queue: a port of another kind can bring another function.
	 */
	uint16_t (*burst)(const struct port_queue *queue, struct rte_mbuf **packets,
			  uint16_t count);
	/* Send what the queue has kept back to join it with what follows. A worker calls it at the
	 * end of each turn, unless more comes in the next. NULL: the queue keeps nothing back. Only
	 * for transmit queues. */
	void (*flush)(const struct port_queue *queue);
	/* Has the queue read packets already that did not fit into the last burst? NULL: it never
	 * has. Only for receive queues. */
	bool (*has_more)(const struct port_queue *queue);
	void *own;       /* what a kind keeps for its queue; NULL for DPDK's devices */
	uint16_t device; /* DPDK's port id */
	uint16_t number; /* of the queue in the device */
	/* For receive queues: a descriptor that poll(2) reports as readable when packets wait. -1:
	 * there is none, and the worker sleeps for short times instead. */
	int fd;
	/* A receive burst is a system call: ask only when poll(2) says that packets wait. */
	bool by_call;
};

struct port_kind;

struct port {
	const struct port_kind *kind;
	void *own;      /* what the kind keeps for the port */
	uint16_t burst; /* packets that a worker takes at a time, at most PORT_BURST_MAX */
	uint16_t id;    /* DPDK's port id; that of the first device, if there are several */
	struct rte_mempool *pool; /* what its queues receive into */
	uint16_t device_count;
	uint16_t devices[PORT_QUEUES_MAX];
	uint16_t rx_count;
	uint16_t tx_count;
	struct port_queue rx[PORT_QUEUES_MAX];
	struct port_queue tx[PORT_QUEUES_MAX];
	char name[PORT_NAME_MAX]; /* what the operator calls it: the interface's name */
	char spread[64];          /* how it spreads packets over its receive queues, as text */
	char note[PORT_NOTE_MAX]; /* what is to be known of its offload besides; may be empty */
};

/* The number of workers that EAL was started for. A port is asked for as many queues. */
unsigned port_workers(void);

/* What a port that is not open yet will need of the packet buffers. */
struct port_demand {
	bool af_xdp;        /* it may be an AF_XDP port */
	unsigned rx_queues; /* 1 to PORT_QUEUES_MAX */
};

/*
 * The packet buffers that both ports share, so that a packet goes from one port to the other
 * without a copy (AF_XDP sends from its own memory). mtu: the larger of the two ports' MTUs. If one
 * of the ports may be AF_XDP, the buffers have the form that the kernel wants for it: one page
 * each, without gaps. All other drivers accept these, too.
 *
 * There are as many buffers as both ports' rings and the workers can hold at once. AF_XDP takes
 * back sent buffers only when it sends again. So if the pool could become empty, it could stay
 * empty.
 *
 * NULL when out of memory, or when AF_XDP is asked for and the MTU is above port_af_xdp_mtu_max().
 */
struct rte_mempool *port_pool_new(uint16_t mtu, const struct port_demand demands[2],
				  struct covey_error *error);
void port_pool_free(struct rte_mempool *pool);

/* The largest MTU with which a frame, and all that comes before it in a page, fits into one page.
 */
uint16_t port_af_xdp_mtu_max(void);

/* The largest MTU of the fabric for which the buffers of this pool have room. */
uint16_t port_pool_mtu_max(const struct rte_mempool *pool);

/* --- a device of DPDK ------------------------------------------------------------------------ */

/*
 * Attach the device and set up its queues with buffers from pool. devargs are DPDK's, such as
 * "net_af_xdp_fabric,iface=eth1". If EAL has a device of that name already, that device is used.
 * The port gets one receive and one transmit queue for each worker, if the device has as many, and
 * all receive queues that the kernel fills. name is for people. mtu: bytes of an IP packet; 0 keeps
 * the device's own. The port carries no packets before port_start().
 *
 * Returns 0 or a negative errno. After a failure nothing stays attached.
 */
int port_open(const char *devargs, const char *name, uint16_t mtu, struct rte_mempool *pool,
	      struct port **ret_port, struct covey_error *error);
/* Attach another device. Its queues are added after those that the port has. -E2BIG above
 * PORT_QUEUES_MAX. After a failure the port is as it was. */
int port_extend(struct port *port, const char *devargs, uint16_t mtu, struct rte_mempool *pool,
		struct covey_error *error);

/*
 * From now on no packet comes out of this port that does not fit: what VXLAN devices send that know
 * nothing of encryption is cut, fragmented or answered as in a TAP device's port, which
 * port_tap_config describes. For a device of DPDK as host port, before it is started. After a
 * failure the port is as it was.
 */
struct port_fit_config {
	uint16_t mtu;
	uint16_t vxlan_port;
	/* The interface that the device is on: what is sent there comes in at the kernel's. */
	const char *answers_by;
	uint8_t mac[6];
};

int port_fit(struct port *port, const struct port_fit_config *config, struct covey_error *error);

/* From now on the longest IP packet that may come out has so many bytes, at most what the packet
 * buffers hold. Only the control thread may call this; workers may run. */
void port_fit_set_mtu(struct port *port, uint16_t mtu);

/* --- a TAP device as host port -------------------------------------------------------------- */

/* What the kernel gives to and takes from a TAP device in one system call. */
enum port_tap_offload {
	PORT_TAP_SINGLES,      /* a packet */
	PORT_TAP_BATCHES,      /* it takes UDP datagrams of equal length together: Linux 6.2 */
	PORT_TAP_SUPER_FRAMES, /* it gives and takes super-frames inside VXLAN: Linux 6.17 */
};

struct port_tap_config {
	const char *name; /* of the interface */
	/* Bytes of the longest IP packet that may come out: the fabric's MTU without VPE's
	 * overhead. TCP super-frames are cut to it. The interface's own MTU is not changed. */
	uint16_t mtu;
	unsigned queues; /* port_workers() */
	/* Who sends a VXLAN packet to this port that does not fit and cannot be cut is told by
	 * ICMP. 0: nobody is. */
	uint16_t vxlan_port;
	uint8_t mac[6]; /* the interface's, to which such ICMP is addressed */
	/* At most this is asked of the kernel. It must be PORT_TAP_SINGLES where covey also carries
	 * what is not VXLAN: only super-frames of VXLAN are cut. */
	enum port_tap_offload offload;
	/*
	 * NULL: frames come from the device. Else they come by packet sockets at this interface,
	 * the end of a veth pair, to whose other end VXLAN is steered: so super-frames come whole
	 * from a kernel that has no tunnel GSO for TAP devices, too. What is sent to the TAP device
	 * itself is then read by nobody.
	 */
	const char *read_at;
};

/*
 * Make the TAP device, or take over the one that is there under this name. It is persistent: it
 * stays, without a carrier, when the process ends. The kernel then drops what is sent to it. It has
 * no address, and is not set up here.
 *
 * -EEXIST when the name belongs to an interface of another kind, or to a TAP device that was made
 * in another way; -ENOENT without /dev/net/tun; -EPERM without CAP_NET_ADMIN.
 */
int port_open_tap(const struct port_tap_config *config, struct rte_mempool *pool,
		  struct port **ret_port, struct covey_error *error);

/* How much of what was asked for the kernel has. */
enum port_tap_offload port_tap_offload(const struct port *port);

/* From now on the longest IP packet that may come out has so many bytes, at most what the packet
 * buffers hold. Only the control thread may call this; workers may run. */
void port_tap_set_mtu(struct port *port, uint16_t mtu);

/* --- the kernel's sockets as fabric port ---------------------------------------------------- */

struct port_kernel_config {
	const char *name; /* for people */
	struct covey_addr vtep;
	uint16_t vpe_port;
	uint16_t mtu;    /* the fabric's. Longer packets come in, too, if a buffer holds them */
	unsigned queues; /* port_workers(), at most PORT_QUEUES_MAX - 1 */
	bool offload;    /* false: one packet in each system call */
	uint32_t mark;   /* SO_MARK of all that it sends; 0: none. Needs CAP_NET_ADMIN. */
	/* Frames that come in are given Ethernet headers to this address: the host port's. */
	uint8_t host_mac[6];
};

/*
 * Open the sockets. They receive from now on. VPE leaves in UDP only. -EADDRNOTAVAIL when the host
 * does not have the VTEP's address, -EADDRINUSE when another program has the port.
 */
int port_open_kernel(const struct port_kernel_config *config, struct rte_mempool *pool,
		     struct port **ret_port, struct covey_error *error);

/* From now on port_read() tells this MTU of the fabric. Only the control thread may call this. */
void port_kernel_set_mtu(struct port *port, uint16_t mtu);

/*
 * Receive a multicast group on an interface, and send what goes to the group out there. A group
 * that is on two interfaces is received on both, and sent on the one that was joined last. Only the
 * control thread may call these; workers may run. -ENODEV, -ENOSPC (above PORT_GROUPS_MAX).
 */
#define PORT_GROUPS_MAX 4096u
int port_kernel_join(struct port *port, const struct covey_addr *group, unsigned ifindex,
		     struct covey_error *error);
void port_kernel_leave(struct port *port, const struct covey_addr *group, unsigned ifindex);
/* Tell the switches again which groups are joined, on each interface. Needs CAP_NET_RAW. Returns 0,
 * or a negative errno when some could not be told. Only the control thread may call this. */
int port_kernel_report_groups(const struct port *port);

/* Have the kernel gather packets that come in (UDP_GRO), or not, from now on. Only the control
 * thread may call this; workers may run. Packets that were gathered before and not read yet may be
 * dropped (in-too-long). False when the kernel cannot. */
bool port_kernel_gather(struct port *port, bool on);

/* --- ports of all kinds --------------------------------------------------------------------- */

int port_start(struct port *port, struct covey_error *error);
void port_stop(struct port *port);
/* Detach and free. NULL-safe. */
void port_close(struct port *port);

/* Say this of the port's offload, too; empty: nothing. Only for the control thread. */
void port_set_note(struct port *port, const char *note);
/* What a person may want to know of a port. Counters may be a moment old. */
void port_read(const struct port *port, struct dataplane_port_status *ret_status);
/* Add what the port itself has dropped to the counters, by enum covey_drop. */
void port_add_drops(const struct port *port, uint64_t *drops);
/* How many ICMP errors the port itself has sent to those whose packet does not fit. */
uint64_t port_read_answers(const struct port *port);
