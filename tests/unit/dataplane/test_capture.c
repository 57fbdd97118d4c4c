/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets that are dropped, kept for an operator who wants to see them. */
#include "scene.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>
#include <time.h>

static struct dataplane_captured list[2048];
static uint64_t missed;

static size_t take(struct scene *scene)
{
	return dataplane_capture_take(scene->lab.dataplane, list, 2048, &missed);
}

/* Drop the scene's packet once more. */
static void run(struct scene *scene, bool inbound)
{
	assert_int_equal(scene_run(scene, inbound), 0);
}

static void open(struct scene *scene, bool inbound)
{
	scene_open(scene, inbound);
	scene->clear_len = reference_vxlan(&scene->sample, scene->clear);
	scene_seal(scene);
}

/* A packet that comes in, whose ESN was received before. */
static void open_replayed(struct scene *scene)
{
	open(scene, true);
	scene_send_before(scene, scene->iv.esn);
}

/* --- on and off ------------------------------------------------------------------------------ */

static void nothing_is_kept_unless_asked(void **state)
{
	struct scene scene;

	open_replayed(&scene);
	run(&scene, true);
	assert_false(dataplane_capture_is_on(scene.lab.dataplane));
	assert_int_equal(take(&scene), 0);

	assert_int_equal(dataplane_capture_begin(scene.lab.dataplane), 0);
	assert_true(dataplane_capture_is_on(scene.lab.dataplane));
	assert_int_equal(dataplane_capture_begin(scene.lab.dataplane), -EBUSY);
	assert_int_equal(take(&scene), 0);
	run(&scene, true);
	dataplane_capture_end(scene.lab.dataplane);
	assert_false(dataplane_capture_is_on(scene.lab.dataplane));
	assert_int_equal(take(&scene), 0);
	dataplane_capture_end(scene.lab.dataplane);

	/* A new one begins with nothing. */
	assert_int_equal(dataplane_capture_begin(scene.lab.dataplane), 0);
	assert_int_equal(take(&scene), 0);
	lab_close(&scene.lab);
}

static void closing_ends_it(void **state)
{
	struct scene scene;

	open_replayed(&scene);
	assert_int_equal(dataplane_capture_begin(scene.lab.dataplane), 0);
	run(&scene, true);
	lab_close(&scene.lab);
}

/* --- what is kept ---------------------------------------------------------------------------- */

static void expect_frame(const struct dataplane_captured *packet, const uint8_t *frame, size_t len)
{
	size_t kept = len < DATAPLANE_CAPTURE_BYTES ? len : DATAPLANE_CAPTURE_BYTES;

	assert_int_equal(packet->full_len, len);
	assert_int_equal(packet->len, kept);
	assert_memory_equal(packet->bytes, frame, kept);
}

static void a_packet_comes_with_its_reason(void **state)
{
	struct timespec now;
	struct scene scene;

	open_replayed(&scene);
	assert_int_equal(dataplane_capture_begin(scene.lab.dataplane), 0);
	run(&scene, true);
	run(&scene, true);
	assert_int_equal(take(&scene), 2);
	clock_gettime(CLOCK_REALTIME, &now);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(list[i].reason, COVEY_DROP_IN_REPLAY_SEEN);
		expect_frame(&list[i], scene.wire, scene.wire_len);
		assert_in_range(list[i].ns / 1000000000, now.tv_sec - 60, now.tv_sec + 1);
	}
	assert_true(list[0].ns <= list[1].ns);
	assert_int_equal(missed, 0);
	assert_int_equal(take(&scene), 0);
	lab_close(&scene.lab);
}

static void one_in_several_buffers_comes_whole(void **state)
{
	struct scene scene;

	open_replayed(&scene);
	assert_int_equal(dataplane_capture_begin(scene.lab.dataplane), 0);
	scene.buffers = CHAINED;
	run(&scene, true);
	assert_int_equal(take(&scene), 1);
	expect_frame(&list[0], scene.wire, scene.wire_len);
	lab_close(&scene.lab);
}

/* The bytes that it claims are nowhere. */
static void one_that_was_cut_short_comes_as_far_as_it_is_there(void **state)
{
	struct scene scene;

	open(&scene, true);
	assert_int_equal(dataplane_capture_begin(scene.lab.dataplane), 0);
	scene.buffers = CHAINED | CUT_SHORT;
	run(&scene, true);
	assert_int_equal(take(&scene), 1);
	assert_true(list[0].len <= scene.wire_len);
	assert_memory_equal(list[0].bytes, scene.wire, list[0].len);
	lab_close(&scene.lab);
}

/* What the cipher has made of a forged text is no tenant's, and tells of the key's stream. */
static void of_a_forged_one_only_headers_come(void **state)
{
	struct scene scene;

	open(&scene, true);
	assert_int_equal(dataplane_capture_begin(scene.lab.dataplane), 0);
	scene.wire[scene.wire_len - 1] ^= 1;
	run(&scene, true);
	assert_int_equal(take(&scene), 1);
	assert_int_equal(list[0].reason, COVEY_DROP_IN_ICV);
	assert_int_equal(list[0].len, WIRE_VPE_AT + sizeof(struct covey_vpe_header));
	assert_int_equal(list[0].full_len, scene.wire_len);
	assert_memory_equal(list[0].bytes, scene.wire, list[0].len);
	lab_close(&scene.lab);
}

static void one_from_the_host_comes_in_clear(void **state)
{
	struct scene scene;

	open(&scene, false);
	scene.clear[IP_AT + 15]++; /* another source */
	memcpy(scene.wire, scene.clear, scene.clear_len);
	scene.wire_len = scene.clear_len;
	assert_int_equal(dataplane_capture_begin(scene.lab.dataplane), 0);
	run(&scene, false);
	assert_int_equal(take(&scene), 1);
	assert_int_equal(list[0].reason, COVEY_DROP_OUT_SOURCE);
	expect_frame(&list[0], scene.clear, scene.clear_len);
	lab_close(&scene.lab);
}

/* --- bounds ---------------------------------------------------------------------------------- */

static void what_does_not_fit_is_counted(void **state)
{
	struct scene scene;

	open_replayed(&scene);
	assert_int_equal(dataplane_capture_begin(scene.lab.dataplane), 0);
	for (unsigned i = 0; i < 1023 + 100; i++)
		run(&scene, true);
	assert_int_equal(dataplane_capture_take(scene.lab.dataplane, list, 23, &missed), 23);
	assert_int_equal(missed, 100);
	assert_int_equal(take(&scene), 1000);
	run(&scene, true);
	assert_int_equal(take(&scene), 1);
	assert_int_equal(missed, 100);
	lab_close(&scene.lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_kept_unless_asked),
		cmocka_unit_test(closing_ends_it),
		cmocka_unit_test(a_packet_comes_with_its_reason),
		cmocka_unit_test(one_in_several_buffers_comes_whole),
		cmocka_unit_test(one_that_was_cut_short_comes_as_far_as_it_is_there),
		cmocka_unit_test(of_a_forged_one_only_headers_come),
		cmocka_unit_test(one_from_the_host_comes_in_clear),
		cmocka_unit_test(what_does_not_fit_is_counted),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
