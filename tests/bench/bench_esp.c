/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_esp.h"
#include <errno.h>
#include <rte_prefetch.h>
#include <string.h>

#define PREFETCH_AHEAD 4u
/* RFC 4303 section 2.4: the payload ends on a multiple of 4 bytes. */
#define TRAILER_LEN 2u
#define PAD_MAX     3u

int esp_sa_init(struct esp_sa *sa, const struct bench_shape *shape, struct covey_error *error)
{
	int status = bench_gcm_init(&sa->gcm, shape->cipher, bench_key);

	if (status < 0)
		return covey_error_set(error, status,
				       "esp: ipsec-mb has no AES-GCM for this CPU: %s",
				       strerror(-status));
	sa->spi = rte_cpu_to_be_32(BENCH_SPI);
	sa->salt = 0x5a17;
	sa->outer = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_ESP,
		.src_addr = rte_cpu_to_be_32(BENCH_SENDER_ADDRESS),
		.dst_addr = rte_cpu_to_be_32(BENCH_RECEIVER_ADDRESS),
	};
	sa->checksum = rte_raw_cksum(&sa->outer, sizeof(sa->outer));
	return 0;
}

/* What the cipher needs beside the data: salt and IV; SPI and the whole number. */
static void job_set(const struct esp_sa *sa, struct esp_job *job, uint64_t number, uint64_t iv)
{
	uint32_t aad[3] = {sa->spi, rte_cpu_to_be_32((uint32_t)(number >> 32)),
			   rte_cpu_to_be_32((uint32_t)number)};

	job->number = number;
	memcpy(job->iv, &sa->salt, sizeof(sa->salt));
	memcpy(job->iv + sizeof(sa->salt), &iv, sizeof(iv));
	memcpy(job->aad, aad, sizeof(aad));
}

static void prefetch(struct rte_mbuf **packets, unsigned index, uint16_t count)
{
	if (index < count)
		rte_prefetch0(rte_pktmbuf_mtod(packets[index], const void *));
}

/* --- outbound ------------------------------------------------------------------------------ */

/* The packet's traffic class and length in the prepared header, and their share of its sum. */
static void write_outer(const struct esp_sa *sa, uint8_t *at, uint8_t traffic_class, uint16_t total)
{
	struct rte_ipv4_hdr outer = sa->outer;
	uint32_t sum;

	outer.type_of_service = traffic_class;
	outer.total_length = rte_cpu_to_be_16(total);
	sum = sa->checksum + outer.total_length + ((uint32_t)traffic_class << 8);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	outer.hdr_checksum = (uint16_t)~sum;
	memcpy(at, &outer, sizeof(outer));
}

/* RFC 4303 section 2.4: padding is 1, 2, 3. */
static void write_trailer(uint8_t *at, unsigned pad)
{
	for (unsigned i = 0; i < pad; i++)
		at[i] = (uint8_t)(i + 1);
	at[pad] = (uint8_t)pad;
	at[pad + 1] = IPPROTO_IPIP;
}

static bool encapsulate(const struct esp_sa *sa, struct rte_mbuf *packet, uint64_t number,
			struct esp_job *job)
{
	uint32_t inner_len = packet->pkt_len - BENCH_ETHERNET_LEN;
	unsigned pad = -(inner_len + TRAILER_LEN) & PAD_MAX;
	struct esp_header header = {sa->spi, rte_cpu_to_be_32((uint32_t)number),
				    rte_cpu_to_be_64(number)};
	uint8_t *tail = (uint8_t *)rte_pktmbuf_append(packet, pad + TRAILER_LEN + BENCH_TAG_LEN);
	uint8_t *frame;

	if (unlikely(!tail))
		return false;
	frame = (uint8_t *)rte_pktmbuf_prepend(packet, ESP_HEADERS_LEN);
	if (unlikely(!frame))
		return false;
	memmove(frame, frame + ESP_HEADERS_LEN, BENCH_ETHERNET_LEN);
	frame += BENCH_ETHERNET_LEN;
	write_outer(sa, frame, frame[ESP_HEADERS_LEN + 1],
		    (uint16_t)(packet->pkt_len - BENCH_ETHERNET_LEN));
	memcpy(frame + sizeof(struct rte_ipv4_hdr), &header, sizeof(header));
	write_trailer(tail, pad);
	job->len = inner_len + pad + TRAILER_LEN;
	job->tag = tail + pad + TRAILER_LEN;
	job_set(sa, job, number, header.iv);
	return true;
}

uint16_t esp_encrypt(const struct esp_sa *sa, struct gcm_context_data *context,
		     struct rte_mbuf **packets, uint16_t count, uint64_t first)
{
	struct esp_job jobs[BENCH_BURST];
	uint16_t kept = 0;

	for (unsigned i = 0; i < PREFETCH_AHEAD; i++)
		prefetch(packets, i, count);
	for (uint16_t i = 0; i < count; i++) {
		prefetch(packets, i + PREFETCH_AHEAD, count);
		if (unlikely(!encapsulate(sa, packets[i], first + i, &jobs[kept])))
			rte_pktmbuf_free(packets[i]);
		else
			packets[kept++] = packets[i];
	}
	for (uint16_t i = 0; i < kept; i++)
		bench_gcm_packet(&sa->gcm, true, context, packets[i],
				 BENCH_ETHERNET_LEN + ESP_HEADERS_LEN, jobs[i].len, jobs[i].iv,
				 jobs[i].aad, sizeof(jobs[i].aad), jobs[i].tag);
	return kept;
}

/* --- inbound ------------------------------------------------------------------------------- */

/* Is it ESP of this SA, and new as far as one can see? */
static bool admit(const struct esp_sa *sa, const struct esp_window *window, uint64_t top,
		  const struct rte_mbuf *packet, struct esp_job *job)
{
	const uint8_t *frame = rte_pktmbuf_mtod(packet, const uint8_t *);
	const struct rte_ipv4_hdr *outer = (const void *)(frame + BENCH_ETHERNET_LEN);
	const struct esp_header *header = (const void *)(outer + 1);
	uint64_t number;

	if (packet->data_len < BENCH_ETHERNET_LEN + ESP_HEADERS_LEN ||
	    packet->pkt_len < BENCH_ETHERNET_LEN + ESP_HEADERS_LEN + TRAILER_LEN + BENCH_TAG_LEN)
		return false;
	if (outer->version_ihl != RTE_IPV4_VHL_DEF || outer->next_proto_id != IPPROTO_ESP ||
	    outer->dst_addr != sa->outer.dst_addr || header->spi != sa->spi)
		return false;
	number = esp_window_guess(window, top, rte_be_to_cpu_32(header->number));
	job->len =
		packet->pkt_len - (uint32_t)(BENCH_ETHERNET_LEN + ESP_HEADERS_LEN + BENCH_TAG_LEN);
	job_set(sa, job, number, header->iv);
	return esp_window_is_new(window, top, number);
}

static bool equal_in_constant_time(const uint8_t *a, const uint8_t *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

void esp_authenticate(const struct esp_sa *sa, const struct esp_window *window,
		      struct gcm_context_data *context, struct rte_mbuf **packets, uint16_t count,
		      struct esp_job *jobs)
{
	uint64_t top = esp_window_top(window);

	for (unsigned i = 0; i < PREFETCH_AHEAD; i++)
		prefetch(packets, i, count);
	for (uint16_t i = 0; i < count; i++) {
		prefetch(packets, i + PREFETCH_AHEAD, count);
		jobs[i].good = admit(sa, window, top, packets[i], &jobs[i]);
	}
	for (uint16_t i = 0; i < count; i++) {
		uint32_t offset = BENCH_ETHERNET_LEN + ESP_HEADERS_LEN;
		uint8_t computed[BENCH_TAG_LEN], gathered[BENCH_TAG_LEN];
		const uint8_t *tag;

		if (unlikely(!jobs[i].good))
			continue;
		bench_gcm_packet(&sa->gcm, false, context, packets[i], offset, jobs[i].len,
				 jobs[i].iv, jobs[i].aad, sizeof(jobs[i].aad), computed);
		/* Copies when the tag lies in two segments. */
		tag = rte_pktmbuf_read(packets[i], offset + jobs[i].len, BENCH_TAG_LEN, gathered);
		jobs[i].good = equal_in_constant_time(computed, tag);
	}
}

void esp_remember(struct esp_window *window, uint16_t count, struct esp_job *jobs)
{
	for (uint16_t i = 0; i < count; i++)
		jobs[i].good = jobs[i].good && esp_window_update(window, jobs[i].number);
}

/* Cut len bytes off the end, over segments that they span. */
static void trim(struct rte_mbuf *packet, uint32_t len)
{
	struct rte_mbuf *last = rte_pktmbuf_lastseg(packet);

	while (unlikely(len > last->data_len)) {
		struct rte_mbuf *before = packet;

		while (before->next != last)
			before = before->next;
		len -= last->data_len;
		packet->pkt_len -= last->data_len;
		before->next = NULL;
		packet->nb_segs--;
		rte_pktmbuf_free_seg(last);
		last = before;
	}
	last->data_len -= (uint16_t)len;
	packet->pkt_len -= len;
}

/* Padding and next header (RFC 4303 section 2.4 and 2.6), and the selectors of the SA (RFC 4301
 * section 5.2): the inner addresses. */
static bool decapsulate(struct rte_mbuf *packet, const struct esp_job *job)
{
	uint32_t offset = BENCH_ETHERNET_LEN + ESP_HEADERS_LEN;
	uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *);
	const struct rte_ipv4_hdr *outer = (const void *)(frame + BENCH_ETHERNET_LEN);
	const struct rte_ipv4_hdr *inner = (const void *)(frame + offset);
	uint8_t gathered[PAD_MAX + TRAILER_LEN];
	uint32_t span = RTE_MIN(job->len, (uint32_t)sizeof(gathered));
	const uint8_t *end = rte_pktmbuf_read(packet, offset + job->len - span, span, gathered);
	unsigned pad;

	end += span - TRAILER_LEN;
	pad = end[0];
	if (pad > PAD_MAX || pad + TRAILER_LEN + sizeof(*inner) > job->len ||
	    end[1] != IPPROTO_IPIP)
		return false;
	for (unsigned i = 0; i < pad; i++)
		if (*(end - pad + i) != i + 1)
			return false;
	if (inner->version_ihl >> 4 != 4 || inner->src_addr != outer->src_addr ||
	    inner->dst_addr != outer->dst_addr)
		return false;
	trim(packet, pad + TRAILER_LEN + BENCH_TAG_LEN);
	memmove(frame + ESP_HEADERS_LEN, frame, BENCH_ETHERNET_LEN);
	packet->data_off += ESP_HEADERS_LEN;
	packet->data_len -= ESP_HEADERS_LEN;
	packet->pkt_len -= ESP_HEADERS_LEN;
	return true;
}

uint16_t esp_strip(struct rte_mbuf **packets, uint16_t count, const struct esp_job *jobs)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < count; i++) {
		if (likely(jobs[i].good && decapsulate(packets[i], &jobs[i])))
			packets[kept++] = packets[i];
		else
			rte_pktmbuf_free(packets[i]);
	}
	return kept;
}
