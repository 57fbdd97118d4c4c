/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What sees probes where AF_XDP has the card, and covey's XDP program, which lets it look. The
 * kernel runs them, on frames that are made here.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>
#include <errno.h>
#include <link_redirect.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe_packets.h"
#include "probe_witness.h"

#define LENGTHS 3

static const uint32_t lengths[LENGTHS] = {200, 300, 1400};

struct scene {
	struct event_base *base;
	int lo;
	int sockets; /* map */
	uint32_t former;
	struct link_redirect *redirect;
	int xdp; /* covey's program */
	uint32_t verdict;
	struct probe_witness witness;
	unsigned seen, bad;
	struct probe_packet last;
	size_t last_len;
};

/* --- an XDP program like libxdp's ------------------------------------------------------------- */

static int load_like_libxdp(const char *name, int sockets)
{
	const struct bpf_insn code[] = {
		{.code = BPF_LDX | BPF_W | BPF_MEM, .dst_reg = 2, .src_reg = 1, .off = 16},
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = 1,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = sockets},
		{.code = 0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, name, "GPL", code, sizeof(code) / sizeof(code[0]),
			     NULL);
}

static uint32_t attached(const struct scene *scene)
{
	uint32_t id = 0;

	assert_int_equal(bpf_xdp_query_id(scene->lo, XDP_FLAGS_SKB_MODE, &id), 0);
	return id;
}

static void attach(struct scene *scene, const char *name)
{
	int program = load_like_libxdp(name, scene->sockets);

	assert_true(program >= 0);
	assert_int_equal(bpf_xdp_attach(scene->lo, program, XDP_FLAGS_SKB_MODE, NULL), 0);
	scene->former = attached(scene);
	close(program);
}

static void detach(struct scene *scene)
{
	bpf_xdp_detach(scene->lo, XDP_FLAGS_SKB_MODE, NULL);
}

/* covey's program in its place. */
static void put(struct scene *scene)
{
	struct covey_error error = {.text = ""};

	attach(scene, "xsk_def_prog");
	if (link_redirect_new((unsigned)scene->lo, &scene->redirect, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_not_equal(attached(scene), scene->former);
	scene->xdp = bpf_prog_get_fd_by_id(attached(scene));
	assert_true(scene->xdp >= 0);
}

static void take_away(struct scene *scene)
{
	link_redirect_free(scene->redirect);
	assert_int_equal(attached(scene), scene->former);
	close(scene->xdp);
	detach(scene);
}

/* A socket of AF_XDP, so far that the kernel takes it for one in the map. */
static int make_socket(void *memory, size_t size)
{
	const struct xdp_umem_reg umem = {
		.addr = (uintptr_t)memory, .len = size, .chunk_size = 4096};
	const int entries = 1;
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)), 0);
	assert_int_equal(setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &entries, sizeof(entries)), 0);
	return fd;
}

/* --------------------------------------------------------------------------------------------- */

static void on_seen(void *arg, bool uplink, const struct probe_packet *packet, size_t len, bool out)
{
	struct scene *scene = arg;

	scene->bad += !uplink || out;
	scene->seen++;
	scene->last = *packet;
	scene->last_len = len;
}

static int set_up(void **state)
{
	static struct scene scene;

	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	scene = (struct scene){
		.base = event_base_new(),
		.lo = (int)if_nametoindex("lo"),
		.sockets = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "xsks_map", 4, 4, 4, NULL),
		.verdict = XDP_PASS,
	};
	*state = &scene;
	return 0;
}

static int tear_down(void **state)
{
	const struct scene *scene = *state;

	event_base_free(scene->base);
	return 0;
}

static void open_witness(struct scene *scene, const struct probe_filter *filter)
{
	struct covey_error error = {.text = ""};

	scene->seen = scene->bad = 0;
	scene->witness = (struct probe_witness){.seen = on_seen, .arg = scene};
	if (probe_witness_open(&scene->witness, scene->base, scene->redirect, filter, &error) < 0)
		fail_msg("%s", error.text);
}

/* How many of these frames are seen? None is changed, and all end as without a witness. */
static unsigned sees_frames(struct scene *scene, const uint8_t *frame, size_t len, int times)
{
	uint8_t out[2048];
	struct bpf_test_run_opts options = {.sz = sizeof(options),
					    .data_in = frame,
					    .data_size_in = (uint32_t)len,
					    .data_out = out,
					    .data_size_out = sizeof(out),
					    .repeat = times};
	unsigned before = scene->seen;

	assert_int_equal(bpf_prog_test_run_opts(scene->xdp, &options), 0);
	assert_int_equal(options.retval, scene->verdict);
	assert_int_equal(options.data_size_out, len);
	assert_memory_equal(out, frame, len);
	event_base_loop(scene->base, EVLOOP_NONBLOCK);
	assert_int_equal(scene->bad, 0);
	return scene->seen - before;
}

static bool sees(struct scene *scene, const struct packet *packet, unsigned tags)
{
	uint8_t frame[2048] = {0};
	size_t at = 12;

	for (unsigned i = 0; i < tags; i++, at += 4) {
		frame[at] = i + 1 < tags ? 0x88 : 0x81;
		frame[at + 1] = i + 1 < tags ? 0xa8 : 0x00;
	}
	frame[at] = packet->v6 ? 0x86 : 0x08;
	frame[at + 1] = packet->v6 ? 0xdd : 0x00;
	memcpy(frame + at + 2, packet->bytes, packet->len);
	return sees_frames(scene, frame, at + 2 + packet->len, 1) > 0;
}

static void set_ip_len(struct packet *packet)
{
	size_t len = packet->v6 ? packet->len - 40 : packet->len;

	packet->bytes[packet->v6 ? 4 : 2] = (uint8_t)(len >> 8);
	packet->bytes[packet->v6 ? 5 : 3] = (uint8_t)len;
}

static void a_probe_in_clear_is_seen(void **state)
{
	struct scene *scene = *state;

	put(scene);
	for (int v6 = 0; v6 < 2; v6++) {
		struct probe_frame frame = frame_of(3);
		struct probe_filter filter =
			filter_of(v6, v6 ? &probe_raw6 : &probe_udp4, &frame, lengths, LENGTHS);
		size_t shortest = (v6 ? 40 : 20) + PROBE_LENGTH_MIN;
		struct packet packet = clear_packet(v6, 300);

		open_witness(scene, &filter);
		for (unsigned tags = 0; tags <= 2; tags++)
			assert_true(sees(scene, &packet, tags));
		assert_false(sees(scene, &packet, 3));
		assert_int_equal(scene->last.kind, PROBE_CLEAR);
		assert_int_equal(scene->last.frame.number, 3);
		assert_memory_equal(scene->last.frame.tag, frame.tag, sizeof(frame.tag));
		for (size_t i = 0; i < 4; i++) {
			packet.bytes[(v6 ? 48 : 28) + 22 + i] ^= 1;
			assert_false(sees(scene, &packet, 0));
			packet.bytes[(v6 ? 48 : 28) + 22 + i] ^= 1;
		}
		packet = clear_packet(v6, shortest);
		assert_true(sees(scene, &packet, 0));
		for (unsigned tags = 0; tags <= 2; tags++)
			for (packet.len = 20; packet.len < shortest; packet.len++)
				assert_false(sees(scene, &packet, tags));
		packet = clear_packet(!v6, 300);
		assert_false(sees(scene, &packet, 0));
		probe_witness_close(&scene->witness);
	}
	take_away(scene);
}

static void vpe_of_the_right_length_is_seen(void **state)
{
	struct scene *scene = *state;

	put(scene);
	for (int v6 = 0; v6 < 2; v6++) {
		const struct probe_wire *wire = v6 ? &probe_raw6 : &probe_udp4;
		struct probe_frame frame = frame_of(3);
		struct probe_filter filter = filter_of(v6, wire, &frame, lengths, LENGTHS);

		open_witness(scene, &filter);
		for (size_t len = 199; len <= 301; len++) {
			struct packet packet = vpe_packet(v6, 1, 2, len + wire->overhead);

			set_ip_len(&packet);
			assert_int_equal(sees(scene, &packet, len % 3), len == 200 || len == 300);
		}
		assert_int_equal(scene->last.kind, PROBE_VPE);
		assert_int_equal(scene->last.spi, 0x102);
		assert_int_equal(scene->last_len, 300 + wire->overhead);
		for (uint8_t from = 0; from < 5; from++) {
			struct packet packet = vpe_packet(v6, from, 9, 1400u + wire->overhead);

			assert_int_equal(sees(scene, &packet, 0), from == 1 || from == 2);
		}
		probe_witness_close(&scene->witness);
	}
	take_away(scene);
}

/* A flood of what passes costs no more than so many records. */
static void a_flood_is_bounded(void **state)
{
	struct scene *scene = *state;
	struct probe_frame frame = frame_of(3);
	struct probe_filter filter = filter_of(false, &probe_udp4, &frame, lengths, LENGTHS);
	struct packet packet = vpe_packet(false, 1, 2, 200u + probe_udp4.overhead);
	uint8_t bytes[14 + 2048] = {[12] = 0x08};
	unsigned seen = 0;

	memcpy(bytes + 14, packet.bytes, packet.len);
	put(scene);
	open_witness(scene, &filter);
	for (unsigned i = 0; i < 10 * COVEY_PROBE_HITS_MAX / 256; i++)
		seen += sees_frames(scene, bytes, 14 + packet.len, 256);
	assert_int_equal(seen, COVEY_PROBE_HITS_MAX);
	probe_witness_close(&scene->witness);
	take_away(scene);
}

/* VXLAN in clear that is no probe is seen up to a number of its own, by the longest filter that
 * there is, and takes nothing from probes. */
static void other_clear_vxlan_is_seen(void **state)
{
	struct scene *scene = *state;
	struct probe_frame frame = frame_of(3);
	uint8_t tags[2 * COVEY_PROBES_PER_RUN_MAX][PROBE_TAG_LEN] = {{0}};
	uint32_t vnis[PROBE_RANGES_MAX], all[COVEY_PROBES_PER_RUN_MAX];
	struct probe_range ranges[PROBE_RANGES_MAX];

	for (uint32_t i = 0; i < PROBE_RANGES_MAX; i++)
		vnis[i] = 0x123456 + 2 * i;
	for (uint32_t i = 0; i < COVEY_PROBES_PER_RUN_MAX; i++)
		all[i] = 200 + i;
	memcpy(tags[1], frame.tag, PROBE_TAG_LEN);
	put(scene);
	for (int v6 = 0; v6 < 2; v6++) {
		struct probe_filter filter = filter_of(v6, v6 ? &probe_raw6 : &probe_udp4, &frame,
						       all, COVEY_PROBES_PER_RUN_MAX);
		struct packet probe = clear_packet(v6, 300), other = probe;
		const size_t vni = (v6 ? 48 : 28) + 4;
		unsigned before;

		filter.tags = (const uint8_t(*)[PROBE_TAG_LEN])tags;
		filter.tag_count = 2 * COVEY_PROBES_PER_RUN_MAX;
		filter.clear = ranges;
		filter.clear_count = probe_filter_ranges(vnis, PROBE_RANGES_MAX, ranges);
		other.bytes[vni + 4] = 2; /* to another address inside */
		other.bytes[vni + 4 + PROBE_ETHER_LEN] ^= 1;
		open_witness(scene, &filter);
		assert_true(sees(scene, &other, 0));
		assert_int_equal(scene->last.kind, PROBE_OTHER);
		assert_int_equal(scene->last.vni, 0x123456);
		other.bytes[vni + 2] ^= 1;
		assert_false(sees(scene, &other, 0));
		other.bytes[vni + 2] ^= 1;
		before = scene->seen;
		for (unsigned i = 0; i < 2 * COVEY_PROBE_CLEAR_HITS_MAX; i++)
			sees(scene, &other, 1);
		assert_int_equal(scene->seen - before, COVEY_PROBE_CLEAR_HITS_MAX - 1);
		assert_true(probe_witness_clear_overflown(&scene->witness));
		assert_false(probe_witness_overflown(&scene->witness));
		assert_true(sees(scene, &probe, 0));
		assert_int_equal(scene->last.kind, PROBE_CLEAR);
		probe_witness_close(&scene->witness);
	}
	take_away(scene);
}

static uint32_t map_id(int map)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(map, &info, &len), 0);
	return info.id;
}

static bool uses_map(int program, uint32_t map)
{
	uint32_t maps[8] = {0}, len;
	struct bpf_prog_info info = {.nr_map_ids = 8, .map_ids = (uintptr_t)maps};

	len = sizeof(info);
	if (bpf_obj_get_info_by_fd(program, &info, &len) < 0)
		return false;
	for (size_t i = 0; i < 8; i++)
		if (maps[i] == map)
			return true;
	return false;
}

/* How many programs of the kernel have to do with this test's sockets? */
static unsigned count_programs(const struct scene *scene)
{
	uint32_t map = map_id(scene->sockets);
	unsigned count = 0;

	for (uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
		int program = bpf_prog_get_fd_by_id(id);

		if (program < 0)
			continue;
		count += uses_map(program, map);
		close(program);
	}
	return count;
}

/* With a socket for the queue, with none, with a witness and without. */
static void frames_go_where_they_went(void **state)
{
	struct scene *scene = *state;
	struct probe_frame number = frame_of(3);
	struct probe_filter filter = filter_of(false, &probe_udp4, &number, lengths, LENGTHS);
	const struct packet probe = clear_packet(false, 300), other = vpe_packet(false, 3, 4, 99);
	static uint8_t memory[4096] __attribute__((aligned(4096)));
	const uint32_t queue = 0;
	int fd = make_socket(memory, sizeof(memory));

	put(scene);
	for (int with_socket = 0; with_socket < 2; with_socket++) {
		if (with_socket)
			assert_int_equal(bpf_map_update_elem(scene->sockets, &queue, &fd, 0), 0);
		scene->verdict = with_socket ? XDP_REDIRECT : XDP_PASS;
		assert_false(sees(scene, &probe, 0));
		assert_int_equal(count_programs(scene), 2);
		open_witness(scene, &filter);
		assert_int_equal(count_programs(scene), 3);
		assert_true(sees(scene, &probe, 0));
		assert_false(sees(scene, &other, 0));
		probe_witness_close(&scene->witness);
		assert_int_equal(count_programs(scene), 2);
		assert_false(sees(scene, &probe, 0));
	}
	scene->verdict = XDP_PASS;
	assert_int_equal(bpf_map_delete_elem(scene->sockets, &queue), 0);
	close(fd);
	take_away(scene);
}

static void another_program_is_left_alone(void **state)
{
	struct scene *scene = *state;
	struct link_redirect *redirect = NULL;
	struct covey_error error;

	assert_int_equal(link_redirect_new((unsigned)scene->lo, &redirect, &error), -ENOENT);
	attach(scene, "an_other");
	assert_int_equal(link_redirect_new((unsigned)scene->lo, &redirect, &error), -EOPNOTSUPP);
	assert_non_null(strstr(error.text, "not the one of libxdp"));
	link_redirect_remove_left((unsigned)scene->lo);
	assert_int_equal(attached(scene), scene->former);
	detach(scene);
	assert_null(redirect);
}

/* Somebody has taken it off, or put in another. */
static void nobody_is_run_over_at_the_end(void **state)
{
	struct scene *scene = *state;

	put(scene);
	detach(scene);
	link_redirect_free(scene->redirect);
	assert_int_equal(attached(scene), 0);
	close(scene->xdp);

	put(scene);
	detach(scene);
	attach(scene, "an_other");
	link_redirect_free(scene->redirect);
	assert_int_equal(attached(scene), scene->former);
	close(scene->xdp);
	detach(scene);
}

static void what_was_left_is_taken_off(void **state)
{
	struct scene *scene = *state;
	pid_t child;

	child = fork();
	if (child == 0) {
		put(scene);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_not_equal(attached(scene), 0);
	link_redirect_remove_left((unsigned)scene->lo);
	assert_int_equal(attached(scene), 0);
	link_redirect_remove_left((unsigned)scene->lo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_in_clear_is_seen),
		cmocka_unit_test(vpe_of_the_right_length_is_seen),
		cmocka_unit_test(a_flood_is_bounded),
		cmocka_unit_test(other_clear_vxlan_is_seen),
		cmocka_unit_test(frames_go_where_they_went),
		cmocka_unit_test(another_program_is_left_alone),
		cmocka_unit_test(nobody_is_run_over_at_the_end),
		cmocka_unit_test(what_was_left_is_taken_off),
	};

	return cmocka_run_group_tests_name("host: the witness of probes", tests, set_up, tear_down);
}
