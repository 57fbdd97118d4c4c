/* SPDX-License-Identifier: BSD-3-Clause */

/* covey capture inside and outside: interfaces, by libpcap. */

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "capture_run.h"

#define SNAP_LEN    (1 << 18) /* bytes: also of super-frames */
#define BUFFER_LEN  (16 << 20)
#define FILTER_SIZE 400

struct live {
	pcap_t *handles[CAPTURE_INTERFACES_MAX];
	struct pollfd fds[CAPTURE_INTERFACES_MAX];
	unsigned count;
};

static int explain(const char *name, pcap_t *handle, int code, struct covey_error *error)
{
	if (code == PCAP_ERROR_PERM_DENIED)
		return covey_error_set(error, -EPERM, "you may not listen at %s: run this as root",
				       name);
	return covey_error_set(error, -EIO, "%s: %.150s", name,
			       handle && code == PCAP_ERROR ? pcap_geterr(handle)
							    : pcap_statustostr(code));
}

static void make_filter(const struct capture_run *run, char filter[FILTER_SIZE])
{
	char plain[FILTER_SIZE / 3];

	if (strcmp(run->what, "inside") == 0)
		snprintf(plain, sizeof(plain), "udp port %u", run->ports.vxlan_port);
	else
		snprintf(plain, sizeof(plain), "udp port %u or ip proto %u or ip6 proto %u",
			 run->ports.vpe_port, run->ports.vpe_protocol, run->ports.vpe_protocol);
	snprintf(filter, FILTER_SIZE, "%s or (vlan and (%s))", plain, plain);
}

static int activate(const struct capture_run *run, const char *name, pcap_t *handle,
		    struct covey_error *error)
{
	char filter[FILTER_SIZE], text[PCAP_ERRBUF_SIZE];
	struct bpf_program program;
	int code;

	pcap_set_snaplen(handle, SNAP_LEN);
	pcap_set_buffer_size(handle, BUFFER_LEN);
	pcap_set_immediate_mode(handle, 1);
	pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
	code = pcap_activate(handle);
	if (code < 0)
		return explain(name, handle, code, error);
	if (pcap_datalink(handle) != DLT_EN10MB)
		return covey_error_set(error, -ENOTSUP, "%s has no Ethernet frames", name);
	make_filter(run, filter);
	code = pcap_compile(handle, &program, filter, 1, PCAP_NETMASK_UNKNOWN);
	if (code < 0)
		return explain(name, handle, PCAP_ERROR, error);
	code = pcap_setfilter(handle, &program);
	pcap_freecode(&program);
	if (code < 0 || pcap_setnonblock(handle, 1, text) < 0)
		return explain(name, handle, PCAP_ERROR, error);
	return 0;
}

static int add(struct capture_run *run, struct live *live, const char *name,
	       struct covey_error *error)
{
	char text[PCAP_ERRBUF_SIZE];
	int status = capture_sink_interface(&run->sink, name, SNAP_LEN, error);
	pcap_t *handle;

	if (status)
		return status;
	handle = pcap_create(name, text);
	if (!handle)
		return covey_error_set(error, -EIO, "%s: %.150s", name, text);
	status = activate(run, name, handle, error);
	if (status) {
		pcap_close(handle);
		return status;
	}
	live->fds[live->count] =
		(struct pollfd){.fd = pcap_get_selectable_fd(handle), .events = POLLIN};
	live->handles[live->count++] = handle;
	return 0;
}

/* AF_XDP takes packets from the card, and gives them to it, where no packet socket looks. */
static bool is_blind(const struct capture_run *run)
{
	const char *driver = json_string_value(json_object_get(run->place, "fabric_driver"));

	return strcmp(run->what, "outside") == 0 && driver && strstr(driver, "af_xdp");
}

static int open_all(struct capture_run *run, struct live *live, struct covey_error *error)
{
	const json_t *names = json_object_get(run->place, "interfaces"), *name;
	int status = 0;
	size_t i;

	if (is_blind(run))
		return covey_error_set(error, -ENOTSUP,
				       "AF_XDP has the network card, so nothing on this host sees "
				       "packets there: capture at the switch");
	if (json_array_size(names) == 0)
		return covey_error_set(
			error, -ENODEV,
			"covey-host has no interface of the kernel there: capture at "
			"the switch");
	json_array_foreach(names, i, name) {
		status = add(run, live, json_string_value(name) ? json_string_value(name) : "",
			     error);
		if (status)
			return status;
	}
	return 0;
}

/* What waits at one interface. */
static int read_waiting(struct capture_run *run, const struct live *live, unsigned interface,
			struct covey_error *error)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int code = 0, status = 0;

	while (status == 0 && capture_run_left(run) > 0) {
		struct pcapng_packet packet = {.interface = interface};

		code = pcap_next_ex(live->handles[interface], &header, &bytes);
		if (code <= 0)
			break;
		packet.ns = (uint64_t)header->ts.tv_sec * 1000000000 + (uint64_t)header->ts.tv_usec;
		packet.len = header->caplen;
		packet.full_len = header->len;
		packet.bytes = bytes;
		status = capture_run_put(run, &packet, NULL, error);
	}
	if (code < 0 && status == 0)
		return explain(run->sink.names[interface], live->handles[interface], code, error);
	return status;
}

static int read_all(struct capture_run *run, struct live *live, struct covey_error *error)
{
	int status = 0;
	long left;

	while (status == 0 && (left = capture_run_left(run)) > 0) {
		poll(live->fds, live->count, (int)(left < 1000 ? left : 1000));
		for (unsigned i = 0; i < live->count && status == 0; i++)
			status = read_waiting(run, live, i, error);
		if (status == 0)
			status = capture_sink_flush(&run->sink, error);
	}
	return status;
}

static int end(struct capture_run *run, struct live *live, int status, struct covey_error *error)
{
	for (unsigned i = 0; i < live->count; i++) {
		struct pcap_stat seen = {0};

		pcap_stats(live->handles[i], &seen);
		run->missed += seen.ps_drop;
		if (status == 0)
			status = capture_sink_statistics(&run->sink, i, seen.ps_recv, seen.ps_drop,
							 error);
		pcap_close(live->handles[i]);
	}
	return status;
}

int capture_live(struct capture_run *run, struct covey_error *error)
{
	struct live live = {.count = 0};
	int status = open_all(run, &live, error);

	if (status == 0) {
		fprintf(stderr, "covey capture: listening\n");
		status = read_all(run, &live, error);
	}
	return end(run, &live, status, error);
}
