#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The same routed fabric, but the inventory names no uplink: they are found by the routes, and followed.
# ports: kernel
LAB_FABRIC_INTERFACE=
# shellcheck source=tests/e2e/49-uplinks.sh
. "$(dirname "$0")/49-uplinks.sh"
