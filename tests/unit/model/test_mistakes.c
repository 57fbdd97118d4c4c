/* SPDX-License-Identifier: BSD-3-Clause */

/* Every mistake in an inventory, with its exact place and words. */

#include "cases.h"

/* Lines 1 to 4, 5 to 6 and 7 to 9 of a good inventory; the cases put something in between. */
#define VARS                                                                                       \
	"all:\n"                                                                                   \
	"  vars:\n"                                                                                \
	"    covey_fabric: f\n"                                                                    \
	"    covey_gkm: 192.0.2.1\n"
#define GROUPS                                                                                     \
	"    covey_groups:\n"                                                                      \
	"      g: {vnis: [100], members: [a, b]}\n"
#define HOSTS                                                                                      \
	"  hosts:\n"                                                                               \
	"    a: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n"                            \
	"    b: {covey_vtep: 10.0.0.2, covey_fabric_interface: eth0}\n"

/* With a line in vars of all, other keys of group g, a third host c with more variables or with
 * another VTEP address, other values of the first two variables. */
#define IN_ALL(line)  VARS "    " line "\n" GROUPS HOSTS
#define GROUP_G(keys) VARS "    covey_groups:\n      g: {" keys "}\n" HOSTS
#define HOST_C(variables)                                                                          \
	VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, " variables \
			  "}\n"
#define VTEP_C(address)                                                                            \
	VARS GROUPS HOSTS "    c: {covey_vtep: " address ", covey_fabric_interface: eth0}\n"
#define FABRIC(name, gkm)                                                                          \
	"all:\n  vars:\n    covey_fabric: " name "\n    covey_gkm: " gkm "\n" GROUPS HOSTS

/* What several mistakes read like. */
#define NO_PORT  "5:21: covey_gkm_port must be a number from 1 to 65535, not "
#define NO_PATHS "5:18: covey_paths must be a number from 1 to 1024, not "
#define NO_VNIS                                                                                    \
	": a VNI of covey group g must be a number from 0 to 16777215 or a range like "            \
	"\"200-210\", not "
#define NO_DURATION " must be a duration from 1s to 30d, like 90s, 10m, 1h or 7d, not "
#define TEMPLATE                                                                                   \
	" holds a template: covey reads the inventory without Ansible, so write the value "        \
	"itself\n"
#define EMPTY "the inventory is empty: it needs at least all: with vars and hosts\n"
#define ALL_MISSING(place)                                                                         \
	place ": covey_fabric is missing: set it in vars of group all\n" place                     \
	      ": covey_gkm is missing: set it in vars of group all\n" place                        \
	      ": covey_groups is missing: set it in vars of group all\n"
#define NOT_ONE_MACHINES(address, why)                                                             \
	"10:21: covey_vtep must be one machine's address, but " address " is " why "\n"

#define NAME_16  "nnnnnnnnnnnnnnnn"
#define NAME_127 NAME_16 NAME_16 NAME_16 NAME_16 NAME_16 NAME_16 NAME_16 "nnnnnnnnnnnnnnn"

/* What is wrong, the text, its diagnostics. */
static const struct mistake mistakes[] = {
	{"nothing", VARS GROUPS HOSTS, ""},
	{"empty file", "", EMPTY},
	{"comment alone", "# nothing\n", EMPTY},
	{"null document", "---\n", EMPTY},
	{"text instead of groups", "hello\n",
	 "1:1: an inventory must be a mapping (groups, first of all all:), not the text "
	 "\"hello\"\n"},
	{"list instead of groups", "- a\n",
	 "1:1: an inventory must be a mapping (groups, first of all all:), not a list\n"},
	{"syntax error", "all: [1\nb: 2\n",
	 "2:2: not valid YAML: did not find expected ',' or ']' (while parsing a flow sequence "
	 "that began at line 1)\n"},
	{"tab", "all:\n\tvars:\n",
	 "2:1: not valid YAML: found character that cannot start any token (while scanning for the "
	 "next token that began at line 2)\n"},
	{"no UTF-8", "all:\n  x: \377\n",
	 "2:6: not valid YAML: invalid leading UTF-8 octet; save the file as plain UTF-8 text\n"},
	{"two documents", "all:\n---\nall:\n",
	 "2:1: a second YAML document begins here: an inventory is one document\n"},
	{"nothing of ours", "all:\n  hosts:\n    a:\n", ALL_MISSING("1:1")},
	{"no group all", "web:\n  hosts:\n    a:\n", ALL_MISSING("1:1")},
	{"all: vars without ours", "all:\n  vars:\n    x: 1\n", ALL_MISSING("2:3")},
	{"no groups but braces", "{}\n", ALL_MISSING("1:1")},
	{"unknown variable", IN_ALL("covey_gkm_prot: 1"),
	 "5:5: unknown variable covey_gkm_prot (did you mean covey_gkm_port?)\n"},
	{"nothing near", IN_ALL("covey_zzzzzzzzzzzzz: 1"),
	 "5:5: unknown variable covey_zzzzzzzzzzzzz\n"},
	{"dash for underscore", IN_ALL("covey-paths: 1"),
	 "5:5: unknown variable covey-paths (did you mean covey_paths?)\n"},
	{"capitals", IN_ALL("Covey_paths: 1"),
	 "5:5: unknown variable Covey_paths (did you mean covey_paths?)\n"},
	{"number as text", IN_ALL("covey_gkm_port: \"4798\""),
	 "5:21: covey_gkm_port must be a number, not text: remove the quotes\n"},
	{"text as number", IN_ALL("covey_gkm_port: http"), NO_PORT "the text \"http\"\n"},
	{"zero port", IN_ALL("covey_gkm_port: 0"), NO_PORT "the number 0\n"},
	{"port too large", IN_ALL("covey_gkm_port: 65536"), NO_PORT "the number 65536\n"},
	{"negative", IN_ALL("covey_gkm_port: -1"), NO_PORT "the number -1\n"},
	{"enormous", IN_ALL("covey_gkm_port: 99999999999999999999999"),
	 NO_PORT "the number 99999999999999999999999\n"},
	{"octal", IN_ALL("covey_gkm_port: 04798"), NO_PORT "the text \"04798\"\n"},
	{"octal digits", IN_ALL("covey_gkm_port: 0777"),
	 "5:21: covey_gkm_port: YAML reads 0777 as an octal number: write it without the leading "
	 "0\n"},
	{"float", IN_ALL("covey_paths: 1.5"), NO_PATHS "the number 1.5\n"},
	{"null", IN_ALL("covey_paths:"),
	 "5:17: covey_paths must be a number from 1 to 1024, not nothing\n"},
	{"list for number", IN_ALL("covey_paths: [1]"), NO_PATHS "a list\n"},
	{"mapping for number", IN_ALL("covey_paths: {a: 1}"), NO_PATHS "a mapping\n"},
	{"boolean for number", IN_ALL("covey_paths: yes"), NO_PATHS "the boolean yes\n"},
	{"paths too many", IN_ALL("covey_paths: 1025"), NO_PATHS "the number 1025\n"},
	{"date", IN_ALL("covey_paths: 2026-01-02"), NO_PATHS "the date 2026-01-02\n"},
	{"choice misspelt", IN_ALL("covey_encapsulation: upd"),
	 "5:26: covey_encapsulation must be udp or ip, not the text \"upd\" (did you mean udp?)\n"},
	{"choice far off", IN_ALL("covey_encapsulation: geneve"),
	 "5:26: covey_encapsulation must be udp or ip, not the text \"geneve\"\n"},
	{"choice of other type", IN_ALL("covey_encapsulation: [udp]"),
	 "5:26: covey_encapsulation must be udp or ip, not a list\n"},
	{"VPE port is VXLAN's", IN_ALL("covey_vpe_port: 4789"),
	 "5:5: covey_vpe_port and covey_vxlan_port are both 4789: they must differ\n"},
	{"VXLAN port is VPE's", IN_ALL("covey_vxlan_port: 4798"),
	 "5:5: covey_vpe_port and covey_vxlan_port are both 4798: they must differ\n"},
	{"protocol of UDP", IN_ALL("covey_vpe_protocol: 17"),
	 "5:5: covey_vpe_protocol 17 is another protocol's number: 253 and 254 are free for such "
	 "use\n"},
	{"template", IN_ALL("covey_paths: \"{{ paths }}\""), "5:18: covey_paths" TEMPLATE},
	{"template block", IN_ALL("covey_paths: \"{% if x %}1{% endif %}\""),
	 "5:18: covey_paths" TEMPLATE},
	{"vault", IN_ALL("covey_paths: !vault abc"),
	 "5:18: covey_paths has the YAML tag !vault: covey's variables are plain values, without "
	 "tags\n"},
	{"alias",
	 VARS "    x: &x 5\n"
	      "    covey_paths: *x\n" GROUPS HOSTS,
	 "6:18: covey_paths uses the YAML alias *x, which covey does not follow: write the value "
	 "out, or set it once in a group's vars\n"},
	{"merge key",
	 VARS "    x: &x {covey_paths: 5}\n"
	      "    <<: *x\n" GROUPS HOSTS,
	 "6:5: covey follows no YAML merge keys (<<): put what hosts share into a group's vars\n"},
	{"duplicate key",
	 VARS "    covey_paths: 5\n"
	      "    covey_paths: 5\n" GROUPS HOSTS,
	 "6:5: covey_paths is here twice, first at line 5: keep one of them\n"},
	{"duplicate key of Ansible's",
	 VARS "    x: 5\n"
	      "    y: 5\n"
	      "    x: 6\n" GROUPS HOSTS,
	 "7:5: x is here twice, first at line 5: keep one of them\n"},
	{"an encapsulation misspelt", IN_ALL("covey_encapsulations: [vxlan, genev]"),
	 "5:35: an encapsulation in covey_encapsulations must be vxlan, gpe or geneve, not the "
	 "text "
	 "\"genev\"\n"},
	{"an encapsulation that is a list", IN_ALL("covey_encapsulations: [[gpe]]"),
	 "5:28: an encapsulation in covey_encapsulations must be vxlan, gpe or geneve, not a "
	 "list\n"},
	{"encapsulations: no list", IN_ALL("covey_encapsulations: geneve"),
	 "5:27: covey_encapsulations must be a list of encapsulations, like [vxlan, geneve], not "
	 "the "
	 "text \"geneve\"\n"},
	{"encapsulations: none", IN_ALL("covey_encapsulations: []"),
	 "5:27: covey_encapsulations must be a list of encapsulations, like [vxlan, geneve], not a "
	 "list\n"},
	{"encapsulation of VXLAN's port",
	 IN_ALL("covey_encapsulations: [geneve]\n    covey_vxlan_port: 6081"),
	 "5:5: covey_encapsulations has geneve, whose port 6081 is covey_vxlan_port: they must "
	 "differ\n"},
	{"encapsulation of VPE's port",
	 IN_ALL("covey_encapsulations: [gpe]\n    covey_vpe_port: 4790"),
	 "5:5: covey_encapsulations has gpe, whose port 4790 is covey_vpe_port: they must "
	 "differ\n"},
	{"QoS map: bad DSCP", IN_ALL("covey_qos_map: {64: 1, ef: 5}"),
	 "5:21: a DSCP in covey_qos_map must be a number from 0 to 63, not the number 64\n"
	 "5:28: a DSCP in covey_qos_map must be a number from 0 to 63, not the text \"ef\"\n"},
	{"QoS map: bad class", IN_ALL("covey_qos_map: {46: 8}"),
	 "5:25: a class in covey_qos_map must be a number from 0 to 7, not the number 8\n"},
	{"QoS map: list", IN_ALL("covey_qos_map: [1]"),
	 "5:20: covey_qos_map must be a mapping of DSCP values to traffic classes, like {46: 5}, "
	 "not a list\n"},
	{"QoS map: twice in other words", IN_ALL("covey_qos_map: {46: 5, 0x2e: 4}"),
	 "5:28: DSCP 46 is in covey_qos_map twice, first at line 5\n"},
	{"QoS map: twice", IN_ALL("covey_qos_map: {46: 5, 46: 5}"),
	 "5:28: 46 is here twice, first at line 5: keep one of them\n"},
	{"host variable's template in all", IN_ALL("covey_cores: \"{{ c }}\""),
	 "5:18: covey_cores" TEMPLATE},
	{"bad fabric name", FABRIC("My.Fabric", "gkm.example"),
	 "3:19: covey_fabric must be a name of 1 to 63 of a-z 0-9 . _ - (it becomes the trust "
	 "domain of the certificates), not the text \"My.Fabric\"\n"
	 "4:16: covey_gkm must be an IP address without mask, like 192.0.2.1 or 2001:db8::1, not "
	 "the text \"gkm.example\"\n"},
	{"fabric name of number", FABRIC("12", "239.1.1.1"),
	 "3:19: covey_fabric must be text, but YAML reads the number 12 here: put it in quotes\n"
	 "4:16: covey_gkm must be one machine's address, but 239.1.1.1 is a multicast address\n"},
	{"GKM link-local", FABRIC("f", "\"fe80::1\""),
	 "4:16: covey_gkm must be one machine's address, but fe80::1 is a link-local address, "
	 "which is good on one link alone\n"},
	{"GKM reserved", FABRIC("f", "\"241.0.0.1\""),
	 "4:16: covey_gkm must be one machine's address, but 241.0.0.1 is a reserved address "
	 "(240.0.0.0/4), which no machine has\n"},
	{"GKM on every machine, as a tunnel's end is", FABRIC("f", "\"127.0.0.1\""), ""},
	{"GKM on every machine, IPv6", FABRIC("f", "\"::1\""), ""},
	{"several GKMs", FABRIC("f", "[192.0.2.1, 192.0.2.2, 127.0.0.1]"), ""},
	{"no GKM", FABRIC("f", "[]"), "4:16: covey_gkm lists 0 addresses: it takes 1 to 8\n"},
	{"too many GKMs",
	 FABRIC("f", "[10.1.0.1, 10.1.0.2, 10.1.0.3, 10.1.0.4, 10.1.0.5, 10.1.0.6, 10.1.0.7, "
		     "10.1.0.8, 10.1.0.9]"),
	 "4:16: covey_gkm lists 9 addresses: it takes 1 to 8\n"},
	{"the same GKM twice", FABRIC("f", "[192.0.2.1, 192.0.2.2, 192.0.2.1]"),
	 "4:39: covey_gkm has 192.0.2.1 twice, first at line 4: each key manager has an address of "
	 "its own\n"},
	{"the same GKM twice, written in two ways",
	 FABRIC("f", "\n    - \"2001:db8::1\"\n    - \"2001:db8:0::1\""),
	 "6:7: covey_gkm has 2001:db8:0::1 twice, first at line 5: each key manager has an address "
	 "of its own\n"},
	{"GKMs of two families", FABRIC("f", "[192.0.2.1, \"2001:db8::1\"]"),
	 "4:28: covey_gkm has an IPv6 address, but its first one (line 4) is an IPv4 one: all key "
	 "managers of a fabric use one family, so that every host reaches them all\n"},
	{"a GKM that is none, among good ones", FABRIC("f", "[192.0.2.1, gkm2, 239.1.1.1]"),
	 "4:28: covey_gkm must be an IP address without mask, like 192.0.2.1 or 2001:db8::1, not "
	 "the text \"gkm2\"\n"
	 "4:34: covey_gkm must be one machine's address, but 239.1.1.1 is a multicast address\n"},
	{"a mapping of GKMs", FABRIC("f", "{a: 192.0.2.1}"),
	 "4:16: covey_gkm must be an IP address without mask, like 192.0.2.1 or 2001:db8::1, not a "
	 "mapping\n"},
	{"fabric name too long",
	 FABRIC("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "0.0.0.0"),
	 "3:19: covey_fabric must be a name of 1 to 63 of a-z 0-9 . _ - (it becomes the trust "
	 "domain of the certificates), not the text "
	 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"\n"
	 "4:16: covey_gkm must be one machine's address, but 0.0.0.0 is the unspecified address\n"},
	{"missing all three",
	 "all:\n"
	 "  vars:\n"
	 "    covey_paths: 1\n"
	 "  hosts:\n"
	 "    a: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n"
	 "    b: {covey_vtep: 10.0.0.2, covey_fabric_interface: eth0}\n",
	 ALL_MISSING("2:3")},
	{"fabric variable in a group",
	 VARS GROUPS HOSTS "  children:\n"
			   "    rack:\n"
			   "      vars: {covey_vxlan_port: 4789}\n",
	 "12:14: covey_vxlan_port is a variable of the whole fabric: move it to vars of group "
	 "all\n"},
	{"fabric variable at a host", HOST_C("covey_fabric: x"),
	 "10:61: covey_fabric is a variable of the whole fabric: move it to vars of group all\n"},
	{"unknown key", GROUP_G("vnis: [100], members: [a], chiper: aes-256-gcm"),
	 "6:38: unknown key chiper in covey group g (did you mean cipher?)\n"},
	{"missing keys", GROUP_G("cipher: aes-128-gcm"),
	 "6:7: covey group g has no members\n"
	 "6:7: covey group g has no vnis\n"},
	{"bad cipher", GROUP_G("vnis: [1], members: [a], cipher: aes256-gcm"),
	 "6:44: cipher must be aes-256-gcm or aes-128-gcm, not the text \"aes256-gcm\" (did you "
	 "mean aes-256-gcm?)\n"},
	{"bad key scope", GROUP_G("vnis: [1], members: [a], key_scope: senders"),
	 "6:47: key_scope must be sender or group, not the text \"senders\" (did you mean "
	 "sender?)\n"},
	{"bad mode", GROUP_G("vnis: [1], members: [a], mode: enforced"),
	 "6:42: mode must be observe, transition or enforce, not the text \"enforced\" (did you "
	 "mean enforce?)\n"},
	{"mode that is a number", GROUP_G("vnis: [1], members: [a], mode: 3"),
	 "6:42: mode must be observe, transition or enforce, not the number 3\n"},
	{"window no power of two", GROUP_G("vnis: [1], members: [a], replay_window: 1000"),
	 "6:51: replay_window must be a power of two, not 1000: 512 or 1024\n"},
	{"window too small", GROUP_G("vnis: [1], members: [a], replay_window: 32"),
	 "6:51: replay_window must be a number from 64 to 65536, not the number 32\n"},
	{"window too large", GROUP_G("vnis: [1], members: [a], replay_window: 131072"),
	 "6:51: replay_window must be a number from 64 to 65536, not the number 131072\n"},
	{"VNI out of range", GROUP_G("vnis: [16777216], members: [a]"),
	 "6:18: a VNI of covey group g must be a number from 0 to 16777215, not the number "
	 "16777216\n"},
	{"VNI ranges",
	 GROUP_G("vnis: [\"9-5\", \"1-\", \"x\", \"1-99999999\", 1.5, \"3 - 4\"], members: [a]"),
	 "6:18" NO_VNIS "the text \"9-5\"\n"
	 "6:25" NO_VNIS "the text \"1-\"\n"
	 "6:31" NO_VNIS "the text \"x\"\n"
	 "6:36" NO_VNIS "the text \"1-99999999\"\n"
	 "6:50: a VNI of covey group g must be a number from 0 to 16777215, not the number 1.5\n"},
	{"VNI octal", GROUP_G("vnis: [0100], members: [a]"),
	 "6:18: a VNI of covey group g: YAML reads 0100 as an octal number: write it without the "
	 "leading 0\n"},
	{"VNIs no list", GROUP_G("vnis: 5, members: [a]"),
	 "6:17: vnis of covey group g must be a list of VNIs, like [100, \"200-210\"], not the "
	 "number 5\n"},
	{"VNIs empty", GROUP_G("vnis: [], members: [a]"),
	 "6:17: vnis of covey group g must be a list of VNIs, like [100, \"200-210\"], not a "
	 "list\n"},
	{"VNI twice", GROUP_G("vnis: [100, \"90-110\"], members: [a]"),
	 "6:23: VNI 100 is in group g twice, first at line 6: remove one\n"},
	{"VNIs too many", GROUP_G("vnis: [\"1-5000\"], members: [a]"),
	 "6:17: covey group g has 5000 VNIs, a group can have 4096\n"},
	{"VNI in two groups",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [100], members: [a]}\n"
	      "      h: {vnis: [\"99-100\"], members: [b]}\n" HOSTS,
	 "7:18: VNI 100 is in group g already (line 6): a VNI belongs to one group\n"},
	{"member unknown", GROUP_G("vnis: [1], members: [a, bb, zebra]"),
	 "6:35: members of covey group g: bb is no host or group of this inventory (did you mean "
	 "b?)\n"
	 "6:39: members of covey group g: zebra is no host or group of this inventory\n"},
	{"member of number", GROUP_G("vnis: [1], members: [a, 1, no, [b]]"),
	 "6:35: a name in members must be text, but YAML reads the number 1 here: put it in "
	 "quotes\n"
	 "6:38: a name in members must be text, but YAML reads the boolean no here: put it in "
	 "quotes\n"
	 "6:42: a name in members must be text, not a list\n"},
	{"members no list", GROUP_G("vnis: [1], members: a"),
	 "6:31: members of covey group g must be a list of host and group names, like [hv1, "
	 "rack2], not the text \"a\"\n"},
	{"members empty", GROUP_G("vnis: [1], members: []"),
	 "6:31: members of covey group g is an empty list: name hosts or groups\n"},
	{"send no member", GROUP_G("vnis: [1], members: [a], send: [b]"),
	 "6:43: send of covey group g: host b is not in its members: add it there\n"},
	{"receive unknown", GROUP_G("vnis: [1], members: [a], receive: [c]"),
	 "6:46: receive of covey group g: c is no host or group of this inventory (did you mean "
	 "a?)\n"},
	{"send empty", GROUP_G("vnis: [1], members: [a], send: []"),
	 "6:42: send of covey group g is an empty list: leave it out to let every member do it\n"},
	{"receive template", GROUP_G("vnis: [1], members: [a], receive: \"{{ x }}\""),
	 "6:45: covey_groups" TEMPLATE},
	{"member without VTEP",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [c, rack]}\n" HOSTS "    c:\n"
	      "  children:\n"
	      "    rack:\n"
	      "      hosts:\n"
	      "        d:\n",
	 "6:32: members of covey group g: host c has no covey_vtep, so it is not of the fabric\n"
	 "6:35: members of covey group g: host d of group rack has no covey_vtep, so it is not of "
	 "the fabric\n"},
	{"send by group of no members",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], send: [rack]}\n" HOSTS "  children:\n"
	      "    rack:\n"
	      "      hosts:\n"
	      "        b:\n",
	 "6:43: send of covey group g: host b of group rack is not in its members: add it there\n"},
	{"member is host and group",
	 VARS GROUPS HOSTS "  children:\n"
			   "    a:\n",
	 "6:34: members of covey group g: a is both a host and a group: rename one of them\n"},
	{"rekey no mapping", GROUP_G("vnis: [1], members: [a], rekey: 1h"),
	 "6:43: rekey of covey group g must be a mapping, like {interval: 1h}, not the text "
	 "\"1h\"\n"},
	{"rekey unknown key", GROUP_G("vnis: [1], members: [a], rekey: {intervall: 1h}"),
	 "6:44: unknown key intervall in rekey of covey group g (did you mean interval?)\n"},
	{"rekey bad duration", GROUP_G("vnis: [1], members: [a], rekey: {interval: 1 hour}"),
	 "6:54: interval" NO_DURATION "the text \"1 hour\"\n"},
	{"rekey base 60", GROUP_G("vnis: [1], members: [a], rekey: {interval: 1:30}"),
	 "6:54: interval" NO_DURATION "the base-60 number 1:30\n"},
	{"rekey too long", GROUP_G("vnis: [1], members: [a], rekey: {drain_delay: 2d}"),
	 "6:57: drain_delay must be a duration from 0s to 1d, like 90s, 10m, 1h or 7d, not the "
	 "text \"2d\"\n"},
	{"rekey bad boolean", GROUP_G("vnis: [1], members: [a], rekey: {on_join: 1}"),
	 "6:53: on_join must be true or false, not the number 1\n"},
	{"lifetime not longer", GROUP_G("vnis: [1], members: [a], rekey: {interval: 24h}"),
	 "6:54: rekey of covey group g: hard_lifetime (86400 s) must be longer than interval "
	 "(86400 s), or keys die before the next ones come\n"},
	{"lifetime equal",
	 GROUP_G("vnis: [1], members: [a], rekey: {interval: 1h, hard_lifetime: 60m}"),
	 "6:73: rekey of covey group g: hard_lifetime (3600 s) must be longer than interval (3600 "
	 "s), or keys die before the next ones come\n"},
	{"group no mapping", VARS "    covey_groups: {g: [100]}\n" HOSTS,
	 "5:23: covey group g must be a mapping, like {vnis: [100], members: [hv1, hv2]}, not a "
	 "list\n"},
	{"groups no mapping", VARS "    covey_groups: [g]\n" HOSTS,
	 "5:19: covey_groups must be a mapping of group names, like {tenants: {vnis: [100], "
	 "members: [hv1, hv2]}}, not a list\n"},
	{"groups empty", VARS "    covey_groups: {}\n" HOSTS,
	 "5:19: covey_groups must be a mapping of group names, like {tenants: {vnis: [100], "
	 "members: [hv1, hv2]}}, not a mapping\n"},
	{"group's name",
	 VARS "    covey_groups: {\"a b\": {vnis: [1], members: [a]}, 5: {vnis: [2], members: "
	      "[a]}}\n" HOSTS,
	 "5:20: the name of a covey group must be a name of 1 to 63 of a-z A-Z 0-9 . _ - that "
	 "begins with a letter or digit, not the text \"a b\"\n"
	 "5:54: the name of a covey group must be text, but YAML reads the number 5 here: put it "
	 "in quotes\n"},
	{"hugepages",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, covey_hugepages: auto}\n"
	 "    d: {covey_vtep: 10.0.0.4, covey_fabric_interface: eth0, covey_hugepages: none}\n",
	 ""},
	{"cipher code", HOST_C("covey_cipher: libary"),
	 "10:75: covey_cipher must be auto or library, not the text \"libary\" (did you mean "
	 "library?)\n"},
	{"hugepages misspelt", HOST_C("covey_hugepages: atuo"),
	 "10:78: covey_hugepages must be none or auto, not the text \"atuo\" (did you mean "
	 "auto?)\n"},
	{"hugepages a number", HOST_C("covey_hugepages: 128"),
	 "10:78: covey_hugepages must be none or auto, not the number 128\n"},
	{"bracketed address with a port",
	 VARS GROUPS HOSTS "    \"[2001:db8::12]:22\": {ansible_user: root}\n", ""},
	{"bracketed name with a port",
	 VARS GROUPS HOSTS "    \"[c]:22\": {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n",
	 "10:28: covey_vtep 10.0.0.1 of host c is host a's already (line 8): give each host its "
	 "own\n"},
	{"interface too long", HOST_C("covey_host_interface: abcdefghijklmnop"),
	 "10:83: covey_host_interface must be an interface name of 1 to 15 characters, without "
	 "slash, colon and space, not the text \"abcdefghijklmnop\"\n"},
	{"interface with slash", HOST_C("covey_host_interface: a/b"),
	 "10:83: covey_host_interface must be an interface name of 1 to 15 characters, without "
	 "slash, colon and space, not the text \"a/b\"\n"},
	{"interface of boolean", HOST_C("covey_host_interface: on"),
	 "10:83: covey_host_interface must be text, but YAML reads the boolean on here: put it in "
	 "quotes\n"},
	{"interfaces equal", HOST_C("covey_host_interface: eth0"),
	 "10:83: host c: covey_host_interface and covey_fabric_interface are both eth0: covey "
	 "makes the first and sends through the second\n"},
	{"device missing", HOST_C("covey_fabric_port: device"),
	 "10:80: host c: covey_fabric_port: device needs a covey_fabric_device\n"},
	{"device unused", HOST_C("covey_host_device: net_tap0"),
	 "10:61: host c: covey_host_device is used only with covey_host_port: device\n"},
	{"device with space",
	 HOST_C("covey_host_device: \"a b\", covey_host_port: device, "
		"covey_fabric_port: auto"),
	 "10:80: covey_host_device must be a DPDK device of 1 to 255 characters, like "
	 "0000:65:00.0 or net_tap0,iface=x, not the text \"a b\"\n"},
	{"port kind", HOST_C("covey_fabric_port: afxdp"),
	 "10:80: covey_fabric_port must be auto, af_xdp, af_packet, device or kernel, not the text "
	 "\"afxdp\" (did you mean af_xdp?)\n"},
	{"a list of interfaces",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: [e, f], covey_fabric_port: auto}\n",
	 "10:55: host c: covey_fabric_interface is a list, which only covey_fabric_port: kernel "
	 "takes\n"},
	{"no interface in the list",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: []}\n",
	 "10:55: covey_fabric_interface lists 0 names: it takes 1 to 8\n"},
	{"a number in the list",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: [e, 5]}\n",
	 "10:59: covey_fabric_interface must be text, but YAML reads the number 5 here: put it in "
	 "quotes\n"},
	{"kernel and device",
	 HOST_C("covey_fabric_port: kernel, covey_host_port: device, covey_host_device: a"),
	 "10:105: host c: covey_fabric_port: kernel goes with covey_host_port: auto, tap or "
	 "veth\n"},
	{"the default and device", HOST_C("covey_host_port: device, covey_host_device: a"),
	 "10:78: host c: covey_fabric_port: kernel, the default, goes with covey_host_port: auto, "
	 "tap or veth: for a bump in the wire set covey_fabric_port: auto\n"},
	{"kernel and raw IP",
	 VARS
	 "    covey_encapsulation: ip\n" GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: e, covey_fabric_port: kernel}\n",
	 "5:5: covey_encapsulation: ip needs another covey_fabric_port than the default, kernel, "
	 "which sends VPE in UDP alone: set covey_fabric_port: auto (for host a and others)\n"
	 "11:77: host c: covey_fabric_port: kernel sends VPE in UDP alone, and "
	 "covey_encapsulation is ip\n"},
	{"the default and raw IP",
	 VARS "    covey_encapsulation: ip\n    covey_fabric_port: auto\n" GROUPS HOSTS
	      "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: e}\n",
	 ""},
	{"kernel and the same name",
	 HOST_C("covey_fabric_port: kernel, covey_host_interface: eth0"),
	 "10:110: host c: covey_host_interface and covey_fabric_interface are both eth0: covey "
	 "makes the first and sends through the second\n"},
	{"offload without kernel", HOST_C("covey_offload: \"off\", covey_fabric_port: auto"),
	 "10:61: host c: covey_offload is used only with covey_fabric_port: kernel\n"},
	{"fabric interface of 128 characters",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: " NAME_127 "n}\n",
	 "10:55: covey_fabric_interface must be an interface name of 1 to 15 characters or an "
	 "alternative one of 1 to 127, without slash, colon and space, not the text \"" NAME_16
		 NAME_16 NAME_16 "...\"\n"},
	{"cores", HOST_C("covey_cores: 4-2"),
	 "10:74: covey_cores must be a list of CPUs like \"2,3\" or \"4-7\", each below 1024, not "
	 "the text \"4-2\"\n"},
	{"foreign VXLAN", HOST_C("covey_foreign_vxlan: block"),
	 "10:82: covey_foreign_vxlan must be warn, drop or pass, not the text \"block\"\n"},
	{"weak guard", HOST_C("covey_weak_guard: yes"),
	 "10:79: covey_weak_guard must be refuse or allow, not the boolean yes\n"},
	{"metrics without port", HOST_C("covey_metrics: 127.0.0.1"),
	 "10:76: covey_metrics must be an address with a port, like 127.0.0.1:9798 or "
	 "\"[::1]:9798\", unix:/path, or off, not the text \"127.0.0.1\"\n"},
	{"metrics that are no word", HOST_C("covey_metrics: no"),
	 "10:76: covey_metrics must be text, but YAML reads the boolean no here: put it in "
	 "quotes\n"},
	{"cores list", HOST_C("covey_cores: [1]"), "10:74: covey_cores must be text, not a list\n"},
	{"SenderID zero", HOST_C("covey_sender_id: 0"),
	 "10:78: covey_sender_id must be a number from 1 to 65535, not the number 0\n"},
	{"SenderID large", HOST_C("covey_sender_id: 65536"),
	 "10:78: covey_sender_id must be a number from 1 to 65535, not the number 65536\n"},
	{"duplicate VTEP", VTEP_C("10.0.0.1"),
	 "10:21: covey_vtep 10.0.0.1 of host c is host a's already (line 8): give each host its "
	 "own\n"},
	{"family mismatch", VTEP_C("\"fd00::1\""),
	 "10:21: host c has an IPv6 VTEP address, but a has an IPv4 one (line 8): all hosts of a "
	 "fabric use one family\n"},
	{"VTEP multicast", VTEP_C("239.0.0.1"),
	 NOT_ONE_MACHINES("239.0.0.1", "a multicast address")},
	{"VTEP loopback", VTEP_C("\"127.0.0.1\""),
	 NOT_ONE_MACHINES("127.0.0.1", "a loopback address, which every machine has")},
	{"VTEP at the end of loopback", VTEP_C("\"127.255.255.254\""),
	 NOT_ONE_MACHINES("127.255.255.254", "a loopback address, which every machine has")},
	{"VTEP IPv6 loopback", VTEP_C("\"::1\""),
	 NOT_ONE_MACHINES("::1", "the loopback address, which every machine has")},
	{"VTEP of this network", VTEP_C("\"0.0.0.5\""),
	 NOT_ONE_MACHINES("0.0.0.5",
			  "an address of \"this network\" (0.0.0.0/8), which no machine has")},
	{"VTEP reserved", VTEP_C("\"240.0.0.1\""),
	 NOT_ONE_MACHINES("240.0.0.1", "a reserved address (240.0.0.0/4), which no machine has")},
	{"VTEP reserved, the last", VTEP_C("\"255.255.255.254\""),
	 NOT_ONE_MACHINES("255.255.255.254",
			  "a reserved address (240.0.0.0/4), which no machine has")},
	{"VTEP IPv4 link-local", VTEP_C("\"169.254.0.1\""),
	 NOT_ONE_MACHINES("169.254.0.1", "a link-local address, which is good on one link alone")},
	{"VTEP IPv6 link-local", VTEP_C("\"fe80::1\""),
	 NOT_ONE_MACHINES("fe80::1", "a link-local address, which is good on one link alone")},
	{"VTEP at the end of link-local", VTEP_C("\"febf::1\""),
	 NOT_ONE_MACHINES("febf::1", "a link-local address, which is good on one link alone")},
	{"VTEP multicast, the last", VTEP_C("\"239.255.255.255\""),
	 NOT_ONE_MACHINES("239.255.255.255", "a multicast address")},
	{"VTEP IPv6 multicast", VTEP_C("\"ff02::1\""),
	 NOT_ONE_MACHINES("ff02::1", "a multicast address")},
	{"VTEP IPv4-compatible", VTEP_C("\"::10.0.0.3\""),
	 NOT_ONE_MACHINES("::10.0.0.3", "an IPv4 address in IPv6 form (write the IPv4 address)")},
	{"VTEP discarded", VTEP_C("\"100::1\""),
	 NOT_ONE_MACHINES("100::1", "an address that is discarded (100::/64)")},
	{"VTEP unspecified", VTEP_C("\"::\""), NOT_ONE_MACHINES("::", "the unspecified address")},
	{"VTEP broadcast", VTEP_C("255.255.255.255"),
	 NOT_ONE_MACHINES("255.255.255.255", "the broadcast address")},
	{"VTEP mapped", VTEP_C("\"::ffff:10.0.0.3\""),
	 NOT_ONE_MACHINES("::ffff:10.0.0.3",
			  "an IPv4 address in IPv6 form (write the IPv4 address)")},
	{"VTEP with mask", VTEP_C("10.0.0.3/24"),
	 "10:21: covey_vtep must be an IP address without mask, like 192.0.2.1 or 2001:db8::1, not "
	 "the text \"10.0.0.3/24\"\n"},
	{"VTEP in base 60", VTEP_C("2001:10:20:30:40:50:1:2"),
	 "10:21: covey_vtep: YAML reads 2001:10:20:30:40:50:1:2 as a number of base 60: put the "
	 "address in quotes\n"},
	{"SenderID of two",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, covey_sender_id: 7}\n"
	 "    d: {covey_vtep: 10.0.0.4, covey_fabric_interface: eth0, covey_sender_id: 7}\n",
	 "11:78: covey_sender_id 7 of host d is host c's already (line 10): give each host its "
	 "own\n"},
	{"no fabric interface",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_port: auto}\n",
	 "10:5: host c has no covey_fabric_interface: name the card that covey takes, or leave it "
	 "to the kernel (covey_fabric_port: kernel)\n"},
	{"no VTEP", VARS GROUPS HOSTS "    c: {covey_fabric_interface: eth0}\n",
	 "10:9: host c has covey_fabric_interface but no covey_vtep: only hosts with a covey_vtep "
	 "belong to the fabric\n"},
	{"host twice",
	 VARS GROUPS HOSTS "    a: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0}\n",
	 "10:5: a is here twice, first at line 8: keep one of them\n"},
	{"host named gkm",
	 VARS GROUPS HOSTS "    gkm: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0}\n",
	 "10:5: the name of host gkm must be another name: gkm and ca name the key manager's and "
	 "the authority's certificates\n"},
	{"host's bad name",
	 VARS GROUPS HOSTS "    -x y: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0}\n",
	 "10:5: the name of host -x y must be a name of 1 to 63 of a-z A-Z 0-9 . _ - that begins "
	 "with a letter or digit (it becomes part of the host's certificate)\n"},
	{"host's name a number",
	 VARS GROUPS HOSTS "    7: {covey_vtep: 10.0.0.3}\n"
			   "    on: {}\n",
	 "10:5: the name of a host must be text, but YAML reads the number 7 here: put it in "
	 "quotes\n"
	 "11:5: the name of a host must be text, but YAML reads the boolean on here: put it in "
	 "quotes\n"},
	{"range of hosts with one VTEP",
	 VARS GROUPS HOSTS "    c[1:2]: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0}\n",
	 "10:26: covey_vtep 10.0.0.3 of host c2 is host c1's already (line 10): give each host its "
	 "own\n"},
	{"bad ranges",
	 VARS GROUPS HOSTS "    c[1:]:\n"
			   "    d[2:1]:\n"
			   "    e[01:3]:\n"
			   "    f[1:2:0]:\n"
			   "    g[1:2:\n"
			   "    h[a:3]:\n",
	 "10:5: c[1:]: a host range is [BEGIN:END] or [BEGIN:END:STEP]\n"
	 "11:5: d[2:1]: a host range must not begin behind its end\n"
	 "12:5: e[01:3]: a host range with leading zeros needs begin and end of one length\n"
	 "13:5: f[1:2:0]: the step of a host range is a number from 1\n"
	 "14:5: g[1:2: the [ of this host range has no ]\n"
	 "15:5: h[a:3]: a host range goes from number to number or from letter to letter\n"},
	{"host no mapping", VARS GROUPS HOSTS "    c: 5\n",
	 "10:8: c must be a mapping (variables of a host), not the number 5\n"},
	{"host a list", VARS GROUPS HOSTS "    c: [covey_vtep]\n",
	 "10:8: c must be a mapping (variables of a host), not a list\n"},
	{"hosts a list", "all:\n  hosts: [a, b]\n  vars: 5\n",
	 "2:10: hosts must be a mapping (one host per line, each ending with a colon), not a list\n"
	 "3:3: covey_fabric is missing: set it in vars of group all\n"
	 "3:3: covey_gkm is missing: set it in vars of group all\n"
	 "3:3: covey_groups is missing: set it in vars of group all\n"
	 "3:9: vars must be a mapping (variables), not the number 5\n"},
	{"unknown part", "all:\n  host:\n    a:\n  chidren:\n",
	 ALL_MISSING("1:1") "2:3: unknown key host in group all (did you mean hosts?): a group has "
			    "vars, hosts and children\n"
			    "4:3: unknown key chidren in group all (did you mean children?): a "
			    "group has vars, hosts and children\n"},
	{"group no mapping in children",
	 "all:\n"
	 "  children:\n"
	 "    rack: 5\n"
	 "    pod: [x]\n",
	 ALL_MISSING(
		 "1:1") "3:11: rack must be a mapping (vars:, hosts: and children:), not the "
			"number 5\n"
			"4:10: pod must be a mapping (vars:, hosts: and children:), not a list\n"},
	{"loop",
	 "a: {children: {b: {children: {c: }}}}\n"
	 "c: {children: {a: }}\n"
	 "all:\n",
	 "2:16: group a is below itself (it is a child of c): Ansible allows no loops\n"
	 "3:1: covey_fabric is missing: set it in vars of group all\n"
	 "3:1: covey_gkm is missing: set it in vars of group all\n"
	 "3:1: covey_groups is missing: set it in vars of group all\n"},
	{"all below itself", "x: {children: {all: }}\n",
	 ALL_MISSING("1:16") "1:16: group all is below itself (it is a child of x): Ansible allows "
			     "no loops\n"},
	{"own child", "x: {children: {x: }}\n",
	 ALL_MISSING("1:1") "1:16: group x is below itself (it is a child of x): Ansible allows no "
			    "loops\n"},
	{"ungrouped misused",
	 "x: {children: {ungrouped: }}\n"
	 "ungrouped: {children: {y: }}\n",
	 ALL_MISSING("1:1") "1:16: ungrouped is Ansible's own group for hosts that are in no "
			    "other: it cannot be part of x\n"
			    "2:24: ungrouped is Ansible's own group for hosts that are in no "
			    "other: it has no children\n"},
	{"priority", "x: {vars: {ansible_group_priority: high}}\n",
	 ALL_MISSING(
		 "1:1") "1:36: ansible_group_priority must be a number, not the text \"high\"\n"},
	{"aliases in the skeleton",
	 "x: &x\n"
	 "  hosts: {a: }\n"
	 "y: *x\n"
	 "z: {hosts: *x}\n",
	 ALL_MISSING("1:1") "3:4: y: covey follows no YAML aliases (*x): write the values out, or "
			    "set them once in a group's vars\n"
			    "4:12: hosts: covey follows no YAML aliases (*x): write the values "
			    "out, or set them once in a group's vars\n"},
	{"tags in the skeleton", "x: !foo {}\n",
	 ALL_MISSING("1:1") "1:4: x: the YAML tag !foo cannot stand here: remove it\n"},
	{"zero byte", VARS GROUPS HOSTS "    c: {covey_cores: \"1\\0\"}\n",
	 "10:22: this text holds a zero byte (\\0): remove it\n"},
	{"controls in a name", VARS GROUPS HOSTS "    c: {\"covey_\\e[31m\": 1}\n",
	 "10:9: unknown variable covey_?[31m (did you mean covey_gkm?)\n"},
};

#define MISTAKES (sizeof(mistakes) / sizeof(mistakes[0]))

static void test_mistake(void **state)
{
	mistake_check(*state);
}

/* All of a file's mistakes in one run, in the order of the file. */
static void test_all_at_once(void **state)
{
	static const struct mistake all = {
		"many",
		"all:\n"
		"  vars:\n"
		"    covey_gkm: ff02::1\n"
		"    covey_groups:\n"
		"      g: {vnis: [1, 1], members: [a, z], cipher: des}\n"
		"  hosts:\n"
		"    a: {covey_vtep: 10.0.0.1, covey_cores: x, covey_fabric_port: auto}\n"
		"    b: {covey_vtep: 10.0.0.1, covey_fabric_interface: \"{{ i }}\"}\n",
		"2:3: covey_fabric is missing: set it in vars of group all\n"
		"3:16: covey_gkm must be one machine's address, but ff02::1 is a multicast "
		"address\n"
		"5:21: VNI 1 is in group g twice, first at line 5: remove one\n"
		"5:38: members of covey group g: z is no host or group of this inventory (did you "
		"mean a?)\n"
		"5:50: cipher must be aes-256-gcm or aes-128-gcm, not the text \"des\"\n"
		"7:5: host a has no covey_fabric_interface: name the card that covey takes, or "
		"leave it to the kernel (covey_fabric_port: kernel)\n"
		"7:44: covey_cores must be a list of CPUs like \"2,3\" or \"4-7\", each below "
		"1024, not the text \"x\"\n"
		"8:21: covey_vtep 10.0.0.1 of host b is host a's already (line 7): give each host "
		"its own\n"
		"8:55: covey_fabric_interface holds a template: covey reads the inventory without "
		"Ansible, so write the value itself\n"};

	mistake_check(&all);
}

int main(void)
{
	struct CMUnitTest tests[MISTAKES + 1];

	for (size_t i = 0; i < MISTAKES; i++)
		tests[i] = (struct CMUnitTest){.name = mistakes[i].title,
					       .test_func = test_mistake,
					       .initial_state = (void *)&mistakes[i]};
	tests[MISTAKES] = (struct CMUnitTest)cmocka_unit_test(test_all_at_once);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
