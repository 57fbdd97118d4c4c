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
	bool socket_given, gkm_socket_given;
	bool json;
};

/* For a command's own argp: the shared options, as a child whose input is struct cli. */
extern const struct argp_child cli_children[];

/*
 * argp_parse(), but an option that does not exist is refused with the one that was meant. Returns 0
 * or not; then the caller returns CLI_USAGE.
 */
int cli_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input);

/*
 * The commands. argv[0] is "covey NAME". The rest is what comes after the name. Each returns an
 * exit status.
 */
int capture_main(struct cli *cli, int argc, char **argv);
int check_main(struct cli *cli, int argc, char **argv);
/* The whole program: finds the command in the arguments. argv[0] is "covey". */
int covey_main(struct cli *cli, int argc, char **argv);
int pki_main(struct cli *cli, int argc, char **argv);
int join_main(struct cli *cli, int argc, char **argv);
int leave_main(struct cli *cli, int argc, char **argv);
int ping_main(struct cli *cli, int argc, char **argv);
int show_main(struct cli *cli, int argc, char **argv);
int status_main(struct cli *cli, int argc, char **argv);
int backup_main(struct cli *cli, int argc, char **argv);
int monitor_main(struct cli *cli, int argc, char **argv);
int report_main(struct cli *cli, int argc, char **argv);
int rekey_main(struct cli *cli, int argc, char **argv);
int evict_main(struct cli *cli, int argc, char **argv);
int readmit_main(struct cli *cli, int argc, char **argv);
int mode_main(struct cli *cli, int argc, char **argv);
int diff_main(struct cli *cli, int argc, char **argv);
int why_main(struct cli *cli, int argc, char **argv);
int host_main(struct cli *cli, int argc, char **argv);
int help_main(struct cli *cli, int argc, char **argv);
int deploy_main(struct cli *cli, int argc, char **argv);
int plan_main(struct cli *cli, int argc, char **argv);
