#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# covey-bench gateway with hugepages, which are reserved while it runs and given back then. As root.
#
#   gateway.sh [OPTION...]      options of covey-bench gateway; COVEY_BUILD: the build folder

set -euo pipefail

HERE=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
BENCH=${COVEY_BUILD:-$HERE/../../build}/tests/bench/covey-bench
# Of 2 MiB: covey's and ipsec-secgw's, with the largest packets.
PAGES=512
RESERVED=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
before=$(<$RESERVED)

give_back() {
	echo "$before" >$RESERVED
}
trap give_back EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo $((before + PAGES)) >$RESERVED
got=$(($(<$RESERVED) - before))
if ((got < PAGES)); then
	echo "gateway.sh: of $PAGES hugepages, $got could be reserved" >&2
fi
"$BENCH" gateway "$@"
