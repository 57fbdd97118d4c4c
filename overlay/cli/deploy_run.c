/* SPDX-License-Identifier: BSD-3-Clause */
#include "deploy_run.h"

#include <errno.h>
#include <jansson.h>
#include <langinfo.h>
#include <libgen.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "ansible-playbook"

/* --- what it is called with --------------------------------------------------------------------
 */

/* Folders and files are named from the root, for Ansible looks for them elsewhere. Returns whether
 * all are there. */
static bool add_path(json_t *variables, const char *name, const char *path)
{
	char *whole = path ? realpath(path, NULL) : NULL;

	if (path && !whole) {
		fprintf(stderr, "covey deploy: %s: %s\n", path, strerror(errno));
		return false;
	}
	json_object_set_new(variables, name, json_string(whole ? whole : ""));
	free(whole);
	return true;
}

/* Ansible's extra variables, as JSON. NULL: something is not there, and that was said. */
static char *variables_of(const struct deploy *deploy)
{
	json_t *variables = json_object();
	char self[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *text = NULL;

	self[size > 0 ? size : 0] = '\0';
	json_object_set_new(variables, "deploy_program", json_string(size > 0 ? self : "covey"));
	json_object_set_new(variables, "deploy_inventory", json_string(deploy->copy));
	json_object_set_new(variables, "deploy_without_state", json_boolean(deploy->no_state));
	if (add_path(variables, "deploy_pki", deploy->cli->pki) &&
	    add_path(variables, "deploy_packages", deploy->packages) &&
	    add_path(variables, "deploy_state", deploy->state))
		text = json_dumps(variables, 0);
	json_decref(variables);
	return text;
}

/* This machine has the certificates, and the key manager has to know a host before it comes. What
 * only leaves hosts out begins with all. */
static char *limit_of(const struct deploy *deploy)
{
	char *text = NULL;

	if (deploy->limit && asprintf(&text, "%s%s,localhost,key_managers",
				      deploy->limit[0] == '!' ? "all," : "", deploy->limit) < 0)
		return NULL;
	return text;
}

/* Beside the playbook is what prints. False: no memory. */
static bool set_environment(const struct deploy *deploy)
{
	char *playbook = strdup(deploy->playbook);
	char *plugins = NULL;
	bool good = playbook && asprintf(&plugins, "%s/callback_plugins", dirname(playbook)) >= 0;

	if (good) {
		setlocale(LC_CTYPE, "");
		if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
			setenv("LC_ALL", "C.UTF-8", 1); /* Ansible refuses to run with another */
		setenv("ANSIBLE_CALLBACK_PLUGINS", plugins, 1);
		setenv("ANSIBLE_STDOUT_CALLBACK", "covey", 1);
		setenv("ANSIBLE_NOCOLOR", "1", 1); /* it prints no terminal's escapes */
		setenv("ANSIBLE_PIPELINING", "1", 0);
		setenv("ANSIBLE_FORKS", "20", 0);
		setenv("ANSIBLE_HOST_PATTERN_MISMATCH", "ignore", 0); /* a play for nobody */
		setenv("ANSIBLE_PYTHON_INTERPRETER", "/usr/bin/python3", 0);
		setenv("PYTHONDONTWRITEBYTECODE", "1", 0); /* where a package has its files */
		setenv("COVEY_DEPLOY_PLAN", deploy->check ? "1" : "0", 1);
		setenv("COVEY_DEPLOY_DIFF", deploy->diff ? "1" : "0", 1);
	}
	free(plugins);
	free(playbook);
	return good;
}

/* --- running ------------------------------------------------------------------------------------
 */

/* The child's signals are as this process's were. */
static int spawn(char *const *arguments, const sigset_t *before, pid_t *ret_pid)
{
	posix_spawnattr_t attributes;
	int status;

	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, before);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	status = posix_spawnp(ret_pid, PROGRAM, NULL, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	return -status;
}

/* A terminal gives SIGINT to the child as well. */
static int wait_for(pid_t pid, const sigset_t *signals)
{
	int status, signal;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (sigwait(signals, &signal) == 0 && (signal == SIGTERM || signal == SIGHUP))
			kill(pid, SIGTERM);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CLI_OK : CLI_FAILURE;
}

static int run(char *const *arguments)
{
	sigset_t signals, before;
	pid_t pid;
	int status;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &before);
	status = spawn(arguments, &before, &pid);
	if (status < 0)
		fprintf(stderr, "covey deploy: cannot run %s: %s%s\n", PROGRAM, strerror(-status),
			status == -ENOENT ? ": install the package ansible-core" : "");
	status = status < 0 ? CLI_FAILURE : wait_for(pid, &signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}

int deploy_run(const struct deploy *deploy)
{
	char *variables = variables_of(deploy);
	char *limit = limit_of(deploy);
	const char *arguments[16] = {PROGRAM, "--inventory", deploy->cli->inventory, "--extra-vars",
				     variables};
	size_t count = 5;
	int status = CLI_FAILURE;

	if (limit) {
		arguments[count++] = "--limit";
		arguments[count++] = limit;
	}
	if (deploy->check)
		arguments[count++] = "--check";
	if (deploy->diff)
		arguments[count++] = "--diff";
	arguments[count] = deploy->playbook;
	if (variables && set_environment(deploy))
		status = run((char *const *)arguments);
	free(limit);
	free(variables);
	return status;
}
