/* SPDX-License-Identifier: BSD-3-Clause */

/* What `covey show` says is wrong, and whether the host is ready then. */

#include "daemon.h"

#include <clock.h>
#include <crl.h>
#include <crl_watch.h>
#include <errno.h>
#include <foreign_vxlan.h>
#include <guard_watch.h>
#include <own_watch.h>
#include <path_mtu.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vxlan_watch.h>

static const char ask[] = "{\"command\": \"show\"}\n";

/* --- what is played --------------------------------------------------------------------------- */

static struct {
	struct guard_status guard;
	uint16_t dropped;   /* a port that the guard drops */
	const char *guards; /* its listing; NULL: empty */
	const char *vxlans;
	const char *misplaced;
	struct foreign_vxlan foreign;
	size_t foreign_count;
	struct own_chain chain;
	struct crl_summary list;
	const char *files;
	struct path_peer paths[10];
	size_t path_count, paths_bad;
	const char *unheard; /* why the guard cannot say who is heard in clear */
} played;

void __wrap_guard_watch_last(const struct guard_watch *watch, struct guard_status *ret_status);
void __wrap_guard_watch_read(struct guard_watch *watch, struct guard_status *ret_status);
bool __wrap_guard_watch_has_uplink(const struct guard_watch *watch);
bool __wrap_guard_watch_drops(const struct guard_watch *watch, uint16_t port);
int __wrap_guard_nft_list(const char *interface, bool counters, char **ret_text,
			  struct covey_error *error);
int __wrap_guard_watch_read_heard(const struct guard_watch *watch, struct guard_heard *list,
				  size_t max, size_t *ret_count, struct covey_error *error);
int __wrap_guard_watch_list_own(const struct guard_watch *watch, char **ret_text,
				struct covey_error *error);
int __wrap_guard_watch_read_heard(const struct guard_watch *watch, struct guard_heard *list,
				  size_t max, size_t *ret_count, struct covey_error *error)
{
	if (played.unheard)
		return covey_error_set(error, -EIO, "%s", played.unheard);
	*ret_count = 0;
	return 0;
}

const char *__wrap_vxlan_watch_failing(const struct vxlan_watch *watch);
const char *__wrap_vxlan_watch_misplaced(const struct vxlan_watch *watch);
size_t __wrap_vxlan_watch_read(const struct vxlan_watch *watch, struct vxlan_excess *ret_list,
			       size_t max);
size_t __wrap_vxlan_watch_bridges(const struct vxlan_watch *watch,
				  const struct bridge_excess **ret_list);
const struct path_peer *__wrap_path_mtu_list(const struct path_mtu *paths, size_t *ret_count);
bool __wrap_path_mtu_explain(const struct path_mtu *paths, const struct path_peer *peer,
			     struct covey_error *ret_text);
uint32_t __wrap_path_mtu_needed(const struct path_mtu *paths);
uint32_t __wrap_path_mtu_added(const struct path_mtu *paths);
void __wrap_foreign_vxlan_look(struct foreign_vxlan_watch *watch);
const struct foreign_vxlan *__wrap_foreign_vxlan_list(const struct foreign_vxlan_watch *watch,
						      size_t *ret_count);
const struct own_chain *__wrap_own_watch_chain(const struct own_watch *watch);
const char *__wrap_own_watch_problem(const struct own_watch *watch);
bool __wrap_crl_watch_summarise(const struct crl_watch *watch, struct crl_summary *ret_summary);
const char *__wrap_crl_watch_path(const struct crl_watch *watch);

void __wrap_guard_watch_last(const struct guard_watch *watch, struct guard_status *ret_status)
{
	*ret_status = played.guard;
}

void __wrap_guard_watch_read(struct guard_watch *watch, struct guard_status *ret_status)
{
	*ret_status = played.guard;
}

bool __wrap_guard_watch_has_uplink(const struct guard_watch *watch)
{
	return true;
}

bool __wrap_guard_watch_drops(const struct guard_watch *watch, uint16_t port)
{
	return port == played.dropped;
}

int __wrap_guard_nft_list(const char *interface, bool counters, char **ret_text,
			  struct covey_error *error)
{
	*ret_text = strdup(played.guards ? played.guards : "");
	return 0;
}

int __wrap_guard_watch_list_own(const struct guard_watch *watch, char **ret_text,
				struct covey_error *error)
{
	*ret_text = strdup("");
	return 0;
}

const char *__wrap_vxlan_watch_failing(const struct vxlan_watch *watch)
{
	return played.vxlans;
}

const char *__wrap_vxlan_watch_misplaced(const struct vxlan_watch *watch)
{
	return played.misplaced;
}

size_t __wrap_vxlan_watch_read(const struct vxlan_watch *watch, struct vxlan_excess *ret_list,
			       size_t max)
{
	return 0;
}

size_t __wrap_vxlan_watch_bridges(const struct vxlan_watch *watch,
				  const struct bridge_excess **ret_list)
{
	return 0;
}

const struct path_peer *__wrap_path_mtu_list(const struct path_mtu *paths, size_t *ret_count)
{
	*ret_count = played.path_count;
	return played.paths;
}

bool __wrap_path_mtu_explain(const struct path_mtu *paths, const struct path_peer *peer,
			     struct covey_error *ret_text)
{
	const size_t number = (size_t)(peer - played.paths);

	covey_error_set(ret_text, 0, "path %zu is small", number);
	return number < played.paths_bad;
}

uint32_t __wrap_path_mtu_needed(const struct path_mtu *paths)
{
	return 1500;
}

uint32_t __wrap_path_mtu_added(const struct path_mtu *paths)
{
	return 110;
}

void __wrap_foreign_vxlan_look(struct foreign_vxlan_watch *watch)
{
}

const struct foreign_vxlan *__wrap_foreign_vxlan_list(const struct foreign_vxlan_watch *watch,
						      size_t *ret_count)
{
	*ret_count = played.foreign_count;
	return &played.foreign;
}

const struct own_chain *__wrap_own_watch_chain(const struct own_watch *watch)
{
	return &played.chain;
}

bool __wrap_crl_watch_summarise(const struct crl_watch *watch, struct crl_summary *ret_summary)
{
	*ret_summary = played.list;
	return true;
}

const char *__wrap_crl_watch_path(const struct crl_watch *watch)
{
	return "/p/crl.pem";
}

const char *__wrap_own_watch_problem(const struct own_watch *watch)
{
	return played.files;
}

/* --- what is asked ---------------------------------------------------------------------------- */

static bool no_address(const struct covey_addr *address)
{
	return false;
}

static bool any_address(const struct covey_addr *address)
{
	return true;
}

static bool one_device(uint32_t vni, uint16_t port, char ret_name[IFNAMSIZ])
{
	if (vni == 4711 && port == 4789)
		strcpy(ret_name, "vxlan4711");
	return vni == 4711;
}

/* One problem says both. */
static bool says_both(const json_t *problems, const char *what, const char *more)
{
	const json_t *problem;
	size_t i;

	json_array_foreach(problems, i, problem)
		if (strstr(json_string_value(problem), what) &&
		    strstr(json_string_value(problem), more))
			return true;
	return false;
}

static bool says(const json_t *problems, const char *what)
{
	return says_both(problems, what, "");
}

static void test_problems(void **state)
{
	struct daemon *daemon = daemon_new();
	struct covey_error error;
	const json_t *problems;
	json_t *answer;

	daemon->host.has_address = no_address;
	daemon->host.vni_device = one_device;
	assert_int_equal(member_join(daemon->member, "tenants", &error), 0);
	answer = daemon_ask(daemon, ask);
	problems = json_object_get(answer, "problems");
	assert_true(says(problems, "no interface of this host has its VTEP address 10.0.0.1"));
	assert_true(says(problems, "VNI 4711, device vxlan4711 is in no group"));
	assert_true(says(problems, "VNI 300 is in no group"));
	assert_true(says(problems, "the key manager at 127.0.0.1 port 4798 cannot be reached"));
	assert_true(says(problems, "group tenants: there is no key to send with"));
	assert_false(says(problems, "in no group, so"));
	json_decref(answer);

	daemon->host.has_address = any_address;
	assert_int_equal(member_leave(daemon->member, "tenants", &error), 0);
	answer = daemon_ask(daemon, ask);
	problems = json_object_get(answer, "problems");
	assert_false(says(problems, "VTEP"));
	assert_true(says(problems, "this host is in no group, so all VXLAN is dropped"));
	json_decref(answer);
	daemon_free(daemon);
}

/* --- one that would be ready ------------------------------------------------------------------ */

static void play_good_host(void)
{
	memset(&played, 0, sizeof(played));
	played.guard = (struct guard_status){
		.interface = "eth0", .present = true, .weaker = "", .failing = "", .last = ""};
	played.chain.count = 2;
	for (size_t i = 0; i < 2; i++)
		played.chain.list[i] = (struct own_certificate){.role = i ? OWN_ISSUER : OWN_OURS,
								.subject = "CN = hv1",
								.serial = "01",
								.not_before = time(NULL) - 1000,
								.not_after = time(NULL) + 1100};
}

/* Joined, with a key. */
static struct daemon *good_daemon(void)
{
	static const char handle[] = "never followed";
	struct daemon *daemon = daemon_new();
	struct membership *group;
	struct covey_error error;

	play_good_host();
	daemon->host.has_address = any_address;
	daemon->host.guard = (void *)handle;
	daemon->host.vxlans = (void *)handle;
	daemon->host.foreign = (void *)handle;
	daemon->host.own = (void *)handle;
	assert_int_equal(member_join(daemon->member, "tenants", &error), 0);
	group = member_state_find(member_read_state(daemon->member), "tenants");
	group->state = MEMBERSHIP_JOINED;
	group->sas[0] = (struct held_sa){.spi = 256,
					 .state = COVEY_SA_ACTIVE,
					 .drained_at = SA_NEVER,
					 .expires_at = clock_ms() + 86400000};
	group->mode.try_at = MEMBER_MODE_NEVER;
	group->sa_count = 1;
	return daemon;
}

/* The SA is no real one. */
static void free_good(struct daemon *daemon)
{
	struct membership *group = member_state_find(member_read_state(daemon->member), "tenants");

	group->sa_count = 0;
	daemon_free(daemon);
}

static void guard_off(struct daemon *daemon)
{
	played.guard.off = true;
}

static void guard_failing(struct daemon *daemon)
{
	played.guard.failing = "nftables: no room";
}

static void guard_weaker(struct daemon *daemon)
{
	played.guard.weaker = "no egress hook on eth0";
}

/* It is not there yet: whatever it will lack, nothing passes. */
static void guard_waiting(struct daemon *daemon)
{
	guard_weaker(daemon);
	played.guard.present = false;
}

static void port_taken(struct daemon *daemon)
{
	played.vxlans = "cannot hold UDP port 4789";
}

static bool has_other_mac(const char *name, const uint8_t *mac, uint8_t ret_mac[6])
{
	memcpy(ret_mac, mac, 6);
	ret_mac[5]++;
	return false;
}

static void other_mac(struct daemon *daemon)
{
	static const uint8_t mac[6] = {2, 0, 0, 0xab, 0, 7};

	daemon->host.has_mac = has_other_mac;
	daemon->host.source_mac = mac;
}

static void misplaced(struct daemon *daemon)
{
	played.misplaced = "vxlan7";
}

static void foreign(struct daemon *daemon)
{
	played.foreign = (struct foreign_vxlan){.name = "vxl\xff", .port = 8472, .over = "eth0"};
	played.foreign_count = 1;
}

static void foreign_dropped(struct daemon *daemon)
{
	foreign(daemon);
	played.dropped = 8472;
}

/* A rule drops the port, but not where the device sends. */
static void foreign_unguarded(struct daemon *daemon)
{
	foreign_dropped(daemon);
	played.foreign.unguarded = true;
}

static void deaf(struct daemon *daemon)
{
	member_state_find(member_read_state(daemon->member), "tenants")->deaf = true;
}

static void perhaps_deaf(struct daemon *daemon)
{
	member_state_find(member_read_state(daemon->member), "tenants")->perhaps_deaf = true;
}

static struct member_mode *mode(struct daemon *daemon)
{
	return &member_state_find(member_read_state(daemon->member), "tenants")->mode;
}

static void observes(struct daemon *daemon)
{
	mode(daemon)->mode = mode(daemon)->goal = COVEY_MODE_OBSERVE;
}

static void in_transition(struct daemon *daemon)
{
	mode(daemon)->mode = mode(daemon)->goal = COVEY_MODE_TRANSITION;
}

/* The next try is far away. */
static void not_in_force(struct daemon *daemon)
{
	mode(daemon)->try_at = clock_ms() + 3600000;
}

static void begins_in_observe(struct daemon *daemon)
{
	struct inventory_group *groups = daemon->inventory->groups;

	for (size_t i = 0; i < daemon->inventory->group_count; i++)
		groups[i].mode = COVEY_MODE_OBSERVE;
	mode(daemon)->told = true;
}

static void begins_in_observe_once(struct daemon *daemon)
{
	begins_in_observe(daemon);
	daemon->host.modes_kept = true;
}

/* The key manager gives the group a VNI that the inventory does not. That it is in transition is
 * said, too. */
static void disputed(struct daemon *daemon)
{
	struct membership *group = member_state_find(member_read_state(daemon->member), "tenants");

	in_transition(daemon);
	group->vnis = realloc(group->vnis, sizeof(*group->vnis));
	group->vnis[0] = 4242;
	group->vni_count = 1;
}

static void paths_known(struct daemon *daemon)
{
	static const char handle[] = "never followed";

	played.path_count = 10;
	for (size_t i = 0; i < played.path_count; i++)
		played.paths[i].host = daemon->host.self;
	daemon->host.paths = (const void *)handle;
}

static void path_small(struct daemon *daemon)
{
	paths_known(daemon);
	played.paths_bad = 1;
}

static void paths_small(struct daemon *daemon)
{
	paths_known(daemon);
	played.paths_bad = 10;
}

static void expired(struct daemon *daemon)
{
	played.chain.list[0].not_after = time(NULL) - 1;
}

static void ca_expired(struct daemon *daemon)
{
	played.chain.list[1].not_after = time(NULL) - 1;
}

static void end_near(struct daemon *daemon)
{
	played.chain.list[0].not_before -= 1000;
}

static void ca_end_near(struct daemon *daemon)
{
	played.chain.list[1].not_before -= 1000;
}

static void other_ca(const time_t left)
{
	played.chain.list[played.chain.count++] = (struct own_certificate){
		.role = OWN_TRUSTED, .subject = "CN = old", .not_after = time(NULL) + left};
}

static void other_ca_ends(struct daemon *daemon)
{
	other_ca(86400);
}

static void other_ca_expired(struct daemon *daemon)
{
	other_ca(-1);
}

/* The list: made, and to be replaced, so many days from now. */
static void list(struct daemon *daemon, int made, int next)
{
	static const char handle[] = "never followed";

	daemon->host.lists = (const struct crl_watch *)handle;
	played.list = (struct crl_summary){.lists = 1,
					   .next_made = time(NULL) + made * 86400,
					   .next_update = time(NULL) + next * 86400};
}

static void list_fresh(struct daemon *daemon)
{
	list(daemon, -2, 28);
}

static void list_near(struct daemon *daemon)
{
	list(daemon, -28, 2);
}

static void list_late(struct daemon *daemon)
{
	list(daemon, -32, -2);
}

static void foreign_vnis(struct daemon *daemon)
{
	played.guards =
		"table netdev covey_guard_eth0 {\n\tchain ingress {\n"
		"\t\tudp dport { 4790, 8472 } @th,96,24 @fabric counter packets 5 bytes 900 "
		"drop comment \"" GUARD_FOREIGN_VNI "\"\n"
		"\t\t@ll,144,16 0x0800 counter packets 2 bytes 900 "
		"drop comment \"" GUARD_FOREIGN_VNI ", VLAN-tagged\"\n"
		"\t\tudp dport 4789 counter packets 90 bytes 900 drop comment \"clear "
		"VXLAN\"\n\t}\n}\n";
}

static void no_foreign_vnis(struct daemon *daemon)
{
	played.guards = "table netdev covey_guard_eth0 {\n\tchain ingress {\n"
			"\t\tudp dport { 4790, 8472 } @th,96,24 @fabric counter packets 0 bytes 0 "
			"drop comment \"" GUARD_FOREIGN_VNI "\"\n\t}\n}\n";
}

static void bad_files(struct daemon *daemon)
{
	played.files = "hv1.key does not belong to hv1.crt";
}

static void nothing(struct daemon *daemon)
{
}

static void test_ready(void **state)
{
	static const struct {
		void (*happen)(struct daemon *daemon);
		bool ready;
		const char *says, *advises; /* NULL: nothing more than without */
	} rows[] = {
		{nothing, true, NULL, NULL},
		{guard_off, false, "guard of eth0 was removed by", "`covey-host --guard on`"},
		{guard_failing, false, "clear VXLAN may not be held back: nftables: no room",
		 "`nft list ruleset`"},
		{guard_weaker, true, "holds back less than it could: no egress hook on eth0",
		 "Use Linux 5.16 or later"},
		{guard_waiting, true, NULL, NULL},
		{port_taken, false, "not served: cannot hold UDP port 4789", "VXLAN is dropped"},
		{other_mac, true, "has the MAC address 02:00:00:ab:00:08 now",
		 "leaves with 02:00:00:ab:00:07"},
		{misplaced, true, "VXLAN device vxlan7 is bound to covey0", "without `dev`"},
		{foreign, true, "VXLAN device vxl? sends to UDP port 8472, not the fabric's 4789",
		 "set covey_foreign_vxlan: drop"},
		{foreign_dropped, true, NULL, NULL},
		{foreign_unguarded, true, "over eth0, so what it sends leaves in clear: make it",
		 "or remove it: the guard does not drop it there"},
		{foreign_vnis, true, "the guard has dropped 7 packets of tunnels",
		 "covey_foreign_vxlan: pass"},
		{no_foreign_vnis, true, NULL, NULL},
		{deaf, true, "group tenants: deaf", "switch's table of multicast groups"},
		{perhaps_deaf, true, "group tenants: perhaps deaf",
		 "if tenants here miss something"},
		{observes, true, "group tenants is in observe: its VXLAN leaves in clear",
		 "`covey mode tenants transition`"},
		{in_transition, true, "group tenants is in transition: its VXLAN leaves encrypted",
		 "`covey mode tenants enforce`"},
		{not_in_force, true, "the guard or the dataplane does not do so", "see the log"},
		{begins_in_observe, true, "the inventory says `mode: observe`", "remove that line"},
		{begins_in_observe_once, true, NULL, NULL},
		{disputed, true, "but VNI 4242, which the key manager gives to it",
		 "give both the same inventory"},
		{paths_known, true, NULL, NULL},
		{path_small, true, "path 0 is small", ""},
		{expired, true, "this host's certificate (CN = hv1) has expired at",
		 "`covey pki renew hv1`"},
		{ca_expired, true, "the certificate of its CA (CN = hv1) has expired at",
		 "none begins any more: make another CA in a folder of its own (`covey --pki "
		 "FOLDER pki init`)"},
		{end_near, true, "this host's certificate (CN = hv1) ends at",
		 "make a new one with `covey pki renew`"},
		{ca_end_near, true, "the certificate of its CA (CN = hv1) ends at",
		 "any more: make another CA in a folder of its own"},
		{other_ca_ends, true, "the certificate of another CA in ca.crt (CN = old) ends at",
		 "or take it out if none is by it"},
		{other_ca_expired, true, "another CA in ca.crt (CN = old) has expired at",
		 "take it out of ca.crt"},
		{list_fresh, true, NULL, NULL},
		{list_near, true, "the revocation list /p/crl.pem should be replaced by",
		 "`covey pki crl`"},
		{list_late, true, "the revocation list /p/crl.pem should have been replaced by",
		 "copy it here"},
		{bad_files, true, "cannot be used", "hv1.key does not belong to hv1.crt"},
	};
	size_t others = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct daemon *daemon = good_daemon();
		const json_t *problems;
		json_t *answer;
		size_t count;

		rows[i].happen(daemon);
		answer = daemon_ask(daemon, ask);
		problems = json_object_get(answer, "problems");
		count = json_array_size(problems);
		/* That there is no key manager, and VNIs in no group, is always said. */
		others = i == 0 ? count : others;
		if (count != others + (rows[i].says ? 1 : 0) + (rows[i].happen == disputed))
			fail_msg("row %zu: %zu problems", i, count);
		if (rows[i].says && !says_both(problems, rows[i].says, rows[i].advises))
			fail_msg("row %zu: nothing says: %s: %s", i, rows[i].says, rows[i].advises);
		if (json_is_true(json_object_get(answer, "ready")) != rows[i].ready)
			fail_msg("row %zu: ready is not %d", i, rows[i].ready);
		json_decref(answer);
		free_good(daemon);
	}
}

/* They are bounded, however many hosts there are. */
static void test_many_paths(void **state)
{
	struct daemon *daemon = good_daemon();
	const json_t *problems;
	json_t *answer;

	paths_small(daemon);
	answer = daemon_ask(daemon, ask);
	problems = json_object_get(answer, "problems");
	assert_true(says(problems, "path 0 is small"));
	assert_true(says(problems, "path 7 is small"));
	assert_false(says(problems, "path 8 is small"));
	assert_true(says_both(problems,
			      "the paths to 2 more hosts are too small, or nothing arrives",
			      "`covey show paths`"));
	assert_int_equal(json_array_size(json_object_get(answer, "paths")), 10);
	json_decref(answer);
	free_good(daemon);
}

/* That nobody is heard is not said where it is not known. */
static void test_heard(void **state)
{
	struct daemon *daemon = good_daemon();
	json_t *answer = daemon_ask(daemon, ask);
	const json_t *clear = json_object_get(answer, "clear");

	assert_true(json_is_true(json_object_get(clear, "by_guard")));
	assert_true(json_is_null(json_object_get(clear, "heard_error")));
	json_decref(answer);
	played.unheard = "nft says \xff";
	answer = daemon_ask(daemon, ask);
	clear = json_object_get(answer, "clear");
	assert_string_equal(json_string_value(json_object_get(clear, "heard_error")), "nft says ?");
	json_decref(answer);
	played.unheard = NULL;
	played.guard.off = true;
	answer = daemon_ask(daemon, ask);
	clear = json_object_get(answer, "clear");
	assert_string_equal(json_string_value(json_object_get(clear, "heard_error")),
			    "the guard is off");
	json_decref(answer);
	free_good(daemon);
}

/* In the answer itself, which `covey show` prints. */
static void test_foreign(void **state)
{
	static const struct {
		void (*happen)(struct daemon *daemon);
		bool dropped, unguarded;
	} rows[] = {
		{foreign, false, false},
		{foreign_dropped, true, false},
		{foreign_unguarded, false, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct daemon *daemon = good_daemon();
		const json_t *device;
		json_t *answer;

		rows[i].happen(daemon);
		strcpy(played.foreign.name, "vxl");
		answer = daemon_ask(daemon, ask);
		device = json_array_get(json_object_get(answer, "foreign_vxlan"), 0);
		assert_non_null(device);
		assert_int_equal(json_is_true(json_object_get(device, "dropped")), rows[i].dropped);
		assert_int_equal(json_is_true(json_object_get(device, "unguarded")),
				 rows[i].unguarded);
		json_decref(answer);
		free_good(daemon);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_problems), cmocka_unit_test(test_many_paths),
		cmocka_unit_test(test_ready),    cmocka_unit_test(test_heard),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
