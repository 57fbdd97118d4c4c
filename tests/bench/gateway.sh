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
# shellcheck source=tests/bench/_hugepages.sh
. "$HERE/_hugepages.sh"

trap hugepages_give_back EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

hugepages_reserve $PAGES
"$BENCH" gateway "$@"
