/* SPDX-License-Identifier: BSD-3-Clause */
#include "scalar.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* YAML 1.1's types (yaml.org/type), as PyYAML's SafeLoader, which Ansible uses, recognises them. */
static const char *const patterns[SCALAR_KINDS] = {
	[SCALAR_TEXT] = NULL,
	[SCALAR_NULL] = "^(~|null|Null|NULL|)$",
	[SCALAR_BOOLEAN] = "^(yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|"
			   "off|Off|OFF)$",
	[SCALAR_INTEGER] = "^([-+]?0b[0-1_]+|[-+]?(0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+)$",
	[SCALAR_OCTAL] = "^[-+]?0[0-7_]+$",
	[SCALAR_SEXAGESIMAL] = "^[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+$",
	[SCALAR_FLOAT] = "^([-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+][0-9]+)?|"
			 "\\.[0-9][0-9_]*([eE][-+][0-9]+)?|"
			 "[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*|"
			 "[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN))$",
	[SCALAR_DATE] = "^([0-9]{4}-[0-9]{2}-[0-9]{2}|"
			"[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?([Tt]|[ \t]+)[0-9][0-9]?"
			":[0-9]{2}:[0-9]{2}(\\.[0-9]*)?([ \t]*(Z|[-+][0-9][0-9]?(:[0-9]{2})?))?)$",
	[SCALAR_MERGE] = "^<<$",
};

/* What each begins with; most text is none of them, and needs no pattern. */
static const char *const beginnings[SCALAR_KINDS] = {
	[SCALAR_TEXT] = "",
	[SCALAR_NULL] = "~nN",
	[SCALAR_BOOLEAN] = "yYnNtTfFoO",
	[SCALAR_INTEGER] = "-+0123456789",
	[SCALAR_OCTAL] = "-+0",
	[SCALAR_SEXAGESIMAL] = "-+123456789",
	[SCALAR_FLOAT] = "-+0123456789.",
	[SCALAR_DATE] = "0123456789",
	[SCALAR_MERGE] = "<",
};

int scalars_init(struct scalars *scalars)
{
	scalars->compiled = SCALAR_NULL;
	for (int kind = SCALAR_NULL; kind < SCALAR_KINDS; kind++) {
		if (regcomp(&scalars->patterns[kind], patterns[kind], REG_EXTENDED | REG_NOSUB))
			return -ENOMEM;
		scalars->compiled = kind + 1;
	}
	return 0;
}

void scalars_free(struct scalars *scalars)
{
	for (int kind = SCALAR_NULL; kind < scalars->compiled; kind++)
		regfree(&scalars->patterns[kind]);
	scalars->compiled = 0;
}

enum scalar_kind scalar_kind(const struct scalars *scalars, const struct node *node)
{
	if (!node->plain)
		return SCALAR_TEXT;
	if (!node->text[0])
		return SCALAR_NULL;
	for (int kind = SCALAR_NULL; kind < SCALAR_KINDS; kind++)
		if (strchr(beginnings[kind], node->text[0]) &&
		    regexec(&scalars->patterns[kind], node->text, 0, NULL, 0) == 0)
			return (enum scalar_kind)kind;
	return SCALAR_TEXT;
}

static int digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

int scalar_integer(const char *text, int64_t *ret_value)
{
	bool negative = *text == '-';
	int base = 10;
	int64_t value = 0;

	if (*text == '-' || *text == '+')
		text++;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'b')) {
		base = text[1] == 'x' ? 16 : 2;
		text += 2;
	}
	for (; *text; text++) {
		if (*text == '_')
			continue;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit(*text), &value))
			return -ERANGE;
	}
	*ret_value = negative ? -value : value;
	return 0;
}

bool scalar_boolean(const char *text)
{
	return strcasecmp(text, "yes") == 0 || strcasecmp(text, "true") == 0 ||
	       strcasecmp(text, "on") == 0;
}

static const char *kind_noun(enum scalar_kind kind)
{
	switch (kind) {
	case SCALAR_BOOLEAN:
		return "the boolean ";
	case SCALAR_INTEGER:
	case SCALAR_FLOAT:
		return "the number ";
	case SCALAR_OCTAL:
		return "the octal number ";
	case SCALAR_SEXAGESIMAL:
		return "the base-60 number ";
	case SCALAR_DATE:
		return "the date ";
	default:
		return "the text ";
	}
}

#define SHOWN_BYTES 48 /* of a long text */

const char *node_describe(const struct scalars *scalars, const struct node *node, char *buf)
{
	enum scalar_kind kind;
	char shown[SHOWN_BYTES + 1];
	size_t len;

	if (node->kind != NODE_SCALAR) {
		strcpy(buf, node->kind == NODE_SEQUENCE  ? "a list"
			    : node->kind == NODE_MAPPING ? "a mapping"
							 : "an alias");
		return buf;
	}
	kind = scalar_kind(scalars, node);
	if (kind == SCALAR_NULL) {
		strcpy(buf, "nothing");
		return buf;
	}
	len = strnlen(node->text, SHOWN_BYTES);
	for (size_t i = 0; i < len; i++)
		shown[i] = isprint((unsigned char)node->text[i]) ? node->text[i] : '?';
	shown[len] = '\0';
	snprintf(buf, DESCRIPTION_SIZE, "%s%s%s%s%s", kind_noun(kind),
		 kind == SCALAR_TEXT ? "\"" : "", shown, node->text[len] ? "..." : "",
		 kind == SCALAR_TEXT ? "\"" : "");
	return buf;
}
