/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_frame.h"

#include <covey/wire.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define ETHERTYPE_PROBE 0x88b5 /* IEEE 802: local experimental */
#define VXLAN_HAS_VNI   0x08

/* A bridge forwards it never, and no group_fwd_mask can change that (IEEE 802.1D, pause). */
static const uint8_t nowhere[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x01};

int probe_frame_tag(const uint8_t nonce[COVEY_PROBE_NONCE_LEN], uint16_t number, bool answer,
		    uint8_t ret_tag[PROBE_TAG_LEN])
{
	const uint8_t what[] = {'p',   'r', 'o', 'b', 'e', (uint8_t)(number >> 8), (uint8_t)number,
				answer};
	uint8_t code[EVP_MAX_MD_SIZE];

	if (!HMAC(EVP_sha256(), nonce, COVEY_PROBE_NONCE_LEN, what, sizeof(what), code, NULL))
		return -EIO;
	memcpy(ret_tag, code, PROBE_TAG_LEN);
	return 0;
}

/* Also from there: bridges, and VXLAN devices since Linux 6.13, drop a frame from a multicast
 * address. Older ones learn it, and nothing is ever sent to it. (A VXLAN device that learns the
 * address of zeros sends all that it has no entry for to where it came from.) */
size_t probe_frame_write(const struct probe_frame *frame, uint32_t vni, const struct covey_addr *to,
			 uint32_t length, uint8_t *ret_payload)
{
	size_t len = length - probe_ip_len(to) - 8;
	uint8_t *at = ret_payload;

	memset(ret_payload, 0, len);
	at[0] = VXLAN_HAS_VNI;
	at[4] = (uint8_t)(vni >> 16);
	at[5] = (uint8_t)(vni >> 8);
	at[6] = (uint8_t)vni;
	at += PROBE_VXLAN_LEN;
	memcpy(at, nowhere, sizeof(nowhere));
	memcpy(at + 6, nowhere, sizeof(nowhere));
	at[12] = ETHERTYPE_PROBE >> 8;
	at[13] = ETHERTYPE_PROBE & 0xff;
	at += PROBE_ETHER_LEN;
	memcpy(at, frame->tag, sizeof(frame->tag));
	at += sizeof(frame->tag);
	at[0] = (uint8_t)(frame->number >> 8);
	at[1] = (uint8_t)frame->number;
	at[2] = frame->answer;
	return len;
}

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void read_clear(const uint8_t *udp, size_t len, struct probe_packet *packet)
{
	const uint8_t *ether = udp + 8 + PROBE_VXLAN_LEN, *body = ether + PROBE_ETHER_LEN;

	if (len < PROBE_LENGTH_MIN)
		return;
	packet->vni = (uint32_t)(udp[8 + 4] << 16 | udp[8 + 5] << 8 | udp[8 + 6]);
	packet->kind = PROBE_OTHER;
	if (memcmp(ether, nowhere, sizeof(nowhere)) != 0 ||
	    memcmp(ether + 6, nowhere, sizeof(nowhere)) != 0 ||
	    read16(ether + 12) != ETHERTYPE_PROBE)
		return;
	packet->kind = PROBE_CLEAR;
	memcpy(packet->frame.tag, body, sizeof(packet->frame.tag));
	packet->frame.number = read16(body + PROBE_TAG_LEN);
	packet->frame.answer = body[PROBE_TAG_LEN + 2] != 0;
}

static void read_vpe(const uint8_t *at, size_t len, struct probe_packet *packet)
{
	struct covey_vpe_header header;
	uint32_t window;

	if (len < sizeof(header))
		return;
	memcpy(&header, at, sizeof(header));
	window = covey_vpe_window(&header);
	packet->kind = PROBE_VPE;
	packet->spi = covey_vpe_spi(&header);
	packet->sender_id = (uint16_t)(window >> 16);
	packet->window_id = (uint16_t)window;
	packet->esn = covey_vpe_esn(&header);
}

static void read_upper(const uint8_t *at, size_t len, uint8_t protocol,
		       const struct probe_wire *wire, struct probe_packet *packet)
{
	uint16_t port;

	if (wire->vpe_port == 0 && protocol == wire->vpe_protocol)
		read_vpe(at, len, packet);
	if (protocol != IPPROTO_UDP || len < 8)
		return;
	port = read16(at + 2);
	if (port == wire->vxlan_port)
		read_clear(at, len, packet);
	else if (wire->vpe_port != 0 && port == wire->vpe_port)
		read_vpe(at + 8, len - 8, packet);
}

static void read_addresses(const uint8_t *at, uint16_t family, struct probe_packet *packet)
{
	size_t len = family == AF_INET6 ? 16 : 4;

	packet->from.family = packet->to.family = family;
	memcpy(packet->from.bytes, at, len);
	memcpy(packet->to.bytes, at + len, len);
}

size_t probe_frame_ip_len(const uint8_t *packet)
{
	return packet[0] >> 4 == 6 ? 40u + read16(packet + 4) : read16(packet + 2);
}

void probe_frame_read(const uint8_t *packet, size_t len, const struct probe_wire *wire,
		      struct probe_packet *ret_packet)
{
	*ret_packet = (struct probe_packet){.kind = PROBE_NONE};
	if (len >= 20 && packet[0] == 0x45) {
		read_addresses(packet + 12, AF_INET, ret_packet);
		read_upper(packet + 20, len - 20, packet[9], wire, ret_packet);
	} else if (len >= 40 && packet[0] >> 4 == 6) {
		read_addresses(packet + 8, AF_INET6, ret_packet);
		read_upper(packet + 40, len - 40, packet[6], wire, ret_packet);
	}
}
