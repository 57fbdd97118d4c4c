/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric.h"

#include "../free_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define YEAR_S (365L * 86400)

static const char *const names[GUESTS] = {"hv1", "hv2", "hv3", "hv4", "stranger"};
static const char *const vteps[GUESTS] = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4",
					  "10.0.0.9"};

const char *gkm_program;

int fabric_arguments(int argc, char **argv, const char *usage)
{
	int wanted = 1;

	for (const char *at = usage; at; at = strchr(at + 1, ' '))
		wanted++;
	if (argc != wanted) {
		fprintf(stderr, "usage: %s %s\n", argv[0], usage);
		return -EINVAL;
	}
	gkm_program = argv[1];
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

/* --- files --------------------------------------------------------------------------------- */

void path_of(const struct fabric *fabric, const char *name, char path[512])
{
	snprintf(path, 512, "%s/%s", fabric->directory, name);
}

/* hv4 is of the fabric but of no group; hv3's SenderID is fixed. */
void write_inventory(const struct fabric *fabric, const char *gkm_address)
{
	char path[512];
	FILE *file;

	path_of(fabric, "inventory.yaml", path);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file,
		"all:\n  vars:\n    covey_fabric: test\n    covey_gkm: %s\n"
		"    covey_gkm_port: %u\n    covey_groups:\n      tenants:\n"
		"        vnis: [100, 101]\n        members: [hv1, hv2, hv3]\n"
		"        rekey: {%s}\n        %s%s\n      feed: {vnis: [200, 201], members: [hv1, "
		"hv2, hv3],\n"
		"        rekey: {on_join: false}}\n"
		"  hosts:\n",
		gkm_address, fabric->port, fabric->rekey, fabric->mode ? "mode: " : "",
		fabric->mode ? fabric->mode : "");
	for (size_t i = HV1; i <= HV4; i++)
		fprintf(file, "    %s: {covey_vtep: %s, covey_fabric_interface: eth0%s}\n",
			names[i], vteps[i], i == HV3 ? ", covey_sender_id: 3" : "");
	assert_int_equal(fclose(file), 0);
}

void issue(const char *directory, enum identity_role role, const char *name, uint16_t sender_id,
	   bool force)
{
	struct covey_error error = {0};

	if (pki_issue(directory, role, "test", name, sender_id, -60, YEAR_S, force, &error) < 0)
		fail_msg("%s", error.text);
}

void make_pki(const char *directory)
{
	struct covey_error error = {0};

	if (pki_init(directory, "test", 10, &error) < 0)
		fail_msg("%s", error.text);
	issue(directory, IDENTITY_GKM, "gkm", 0, false);
	for (size_t i = 0; i < GUESTS; i++)
		issue(directory, IDENTITY_HOST, names[i], 0, false);
}

/* --- waiting ------------------------------------------------------------------------------- */

time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void turn(const struct fabric *fabric)
{
	struct timeval soon = {.tv_usec = 50000};

	event_base_loopexit(fabric->base, &soon);
	event_base_loop(fabric->base, EVLOOP_ONCE);
}

/* --- the program --------------------------------------------------------------------------- */

/* Its standard error goes to DIRECTORY/log, appended. */
pid_t run_gkm(const struct fabric *fabric)
{
	char inventory[512], pki[512], state[512], log[512], control[512];
	pid_t child = fork();

	assert_true(child >= 0);
	if (child > 0)
		return child;
	path_of(fabric, "inventory.yaml", inventory);
	path_of(fabric, "pki", pki);
	path_of(fabric, fabric->state, state);
	path_of(fabric, "log", log);
	path_of(fabric, "gkm.sock", control);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
	execl(gkm_program, gkm_program, "--inventory", inventory, "--pki", pki, "--state", state,
	      "--socket", control, "--log-level", "debug", NULL);
	_exit(127);
}

/* How often the log says it. */
size_t log_count(const struct fabric *fabric, const char *text)
{
	size_t count = 0;
	static char log[1 << 20];
	char path[512];
	ssize_t len;
	int fd;

	path_of(fabric, "log", path);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	len = read(fd, log, sizeof(log) - 1);
	close(fd);
	log[len < 0 ? 0 : len] = '\0';
	for (const char *at = log; (at = strstr(at, text)); at++)
		count++;
	return count;
}

bool log_says(const struct fabric *fabric, const char *text)
{
	return log_count(fabric, text) > 0;
}

void forget_log(const struct fabric *fabric)
{
	char path[512];

	path_of(fabric, "log", path);
	unlink(path);
}

void start_gkm(struct fabric *fabric)
{
	forget_log(fabric);
	fabric->gkm = run_gkm(fabric);
	WAIT_FOR(fabric, log_says(fabric, "listens on 127.0.0.1 port"));
}

/* Returns its exit status, or minus the signal that ended it. */
int wait_for_exit(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int stop_gkm(struct fabric *fabric, int number)
{
	pid_t child = fabric->gkm;

	fabric->gkm = 0;
	kill(child, number);
	return wait_for_exit(child);
}

void restart_with(struct fabric *fabric, const char *rekey)
{
	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	fabric->rekey = rekey;
	write_inventory(fabric, "127.0.0.1");
	start_gkm(fabric);
}

int begin(void **state)
{
	struct fabric *fabric = calloc(1, sizeof(*fabric));
	char pki[512];

	*state = fabric;
	if (!fabric || scratch_new(fabric->directory) < 0)
		return -1;
	snprintf(fabric->state, sizeof(fabric->state), "gkm.db");
	fabric->rekey = "activation_delay: 2s, on_join: false";
	fabric->base = event_base_new();
	fabric->port = free_port();
	assert_int_not_equal(fabric->port, 0);
	path_of(fabric, "pki", pki);
	make_pki(pki);
	write_inventory(fabric, "127.0.0.1");
	start_gkm(fabric);
	return 0;
}

int end(void **state)
{
	struct fabric *fabric = *state;

	for (size_t i = 0; i < GUESTS; i++)
		guest_vanish(&fabric->guests[i]);
	if (fabric->gkm)
		stop_gkm(fabric, SIGKILL);
	event_base_free(fabric->base);
	scratch_free(fabric->directory);
	free(fabric);
	return 0;
}

/* --- members ------------------------------------------------------------------------------- */

struct guest *connect_from(struct fabric *fabric, size_t who, const char *pki, bool joins)
{
	struct guest *guest = &fabric->guests[who];
	char directory[512];

	guest_vanish(guest);
	*guest = (struct guest){.group = GUEST_GROUP, .joins = joins, .acks = true};
	path_of(fabric, pki, directory);
	guest_connect(guest, fabric->base, directory, names[who], vteps[who], fabric->port);
	return guest;
}

struct guest *bring(struct fabric *fabric, size_t who)
{
	struct guest *guest = connect_from(fabric, who, "pki", true);

	WAIT_FOR(fabric, guest->active_spi || guest->refusal || guest->closed);
	return guest;
}

/* Connected, nothing said. */
struct guest *knock(struct fabric *fabric, size_t who)
{
	struct guest *guest = connect_from(fabric, who, "pki", false);

	WAIT_FOR(fabric, guest->opened);
	return guest;
}

void assert_cut_in(struct fabric *fabric, struct guest *guest, const char *row,
		   Covey__RefusalCode code, const char *reason)
{
	time_t until = now_s() + PATIENCE_S;

	while (!guest->closed) {
		if (now_s() > until)
			fail_msg("%s: it is not cut", row);
		turn(fabric);
	}
	if (guest->refusal != code)
		fail_msg("%s: refusal %d, then closed: %s", row, guest->refusal,
			 guest->closed_reason);
	if (!strstr(guest->refusal_reason, reason))
		fail_msg("%s: \"%s\" does not say \"%s\"", row, guest->refusal_reason, reason);
}

void assert_cut(struct fabric *fabric, struct guest *guest, Covey__RefusalCode code,
		const char *reason)
{
	assert_cut_in(fabric, guest, "cut", code, reason);
}
