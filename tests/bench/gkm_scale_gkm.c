/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_scale_gkm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/free_port.h"
#include "gkm_scale_pki.h"

#define START_S       30
#define LOOK_EVERY_NS 20000000

/* --- what it needs ------------------------------------------------------------------------- */

static void path_of(const struct scale_gkm *gkm, const char *name, char path[512])
{
	snprintf(path, 512, "%s/%s", gkm->directory, name);
}

void scale_gkm_socket(const struct scale_gkm *gkm, char path[512])
{
	path_of(gkm, "gkm.sock", path);
}

int scale_gkm_prepare(struct scale_gkm *gkm, struct covey_error *error)
{
	const char *parent = getenv("TMPDIR");

	*gkm = (struct scale_gkm){.port = free_port()};
	snprintf(gkm->directory, sizeof(gkm->directory), "%s/gkm-scale-XXXXXX",
		 parent ? parent : "/tmp");
	if (!mkdtemp(gkm->directory)) {
		gkm->directory[0] = '\0';
		return covey_error_set(error, -errno, "no directory for the key manager: %m");
	}
	return gkm->port ? 0 : covey_error_set(error, -EADDRNOTAVAIL, "no free TCP port");
}

static void write_groups(const struct scale_fabric *fabric, FILE *file)
{
	char name[SCALE_NAME_LEN];

	fprintf(file, "    covey_groups:\n");
	for (size_t i = 0; i < fabric->groups; i++) {
		size_t first = SCALE_FIRST_VNI + i * fabric->vnis;

		fprintf(file,
			"      %s:\n        vnis: [%zu-%zu]\n        members: [all]\n"
			"        rekey: {drain_delay: %us}\n",
			scale_group_name(i, name), first, first + fabric->vnis - 1, SCALE_DRAIN_S);
	}
}

static int write_inventory(const struct scale_gkm *gkm, const struct scale_fabric *fabric,
			   struct covey_error *error)
{
	char path[512], name[SCALE_NAME_LEN];
	FILE *file;

	path_of(gkm, "inventory.yaml", path);
	file = fopen(path, "w");
	if (!file)
		return covey_error_set(error, -errno, "cannot write %s: %m", path);
	fprintf(file,
		"all:\n  vars:\n    covey_fabric: " SCALE_FABRIC "\n    covey_gkm: 127.0.0.1\n"
		"    covey_gkm_port: %u\n",
		gkm->port);
	write_groups(fabric, file);
	fprintf(file, "  hosts:\n");
	for (size_t i = 0; i < fabric->hosts; i++) {
		struct in_addr vtep = {.s_addr = htonl(0x0a000001u + (uint32_t)i)};

		fprintf(file, "    %s: {covey_vtep: %s, covey_fabric_interface: eth0}\n",
			scale_host_name(i, name), inet_ntoa(vtep));
	}
	if (fclose(file) != 0)
		return covey_error_set(error, -errno, "cannot write %s: %m", path);
	return 0;
}

/* --- the process --------------------------------------------------------------------------- */

static void become_gkm(const struct scale_gkm *gkm, const char *program)
{
	char inventory[512], state[512], socket[512], log[512];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	path_of(gkm, "inventory.yaml", inventory);
	path_of(gkm, "gkm.db", state);
	scale_gkm_socket(gkm, socket);
	path_of(gkm, "log", log);
	dup2(open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
	execl(program, program, "--inventory", inventory, "--pki", gkm->directory, "--state", state,
	      "--socket", socket, "--log-level", "warning", NULL);
	_exit(127);
}

static bool listens(const struct scale_gkm *gkm)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons(gkm->port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool open = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;

	close(fd);
	return open;
}

/* Copies what it said to our own standard error. */
static void show_log(const struct scale_gkm *gkm)
{
	char path[512], line[1024];
	FILE *file;

	path_of(gkm, "log", path);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		fprintf(stderr, "covey-gkm: %s", line);
	if (file)
		fclose(file);
}

int scale_gkm_start(struct scale_gkm *gkm, const char *program, const struct scale_fabric *fabric,
		    struct covey_error *error)
{
	const struct timespec moment = {.tv_nsec = LOOK_EVERY_NS};
	time_t until = time(NULL) + START_S;
	int status = write_inventory(gkm, fabric, error);

	if (status < 0)
		return status;
	gkm->pid = fork();
	if (gkm->pid == 0)
		become_gkm(gkm, program);
	if (gkm->pid < 0)
		return covey_error_set(error, -errno, "cannot start %s: %m", program);
	while (!listens(gkm)) {
		if (waitpid(gkm->pid, NULL, WNOHANG) == gkm->pid) {
			gkm->pid = 0;
			show_log(gkm);
			return covey_error_set(error, -ECHILD, "%s ended at once", program);
		}
		if (time(NULL) > until)
			return covey_error_set(error, -ETIMEDOUT, "%s does not listen", program);
		nanosleep(&moment, NULL);
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	return remove(path);
}

void scale_gkm_kill(struct scale_gkm *gkm)
{
	kill(gkm->pid, SIGKILL);
	waitpid(gkm->pid, NULL, 0);
	gkm->pid = 0;
}

void scale_gkm_stop(struct scale_gkm *gkm, bool tell)
{
	if (gkm->pid > 0) {
		kill(gkm->pid, SIGTERM);
		waitpid(gkm->pid, NULL, 0);
		if (tell)
			show_log(gkm);
	}
	if (gkm->directory[0])
		nftw(gkm->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	*gkm = (struct scale_gkm){0};
}

/* --- what it costs ------------------------------------------------------------------------- */

/* proc(5), stat: fields 14 and 15 are user and system time in ticks. */
static double read_cpu(pid_t pid)
{
	char path[64], text[1024];
	unsigned long user = 0, system = 0;
	const char *rest = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (file && fgets(text, sizeof(text), file))
		rest = strrchr(text, ')');
	if (rest)
		sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		       &system);
	if (file)
		fclose(file);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static uint64_t read_resident(pid_t pid)
{
	char path[64];
	unsigned long pages = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	file = fopen(path, "r");
	if (file && fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct scale_cost scale_gkm_cost(const struct scale_gkm *gkm)
{
	return (struct scale_cost){.resident_bytes = read_resident(gkm->pid),
				   .cpu_s = read_cpu(gkm->pid)};
}
