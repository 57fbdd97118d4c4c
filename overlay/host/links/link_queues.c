/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_queues.h"

#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

unsigned link_count_rx_queues(const char *name)
{
	char path[64 + IFNAMSIZ];
	struct dirent *entry;
	unsigned count = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues", name);
	directory = opendir(path);
	if (!directory)
		return 1;
	while ((entry = readdir(directory)) != NULL)
		count += strncmp(entry->d_name, "rx-", 3) == 0;
	closedir(directory);
	return count ? count : 1;
}

/* Read or set the channels of an interface. 0 or negative errno. */
static int ethtool_channels(const char *name, struct ethtool_channels *channels)
{
	struct ifreq interface = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int status;

	if (fd < 0)
		return -errno;
	snprintf(interface.ifr_name, sizeof(interface.ifr_name), "%s", name);
	interface.ifr_data = (char *)channels;
	status = ioctl(fd, SIOCETHTOOL, &interface) ? -errno : 0;
	close(fd);
	return status;
}

unsigned link_count_combined_queues(const char *name)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	return ethtool_channels(name, &channels) == 0 ? channels.combined_count : 0;
}

void link_set_queues(const char *name, unsigned queues)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	uint32_t wanted;

	if (ethtool_channels(name, &channels) != 0)
		return;
	wanted = queues < channels.max_rx ? queues : channels.max_rx;
	if (wanted > channels.max_tx)
		wanted = channels.max_tx;
	if (wanted == 0 || (channels.rx_count == wanted && channels.tx_count == wanted))
		return;
	channels.cmd = ETHTOOL_SCHANNELS;
	channels.rx_count = channels.tx_count = wanted;
	ethtool_channels(name, &channels);
}
