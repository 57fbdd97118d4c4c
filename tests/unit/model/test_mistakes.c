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

/* What is wrong, the text, its diagnostics. */
#define NAME_16  "nnnnnnnnnnnnnnnn"
#define NAME_127 NAME_16 NAME_16 NAME_16 NAME_16 NAME_16 NAME_16 NAME_16 "nnnnnnnnnnnnnnn"

static const struct mistake mistakes[] = {
	{"nothing", VARS GROUPS HOSTS, ""},
	{"empty file", "", "the inventory is empty: it needs at least all: with vars and hosts\n"},
	{"comment alone", "# nothing\n",
	 "the inventory is empty: it needs at least all: with vars and hosts\n"},
	{"null document", "---\n",
	 "the inventory is empty: it needs at least all: with vars and hosts\n"},
	{"text instead of groups", "hello\n",
	 "1:1: an inventory must be a mapping (groups, first of all all:), not the text "
	 "\"hello\"\n"},
	{"list instead of groups", "- a\n",
	 "1:1: an inventory must be a mapping (groups, first of all all:), not a list\n"},
	{"syntax error",
	 "all: [1\n"
	 "b: 2\n",
	 "2:2: not valid YAML: did not find expected ',' or ']' (while parsing a flow sequence "
	 "that began at line 1)\n"},
	{"tab",
	 "all:\n"
	 "\tvars:\n",
	 "2:1: not valid YAML: found character that cannot start any token (while scanning for the "
	 "next token that began at line 2)\n"},
	{"no UTF-8",
	 "all:\n"
	 "  x: \377\n",
	 "2:6: not valid YAML: invalid leading UTF-8 octet; save the file as plain UTF-8 "
	 "text\n"},
	{"two documents",
	 "all:\n"
	 "---\n"
	 "all:\n",
	 "2:1: a second YAML document begins here: an inventory is one document\n"},
	{"nothing of ours",
	 "all:\n"
	 "  hosts:\n"
	 "    a:\n",
	 "1:1: covey_fabric is missing: set it in vars of group all\n"
	 "1:1: covey_gkm is missing: set it in vars of group all\n"
	 "1:1: covey_groups is missing: set it in vars of group all\n"},
	{"no group all",
	 "web:\n"
	 "  hosts:\n"
	 "    a:\n",
	 "1:1: covey_fabric is missing: set it in vars of group all\n"
	 "1:1: covey_gkm is missing: set it in vars of group all\n"
	 "1:1: covey_groups is missing: set it in vars of group all\n"},
	{"all: vars without ours",
	 "all:\n"
	 "  vars:\n"
	 "    x: 1\n",
	 "2:3: covey_fabric is missing: set it in vars of group all\n"
	 "2:3: covey_gkm is missing: set it in vars of group all\n"
	 "2:3: covey_groups is missing: set it in vars of group all\n"},
	{"no groups but braces", "{}\n",
	 "1:1: covey_fabric is missing: set it in vars of group all\n"
	 "1:1: covey_gkm is missing: set it in vars of group all\n"
	 "1:1: covey_groups is missing: set it in vars of group all\n"},
	{"unknown variable", VARS "    covey_gkm_prot: 1\n" GROUPS HOSTS,
	 "5:5: unknown variable covey_gkm_prot (did you mean covey_gkm_port?)\n"},
	{"nothing near", VARS "    covey_zzzzzzzzzzzzz: 1\n" GROUPS HOSTS,
	 "5:5: unknown variable covey_zzzzzzzzzzzzz\n"},
	{"dash for underscore", VARS "    covey-paths: 1\n" GROUPS HOSTS,
	 "5:5: unknown variable covey-paths (did you mean covey_paths?)\n"},
	{"capitals", VARS "    Covey_paths: 1\n" GROUPS HOSTS,
	 "5:5: unknown variable Covey_paths (did you mean covey_paths?)\n"},
	{"number as text", VARS "    covey_gkm_port: \"4798\"\n" GROUPS HOSTS,
	 "5:21: covey_gkm_port must be a number, not text: remove the quotes\n"},
	{"text as number", VARS "    covey_gkm_port: http\n" GROUPS HOSTS,
	 "5:21: covey_gkm_port must be a number from 1 to 65535, not the text \"http\"\n"},
	{"zero port", VARS "    covey_gkm_port: 0\n" GROUPS HOSTS,
	 "5:21: covey_gkm_port must be a number from 1 to 65535, not the number 0\n"},
	{"port too large", VARS "    covey_gkm_port: 65536\n" GROUPS HOSTS,
	 "5:21: covey_gkm_port must be a number from 1 to 65535, not the number 65536\n"},
	{"negative", VARS "    covey_gkm_port: -1\n" GROUPS HOSTS,
	 "5:21: covey_gkm_port must be a number from 1 to 65535, not the number -1\n"},
	{"enormous", VARS "    covey_gkm_port: 99999999999999999999999\n" GROUPS HOSTS,
	 "5:21: covey_gkm_port must be a number from 1 to 65535, not the number "
	 "99999999999999999999999\n"},
	{"octal", VARS "    covey_gkm_port: 04798\n" GROUPS HOSTS,
	 "5:21: covey_gkm_port must be a number from 1 to 65535, not the text \"04798\"\n"},
	{"octal digits", VARS "    covey_gkm_port: 0777\n" GROUPS HOSTS,
	 "5:21: covey_gkm_port: YAML reads 0777 as an octal number: write it without the leading "
	 "0\n"},
	{"float", VARS "    covey_paths: 1.5\n" GROUPS HOSTS,
	 "5:18: covey_paths must be a number from 1 to 1024, not the number 1.5\n"},
	{"null", VARS "    covey_paths:\n" GROUPS HOSTS,
	 "5:17: covey_paths must be a number from 1 to 1024, not nothing\n"},
	{"list for number", VARS "    covey_paths: [1]\n" GROUPS HOSTS,
	 "5:18: covey_paths must be a number from 1 to 1024, not a list\n"},
	{"mapping for number", VARS "    covey_paths: {a: 1}\n" GROUPS HOSTS,
	 "5:18: covey_paths must be a number from 1 to 1024, not a mapping\n"},
	{"boolean for number", VARS "    covey_paths: yes\n" GROUPS HOSTS,
	 "5:18: covey_paths must be a number from 1 to 1024, not the boolean yes\n"},
	{"paths too many", VARS "    covey_paths: 1025\n" GROUPS HOSTS,
	 "5:18: covey_paths must be a number from 1 to 1024, not the number 1025\n"},
	{"date", VARS "    covey_paths: 2026-01-02\n" GROUPS HOSTS,
	 "5:18: covey_paths must be a number from 1 to 1024, not the date 2026-01-02\n"},
	{"choice misspelt", VARS "    covey_encapsulation: upd\n" GROUPS HOSTS,
	 "5:26: covey_encapsulation must be udp or ip, not the text \"upd\" (did you mean udp?)\n"},
	{"choice far off", VARS "    covey_encapsulation: geneve\n" GROUPS HOSTS,
	 "5:26: covey_encapsulation must be udp or ip, not the text \"geneve\"\n"},
	{"choice of other type", VARS "    covey_encapsulation: [udp]\n" GROUPS HOSTS,
	 "5:26: covey_encapsulation must be udp or ip, not a list\n"},
	{"VPE port is VXLAN's", VARS "    covey_vpe_port: 4789\n" GROUPS HOSTS,
	 "5:5: covey_vpe_port and covey_vxlan_port are both 4789: they must differ\n"},
	{"VXLAN port is VPE's", VARS "    covey_vxlan_port: 4798\n" GROUPS HOSTS,
	 "5:5: covey_vpe_port and covey_vxlan_port are both 4798: they must differ\n"},
	{"protocol of UDP", VARS "    covey_vpe_protocol: 17\n" GROUPS HOSTS,
	 "5:5: covey_vpe_protocol 17 is another protocol's number: 253 and 254 are free for such "
	 "use\n"},
	{"template", VARS "    covey_paths: \"{{ paths }}\"\n" GROUPS HOSTS,
	 "5:18: covey_paths holds a template: covey reads the inventory without Ansible, so write "
	 "the value itself\n"},
	{"template block", VARS "    covey_paths: \"{% if x %}1{% endif %}\"\n" GROUPS HOSTS,
	 "5:18: covey_paths holds a template: covey reads the inventory without Ansible, so write "
	 "the value itself\n"},
	{"vault", VARS "    covey_paths: !vault abc\n" GROUPS HOSTS,
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
	{"QoS map: bad DSCP", VARS "    covey_qos_map: {64: 1, ef: 5}\n" GROUPS HOSTS,
	 "5:21: a DSCP in covey_qos_map must be a number from 0 to 63, not the number 64\n"
	 "5:28: a DSCP in covey_qos_map must be a number from 0 to 63, not the text \"ef\"\n"},
	{"QoS map: bad class", VARS "    covey_qos_map: {46: 8}\n" GROUPS HOSTS,
	 "5:25: a class in covey_qos_map must be a number from 0 to 7, not the number 8\n"},
	{"QoS map: list", VARS "    covey_qos_map: [1]\n" GROUPS HOSTS,
	 "5:20: covey_qos_map must be a mapping of DSCP values to traffic classes, like {46: 5}, "
	 "not a list\n"},
	{"QoS map: twice in other words", VARS "    covey_qos_map: {46: 5, 0x2e: 4}\n" GROUPS HOSTS,
	 "5:28: DSCP 46 is in covey_qos_map twice, first at line 5\n"},
	{"QoS map: twice", VARS "    covey_qos_map: {46: 5, 46: 5}\n" GROUPS HOSTS,
	 "5:28: 46 is here twice, first at line 5: keep one of them\n"},
	{"host variable's template in all", VARS "    covey_cores: \"{{ c }}\"\n" GROUPS HOSTS,
	 "5:18: covey_cores holds a template: covey reads the inventory without Ansible, so write "
	 "the value itself\n"},
	{"bad fabric name",
	 "all:\n"
	 "  vars:\n"
	 "    covey_fabric: My.Fabric\n"
	 "    covey_gkm: gkm.example\n"
	 "    covey_groups:\n"
	 "      g: {vnis: [100], members: [a, b]}\n"
	 "  hosts:\n"
	 "    a: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n"
	 "    b: {covey_vtep: 10.0.0.2, covey_fabric_interface: eth0}\n",
	 "3:19: covey_fabric must be a name of 1 to 63 of a-z 0-9 . _ - (it becomes the trust "
	 "domain of the certificates), not the text \"My.Fabric\"\n"
	 "4:16: covey_gkm must be an IP address without mask, like 192.0.2.1 or 2001:db8::1, not "
	 "the text \"gkm.example\"\n"},
	{"fabric name of number",
	 "all:\n"
	 "  vars:\n"
	 "    covey_fabric: 12\n"
	 "    covey_gkm: 239.1.1.1\n"
	 "    covey_groups:\n"
	 "      g: {vnis: [100], members: [a, b]}\n"
	 "  hosts:\n"
	 "    a: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n"
	 "    b: {covey_vtep: 10.0.0.2, covey_fabric_interface: eth0}\n",
	 "3:19: covey_fabric must be text, but YAML reads the number 12 here: put it in quotes\n"
	 "4:16: covey_gkm must be one machine's address, but 239.1.1.1 is a multicast address\n"},
	{"GKM link-local",
	 "all:\n"
	 "  vars:\n"
	 "    covey_fabric: f\n"
	 "    covey_gkm: \"fe80::1\"\n" GROUPS HOSTS,
	 "4:16: covey_gkm must be one machine's address, but fe80::1 is a link-local address, "
	 "which is good on one link alone\n"},
	{"GKM reserved",
	 "all:\n"
	 "  vars:\n"
	 "    covey_fabric: f\n"
	 "    covey_gkm: \"241.0.0.1\"\n" GROUPS HOSTS,
	 "4:16: covey_gkm must be one machine's address, but 241.0.0.1 is a reserved address "
	 "(240.0.0.0/4), which no machine has\n"},
	{"GKM on every machine, as a tunnel's end is",
	 "all:\n"
	 "  vars:\n"
	 "    covey_fabric: f\n"
	 "    covey_gkm: \"127.0.0.1\"\n" GROUPS HOSTS,
	 ""},
	{"GKM on every machine, IPv6",
	 "all:\n"
	 "  vars:\n"
	 "    covey_fabric: f\n"
	 "    covey_gkm: \"::1\"\n" GROUPS HOSTS,
	 ""},
	{"fabric name too long",
	 "all:\n"
	 "  vars:\n"
	 "    covey_fabric: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
	 "    covey_gkm: 0.0.0.0\n"
	 "    covey_groups:\n"
	 "      g: {vnis: [100], members: [a, b]}\n"
	 "  hosts:\n"
	 "    a: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n"
	 "    b: {covey_vtep: 10.0.0.2, covey_fabric_interface: eth0}\n",
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
	 "2:3: covey_fabric is missing: set it in vars of group all\n"
	 "2:3: covey_gkm is missing: set it in vars of group all\n"
	 "2:3: covey_groups is missing: set it in vars of group all\n"},
	{"fabric variable in a group",
	 VARS GROUPS HOSTS "  children:\n"
			   "    rack:\n"
			   "      vars: {covey_vxlan_port: 4789}\n",
	 "12:14: covey_vxlan_port is a variable of the whole fabric: move it to vars of group "
	 "all\n"},
	{"fabric variable at a host",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, covey_fabric: x}\n",
	 "10:61: covey_fabric is a variable of the whole fabric: move it to vars of group all\n"},
	{"unknown key",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [100], members: [a], chiper: aes-256-gcm}\n" HOSTS,
	 "6:38: unknown key chiper in covey group g (did you mean cipher?)\n"},
	{"missing keys",
	 VARS "    covey_groups:\n"
	      "      g: {cipher: aes-128-gcm}\n" HOSTS,
	 "6:7: covey group g has no members\n"
	 "6:7: covey group g has no vnis\n"},
	{"bad cipher",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], cipher: aes256-gcm}\n" HOSTS,
	 "6:44: cipher must be aes-256-gcm or aes-128-gcm, not the text \"aes256-gcm\" (did you "
	 "mean aes-256-gcm?)\n"},
	{"bad key scope",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], key_scope: senders}\n" HOSTS,
	 "6:47: key_scope must be sender or group, not the text \"senders\" (did you mean "
	 "sender?)\n"},
	{"window no power of two",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], replay_window: 1000}\n" HOSTS,
	 "6:51: replay_window must be a power of two, not 1000: 512 or 1024\n"},
	{"window too small",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], replay_window: 32}\n" HOSTS,
	 "6:51: replay_window must be a number from 64 to 65536, not the number 32\n"},
	{"window too large",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], replay_window: 131072}\n" HOSTS,
	 "6:51: replay_window must be a number from 64 to 65536, not the number 131072\n"},
	{"VNI out of range",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [16777216], members: [a]}\n" HOSTS,
	 "6:18: a VNI of covey group g must be a number from 0 to 16777215, not the number "
	 "16777216\n"},
	{"VNI ranges",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [\"9-5\", \"1-\", \"x\", \"1-99999999\", 1.5, \"3 - 4\"], members: "
	      "[a]}\n" HOSTS,
	 "6:18: a VNI of covey group g must be a number from 0 to 16777215 or a range like "
	 "\"200-210\", not the text \"9-5\"\n"
	 "6:25: a VNI of covey group g must be a number from 0 to 16777215 or a range like "
	 "\"200-210\", not the text \"1-\"\n"
	 "6:31: a VNI of covey group g must be a number from 0 to 16777215 or a range like "
	 "\"200-210\", not the text \"x\"\n"
	 "6:36: a VNI of covey group g must be a number from 0 to 16777215 or a range like "
	 "\"200-210\", not the text \"1-99999999\"\n"
	 "6:50: a VNI of covey group g must be a number from 0 to 16777215, not the number 1.5\n"},
	{"VNI octal",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [0100], members: [a]}\n" HOSTS,
	 "6:18: a VNI of covey group g: YAML reads 0100 as an octal number: write it without the "
	 "leading 0\n"},
	{"VNIs no list",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: 5, members: [a]}\n" HOSTS,
	 "6:17: vnis of covey group g must be a list of VNIs, like [100, \"200-210\"], not the "
	 "number 5\n"},
	{"VNIs empty",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [], members: [a]}\n" HOSTS,
	 "6:17: vnis of covey group g must be a list of VNIs, like [100, \"200-210\"], not a "
	 "list\n"},
	{"VNI twice",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [100, \"90-110\"], members: [a]}\n" HOSTS,
	 "6:23: VNI 100 is in group g twice, first at line 6: remove one\n"},
	{"VNIs too many",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [\"1-5000\"], members: [a]}\n" HOSTS,
	 "6:17: covey group g has 5000 VNIs, a group can have 4096\n"},
	{"VNI in two groups",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [100], members: [a]}\n"
	      "      h: {vnis: [\"99-100\"], members: [b]}\n" HOSTS,
	 "7:18: VNI 100 is in group g already (line 6): a VNI belongs to one group\n"},
	{"member unknown",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a, bb, zebra]}\n" HOSTS,
	 "6:35: members of covey group g: bb is no host or group of this inventory (did you mean "
	 "b?)\n"
	 "6:39: members of covey group g: zebra is no host or group of this inventory\n"},
	{"member of number",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a, 1, no, [b]]}\n" HOSTS,
	 "6:35: a name in members must be text, but YAML reads the number 1 here: put it in "
	 "quotes\n"
	 "6:38: a name in members must be text, but YAML reads the boolean no here: put it in "
	 "quotes\n"
	 "6:42: a name in members must be text, not a list\n"},
	{"members no list",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: a}\n" HOSTS,
	 "6:31: members of covey group g must be a list of host and group names, like [hv1, "
	 "rack2], not the text \"a\"\n"},
	{"members empty",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: []}\n" HOSTS,
	 "6:31: members of covey group g is an empty list: name hosts or groups\n"},
	{"send no member",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], send: [b]}\n" HOSTS,
	 "6:43: send of covey group g: host b is not in its members: add it there\n"},
	{"receive unknown",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], receive: [c]}\n" HOSTS,
	 "6:46: receive of covey group g: c is no host or group of this inventory (did you mean "
	 "a?)\n"},
	{"send empty",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], send: []}\n" HOSTS,
	 "6:42: send of covey group g is an empty list: leave it out to let every member do it\n"},
	{"receive template",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], receive: \"{{ x }}\"}\n" HOSTS,
	 "6:45: covey_groups holds a template: covey reads the inventory without Ansible, so write "
	 "the value itself\n"},
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
	{"rekey no mapping",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], rekey: 1h}\n" HOSTS,
	 "6:43: rekey of covey group g must be a mapping, like {interval: 1h}, not the text "
	 "\"1h\"\n"},
	{"rekey unknown key",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], rekey: {intervall: 1h}}\n" HOSTS,
	 "6:44: unknown key intervall in rekey of covey group g (did you mean interval?)\n"},
	{"rekey bad duration",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], rekey: {interval: 1 hour}}\n" HOSTS,
	 "6:54: interval must be a duration from 1s to 30d, like 90s, 10m, 1h or 7d, not the text "
	 "\"1 hour\"\n"},
	{"rekey base 60",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], rekey: {interval: 1:30}}\n" HOSTS,
	 "6:54: interval must be a duration from 1s to 30d, like 90s, 10m, 1h or 7d, not the "
	 "base-60 number 1:30\n"},
	{"rekey too long",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], rekey: {drain_delay: 2d}}\n" HOSTS,
	 "6:57: drain_delay must be a duration from 0s to 1d, like 90s, 10m, 1h or 7d, not the "
	 "text \"2d\"\n"},
	{"rekey bad boolean",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], rekey: {on_join: 1}}\n" HOSTS,
	 "6:53: on_join must be true or false, not the number 1\n"},
	{"lifetime not longer",
	 VARS "    covey_groups:\n"
	      "      g: {vnis: [1], members: [a], rekey: {interval: 24h}}\n" HOSTS,
	 "6:54: rekey of covey group g: hard_lifetime (86400 s) must be longer than interval "
	 "(86400 s), or keys die before the next ones come\n"},
	{"lifetime equal",
	 VARS
	 "    covey_groups:\n"
	 "      g: {vnis: [1], members: [a], rekey: {interval: 1h, hard_lifetime: 60m}}\n" HOSTS,
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
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, "
			   "covey_hugepages: auto}\n"
			   "    d: {covey_vtep: 10.0.0.4, covey_fabric_interface: eth0, "
			   "covey_hugepages: none}\n",
	 ""},
	{"hugepages misspelt",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, "
			   "covey_hugepages: atuo}\n",
	 "10:78: covey_hugepages must be none or auto, not the text \"atuo\" (did you mean "
	 "auto?)\n"},
	{"hugepages a number",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, "
			   "covey_hugepages: 128}\n",
	 "10:78: covey_hugepages must be none or auto, not the number 128\n"},
	{"bracketed address with a port",
	 VARS GROUPS HOSTS "    \"[2001:db8::12]:22\": {ansible_user: root}\n", ""},
	{"bracketed name with a port",
	 VARS GROUPS HOSTS "    \"[c]:22\": {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n",
	 "10:28: covey_vtep 10.0.0.1 of host c is host a's already (line 8): give each host its "
	 "own\n"},
	{"interface too long",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, "
			   "covey_host_interface: abcdefghijklmnop}\n",
	 "10:83: covey_host_interface must be an interface name of 1 to 15 characters, without "
	 "slash, colon and space, not the text \"abcdefghijklmnop\"\n"},
	{"interface with slash",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, covey_host_interface: a/b}\n",
	 "10:83: covey_host_interface must be an interface name of 1 to 15 characters, without "
	 "slash, colon and space, not the text \"a/b\"\n"},
	{"interface of boolean",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, covey_host_interface: on}\n",
	 "10:83: covey_host_interface must be text, but YAML reads the boolean on here: put it in "
	 "quotes\n"},
	{"interfaces equal",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, "
			   "covey_host_interface: eth0}\n",
	 "10:83: host c: covey_host_interface and covey_fabric_interface are both eth0: covey "
	 "makes the first and sends through the second\n"},
	{"device missing",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, covey_fabric_port: device}\n",
	 "10:80: host c: covey_fabric_port: device needs a covey_fabric_device\n"},
	{"device unused",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, "
			   "covey_host_device: net_tap0}\n",
	 "10:61: host c: covey_host_device is used only with covey_host_port: device\n"},
	{"device with space",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, "
			   "covey_host_port: device, covey_host_device: \"a b\"}\n",
	 "10:105: covey_host_device must be a DPDK device of 1 to 255 characters, like "
	 "0000:65:00.0 or net_tap0,iface=x, not the text \"a b\"\n"},
	{"port kind",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, covey_fabric_port: afxdp}\n",
	 "10:80: covey_fabric_port must be auto, af_xdp, af_packet or device, not the text "
	 "\"afxdp\" (did you mean af_xdp?)\n"},
	{"fabric interface of 128 characters",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: " NAME_127 "n}\n",
	 "10:55: covey_fabric_interface must be an interface name of 1 to 15 characters or an "
	 "alternative one of 1 to 127, without slash, colon and space, not the text \"" NAME_16
		 NAME_16 NAME_16 "...\"\n"},
	{"cores",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, covey_cores: 4-2}\n",
	 "10:74: covey_cores must be a list of CPUs like \"2,3\" or \"4-7\", each below 1024, not "
	 "the text \"4-2\"\n"},
	{"foreign VXLAN",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, "
			   "covey_foreign_vxlan: block}\n",
	 "10:82: covey_foreign_vxlan must be warn or drop, not the text \"block\"\n"},
	{"weak guard",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, "
			   "covey_weak_guard: yes}\n",
	 "10:79: covey_weak_guard must be refuse or allow, not the boolean yes\n"},
	{"cores list",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, covey_cores: [1]}\n",
	 "10:74: covey_cores must be text, not a list\n"},
	{"SenderID zero",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, covey_sender_id: 0}\n",
	 "10:78: covey_sender_id must be a number from 1 to 65535, not the number 0\n"},
	{"SenderID large",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, covey_sender_id: 65536}\n",
	 "10:78: covey_sender_id must be a number from 1 to 65535, not the number 65536\n"},
	{"duplicate VTEP",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.1, covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep 10.0.0.1 of host c is host a's already (line 8): give each host its "
	 "own\n"},
	{"family mismatch",
	 VARS GROUPS HOSTS "    c: {covey_vtep: \"fd00::1\", covey_fabric_interface: eth0}\n",
	 "10:21: host c has an IPv6 VTEP address, but a has an IPv4 one (line 8): all hosts of a "
	 "fabric use one family\n"},
	{"VTEP multicast",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 239.0.0.1, covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but 239.0.0.1 is a multicast address\n"},
	{"VTEP loopback",
	 VARS GROUPS HOSTS "    c: {covey_vtep: \"127.0.0.1\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but 127.0.0.1 is a loopback address, "
	 "which every machine has\n"},
	{"VTEP at the end of loopback",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: \"127.255.255.254\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but 127.255.255.254 is a loopback "
	 "address, which every machine has\n"},
	{"VTEP IPv6 loopback",
	 VARS GROUPS HOSTS "    c: {covey_vtep: \"::1\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but ::1 is the loopback address, which "
	 "every machine has\n"},
	{"VTEP of this network",
	 VARS GROUPS HOSTS "    c: {covey_vtep: \"0.0.0.5\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but 0.0.0.5 is an address of \"this "
	 "network\" (0.0.0.0/8), which no machine has\n"},
	{"VTEP reserved",
	 VARS GROUPS HOSTS "    c: {covey_vtep: \"240.0.0.1\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but 240.0.0.1 is a reserved address "
	 "(240.0.0.0/4), which no machine has\n"},
	{"VTEP reserved, the last",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: \"255.255.255.254\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but 255.255.255.254 is a reserved "
	 "address (240.0.0.0/4), which no machine has\n"},
	{"VTEP IPv4 link-local",
	 VARS GROUPS HOSTS "    c: {covey_vtep: \"169.254.0.1\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but 169.254.0.1 is a link-local "
	 "address, which is good on one link alone\n"},
	{"VTEP IPv6 link-local",
	 VARS GROUPS HOSTS "    c: {covey_vtep: \"fe80::1\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but fe80::1 is a link-local address, "
	 "which is good on one link alone\n"},
	{"VTEP at the end of link-local",
	 VARS GROUPS HOSTS "    c: {covey_vtep: \"febf::1\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but febf::1 is a link-local address, "
	 "which is good on one link alone\n"},
	{"VTEP multicast, the last",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: \"239.255.255.255\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but 239.255.255.255 is a multicast "
	 "address\n"},
	{"VTEP IPv6 multicast",
	 VARS GROUPS HOSTS "    c: {covey_vtep: \"ff02::1\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but ff02::1 is a multicast address\n"},
	{"VTEP IPv4-compatible",
	 VARS GROUPS HOSTS "    c: {covey_vtep: \"::10.0.0.3\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but ::10.0.0.3 is an IPv4 address in "
	 "IPv6 form (write the IPv4 address)\n"},
	{"VTEP discarded",
	 VARS GROUPS HOSTS "    c: {covey_vtep: \"100::1\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but 100::1 is an address that is "
	 "discarded (100::/64)\n"},
	{"VTEP unspecified",
	 VARS GROUPS HOSTS "    c: {covey_vtep: \"::\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but :: is the unspecified address\n"},
	{"VTEP broadcast",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 255.255.255.255, covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but 255.255.255.255 is the broadcast "
	 "address\n"},
	{"VTEP mapped",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: \"::ffff:10.0.0.3\", covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be one machine's address, but ::ffff:10.0.0.3 is an IPv4 address "
	 "in IPv6 form (write the IPv4 address)\n"},
	{"VTEP with mask",
	 VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3/24, covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep must be an IP address without mask, like 192.0.2.1 or 2001:db8::1, not "
	 "the text \"10.0.0.3/24\"\n"},
	{"VTEP in base 60",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 2001:10:20:30:40:50:1:2, covey_fabric_interface: eth0}\n",
	 "10:21: covey_vtep: YAML reads 2001:10:20:30:40:50:1:2 as a number of base 60: put the "
	 "address in quotes\n"},
	{"SenderID of two",
	 VARS GROUPS HOSTS
	 "    c: {covey_vtep: 10.0.0.3, covey_fabric_interface: eth0, covey_sender_id: 7}\n"
	 "    d: {covey_vtep: 10.0.0.4, covey_fabric_interface: eth0, covey_sender_id: 7}\n",
	 "11:78: covey_sender_id 7 of host d is host c's already (line 10): give each host its "
	 "own\n"},
	{"no fabric interface", VARS GROUPS HOSTS "    c: {covey_vtep: 10.0.0.3}\n",
	 "10:5: host c has no covey_fabric_interface: name the interface that leads to the other "
	 "hosts\n"},
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
	{"hosts a list",
	 "all:\n"
	 "  hosts: [a, b]\n"
	 "  vars: 5\n",
	 "2:10: hosts must be a mapping (one host per line, each ending with a colon), not a list\n"
	 "3:3: covey_fabric is missing: set it in vars of group all\n"
	 "3:3: covey_gkm is missing: set it in vars of group all\n"
	 "3:3: covey_groups is missing: set it in vars of group all\n"
	 "3:9: vars must be a mapping (variables), not the number 5\n"},
	{"unknown part",
	 "all:\n"
	 "  host:\n"
	 "    a:\n"
	 "  chidren:\n",
	 "1:1: covey_fabric is missing: set it in vars of group all\n"
	 "1:1: covey_gkm is missing: set it in vars of group all\n"
	 "1:1: covey_groups is missing: set it in vars of group all\n"
	 "2:3: unknown key host in group all (did you mean hosts?): a group has vars, hosts and "
	 "children\n"
	 "4:3: unknown key chidren in group all (did you mean children?): a group has vars, hosts "
	 "and children\n"},
	{"group no mapping in children",
	 "all:\n"
	 "  children:\n"
	 "    rack: 5\n"
	 "    pod: [x]\n",
	 "1:1: covey_fabric is missing: set it in vars of group all\n"
	 "1:1: covey_gkm is missing: set it in vars of group all\n"
	 "1:1: covey_groups is missing: set it in vars of group all\n"
	 "3:11: rack must be a mapping (vars:, hosts: and children:), not the number 5\n"
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
	 "1:16: covey_fabric is missing: set it in vars of group all\n"
	 "1:16: covey_gkm is missing: set it in vars of group all\n"
	 "1:16: covey_groups is missing: set it in vars of group all\n"
	 "1:16: group all is below itself (it is a child of x): Ansible allows no loops\n"},
	{"own child", "x: {children: {x: }}\n",
	 "1:1: covey_fabric is missing: set it in vars of group all\n"
	 "1:1: covey_gkm is missing: set it in vars of group all\n"
	 "1:1: covey_groups is missing: set it in vars of group all\n"
	 "1:16: group x is below itself (it is a child of x): Ansible allows no loops\n"},
	{"ungrouped misused",
	 "x: {children: {ungrouped: }}\n"
	 "ungrouped: {children: {y: }}\n",
	 "1:1: covey_fabric is missing: set it in vars of group all\n"
	 "1:1: covey_gkm is missing: set it in vars of group all\n"
	 "1:1: covey_groups is missing: set it in vars of group all\n"
	 "1:16: ungrouped is Ansible's own group for hosts that are in no other: it cannot be part "
	 "of x\n"
	 "2:24: ungrouped is Ansible's own group for hosts that are in no other: it has no "
	 "children\n"},
	{"priority", "x: {vars: {ansible_group_priority: high}}\n",
	 "1:1: covey_fabric is missing: set it in vars of group all\n"
	 "1:1: covey_gkm is missing: set it in vars of group all\n"
	 "1:1: covey_groups is missing: set it in vars of group all\n"
	 "1:36: ansible_group_priority must be a number, not the text \"high\"\n"},
	{"aliases in the skeleton",
	 "x: &x\n"
	 "  hosts: {a: }\n"
	 "y: *x\n"
	 "z: {hosts: *x}\n",
	 "1:1: covey_fabric is missing: set it in vars of group all\n"
	 "1:1: covey_gkm is missing: set it in vars of group all\n"
	 "1:1: covey_groups is missing: set it in vars of group all\n"
	 "3:4: y: covey follows no YAML aliases (*x): write the values out, or set them once in a "
	 "group's vars\n"
	 "4:12: hosts: covey follows no YAML aliases (*x): write the values out, or set them once "
	 "in a group's vars\n"},
	{"tags in the skeleton", "x: !foo {}\n",
	 "1:1: covey_fabric is missing: set it in vars of group all\n"
	 "1:1: covey_gkm is missing: set it in vars of group all\n"
	 "1:1: covey_groups is missing: set it in vars of group all\n"
	 "1:4: x: the YAML tag !foo cannot stand here: remove it\n"},
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
		"    a: {covey_vtep: 10.0.0.1, covey_cores: x}\n"
		"    b: {covey_vtep: 10.0.0.1, covey_fabric_interface: \"{{ i }}\"}\n",
		"2:3: covey_fabric is missing: set it in vars of group all\n"
		"3:16: covey_gkm must be one machine's address, but ff02::1 is a multicast "
		"address\n"
		"5:21: VNI 1 is in group g twice, first at line 5: remove one\n"
		"5:38: members of covey group g: z is no host or group of this inventory (did you "
		"mean a?)\n"
		"5:50: cipher must be aes-256-gcm or aes-128-gcm, not the text \"des\"\n"
		"7:5: host a has no covey_fabric_interface: name the interface that leads to the "
		"other hosts\n"
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
