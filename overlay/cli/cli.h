/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the commands of `covey` share.
 */

#include <argp.h>
#include <stdbool.h>

/* Exit statuses. */
enum {
	CLI_OK = 0,
	CLI_FAILURE = 1,
	CLI_USAGE = 2, /* the command line makes no sense */
};

/* The options that every command takes, before or after its name. */
struct cli {
	const char *inventory;
	const char *pki;
	const char *socket;     /* covey-host's */
	const char *gkm_socket; /* covey-gkm's */
	bool json;
};

/* For a command's own argp: the shared options, as a child whose input is struct cli. */
extern const struct argp_child cli_children[];

/*
 * The commands. argv[0] is "covey NAME". The rest is what comes after the name. Each returns an
 * exit status.
 */
int check_main(struct cli *cli, int argc, char **argv);
int pki_main(struct cli *cli, int argc, char **argv);
int join_main(struct cli *cli, int argc, char **argv);
int leave_main(struct cli *cli, int argc, char **argv);
int ping_main(struct cli *cli, int argc, char **argv);
int show_main(struct cli *cli, int argc, char **argv);
int status_main(struct cli *cli, int argc, char **argv);
int rekey_main(struct cli *cli, int argc, char **argv);
int evict_main(struct cli *cli, int argc, char **argv);
int readmit_main(struct cli *cli, int argc, char **argv);
int mode_main(struct cli *cli, int argc, char **argv);
