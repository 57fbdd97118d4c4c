/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Why a packet was dropped. One list makes the enum, the counter, its name in `covey show` and the
 * text that explains it. Every row has a test that hits it (tests/unit/dataplane or tests/e2e).
 *
 *   X(symbol, name, text)
 */

/* clang-format off */
#define COVEY_DROPS(X)                                                                             \
	/* from the host towards the fabric */                                                     \
	X(OUT_MALFORMED, "out-malformed", "frame from the host with a broken header")              \
	X(OUT_FRAGMENT, "out-fragment", "UDP fragment from the host: it could hide VXLAN")         \
	X(OUT_QUOTE, "out-quote", "ICMP error that quotes VXLAN, which came in encrypted")         \
	X(OUT_BUFFER, "out-buffer", "VXLAN in buffers without headroom, cut short, or shared")     \
	X(OUT_SUPER_FRAME, "out-super-frame", "frame whose vnet header is wrong, or not VXLAN to cut") \
	X(OUT_NO_BUFFER, "out-no-buffer", "no packet buffer was free for a packet from the host")  \
	X(OUT_NOT_VXLAN, "out-not-vxlan", "not VXLAN, and the kernel has the card for all else")   \
	X(OUT_VPE, "out-vpe", "VPE packet from the host: only covey sends those")                  \
	X(OUT_UNKNOWN_VNI, "out-unknown-vni", "VXLAN of a VNI that is in no joined group")         \
	X(OUT_TUNNEL, "out-tunnel", "tunnel of another port with a VNI of the fabric, in clear")   \
	X(OUT_NO_DEVICE, "out-no-device", "VXLAN that no VXLAN device sent, or changed behind the guard") \
	X(OUT_SOURCE, "out-source", "VXLAN whose source address is not this host's VTEP address")  \
	X(OUT_NO_SA, "out-no-sa", "VXLAN of a group that has no active SA")                        \
	X(OUT_NOT_SENDER, "out-not-sender", "VXLAN of a group that this host may not send to")     \
	X(OUT_TOO_BIG, "out-too-big", "packet that exceeds the fabric's MTU, or would encrypted")  \
	X(OUT_LIMIT, "out-limit", "the SA's packet limit is reached, waiting for a rekey")         \
	X(OUT_TX_FULL, "out-tx-full", "the fabric port's queue is full")                           \
	X(OUT_UNREACHABLE, "out-unreachable", "the kernel has no way to the receiver")             \
	X(OUT_REFUSED, "out-refused", "the kernel refused to send: a firewall, or no socket")      \
	/* from the fabric towards the host */                                                     \
	X(IN_MALFORMED, "in-malformed", "frame from the fabric with a broken header")              \
	X(IN_NO_BUFFER, "in-no-buffer", "no packet buffer was free for a packet from the fabric")  \
	X(IN_TOO_LONG, "in-too-long", "datagram from the fabric longer than the packet buffers")   \
	X(IN_NOT_VPE, "in-not-vpe", "not VPE, and the kernel has the card for all else")           \
	X(IN_CLEAR_VXLAN, "in-clear-vxlan", "VXLAN in clear from the fabric")                      \
	X(IN_TUNNEL, "in-tunnel", "tunnel of another port with a VNI of the fabric, in clear")     \
	X(IN_FRAGMENT, "in-fragment", "fragment of a VPE packet")                                  \
	X(IN_ENCAPSULATION, "in-encapsulation", "VPE packet not in the fabric's encapsulation")   \
	X(IN_OPTIONS, "in-options", "VPE packet behind IP options or extension headers")           \
	X(IN_BUFFER, "in-buffer", "VPE packet in buffers shared, cut short, or cut in headers")      \
	X(IN_SHORT, "in-short", "VPE packet shorter than its headers")                             \
	X(IN_DESTINATION, "in-destination", "VPE packet to the address of another host")           \
	X(IN_UNKNOWN_SPI, "in-unknown-spi", "VPE packet of an SA that is not installed")           \
	X(IN_NOT_RECEIVER, "in-not-receiver", "VPE packet of a group that this host may not read") \
	X(IN_OWN_SENDER, "in-own-sender", "VPE packet that carries our own SenderID")              \
	X(IN_NOT_ON_ROSTER, "in-not-on-roster", "VPE packet of a SenderID that is not a sender")   \
	X(IN_SOURCE, "in-source", "VPE packet whose source is not its sender's VTEP address")      \
	X(IN_EPOCH, "in-epoch", "VPE packet below its sender's epoch floor")                       \
	X(IN_REPLAY_OLD, "in-replay-old", "VPE packet older than the replay window")               \
	X(IN_REPLAY_SEEN, "in-replay-seen", "VPE packet that was received before")                 \
	X(IN_HANDOVER_FULL, "in-handover-full", "the worker that owns the window is behind")       \
	X(IN_ICV, "in-icv", "VPE packet that failed authentication")                               \
	X(IN_WINDOW_LIMIT, "in-window-limit", "no room for another replay window")                 \
	X(IN_INNER_MALFORMED, "in-inner-malformed", "decrypted packet with a broken header")       \
	X(IN_INNER_ADDRESS, "in-inner-address", "decrypted packet addressed unlike its outer one") \
	X(IN_INNER_NOT_VXLAN, "in-inner-not-vxlan", "decrypted packet that is not VXLAN")          \
	X(IN_INNER_VNI, "in-inner-vni", "decrypted packet of a VNI outside the SA's group")        \
	X(IN_ECN, "in-ecn", "congestion mark on a packet that does not know ECN (RFC 6040)")       \
	X(IN_TX_FULL, "in-tx-full", "the host port's queue is full")                               \
	X(IN_REFUSED, "in-refused", "the host port's interface refused it: it is down, or gone")
/* clang-format on */

enum covey_drop {
#define COVEY_DROP_ENUM(symbol, name, text) COVEY_DROP_##symbol,
	COVEY_DROPS(COVEY_DROP_ENUM)
#undef COVEY_DROP_ENUM
		COVEY_DROP_COUNT,
};

__attribute__((unused)) static const char *const covey_drop_names[COVEY_DROP_COUNT] = {
#define COVEY_DROP_NAME(symbol, name, text) [COVEY_DROP_##symbol] = name,
	COVEY_DROPS(COVEY_DROP_NAME)
#undef COVEY_DROP_NAME
};

__attribute__((unused)) static const char *const covey_drop_texts[COVEY_DROP_COUNT] = {
#define COVEY_DROP_TEXT(symbol, name, text) [COVEY_DROP_##symbol] = text,
	COVEY_DROPS(COVEY_DROP_TEXT)
#undef COVEY_DROP_TEXT
};
