/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_pass.h"

#include <netinet/in.h>

#include "guard_text.h"

/* As nft lists them: see GUARD_PASS. */

void guard_pass_write_not_udp(FILE *stream)
{
	fprintf(stream, "\t\tmeta l4proto != %d accept comment \"" GUARD_PASS "not UDP\"\n",
		IPPROTO_UDP);
}

void guard_pass_write_tcp(FILE *stream)
{
	fprintf(stream, "\t\tmeta l4proto %d accept comment \"" GUARD_PASS "TCP\"\n", IPPROTO_TCP);
}

void guard_pass_write_ports(FILE *stream, const uint16_t *ports, size_t count)
{
	fprintf(stream, "\t\t");
	for (size_t i = 0; i < count; i++)
		fprintf(stream, "udp dport != %u ", ports[i]);
	fprintf(stream, "accept comment \"" GUARD_PASS "UDP to another port\"\n");
}

/* That it is IP and UDP by the kernel's own reading counts: in a frame that it reads at the wrong
 * place, these bits could be anything. */
void guard_pass_write_fragments(FILE *stream)
{
	fprintf(stream, "\t\tip frag-off & 0x1fff != 0 meta l4proto udp accept "
			"comment \"later fragment, which has no port\"\n");
	fprintf(stream, "\t\tfrag frag-off != 0 meta l4proto udp accept "
			"comment \"later fragment over IPv6, which has no port\"\n");
}
