/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct foreign_vxlan_watch;
struct guard_watch;

/* How the guard stands, read back now. watch NULL: there is none to have. */
json_t *show_guard(struct guard_watch *watch);

/* VXLAN devices that covey does not encrypt, looked for now, and whether the guard drops theirs. */
json_t *show_foreign(struct foreign_vxlan_watch *watch, bool dropped);
