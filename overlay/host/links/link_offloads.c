/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_offloads.h"

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

#include "link_features.h"

static int ethtool_set(int fd, const char *name, uint32_t command, uint32_t value)
{
	struct ethtool_value request = {.cmd = command, .data = value};
	struct ifreq interface = {0};

	snprintf(interface.ifr_name, sizeof(interface.ifr_name), "%s", name);
	interface.ifr_data = (char *)&request;
	return ioctl(fd, SIOCETHTOOL, &interface) ? -errno : 0;
}

/* If the kernel passes a VLAN tag beside the frame, the reader does not see it. A TAP would write
 * it into the frame. */
static int keep_tags(const char *name)
{
	static const char *const inserts[] = {"tx-vlan-hw-insert", "tx-vlan-stag-hw-insert"};
	struct features *features;
	int status = features_read(name, &features);

	if (status)
		return status;
	for (unsigned i = 0; i < 2 && !status; i++)
		status = features_set(features, name, inserts[i], false);
	features_free(features);
	return status;
}

int link_set_offloads(const char *name, bool gro, struct covey_error *error)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int status;

	if (fd < 0)
		return covey_error_set(error, -errno, "%s: cannot open a socket: %s", name,
				       strerror(errno));
	/* Without checksums in hardware the kernel switches segmentation offload off by itself. So
	 * a device that refuses to switch it off is no reason to stop. */
	status = ethtool_set(fd, name, ETHTOOL_STXCSUM, 0);
	ethtool_set(fd, name, ETHTOOL_STSO, 0);
	ethtool_set(fd, name, ETHTOOL_SGSO, 0);
	ethtool_set(fd, name, ETHTOOL_SGRO, gro);
	close(fd);
	if (status)
		return covey_error_set(error, status,
				       "%s: cannot switch transmit checksums off: %s", name,
				       strerror(-status));
	status = keep_tags(name);
	if (status)
		return covey_error_set(error, status,
				       "%s: cannot have VLAN tags written into the frame: %s", name,
				       strerror(-status));
	return 0;
}
