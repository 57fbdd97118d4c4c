#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Many members of one group: a hundred, quickly; in the long form 100, 1,000 and 10,000, with the
# figures, and with the project's aims for 10,000 as the limit. The machine must do nothing else then.
#
#     gkm_scale.sh GKM-SCALE COVEY-GKM

set -euo pipefail

LONG_SIZES=(100 1000 10000)
scale=$1
gkm=$2

if [[ -z ${COVEY_TEST_LONG:-} ]]; then
	exec "$scale" --quiet --members 100 --one-by-one 3 --rekeys 3 "$gkm"
fi
for size in "${LONG_SIZES[@]}"; do
	aims=()
	((size < 10000)) || aims=(--aims)
	"$scale" --quiet --json --members "$size" --one-by-one 5 --rekeys 10 "${aims[@]}" "$gkm"
done
