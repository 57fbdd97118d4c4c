/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_features.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK 32u /* features in a word */

struct features {
	unsigned count;
	struct ethtool_gstrings *names;
	struct ethtool_gfeatures *states;
};

static int ask(const char *interface, void *request)
{
	struct ifreq ifr = {.ifr_data = request};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int status;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", interface);
	status = ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
	close(fd);
	return status;
}

static int count_features(const char *interface, unsigned *ret_count)
{
	union {
		struct ethtool_sset_info info;
		uint8_t room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} request = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1 << ETH_SS_FEATURES}};
	uint32_t count;
	int status = ask(interface, &request);

	if (status)
		return status;
	if (!request.info.sset_mask)
		return -EOPNOTSUPP;
	memcpy(&count, request.room + sizeof(request.info), sizeof(count));
	*ret_count = count;
	return 0;
}

static unsigned blocks(const struct features *features)
{
	return (features->count + BLOCK - 1) / BLOCK;
}

static int fill(struct features *features, const char *interface)
{
	size_t words = blocks(features);
	int status;

	features->names =
		calloc(1, sizeof(*features->names) + (size_t)features->count * ETH_GSTRING_LEN);
	features->states = calloc(1, sizeof(*features->states) +
					     words * sizeof(features->states->features[0]));
	if (!features->names || !features->states)
		return -ENOMEM;
	features->names->cmd = ETHTOOL_GSTRINGS;
	features->names->string_set = ETH_SS_FEATURES;
	features->names->len = features->count;
	features->states->cmd = ETHTOOL_GFEATURES;
	features->states->size = (uint32_t)words;
	status = ask(interface, features->names);
	return status ? status : ask(interface, features->states);
}

int features_read(const char *interface, struct features **ret_features)
{
	struct features *features = calloc(1, sizeof(*features));
	int status;

	if (!features)
		return -ENOMEM;
	status = count_features(interface, &features->count);
	if (!status)
		status = fill(features, interface);
	if (status) {
		features_free(features);
		return status;
	}
	*ret_features = features;
	return 0;
}

void features_free(struct features *features)
{
	if (!features)
		return;
	free(features->names);
	free(features->states);
	free(features);
}

/* -1: there is no feature of that name. */
static int find(const struct features *features, const char *name)
{
	for (unsigned i = 0; i < features->count; i++)
		if (strncmp((const char *)features->names->data + (size_t)i * ETH_GSTRING_LEN, name,
			    ETH_GSTRING_LEN) == 0)
			return (int)i;
	return -1;
}

bool features_are_on(const struct features *features, const char *name)
{
	int at = find(features, name);

	return at >= 0 && (features->states->features[at / BLOCK].active >> (at % BLOCK) & 1);
}

/* The kernel may accept a change without an error and not make it, or refuse to switch off what is
 * off. So what counts is the state afterwards. */
static int check(const char *interface, const char *name, bool on)
{
	struct features *now;
	int status = features_read(interface, &now);

	if (status)
		return status;
	status = features_are_on(now, name) == on ? 0 : -EOPNOTSUPP;
	features_free(now);
	return status;
}

int features_set(const struct features *features, const char *interface, const char *name, bool on)
{
	int at = find(features, name), status;
	struct ethtool_sfeatures *request;

	if (at < 0)
		return on ? -EOPNOTSUPP : 0;
	request = calloc(1, sizeof(*request) + blocks(features) * sizeof(request->features[0]));
	if (!request)
		return -ENOMEM;
	request->cmd = ETHTOOL_SFEATURES;
	request->size = blocks(features);
	request->features[at / BLOCK].valid = UINT32_C(1) << (at % BLOCK);
	request->features[at / BLOCK].requested = (uint32_t)on << (at % BLOCK);
	status = ask(interface, request);
	free(request);
	if (check(interface, name, on) == 0)
		return 0;
	return status < 0 ? status : -EOPNOTSUPP;
}
