/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What a drop reason of this name means, for people. A newer covey-host may have reasons that this
 * program does not know: "-". */
const char *drop_text(const char *name);
