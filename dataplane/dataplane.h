/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The dataplane, as the host program uses it: open it, give it groups, SAs and rosters, read
 * counters. One control thread calls all of these functions. When a call returns, its change is in
 * force; no worker uses what was replaced any more, and keys in that are wiped (RCU).
 */

#include <covey/addr.h>
#include <covey/drop.h>
#include <covey/error.h>
#include <covey/limits.h>
#include <covey/mode.h>
#include <covey/sa.h>
#include <covey/tunnel.h>
#include <covey/vnis.h>
#include <covey/wire.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dataplane;
struct port;
struct rte_mempool;

struct dataplane_config {
	struct port *fabric_port; /* opened (port.h), not started; the caller closes it */
	struct port *host_port;
	struct covey_addr vtep; /* our own address: only packets from it may leave */
	enum covey_encapsulation encapsulation;
	uint16_t vpe_port;
	uint8_t vpe_protocol;
	uint16_t vxlan_port;
	/* Other tunnels. Some are carried as VXLAN is. In those that are not, what has a VNI of the
	 * fabric does not pass, unless VXLAN of that VNI may pass in clear, too. */
	struct covey_tunnel tunnels[COVEY_TUNNELS_MAX];
	size_t tunnel_count;
	/* Of the fabric, until dataplane_set_vnis(), or as long as the dataplane is open. */
	const struct covey_vnis *vnis;
	size_t vnis_count;
	uint16_t fabric_mtu;       /* bytes of an IP packet on the fabric */
	uint16_t paths;            /* WindowID paths of a worker, 1..1024; fewer are used where a
				      receiver would not keep so many windows */
	uint8_t class_by_dscp[64]; /* 0..7 */
	/* Drop what is neither VXLAN from the host nor VPE from the fabric, instead of letting it
	 * pass: where the kernel keeps the network card, nothing else takes this way. */
	bool vxlan_only;
	/* The source address by which frames of the host port are known that the guard has seen
	 * come from a VXLAN device, as a number of 48 bits. No other VXLAN leaves, and these frames
	 * leave with host_mac instead. 0: there is none. */
	uint64_t secret_source;
	uint8_t host_mac[6];
	bool cipher_library; /* encrypt by the cipher library alone, one packet at a time */
};

/* --- life --------------------------------------------------------------------------------- */

/*
 * EAL must be initialised and both ports open (overlay/host/ports/ports.h). There are as many
 * workers as EAL has worker lcores and both ports have transmit queues. Allocates all memory, but
 * starts no worker. 0 or negative errno.
 */
int dataplane_open(const struct dataplane_config *config, struct dataplane **ret_dataplane,
		   struct covey_error *error);
/* Start the ports, and the workers on EAL's worker lcores. Without an SA, VXLAN is dropped and the
 * rest passes. */
int dataplane_start(struct dataplane *dataplane, struct covey_error *error);
unsigned dataplane_workers(const struct dataplane *dataplane);
/* 0 when each worker has its own copy of the cipher library. Otherwise the negative errno with
 * which a copy failed: then workers share variables of the library, and are slower. */
int dataplane_ciphers_shared(const struct dataplane *dataplane);
/* What encrypts, for the log. */
const char *dataplane_cipher_text(const struct dataplane *dataplane);
/* Is covey's own code not used because it did not do the same as the library? */
bool dataplane_cipher_is_wrong(const struct dataplane *dataplane);
/*
 * Ask the kernel behind the host port which multicast groups it wants to receive, by IGMP and MLD,
 * as a router would. Its answers take the way of all packets. So a switch that has forgotten the
 * groups learns them again. The questions go to the host port only. Their buffers come from pool.
 * Returns 0, -ENOMEM, or -EBUSY when the last questions were not sent yet.
 */
int dataplane_query_groups(struct dataplane *dataplane, struct rte_mempool *pool);
/* Has each worker's loop made a turn since the last call? A worker without packets makes ten a
 * second. */
bool dataplane_is_alive(struct dataplane *dataplane);
/* Let workers send what they have received, and stop them and the ports. Wipe all keys and free all
 * memory. NULL-safe. */
void dataplane_close(struct dataplane *dataplane);

/* --- groups ------------------------------------------------------------------------------- */

/*
 * Say which VNIs belong to the group with this index (0..COVEY_GROUPS_PER_HOST_MAX - 1). They
 * replace the group's earlier ones. With vni_count 0 the group is forgotten. A group
 * in observe that gets a new VNI is in transition until dataplane_group_mode() is called again.
 * -EEXIST when a VNI belongs to another group.
 */
int dataplane_group_set(struct dataplane *dataplane, uint32_t group, const uint32_t *vnis,
			size_t vni_count, struct covey_error *error);

/*
 * Say in which mode the group's members are. The group enforces until this is called, and again
 * after it was forgotten. With vxlan_only the mode changes nothing here: what comes to us is
 * encrypted, and clear VXLAN does not come to us; the guard follows the mode. -ENOENT when the
 * group has no VNIs, -EINVAL for a group or mode that there is not; then nothing changes.
 */
int dataplane_group_mode(struct dataplane *dataplane, uint32_t group, enum covey_mode mode);

/*
 * Say which VNIs never enter or leave in clear, whatever the mode of their group is. They replace
 * the earlier ones. As fragments do not tell their VNI, none passes in clear as long as there is
 * such a VNI. With vxlan_only this changes nothing here. -ENOMEM; then nothing changes.
 */
int dataplane_set_strict(struct dataplane *dataplane, const uint32_t *vnis, size_t count);

/*
 * The inventory has other VNIs: these, as long as the dataplane is open. When it returns, those
 * from before are not used any more.
 */
void dataplane_set_vnis(struct dataplane *dataplane, const struct covey_vnis *vnis, size_t count);
/*
 * Another traffic class for some DSCPs. Packets from now on are in the windows of that class.
 * -EINVAL for a class above 7; -ENOSPC when there are so many classes now that a receiver would not
 * keep all windows; then nothing changes.
 */
int dataplane_set_classes(struct dataplane *dataplane, const uint8_t class_by_dscp[64]);

/* --- SAs ---------------------------------------------------------------------------------- */

/*
 * Install an SA with its roster, which may be empty. It only receives. If the SPI is installed
 * already, the key must be the same and the epoch higher. Then sending continues in the new epoch,
 * the replay windows of what was received stay, and the floors in sa are not used. -EEXIST for
 * another key, or for the same or a lower epoch. -ENOSPC above COVEY_SAS_PER_GROUP_MAX.
 */
int dataplane_sa_install(struct dataplane *dataplane, const struct covey_sa *sa,
			 const struct covey_roster_entry *roster, size_t roster_count,
			 struct covey_error *error);
/* Send on this SA from now on. The SA on which the group has sent before becomes draining. -ENOENT.
 */
int dataplane_sa_activate(struct dataplane *dataplane, uint32_t spi, struct covey_error *error);
/* Only receive on this SA from now on. -ENOENT. */
int dataplane_sa_drain(struct dataplane *dataplane, uint32_t spi, struct covey_error *error);
/* Wipe and forget. 0 also when there is none. */
void dataplane_sa_remove(struct dataplane *dataplane, uint32_t spi);

/* Replace an SA's roster. Epoch floors are 1 and above (else -EINVAL) and never fall: of the old
 * and the new floor the higher one counts. -ENOENT, -ENOMEM. */
int dataplane_roster_set(struct dataplane *dataplane, uint32_t spi,
			 const struct covey_roster_entry *roster, size_t roster_count,
			 struct covey_error *error);

/* --- reading ------------------------------------------------------------------------------ */

struct dataplane_counters {
	uint64_t encrypted_packets;
	uint64_t encrypted_bytes; /* IP bytes of inner packets */
	uint64_t decrypted_packets;
	uint64_t decrypted_bytes;
	uint64_t bypassed_out;
	uint64_t bypassed_in;
	uint64_t handed_over;  /* VPE packets that reached the wrong worker for their window */
	uint64_t told_too_big; /* ICMP errors to those on this host whose packet does not fit */
	/* Of the packets that failed authentication, those of which it is known by now (spoiled.h):
	 * genuine packets that never came whole, and that the port had read together with others,
	 * or alone; and forged ones. */
	uint64_t spoiled_gathered;
	uint64_t spoiled_alone;
	uint64_t forged;
	uint64_t spoiled_sender; /* SenderID of one of the spoiled packets; 0: there is none */
	/* VXLAN that passed in clear, because its group is in a mode that allows it: */
	uint64_t clear_out;
	uint64_t clear_in;
	uint64_t unheard; /* those of them that dataplane_read_heard() had no room for */
	/* Packets that passed and would be dropped if all groups enforced. Without them, what left
	 * in clear would leave encrypted. */
	uint64_t would_drop[COVEY_DROP_COUNT];
	uint64_t drops[COVEY_DROP_COUNT];
};

struct dataplane_sa_status {
	uint32_t spi;
	uint32_t group;
	enum covey_sa_state state;
	uint16_t epoch;
	uint32_t windows;      /* replay windows in use */
	uint64_t packets_sent; /* by us in this SA, in all windows and epochs */
	uint64_t packets_received;
	uint64_t multicast_received; /* those of packets_received that have the cast bit */
	uint64_t icv_failures;
	uint64_t own_sender; /* from elsewhere with our SenderID; not authenticated */
};

struct dataplane_traffic {
	uint64_t packets;
	uint64_t bytes; /* of inner IP packets */
};

/* In all SAs of a group since dataplane_group_set() has made it, removed ones as well. */
struct dataplane_group_counters {
	struct dataplane_traffic sent[COVEY_CLASSES]; /* by traffic class */
	struct dataplane_traffic received;            /* what has authenticated and was new */
};

#define DATAPLANE_NOT_HEARD UINT64_MAX

/* What came from a sender of a group, in all its SAs, removed ones as well. */
struct dataplane_sender_counters {
	uint16_t sender_id;
	struct dataplane_traffic received; /* what has authenticated and was new */
	uint64_t heard_ms; /* so long ago the last one came, or DATAPLANE_NOT_HEARD */
};

struct dataplane_window_status {
	uint32_t spi;
	uint16_t sender_id;
	uint16_t window_id;
	uint64_t esn; /* highest sent (ours) or authenticated (others') */
	bool sending; /* the window is one of our own */
	/* Of others' windows: packets that have authenticated and were new, and their inner bytes.
	 * A window in which all was known already has none. */
	uint64_t packets;
	uint64_t bytes;
	uint64_t heard_ms; /* so long ago the last one came, or DATAPLANE_NOT_HEARD */
};

struct dataplane_port_status {
	char name[64];
	char driver[32];
	uint16_t mtu;
	uint16_t rx_queues, tx_queues; /* those in use */
	char offload[256];             /* what the kernel joins and cuts for it, as text */
	uint64_t rx_packets, rx_bytes, rx_missed;
	uint64_t tx_packets, tx_bytes, tx_errors;
};

void dataplane_read_counters(const struct dataplane *dataplane,
			     struct dataplane_counters *ret_counters);
/*
 * Lists VNIs of packets that were dropped because no group has the VNI: the lowest first, at most
 * max of them. Returns how many. If there are very many, only some are kept. A VNI that belongs to
 * a group by now is not listed.
 */
size_t dataplane_read_unknown_vnis(const struct dataplane *dataplane, uint32_t *vnis, size_t max);

/* VXLAN of one VNI that passed in clear, to or from one address. */
struct dataplane_heard {
	struct covey_addr peer; /* its sender; of what left, its receiver or multicast group */
	uint32_t vni;
	bool outbound;
	uint64_t packets;       /* since it is in the list */
	uint64_t would_drop;    /* of these, those that would be dropped if the group enforced */
	enum covey_drop reason; /* of the last of them; COVEY_DROP_COUNT when there is none */
	uint32_t seen_ms;       /* how long ago the last packet passed */
};

/*
 * Lists who sends in clear, in no order, at most max of them. Returns how many are in the list. Who
 * has sent nothing for a minute may be missing, or still be there; then packets begins at 0 when it
 * sends again. Later fragments, which have no VNI, are not in it.
 */
size_t dataplane_read_heard(const struct dataplane *dataplane, struct dataplane_heard *list,
			    size_t max);
/* Fill at most max entries; return how many there are. */
size_t dataplane_read_sas(const struct dataplane *dataplane, struct dataplane_sa_status *sas,
			  size_t max);
/* The group's index must be below COVEY_GROUPS_PER_HOST_MAX, here and below. */
void dataplane_read_group(const struct dataplane *dataplane, uint32_t group,
			  struct dataplane_group_counters *ret_counters);
/* Fill at most max entries, of the senders that are or were on the group's rosters, in the order of
 * their SenderIDs; return how many there are. */
size_t dataplane_read_senders(const struct dataplane *dataplane, uint32_t group,
			      struct dataplane_sender_counters *senders, size_t max);
size_t dataplane_read_windows(const struct dataplane *dataplane,
			      struct dataplane_window_status *windows, size_t max);
/* The same for the windows of one SA in which we have sent. */
size_t dataplane_read_sent(const struct dataplane *dataplane, uint32_t spi,
			   struct dataplane_window_status *windows, size_t max);

/* --- packets that are dropped -------------------------------------------------------------- */

/* What is kept of each, at most. */
#define DATAPLANE_CAPTURE_BYTES 256u

struct dataplane_captured {
	uint64_t ns; /* when, since 1970 */
	enum covey_drop reason;
	uint32_t full_len; /* bytes of the frame */
	uint32_t len;      /* of these are kept */
	uint8_t bytes[DATAPLANE_CAPTURE_BYTES];
};

/*
 * From now on, keep the first bytes of frames that are dropped, until dataplane_capture_end(). Each
 * worker keeps 1023 at most until they are taken. A frame is kept as it was when it was dropped: of
 * one that comes in and whose inner packet is refused, the inner packet is decrypted already. Of
 * one that failed authentication only the headers are kept, as its text was overwritten. -EBUSY
 * when this is on already, -ENOMEM.
 */
int dataplane_capture_begin(struct dataplane *dataplane);
bool dataplane_capture_is_on(const struct dataplane *dataplane);
/* Take at most max of them, in their order. *ret_missed: how many have found no place, since the
 * beginning. */
size_t dataplane_capture_take(struct dataplane *dataplane, struct dataplane_captured *list,
			      size_t max, uint64_t *ret_missed);
/* Also if it is not on. */
void dataplane_capture_end(struct dataplane *dataplane);

/* --- ports and buffers ---------------------------------------------------------------------- */

/* ports[0] is the fabric port, ports[1] the host port. */
void dataplane_read_ports(const struct dataplane *dataplane, struct dataplane_port_status ports[2]);

/* Packet buffers, which both ports share. While packets pass, the number of free ones changes all
 * the time. */
struct dataplane_buffers {
	unsigned total;
	unsigned free; /* neither in a port's ring, nor on the way between ports */
};

void dataplane_read_buffers(const struct dataplane *dataplane,
			    struct dataplane_buffers *ret_buffers);
