/* SPDX-License-Identifier: BSD-3-Clause */

#include "card.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "card_record.h"
#include "link.h"
#include "link_features.h"

/* A setting that covey changes on a card. Features are switched off. Flags are set by the code that
 * opens the port; they are in the list only to be put back. */
struct want {
	const char *name; /* the kernel's name for it */
	unsigned flag;    /* a flag of the interface; 0: this is a feature */
	unsigned uses;
	const char *otherwise; /* what follows if it stays as it is */
};

#define BOTH (CARD_AF_XDP | CARD_AF_PACKET)

/*
 * XDP comes before GRO in software, so AF_XDP does not mind that; but with GRO in hardware, drivers
 * refuse XDP. AF_PACKET comes after GRO. A VLAN tag that hardware took out of the frame is lost for
 * AF_XDP; DPDK's AF_PACKET driver puts it back. The VLANs are covey0's, so the card's filter knows
 * none of them.
 */
static const struct want wants[] = {
	{"rx-vlan-hw-parse", 0, CARD_AF_XDP, "frames with an 802.1Q tag arrive without it"},
	{"rx-vlan-stag-hw-parse", 0, CARD_AF_XDP, "frames with an 802.1ad tag arrive without it"},
	{"rx-vlan-filter", 0, BOTH, "frames with an 802.1Q tag may not arrive"},
	{"rx-vlan-stag-filter", 0, BOTH, "frames with an 802.1ad tag may not arrive"},
	{"rx-lro", 0, BOTH, "packets that it has merged are dropped"},
	{"rx-gro-hw", 0, BOTH, "packets that it has merged are dropped"},
	{"rx-gro", 0, CARD_AF_PACKET, "packets that the kernel has merged are dropped"},
	{"rx-gro-list", 0, CARD_AF_PACKET, "packets that the kernel has merged are dropped"},
	{"rx-udp-gro-forwarding", 0, CARD_AF_PACKET,
	 "packets that the kernel has merged are dropped"},
	{"promisc", IFF_PROMISC, BOTH, ""},
	{"allmulti", IFF_ALLMULTI, BOTH, ""},
};

#define WANTS (sizeof(wants) / sizeof(wants[0]))

struct card {
	unsigned index;
	struct features *features;
	struct card_setting settings[WANTS];
	char record[CARD_RECORD_PATH]; /* path of the file; empty: there can be none */
};

/* --- flags of an interface ------------------------------------------------------------------- */

static int ask_flags(const char *interface, unsigned long request, unsigned *flags)
{
	struct ifreq ifr = {.ifr_flags = (short)*flags};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int status;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", interface);
	status = ioctl(fd, request, &ifr) ? -errno : 0;
	close(fd);
	if (!status)
		*flags = (unsigned short)ifr.ifr_flags;
	return status;
}

static void clear_flag(const char *interface, unsigned flag)
{
	unsigned flags = 0;

	if (ask_flags(interface, SIOCGIFFLAGS, &flags) || !(flags & flag))
		return;
	flags &= ~flag;
	ask_flags(interface, SIOCSIFFLAGS, &flags);
}

/* --------------------------------------------------------------------------------------------- */

/* True when the setting is as covey sets it. */
static bool is_ours(const struct want *want, bool now)
{
	return now == (want->flag != 0);
}

/* The recorded value counts while the card is as covey left it. Otherwise somebody has set it
 * since. */
static void look(struct card *card, size_t i, unsigned flags)
{
	const struct want *want = &wants[i];
	struct card_setting *setting = &card->settings[i];
	bool now = want->flag ? flags & want->flag : features_are_on(card->features, want->name);

	if (setting->recorded && is_ours(want, now))
		return;
	setting->recorded = false;
	setting->was = now;
}

int card_take(const char *interface, struct card **ret_card, struct covey_error *error)
{
	struct card *card = calloc(1, sizeof(*card));
	struct link_info link;
	unsigned flags = 0;
	int status;

	if (!card)
		return covey_error_set(error, -ENOMEM, "out of memory");
	status = link_get(interface, &link, error);
	if (status)
		goto fail;
	card->index = link.index;
	if ((status = features_read(interface, &card->features)) ||
	    (status = ask_flags(interface, SIOCGIFFLAGS, &flags))) {
		covey_error_set(error, status, "interface %s does not tell its features: %s",
				interface, strerror(-status));
		goto fail;
	}
	for (size_t i = 0; i < WANTS; i++)
		card->settings[i].name = wants[i].name;
	if (!card_record_path(card->index, card->record))
		card->record[0] = '\0';
	card_record_read(card->record, card->settings, WANTS);
	for (size_t i = 0; i < WANTS; i++)
		look(card, i, flags);
	*ret_card = card;
	return 0;
fail:
	card_give_back(card);
	return status;
}

/* This comes before anything is set. After a kill in between, the file lists too much, which does
 * no harm. */
static void record(struct card *card, unsigned use, const char *interface, struct ports *ports)
{
	for (size_t i = 0; i < WANTS; i++)
		if (wants[i].uses & use && !is_ours(&wants[i], card->settings[i].was))
			card->settings[i].recorded = true;
	if (card->record[0] == '\0' || card_record_write(card->record, card->settings, WANTS))
		ports_note(ports,
			   "what %s was set to cannot be written to %s: after a kill, its settings "
			   "stay as covey needs them",
			   interface, card->record[0] != '\0' ? card->record : "/run/covey");
}

void card_prepare(struct card *card, enum card_use use, struct ports *ports)
{
	char interface[IFNAMSIZ];

	if (!if_indextoname(card->index, interface))
		return;
	record(card, use, interface, ports);
	for (size_t i = 0; i < WANTS; i++) {
		const struct want *want = &wants[i];

		if (want->flag || !(want->uses & use))
			continue;
		if (features_set(card->features, interface, want->name, false))
			ports_note(ports, "%s: %s cannot be switched off (see `ethtool -k %s`): %s",
				   interface, want->name, interface, want->otherwise);
	}
}

static void put_back(const struct card *card, const char *interface, const struct features *now,
		     size_t i)
{
	const struct want *want = &wants[i];
	const struct card_setting *setting = &card->settings[i];

	if (!setting->recorded)
		return;
	if (want->flag)
		clear_flag(interface, want->flag);
	else if (is_ours(want, features_are_on(now, want->name)))
		features_set(now, interface, want->name, setting->was);
}

void card_give_back(struct card *card)
{
	char interface[IFNAMSIZ];
	struct features *now;

	if (!card)
		return;
	if (card->features && if_indextoname(card->index, interface) &&
	    features_read(interface, &now) == 0) {
		for (size_t i = 0; i < WANTS; i++)
			put_back(card, interface, now, i);
		features_free(now);
	}
	if (card->record[0] != '\0')
		unlink(card->record);
	features_free(card->features);
	free(card);
}
