/* A MUD profile (RFC 8520) of one device from what it was seen to ask: names that had an address, as destinations without ports,
 * because DNS shows neither ports nor whether anybody connected. It says of itself that it was observed, and is unsupported: it is
 * a draft for a person who writes a profile, and a way to compare a device with its manufacturer's. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "report/format.h"
#include "report/report.h"
#include "report/text.h"

#define MUD_SYSTEM_INFO "observed by DNS only: names that it asked for" /* at most 60 characters */
#define MUD_CACHE_HOURS 48                                              /* the standard's default */
#define MUD_NAME_MAX 253

struct mud {
	char *device; /* its id */
	int64_t last_us;
	struct lines names[2]; /* of IPv4, of IPv6 */
};

static const struct {
	const char *family, *type, *list;
} families[] = {{"ipv4", "ipv4-acl-type", "v4"}, {"ipv6", "ipv6-acl-type", "v6"}};

static int mud_begin(struct format_run *run)
{
	run->state = calloc(1, sizeof(struct mud));
	return run->state ? PF_OK : PF_ENOMEM;
}

static void mud_close(struct format_run *run)
{
	struct mud *mud = run->state;
	if (!mud)
		return;
	lines_free(&mud->names[0]);
	lines_free(&mud->names[1]);
	free(mud->device);
	free(mud);
}

static int mud_endpoint(struct format_run *run, const struct store_endpoint *row)
{
	struct mud *mud = run->state;
	if (!mud->device && !(mud->device = strdup(row->device_id)))
		return PF_ENOMEM;
	if (strcmp(mud->device, row->device_id) != 0) {
		snprintf(
			run->error, sizeof run->error,
			"A MUD profile is about one device: give --device, by its id when two have one name.");
		return PF_EINVAL;
	}
	if (row->last_wall_us > mud->last_us)
		mud->last_us = row->last_wall_us;
	/* A name of a host (RFC 1123; devices ask for `_` too): others can not stand in a profile. */
	size_t length = strlen(row->name);
	if (length > MUD_NAME_MAX ||
	    strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789-._") != length) {
		run->result->left_out++;
		return PF_OK;
	}
	return lines_add(&mud->names[strchr(row->address, ':') != NULL], "%s", row->name);
}

/* {"name": "from-v4", "type": …, "aces": …} */
static json_t *acl(const struct mud *mud, size_t family, bool from)
{
	json_t *aces = json_array();
	const struct lines *names = &mud->names[family];
	char text[64];
	for (size_t i = 0; i < names->count; i++) {
		snprintf(text, sizeof text, "%s-%s-%zu", from ? "from" : "to", families[family].list, i);
		json_array_append_new(aces, json_pack("{s:s, s:{s:{s:o}}, s:{s:s}}", "name", text,
		                                      "matches", families[family].family,
		                                      from ? "ietf-acldns:dst-dnsname"
		                                           : "ietf-acldns:src-dnsname",
		                                      report_text(names->list[i]), "actions", "forwarding",
		                                      "accept"));
	}
	snprintf(text, sizeof text, "%s-%s", from ? "from" : "to", families[family].list);
	return json_pack("{s:s, s:s, s:{s:o}}", "name", text, "type", families[family].type, "aces",
	                 "ace", aces);
}

static json_t *policy(const struct mud *mud, bool from)
{
	json_t *list = json_array();
	char text[16];
	for (size_t family = 0; family < PF_COUNT(families); family++) {
		snprintf(text, sizeof text, "%s-%s", from ? "from" : "to", families[family].list);
		if (mud->names[family].count)
			json_array_append_new(list, json_pack("{s:s}", "name", text));
	}
	return json_pack("{s:{s:o}}", "access-lists", "access-list", list);
}

/* https, as the standard wants it, in a domain that can never be (RFC 2606): nobody serves this file. */
static json_t *url(const char *device)
{
	char text[256] = "https://observed.invalid/";
	size_t used = strlen(text);
	for (const char *c = device; *c && used < 200; c++)
		text[used++] =
			strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.", *c) ? *c
																						   : '-';
	snprintf(text + used, sizeof text - used, ".json");
	return json_string(text);
}

static int mud_end(struct format_run *run)
{
	struct mud *mud = run->state;
	char updated[CLOCK_TEXT_MAX];
	if (!mud->device) {
		snprintf(run->error, sizeof run->error,
		         "The journal has no endpoint of such a device, so there is no profile of it.");
		return PF_EINVAL;
	}
	json_t *acls = json_array();
	for (size_t family = 0; family < PF_COUNT(families); family++) {
		lines_settle(&mud->names[family]);
		for (int from = 1; from >= 0 && mud->names[family].count; from--)
			json_array_append_new(acls, acl(mud, family, from));
	}
	clock_format(mud->last_us, updated);
	updated[19] = '\0'; /* the fraction of the second */
	json_t *document =
		json_pack("{s:{s:i, s:o, s:s+, s:i, s:b, s:s, s:o, s:o}, s:{s:o}}", "ietf-mud:mud",
	              "mud-version", 1, "mud-url", url(mud->device), "last-update", updated, "+00:00",
	              "cache-validity", MUD_CACHE_HOURS, "is-supported", 0, "systeminfo",
	              MUD_SYSTEM_INFO, "from-device-policy", policy(mud, true), "to-device-policy",
	              policy(mud, false), "ietf-access-control-list:acls", "acl", acls);
	if (!out_json(run->out, document))
		return PF_ENOMEM;
	out_text(run->out, "\n");
	return PF_OK;
}

const struct format format_mud = {.begin = mud_begin,
                                  .endpoint = mud_endpoint,
                                  .end = mud_end,
                                  .close = mud_close};
