/* SPDX-License-Identifier: BSD-3-Clause */

/* covey deploy, covey plan: bring all machines of the inventory to what it says, by Ansible. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "deploy_run.h"
#include "inventory.h"

enum {
	OPTION_CHECK = 0x100,
	OPTION_DIFF,
	OPTION_LIMIT,
	OPTION_NO_STATE,
	OPTION_PACKAGES,
	OPTION_PLAYBOOK,
	OPTION_STATE
};

static const struct argp_option options[] = {
	{"check", OPTION_CHECK, NULL, 0, "Change nothing; say what would be changed", 0},
	{"diff", OPTION_DIFF, NULL, 0, "Show what changes in files; keys are left out", 0},
	{"limit", OPTION_LIMIT, "HOSTS", 0, "Only these hosts or groups, and the key manager", 0},
	{"no-state", OPTION_NO_STATE, NULL, 0,
	 "If the key manager's machine is gone for good, and there is no backup of its state: "
	 "begin with nothing on another machine",
	 0},
	{"packages", OPTION_PACKAGES, "FOLDER", 0,
	 "Install covey's packages from FOLDER here (otherwise from the machines' repositories)",
	 0},
	{"playbook", OPTION_PLAYBOOK, "FILE", 0, "Run this (" COVEY_PLAYBOOK ")", 0},
	{"state", OPTION_STATE, "FILE", 0,
	 "If the key manager's machine is gone for good: the newest backup of its state, to go on "
	 "from on another machine",
	 0},
	{0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct deploy *deploy = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = deploy->cli;
		return 0;
	case OPTION_CHECK:
		deploy->check = true;
		return 0;
	case OPTION_DIFF:
		deploy->diff = true;
		return 0;
	case OPTION_LIMIT:
		deploy->limit = value;
		return 0;
	case OPTION_NO_STATE:
		deploy->no_state = true;
		return 0;
	case OPTION_PACKAGES:
		deploy->packages = value;
		return 0;
	case OPTION_PLAYBOOK:
		deploy->playbook = value;
		return 0;
	case OPTION_STATE:
		deploy->state = value;
		return 0;
	case ARGP_KEY_END:
		if (deploy->state && deploy->no_state)
			argp_error(state, "--state and --no-state: say one of them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* All mistakes are printed here, before anything is touched. */
static bool is_good(const struct cli *cli)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;

	diagnostics_init(&diagnostics);
	inventory_load(cli->inventory, &diagnostics, &inventory);
	diagnostics_print(&diagnostics, stderr);
	diagnostics_free(&diagnostics);
	inventory_free(inventory);
	return inventory;
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* By its name, and by where it really is. A path that is not there yet may be made. */
static bool is_deployed(const char *path)
{
	static const char folder[] = "/etc/covey";
	char *copy = strdup(path), *whole = realpath(path, NULL);
	bool is;

	if (!whole && copy)
		whole = realpath(dirname(copy), NULL);
	is = is_below(path, folder) || (whole && is_below(whole, folder));
	free(whole);
	free(copy);
	return is;
}

/* If this machine belongs to the fabric, it gets files of its own there, over those that the
 * operator works with, and loses them when it belongs to it no more. */
static bool is_elsewhere(const struct cli *cli)
{
	bool inventory = is_deployed(cli->inventory);

	if (!inventory && !is_deployed(cli->pki))
		return true;
	fprintf(stderr,
		"covey deploy: %s is where it puts what a machine gets, over what you keep there: "
		"%s in another folder, such as your own, and name it by %s\n",
		inventory ? cli->inventory : cli->pki,
		inventory ? "keep the inventory" : "keep the certificates",
		inventory ? "--inventory" : "--pki");
	return false;
}

/*
 * Makes the folder of the CA if it is not there, and locks a file in it: two runs at once would
 * issue two certificates to one host. Returns a descriptor that holds the lock, also in children,
 * or -1 after saying why not.
 */
static int lock(const struct cli *cli)
{
	char *path = NULL;
	int fd = -1;

	if (mkdir(cli->pki, 0700) < 0 && errno != EEXIST) {
		fprintf(stderr, "covey deploy: cannot make the folder %s for certificates: %s\n",
			cli->pki, strerror(errno));
		return -1;
	}
	if (asprintf(&path, "%s/deploy.lock", cli->pki) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (fd >= 0 && errno == EWOULDBLOCK)
			fprintf(stderr,
				"covey deploy: another run works with %s: wait until it has ended, "
				"and start this one again\n",
				cli->pki);
		else
			fprintf(stderr, "covey deploy: cannot lock %s: %s\n", path,
				strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

/* --- the inventory, as it was at the start ------------------------------------------------------
 */

/* NULL: it cannot be read, and that was said. */
static char *read_whole(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "re");
	char *bytes = NULL;
	size_t room = 0;
	ssize_t size = -1;

	if (file)
		size = getdelim(&bytes, &room, EOF, file); /* no byte of value 255 is in UTF-8 */
	if (size < 0) {
		fprintf(stderr, "covey deploy: cannot read %s: %s\n", path, strerror(errno));
		free(bytes);
		bytes = NULL;
	} else {
		*ret_size = (size_t)size;
	}
	if (file)
		fclose(file);
	return bytes;
}

/* All machines get the same, whatever is written to the inventory meanwhile. The copy is beside the
 * lock: what a run that was killed has left is written over. Returns its path from the root, to be
 * freed, or NULL after saying why not. */
static char *take_copy(const char *bytes, size_t size, const char *pki)
{
	char *path = NULL, *whole = NULL;
	int fd = -1;

	if (asprintf(&path, "%s/deploy.inventory.yaml", pki) < 0)
		return NULL;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, bytes, size) == (ssize_t)size)
		whole = realpath(path, NULL);
	if (!whole)
		fprintf(stderr, "covey deploy: cannot copy the inventory to %s: %s\n", path,
			strerror(errno));
	if (fd >= 0)
		close(fd);
	free(path);
	return whole;
}

static bool is_same(const char *path, const char *bytes, size_t size)
{
	size_t now;
	char *other = read_whole(path, &now);
	bool same = other && now == size && memcmp(other, bytes, size) == 0;

	free(other);
	return same;
}

static int run_with_copy(struct deploy *deploy)
{
	size_t size = 0;
	char *bytes = read_whole(deploy->cli->inventory, &size);
	char *copy = bytes ? take_copy(bytes, size, deploy->cli->pki) : NULL;
	int status = CLI_FAILURE;

	if (copy) {
		deploy->copy = copy;
		status = deploy_run(deploy);
		unlink(copy);
		if (!is_same(deploy->cli->inventory, bytes, size)) {
			fprintf(stderr,
				"covey deploy: %s was changed meanwhile. All machines have got it "
				"as it was before: run the same command again\n",
				deploy->cli->inventory);
			status = CLI_FAILURE;
		}
	}
	free(copy);
	free(bytes);
	return status;
}

int deploy_start(struct deploy *deploy)
{
	int fd, status;

	if (!is_elsewhere(deploy->cli) || !is_good(deploy->cli))
		return CLI_FAILURE;
	fd = lock(deploy->cli);
	if (fd < 0)
		return CLI_FAILURE;
	status = run_with_copy(deploy);
	close(fd);
	return status;
}

int deploy_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Bring all machines of the inventory to what it says: packages, "
		       "certificates, "
		       "configuration and services, one machine after the other, by ssh. It stops "
		       "at the first one that does not come back. What is as it should be is left "
		       "alone, so the same command goes on after a failure.",
		.children = cli_children};
	struct deploy deploy = {.cli = cli, .playbook = COVEY_PLAYBOOK};

	if (argp_parse(&argp, argc, argv, 0, NULL, &deploy))
		return CLI_USAGE;
	return deploy_start(&deploy);
}

int plan_main(struct cli *cli, int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Say what `covey deploy` would change on which machine, and which traffic "
		       "that would touch. Nothing is changed.",
		.children = cli_children};
	struct deploy deploy = {.cli = cli, .playbook = COVEY_PLAYBOOK};

	if (argp_parse(&argp, argc, argv, 0, NULL, &deploy))
		return CLI_USAGE;
	deploy.check = true;
	return deploy_start(&deploy);
}
