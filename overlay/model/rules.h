/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a text must look like. Each function returns NULL when the text is good, otherwise what it
 * must be, to be read after "must be ".
 */

/* SPIFFE trust domain (SPIFFE-ID section 2.1): lower case. */
const char *fabric_name_rule(const char *text);

/* A SPIFFE path segment (section 2.2), so upper case is good, too. Not "gkm" or "ca", because their
 * certificate files are beside those of hosts. */
const char *host_name_rule(const char *text);

/* A covey group's name. */
const char *group_name_rule(const char *text);

/* A Linux network interface, by its name or an alternative one (`altname` of ip link). */
const char *fabric_interface_rule(const char *text);

/* A Linux network interface that may have to be made. */
const char *interface_rule(const char *text);

/* A DPDK device, by name or devargs. */
const char *device_rule(const char *text);

/* CPUs, as "2,3" or "4-7". */
const char *cores_rule(const char *text);

/* Where metrics are: "off", "unix:/path", or an address with a port, IPv6 in brackets. */
const char *metrics_rule(const char *text);
