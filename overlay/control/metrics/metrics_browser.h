/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a browser may do here. It runs what pages of strangers tell it to, on a machine that reaches
 * this one's loopback: so it is told to keep those out, and they are not believed.
 */

struct evhttp_request;

/* Why this client does not get what is for this machine alone; NULL: it does. It must come over
 * loopback or a Unix socket. Over loopback it must have asked for this machine by address or as
 * localhost: a stranger's name may lead here, too (DNS rebinding). */
const char *metrics_browser_refusal(struct evhttp_request *request);
/* The answer is read by its own page alone, which loads nothing from elsewhere; and is not kept. */
void metrics_browser_headers(struct evhttp_request *request);
