/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_secgw_config.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

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

static int config_file(enum covey_cipher cipher)
{
	int fd = memfd_create("secgw.cfg", 0);
	FILE *out = fd < 0 ? NULL : fdopen(dup(fd), "w");

	if (out) {
		write_config(out, cipher);
		fclose(out);
	}
	return fd;
}

void bench_secgw_arguments(const struct bench_shape *shape, bool jumbo, char **arguments,
			   unsigned max)
{
	static char file[32], window[16];
	const char *const all[] = {
		"--vdev",   "crypto_aesni_gcm0",
		"--",       "-p",
		"3",        "-P",
		"-u",       "2",
		"-l",       "-e",
		"-w",       window,
		"--config", "(0,0,0),(1,0,0)",
		"-f",       file,
	};
	const char *const jumbos[] = {"--mtu", "9600", "-j", "10240"};
	unsigned count = 0;

	snprintf(file, sizeof(file), "/proc/self/fd/%d", config_file(shape->cipher));
	snprintf(window, sizeof(window), "%u", shape->replay_window);
	for (; count < RTE_DIM(all) && count + 1 < max; count++)
		arguments[count] = (char *)all[count];
	for (unsigned i = 0; jumbo && i < RTE_DIM(jumbos) && count + 1 < max; i++)
		arguments[count++] = (char *)jumbos[i];
	arguments[count] = NULL;
}
