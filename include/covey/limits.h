/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * All bounds that a peer, a file or an operator can push against.
 */

/* --- names ------------------------------------------------------------------------------- */
#define COVEY_NAME_MAX     63  /* group, host and fabric names, bytes without the final zero */
#define COVEY_IDENTITY_MAX 255 /* SPIFFE ID as text */
#define COVEY_REASON_MAX   255 /* human-readable reason in a message */
#define COVEY_SOFTWARE_MAX 63  /* name and version of a member's software, as it says */

/* --- inventory --------------------------------------------------------------------------- */
#define COVEY_INVENTORY_BYTES_MAX (16u << 20)
#define COVEY_INVENTORY_DEPTH_MAX 32 /* nesting of YAML nodes */
#define COVEY_INVENTORY_NODES_MAX (2u << 20)
#define COVEY_ANSIBLE_GROUPS_MAX  4096
#define COVEY_HOSTS_MAX           65535 /* Ansible hosts, ranges expanded */
#define COVEY_DIAGNOSTICS_MAX     1000  /* those beyond it are counted, not kept */
#define COVEY_GROUPS_MAX          1024  /* covey groups in one inventory */
#define COVEY_VNIS_PER_GROUP_MAX  4096
#define COVEY_UPLINKS_MAX         8         /* interfaces of one host that lead to the others */
#define COVEY_GKMS_MAX            8         /* addresses of key managers */
#define COVEY_VNI_MAX             0xffffffu /* RFC 7348 section 5: 24 bits */

/* --- SenderID, epoch, ESN ---------------------------------------------------------------- */
#define COVEY_SENDER_ID_MIN   1u /* 0 is never assigned: "no sender" */
#define COVEY_SENDER_ID_MAX   65535u
#define COVEY_EPOCH_MIN       1u
#define COVEY_EPOCH_MAX       65535u
#define COVEY_ESN_COUNTER_MAX ((UINT64_C(1) << 48) - 1)

/* --- SAs --------------------------------------------------------------------------------- */
#define COVEY_SPI_MIN 256u /* RFC 4303 section 2.1: 1..255 are reserved, 0 is for local use */
/* By how much members' reports can raise a GKM's SPI serial while it runs. One SPI every two
 * seconds uses up as many in 24 days. */
#define COVEY_SPI_JUMP_MAX (UINT64_C(1) << 20)
/* Where a state file moves to the i-th of several GKMs (from 0), (i + 1) times as many SPIs are
 * left out: those that the one before may still take with the file that was copied. All of these
 * together are less than COVEY_SPI_JUMP_MAX. */
#define COVEY_SPI_MOVE_STEP       (UINT32_C(1) << 16)
#define COVEY_SAS_PER_GROUP_MAX   8     /* live ones, as rekeys overlap; more are refused */
#define COVEY_DRAIN_MIN_MS        1000u /* no packet is on its way for longer */
#define COVEY_GROUPS_PER_HOST_MAX 256
#define COVEY_ROSTER_MAX          65535u

/* Use of AES-GCM with one sender's key: docs/protocol.md, section 3.2. */
#define COVEY_PACKETS_SOFT     (UINT64_C(1) << 35)
#define COVEY_PACKETS_HARD     (UINT64_C(1) << 36)
#define COVEY_ICV_FAILURES_MAX (UINT64_C(1) << 32)
/* A link of 400 Gbit/s carries fewer packets than this, even of the shortest VPE packets. So a
 * member that reports more, since its last heartbeat or since the SA began, is not honest. */
#define COVEY_PACKETS_PER_SECOND_MAX (UINT64_C(1) << 29)
/* How many rekeys one member may cause within a group's drain delay, or within a second if the
 * drain delay is shorter. A member causes rekeys when it registers again, and by the use that it
 * reports. */
#define COVEY_REKEYS_PER_MEMBER_MAX 2u

/* --- parsing frames ---------------------------------------------------------------------- */
#define COVEY_VLAN_TAGS_MAX     2u /* IEEE 802.1ad: one service tag, one customer tag */
#define COVEY_IP_EXTENSIONS_MAX 8u /* headers between IP and its upper layer */
/* Into how many packets a frame with a vnet header may be cut. The smallest segments that Linux's
 * TCP sends have 48 bytes; 1,366 of them fill the longest frame. */
#define COVEY_SEGMENTS_PER_FRAME_MAX 2048u

/* --- replay ------------------------------------------------------------------------------ */
#define COVEY_REPLAY_WINDOW_MIN     64u
#define COVEY_REPLAY_WINDOW_MAX     65536u
#define COVEY_REPLAY_WINDOW_DEFAULT 1024u
/* Eight windows for each of 65,535 senders. */
#define COVEY_REPLAY_WINDOWS_PER_SA_MAX     524288u
#define COVEY_REPLAY_WINDOWS_PER_SENDER_MAX 1024u
/* ESN floors for newcomers. The first bound is for all live SAs of a group together, as the GKM
 * remembers them. A floor takes 16 bytes, so all of them fit into a newcomer's send queue. The
 * second bound is for one sender, and is the number of windows that a receiver keeps of it. */
#define COVEY_FLOORS_PER_GROUP_MAX  65536u
#define COVEY_FLOORS_PER_SENDER_MAX COVEY_REPLAY_WINDOWS_PER_SENDER_MAX
#define COVEY_FLOORS_PER_MESSAGE    4096u

/* --- the host's guard -------------------------------------------------------------------- */
/* Addresses and VNIs of clear VXLAN that the kernel counts, of each direction and family. */
#define COVEY_GUARD_HEARD_MAX 4096u

/* --- control channel --------------------------------------------------------------------- */
#define COVEY_PROTOCOL_VERSION             1u
#define COVEY_MESSAGE_TO_GKM_MAX           (16u << 10)  /* bytes of one message, member to GKM */
#define COVEY_MESSAGE_TO_MEMBER_MAX        (256u << 10) /* bytes of one message, GKM to member */
#define COVEY_ROSTER_ENTRIES_PER_MESSAGE   1024u       /* longer rosters come in several messages */
#define COVEY_CERTIFICATES_BYTES_MAX       (32u << 10) /* of a peer's certificate chain */
#define COVEY_HANDSHAKE_SECONDS            10 /* TLS handshake and first message, together */
#define COVEY_HEARTBEAT_SECONDS            10
#define COVEY_SILENCE_SECONDS              35 /* a session ends after this time without a message */
#define COVEY_SESSIONS_MAX                 70000u
#define COVEY_SESSIONS_UNAUTHENTICATED_MAX 1024u
#define COVEY_SEND_QUEUE_BYTES_MAX         (8u << 20)   /* a member that does not read is cut off */
#define COVEY_SEND_QUEUES_BYTES_MAX        (512u << 20) /* all members'; shared data counts once */
#define COVEY_CRL_BYTES_MAX                (16u << 20)  /* of all revocation lists together */
#define COVEY_CRL_LISTS_MAX                64u
#define COVEY_CERTIFICATES_PER_HOST_MAX    8u /* kept for revocation while a GKM runs */
/* How many Joins of one host may be refused for reasons that lie with the host. After that its
 * session is closed, and the host has to wait. A host that is configured for 256 groups and is in
 * none of them asks about 500 times in a minute. */
#define COVEY_REFUSALS_MAX     1024u
#define COVEY_REFUSALS_SECONDS 60
/* Reports of clear packets. The first bound is for the groups in a message in which there were
 * more, the third for one member in one group, and the fourth for a group, as the GKM remembers
 * them. */
#define COVEY_CLEAR_MORE_MAX             128u
#define COVEY_CLEAR_HEARD_MAX            64u
#define COVEY_CLEAR_HEARD_PER_MEMBER_MAX COVEY_CLEAR_HEARD_MAX
#define COVEY_CLEAR_HEARD_PER_GROUP_MAX  4096u
/* Probes of the wire (docs/protocol.md, section 7). A run is one host that sends to others. */
#define COVEY_PROBES_PER_RUN_MAX   16u    /* packets, and as many answers */
#define COVEY_PROBE_RECEIVERS_MAX  16u    /* of a run by multicast */
#define COVEY_PROBE_NONCE_LEN      16u    /* bytes */
#define COVEY_PROBE_LENGTH_MAX     9216u  /* bytes of a VXLAN packet */
#define COVEY_PROBE_RUNS_MAX       256u   /* at once, of all groups */
#define COVEY_PROBE_RUNS_PER_HOST  16u    /* at once, that one host asked for */
#define COVEY_PROBE_REQUESTS_MAX   256u   /* in a second, of all hosts */
#define COVEY_PROBE_REQUESTS_EACH  32u    /* in a second, of one host */
#define COVEY_PROBE_HITS_MAX       4096u  /* packets that a host looks at in a run */
#define COVEY_PROBE_CLEAR_HITS_MAX 256u   /* and of other VXLAN in clear, of each uplink */
#define COVEY_PROBE_HEARD_MAX      8u     /* sources of VXLAN in clear in a report */
#define COVEY_PROBE_DROPS_MAX      64u    /* counters in a report */
#define COVEY_PROBE_DROP_NAME_MAX  31u    /* bytes of a counter's name */
#define COVEY_LOG_PEERS_MAX        65536u /* pairs of a peer and a kind of line, counted apart */
/* Clients of the metrics, at once, and what each of them has: seconds from its connection to the
 * end of the answer, and bytes of the request's headers. */
#define COVEY_METRICS_CLIENTS_MAX 64u
#define COVEY_METRICS_SECONDS     5
#define COVEY_METRICS_REQUEST_MAX 8192u
#define COVEY_METRICS_PAGE_MAX    (64u << 20)   /* bytes */
#define COVEY_METRICS_FRESH_MS    UINT64_C(250) /* nobody makes a page anew in this time */
#define COVEY_METRICS_SHARE       20u /* a page that took long is good for so many times as long */
#define COVEY_CONTROL_REQUEST_MAX (64u << 10) /* bytes of one request on the local socket */
