/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_secgw_process.h"
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 30000
#define TURN_MS  20

/* --- what it is told ----------------------------------------------------------------------- */

/* One SA each way with the key and salt of all dataplanes; what comes for the receiver is plain. */
static void write_config(FILE *out, enum covey_cipher cipher)
{
	static const char *const directions[] = {"out", "in"};

	for (unsigned i = 0; i < RTE_DIM(directions); i++) {
		fprintf(out,
			"sp ipv4 %s esp protect %u pri 1 dst 10.0.0.1/32 sport 0:65535 dport "
			"0:65535\nsa %s %u aead_algo %s aead_key ",
			directions[i], BENCH_SPI, directions[i], BENCH_SPI,
			covey_cipher_name(cipher));
		for (size_t k = 0; k < covey_cipher_key_len(cipher); k++)
			fprintf(out, "%02x:", bench_key[k]);
		fprintf(out, "17:5a:00:00 mode ipv4-tunnel src 10.0.0.2 dst %s type cpu-crypto\n",
			i == 0 ? "10.0.0.3" : "10.0.0.1");
	}
	fprintf(out, "rt ipv4 dst 10.0.0.1/32 port 0\nrt ipv4 dst 10.0.0.3/32 port 1\n"
		     "neigh port 0 02:00:00:00:00:01\nneigh port 1 02:00:00:00:00:03\n");
}

/* A file without a name, which the program inherits. */
static int config_file(enum covey_cipher cipher)
{
	int fd = memfd_create("secgw.cfg", 0);
	FILE *out = fd < 0 ? NULL : fdopen(dup(fd), "w");

	if (!out)
		return -1;
	write_config(out, cipher);
	fclose(out);
	return fd;
}

/* In the child. */
static void become(const char *path, const struct bench_shape *shape, int cpu, int config,
		   int output)
{
	char lcores[16], file[32], window[16], prefix[48];

	snprintf(lcores, sizeof(lcores), "0@%d", cpu);
	snprintf(file, sizeof(file), "/proc/self/fd/%d", config);
	snprintf(window, sizeof(window), "%u", shape->replay_window);
	snprintf(prefix, sizeof(prefix), "--file-prefix=covey-bench-secgw-%d", getpid());
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execl(path, path, "--no-huge", "-m", "512", "--no-pci", "--no-shconf", "--no-telemetry",
	      prefix, "--lcores", lcores, "--vdev", "crypto_aesni_gcm0", "--vdev",
	      "net_tap0,iface=" SECGW_PLAIN_PORT, "--vdev", "net_tap1,iface=" SECGW_ESP_PORT, "--",
	      "-p", "3", "-P", "-u", "2", "-l", "-e", "-w", window, "--config", "(0,0,0),(1,0,0)",
	      "-f", file, NULL);
	dprintf(output, "%s: %s\n", path, strerror(errno));
	_exit(EXIT_FAILURE);
}

/* --- waiting ------------------------------------------------------------------------------- */

static bool is_up(const char *port)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up;

	if (fd < 0)
		return false;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", port);
	up = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && request.ifr_flags & IFF_UP &&
	     request.ifr_flags & IFF_RUNNING;
	close(fd);
	return up;
}

/* The last thing that it said. */
static int ended(struct secgw_process *process, const char *what, struct covey_error *error)
{
	char text[400] = "";
	off_t size = lseek(process->output, 0, SEEK_END);
	ssize_t len = pread(process->output, text, sizeof(text) - 1,
			    size > (off_t)sizeof(text) ? size - (off_t)sizeof(text) + 1 : 0);

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	secgw_stop(process);
	return covey_error_set(error, -EIO, "ipsec-secgw %s:\n%s", what, text);
}

static int wait_for_ports(struct secgw_process *process, struct covey_error *error)
{
	for (int ms = 0; ms < START_MS; ms += TURN_MS) {
		if (waitpid(process->pid, NULL, WNOHANG) == process->pid) {
			process->pid = 0;
			return ended(process, "ended before its ports were up", error);
		}
		if (is_up(SECGW_PLAIN_PORT) && is_up(SECGW_ESP_PORT))
			return 0;
		poll(NULL, 0, TURN_MS);
	}
	return ended(process, "has no ports after 30 s", error);
}

/* --- life ---------------------------------------------------------------------------------- */

int secgw_start(const char *path, const struct bench_shape *shape, int cpu,
		struct secgw_process *ret_process, struct covey_error *error)
{
	struct secgw_process process = {.output = -1};
	int config, rc;

	if (unshare(CLONE_NEWNET) < 0)
		return covey_error_set(error, -errno,
				       "cannot make a network for ipsec-secgw: %s; run as root",
				       strerror(errno));
	config = config_file(shape->cipher);
	process.output = memfd_create("secgw.log", 0);
	if (config < 0 || process.output < 0)
		return covey_error_set(error, -errno, "no memory for ipsec-secgw's files");
	process.pid = fork();
	if (process.pid == 0)
		become(path, shape, cpu, config, process.output);
	close(config);
	if (process.pid < 0) {
		process.pid = 0;
		return ended(&process, "cannot be started", error);
	}
	rc = wait_for_ports(&process, error);
	if (rc == 0)
		*ret_process = process;
	return rc;
}

void secgw_stop(struct secgw_process *process)
{
	if (process->pid > 0) {
		kill(process->pid, SIGKILL);
		waitpid(process->pid, NULL, 0);
	}
	if (process->output >= 0)
		close(process->output);
	*process = (struct secgw_process){.output = -1};
}

uint64_t secgw_packets(const char *port)
{
	/* Of this thread's network; what comes out of the program is received here. */
	FILE *file = fopen("/proc/thread-self/net/dev", "r");
	unsigned long long packets = 0, found = 0;
	char line[512], name[IFNAMSIZ + 1];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " %16[^:]: %*u %llu", name, &packets) == 2 &&
		    strcmp(name, port) == 0)
			found = packets;
	if (file)
		fclose(file);
	return found;
}
