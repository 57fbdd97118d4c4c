/* SPDX-License-Identifier: BSD-3-Clause */
#include "group_report.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IGMP_V1_REPORT  0x12
#define IGMP_V2_REPORT  0x16
#define IGMP_V3_REPORT  0x22
#define MLD_V2_REPORT   143
#define MODE_IS_EXCLUDE 2
#define HEADER_LEN      8u
#define IGMP_RECORD_LEN 8u
#define MLD_RECORD_LEN  20u
/* Internetwork control: what the kernel gives its own. */
#define TOS 0xc0

/* --- sockets --------------------------------------------------------------------------------- */

static bool set(int fd, int level, int option, const void *value, size_t len)
{
	return setsockopt(fd, level, option, value, (socklen_t)len) == 0;
}

static bool set_int(int fd, int level, int option, int value)
{
	return set(fd, level, option, &value, sizeof(value));
}

/* What both protocols demand: one hop, and the option Router Alert (RFC 2113, RFC 2711). */
static bool prepare4(int fd)
{
	static const uint8_t alert[] = {0x94, 4, 0, 0};

	return set(fd, IPPROTO_IP, IP_OPTIONS, alert, sizeof(alert)) &&
	       set_int(fd, IPPROTO_IP, IP_TOS, TOS) &&
	       set_int(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1) &&
	       set_int(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
}

static bool prepare6(int fd)
{
	static const uint8_t alert[] = {0, 0, 5, 2, 0, 0, 1, 0};
	struct icmp6_filter none;

	ICMP6_FILTER_SETBLOCKALL(&none);
	return set(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &none, sizeof(none)) &&
	       set(fd, IPPROTO_IPV6, IPV6_HOPOPTS, alert, sizeof(alert)) &&
	       set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1) &&
	       set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
}

/* A descriptor, or a negative errno. */
static int open_raw(uint16_t family)
{
	bool ipv6 = family == AF_INET6;
	int fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			ipv6 ? IPPROTO_ICMPV6 : IPPROTO_IGMP);
	int status;

	if (fd < 0)
		return -errno;
	if (ipv6 ? prepare6(fd) : prepare4(fd))
		return fd;
	status = -errno;
	close(fd);
	return status;
}

/* The socket that sends on the report's interface, or a negative errno. */
static int find_socket(struct group_report *report)
{
	bool ipv6 = report->family == AF_INET6;
	const struct ip_mreqn interface = {.imr_ifindex = (int)report->ifindex};
	int *fd = ipv6 ? &report->fd6 : &report->fd4;
	int opened = *fd >= 0 ? *fd : open_raw(report->family);
	bool fits;

	if (opened < 0)
		return opened;
	*fd = opened;
	if (ipv6)
		fits = set_int(*fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)report->ifindex);
	else
		fits = set(*fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface));
	return fits ? *fd : -errno;
}

static void send_to(struct group_report *report, const struct covey_addr *to, const uint8_t *bytes,
		    size_t len)
{
	struct sockaddr_storage address;
	socklen_t address_len = covey_addr_to_socket(to, 0, &address);
	int fd = find_socket(report), status = fd < 0 ? fd : 0;

	if (fd >= 0 && sendto(fd, bytes, len, 0, (struct sockaddr *)&address, address_len) < 0)
		status = -errno;
	if (report->status == 0)
		report->status = status;
}

/* --- messages -------------------------------------------------------------------------------- */

/* RFC 1071, over an even number of bytes, whatever the order of bytes here is. */
static void write_checksum(uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;
	uint16_t word;

	memset(bytes + 2, 0, sizeof(word));
	for (size_t i = 0; i < len; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	word = (uint16_t) ~(sum + (sum >> 16));
	memcpy(bytes + 2, &word, sizeof(word));
}

/* The kernel writes ICMPv6's checksum. */
static void flush(struct group_report *report)
{
	static const struct covey_addr routers4 = {{224, 0, 0, 22}, AF_INET};
	static const struct covey_addr routers6 = {{0xff, 2, [15] = 0x16}, AF_INET6};
	bool ipv6 = report->family == AF_INET6;

	if (report->count == 0)
		return;
	report->bytes[0] = ipv6 ? MLD_V2_REPORT : IGMP_V3_REPORT;
	report->bytes[7] = (uint8_t)report->count;
	if (!ipv6)
		write_checksum(report->bytes, report->len);
	send_to(report, ipv6 ? &routers6 : &routers4, report->bytes, report->len);
	report->count = 0;
}

/* Such a querier does not understand the other, and hears of one group at a time. */
static void send_old(struct group_report *report, const struct covey_addr *group)
{
	uint8_t bytes[8] = {report->version == 1 ? IGMP_V1_REPORT : IGMP_V2_REPORT};

	memcpy(bytes + 4, group->bytes, 4);
	write_checksum(bytes, sizeof(bytes));
	send_to(report, group, bytes, sizeof(bytes));
}

/* --- the interface --------------------------------------------------------------------------- */

/* Of the querier that was heard there, in lines such as "2	eth0      :     3      V2". */
static unsigned igmp_version(unsigned ifindex)
{
	FILE *file = fopen("/proc/net/igmp", "re");
	unsigned found = 3, index, version;
	char line[256], *counts;

	while (file && fgets(line, sizeof(line), file)) {
		counts = strchr(line, ':');
		if (line[0] == '\t' || !counts || sscanf(line, "%u", &index) != 1 ||
		    index != ifindex)
			continue;
		if (sscanf(counts, ": %*u V%u", &version) == 1)
			found = version;
		break;
	}
	if (file)
		fclose(file);
	return found;
}

static void turn_to(struct group_report *report, uint16_t family, unsigned ifindex)
{
	flush(report);
	report->family = family;
	report->ifindex = ifindex;
	report->version = family == AF_INET ? igmp_version(ifindex) : 3;
}

void group_report_begin(struct group_report *report)
{
	*report = (struct group_report){.fd4 = -1, .fd6 = -1};
}

void group_report_add(struct group_report *report, const struct covey_addr *group, unsigned ifindex)
{
	size_t len = covey_addr_len(group);
	uint8_t *record;

	if (group->family != report->family || ifindex != report->ifindex)
		turn_to(report, group->family, ifindex);
	if (report->count == GROUP_REPORT_RECORDS)
		flush(report);
	if (report->count == 0) {
		memset(report->bytes, 0, sizeof(report->bytes));
		report->len = HEADER_LEN;
	}
	record = report->bytes + report->len;
	record[0] = MODE_IS_EXCLUDE;
	memcpy(record + 4, group->bytes, len);
	report->len += group->family == AF_INET6 ? MLD_RECORD_LEN : IGMP_RECORD_LEN;
	report->count++;
	if (report->version < 3)
		send_old(report, group);
}

int group_report_end(struct group_report *report)
{
	flush(report);
	if (report->fd4 >= 0)
		close(report->fd4);
	if (report->fd6 >= 0)
		close(report->fd6);
	return report->status;
}
