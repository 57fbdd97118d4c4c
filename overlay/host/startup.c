/* SPDX-License-Identifier: BSD-3-Clause */

#include "startup.h"

#include <channel.h>
#include <errno.h>
#include <inventory.h>
#include <own_name.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <suggest.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include "link_name.h"

int startup_check_root(struct covey_error *error)
{
	if (geteuid() == 0)
		return 0;
	return covey_error_set(error, -EPERM,
			       "covey-host opens network devices and sets kernel rules: run it as "
			       "root (sudo), or by its systemd unit");
}

void startup_bound_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= FD_SETSIZE)
		return;
	limit.rlim_cur = FD_SETSIZE;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Write the names of the inventory's hosts as "a, b, c", as far as there is room. */
static void list_hosts(const struct inventory *inventory, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < inventory->host_count; i++) {
		const char *name = inventory->hosts[i].name;

		if (len + strlen(name) + 8 > size) {
			snprintf(buf + len, size - len, ", ...");
			return;
		}
		len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? ", " : "", name);
	}
}

static int report_unknown(const struct inventory *inventory, const char *file, const char *name,
			  const char *short_name, struct covey_error *error)
{
	struct suggestion suggestion = suggestion_start(name);
	char nearest[SUGGESTION_SIZE], hosts[192];
	bool both = strcmp(name, short_name) != 0;

	for (size_t i = 0; i < inventory->host_count; i++)
		suggestion_try(&suggestion, inventory->hosts[i].name);
	list_hosts(inventory, hosts, sizeof(hosts));
	return covey_error_set(error, -ENOENT,
			       "%.128s: no host %.64s%s%.63s%s: it has %s. Add this host, or say "
			       "which of them it is by --name",
			       file, name, both ? " and no host " : "", both ? short_name : "",
			       suggestion_format(&suggestion, nearest),
			       inventory->host_count ? hosts : "none");
}

int startup_find_self(const struct inventory *inventory, const char *file, const char *name,
		      const char *host_name, const struct inventory_host **ret_self,
		      struct covey_error *error)
{
	const struct inventory_host *self;
	char short_name[OWN_NAME_SIZE];

	if (!name)
		name = host_name;
	snprintf(short_name, sizeof(short_name), "%s", name);
	if (name == host_name)
		short_name[strcspn(short_name, ".")] = '\0';
	self = inventory_find_host(inventory, name);
	if (!self)
		self = inventory_find_host(inventory, short_name);
	if (!self)
		return report_unknown(inventory, file, name, short_name, error);
	if (self->vtep.family == 0)
		return covey_error_set(error, -ENOENT,
				       "%.128s: host %.63s is not in the fabric: set its "
				       "covey_vtep",
				       file, self->name);
	*ret_self = self;
	return 0;
}

static int resolve(char **interface, struct covey_error *error)
{
	char own[IFNAMSIZ], *copy;

	if (!*interface || link_name_resolve(*interface, own) || strcmp(own, *interface) == 0)
		return 0;
	copy = strdup(own);
	if (!copy)
		return covey_error_set(error, -ENOMEM, "out of memory");
	free(*interface);
	*interface = copy;
	return 0;
}

int startup_resolve_interfaces(struct inventory *inventory, const struct inventory_host *self,
			       struct covey_error *error)
{
	struct inventory_host *host = &inventory->hosts[self - inventory->hosts];
	int status = resolve(&host->fabric_interface, error);

	return status ? status : resolve(&host->host_interface, error);
}

static int check_files(const char *ca, const char *certificate, const char *key, const char *name,
		       struct covey_error *error)
{
	const char *const files[] = {ca, certificate, key};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (access(files[i], R_OK) == 0)
			continue;
		return covey_error_set(
			error, -errno,
			"%.200s: %s. `covey pki issue %.63s`, where the CA is, makes "
			"%.63s.crt and %.63s.key: copy them here, with ca.crt",
			files[i], strerror(errno), name, name, name);
	}
	return 0;
}

static int load(const struct inventory *inventory, const char *const paths[3], const char *name,
		struct tls **ret_tls, struct covey_error *error)
{
	const struct identity *identity;
	struct tls *tls;
	int status = check_files(paths[0], paths[1], paths[2], name, error);

	if (status)
		return status;
	status = tls_new(TLS_MEMBER, inventory->fabric, paths[0], paths[1], paths[2], &tls, error);
	if (status)
		return status;
	identity = tls_identity(tls);
	if (strcmp(identity->host, name) != 0) {
		status = covey_error_set(error, -EINVAL,
					 "%.200s is the certificate of host %s, and this is %.63s",
					 paths[1], identity->host, name);
		tls_free(tls);
		return status;
	}
	*ret_tls = tls;
	return 0;
}

int startup_load_tls(const struct inventory *inventory, const char *directory, const char *name,
		     struct tls **ret_tls, struct covey_error *error)
{
	char *ca = NULL, *certificate = NULL, *key = NULL;
	int status;

	if (asprintf(&ca, "%s/ca.crt", directory) < 0)
		ca = NULL;
	if (asprintf(&certificate, "%s/%s.crt", directory, name) < 0)
		certificate = NULL;
	if (asprintf(&key, "%s/%s.key", directory, name) < 0)
		key = NULL;
	if (ca && certificate && key)
		status = load(inventory, (const char *const[]){ca, certificate, key}, name, ret_tls,
			      error);
	else
		status = covey_error_set(error, -ENOMEM, "out of memory");
	free(ca);
	free(certificate);
	free(key);
	return status;
}
