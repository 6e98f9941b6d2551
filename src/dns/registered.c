/* The wrapper of registered.h around libpsl, which wants text. */
#include "dns/registered.h"

#include <libpsl.h>
#include <string.h>

static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Labels with anything but letters, digits, '-' and '_' stand in no list; they become "x", so that a dot inside one divides
 * nothing. */
static void plain_text(const struct dns_name *name, char text[NAME_WIRE_MAX + 1])
{
	size_t used = 0;
	for (const uint8_t *at = name->wire; *at; at += *at + 1) {
		bool plain = true;
		for (unsigned i = 1; i <= *at; i++)
			plain = plain && is_plain(at[i]);
		if (used)
			text[used++] = '.';
		memcpy(text + used, plain ? (const char *)at + 1 : "x", plain ? *at : 1);
		used += plain ? *at : 1;
	}
	text[used] = '\0';
}

/* What stands one label before the longest public suffix; NULL: nothing does. */
static const char *find_registered(const char *text)
{
	const char *before = NULL;
	while (*text && !psl_is_public_suffix2(psl_builtin(), text, PSL_TYPE_ICANN)) {
		const char *dot = strchr(text, '.');
		before = text;
		text = dot ? dot + 1 : "";
	}
	return *text ? before : NULL;
}

int dns_registered_domain(const struct dns_name *name, struct dns_name *domain)
{
	char text[NAME_WIRE_MAX + 1];
	plain_text(name, text);
	const char *found = find_registered(text);
	if (!found)
		return PF_ENOENT;
	uint8_t labels = 1;
	for (const char *c = found; *c; c++)
		labels += *c == '.';
	const uint8_t *at = name->wire;
	for (uint8_t skip = (uint8_t)(name->labels - labels); skip; skip--)
		at += *at + 1;
	memset(domain, 0, sizeof *domain);
	domain->labels = labels;
	domain->length = (uint8_t)(name->length - (at - name->wire));
	memcpy(domain->wire, at, domain->length);
	return PF_OK;
}
