/* SPDX-License-Identifier: BSD-3-Clause */
#include "message_text.h"

#include <covey/limits.h>
#include <errno.h>
#include <string.h>

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

bool message_is_group_name(const char *text)
{
	size_t len = strspn(text, ALPHANUMERIC "._-");

	return len > 0 && len <= COVEY_NAME_MAX && text[len] == '\0' &&
	       strchr("._-", text[0]) == NULL;
}

/* The body's field "group". Most bodies have one. NULL when this one has none. */
static const char *group_of(const Covey__Message *message)
{
	/* All bodies are pointers in a union, and each body begins with its base. */
	const ProtobufCMessage *body = (const void *)message->hello;
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(body->descriptor, "group");

	return field ? *(char *const *)((const char *)body + field->offset) : NULL;
}

static int check_group(const Covey__Message *message, const char *group, struct covey_error *error)
{
	if (message_is_group_name(group))
		return 0;
	return covey_error_set(error, -EPROTO,
			       "%s without the name of a group: that is 1 to %d of a-z A-Z 0-9 "
			       ". _ -, a letter or digit first",
			       message_name(message), COVEY_NAME_MAX);
}

static int check_software(const char *software, struct covey_error *error)
{
	size_t len = 0;

	while (software[len] >= 0x20 && software[len] < 0x7f)
		len++;
	if (software[len] == '\0' && len <= COVEY_SOFTWARE_MAX)
		return 0;
	return covey_error_set(error, -EPROTO,
			       "Hello whose software is not at most %d characters of ASCII that "
			       "print",
			       COVEY_SOFTWARE_MAX);
}

static int check_groups(const Covey__Message *message, char *const *groups, size_t count,
			struct covey_error *error)
{
	int status = 0;

	for (size_t i = 0; i < count && status == 0; i++)
		status = check_group(message, groups[i], error);
	return status;
}

static int check_heartbeat(const Covey__Message *message, struct covey_error *error)
{
	const Covey__Heartbeat *heartbeat = message->heartbeat;
	int status = check_groups(message, heartbeat->deaf_groups, heartbeat->n_deaf_groups, error);

	if (status == 0)
		status = check_groups(message, heartbeat->perhaps_deaf_groups,
				      heartbeat->n_perhaps_deaf_groups, error);
	if (status == 0)
		status = check_groups(message, heartbeat->clear_more, heartbeat->n_clear_more,
				      error);
	for (size_t i = 0; i < heartbeat->n_clear && status == 0; i++)
		status = check_group(message, heartbeat->clear[i]->group, error);
	return status;
}

int message_check_text(const Covey__Message *message, struct covey_error *error)
{
	const char *group = group_of(message);

	if (message->body_case == COVEY__MESSAGE__BODY_HELLO)
		return check_software(message->hello->software, error);
	if (message->body_case == COVEY__MESSAGE__BODY_HEARTBEAT)
		return check_heartbeat(message, error);
	if (!group || (message->body_case == COVEY__MESSAGE__BODY_REFUSED && group[0] == '\0'))
		return 0;
	return check_group(message, group, error);
}
