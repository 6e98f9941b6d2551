/* Settings of dnsmasq that name domains: address=/a/b/1.2.3.4, server=/a/, local=/a/. The most particular line
 * wins, so that server=/a.example/# makes a.example an exception from address=/example/#. */
#define _GNU_SOURCE /* memrchr */
#include <string.h>

#include "base/addr.h"
#include "lists/part.h"

/* Which of dnsmasq's settings this is; the length of its name, or 0. */
static size_t keyword(struct part part)
{
	static const char *const words[] = {
		"address=",        "server=",         "local=",
		"ipset=",          "nftset=",         "cname=",
		"bogus-nxdomain=", "host-record=",    "rebind-domain-ok=",
		"conf-file=",      "conf-dir=",       "addn-hosts=",
		"alias=",          "ptr-record=",     "txt-record=",
		"srv-host=",       "mx-host=",        "rev-server=",
		"cache-size=",     "listen-address=",
	};
	for (size_t i = 0; i < PF_COUNT(words); i++)
		if (part_starts(part, words[i]))
			return strlen(words[i]);
	return 0;
}

bool line_is_dnsmasq(struct part part)
{
	return memchr(part.at, '=', part_length(part)) && keyword(part) > 0;
}

static bool to_addr(struct part part, struct addr *addr)
{
	char copy[ADDR_TEXT_MAX];
	if (part_length(part) >= sizeof copy)
		return false;
	memcpy(copy, part.at, part_length(part));
	copy[part_length(part)] = '\0';
	return addr_parse(copy, addr) == PF_OK;
}

static bool is_zero(const struct addr *addr)
{
	static const uint8_t none[16];
	return !memcmp(addr->bytes, none, sizeof none);
}

/* What follows the last slash decides what becomes of the names; false when it can not be read. */
static bool read_target(struct line *line, struct part target, bool address)
{
	struct addr addr;
	struct terms *terms = &line->terms;
	terms_init(terms);
	line->excepts = false;
	if (!part_length(target)) {
		terms->has_reply = true;
		terms->reply = REPLY_NXDOMAIN;
	} else if (!address) {
		line->excepts = true; /* `#`, or a server that is to be asked */
		terms->nearest = true;
	} else if (part_is(target, "#") || (to_addr(target, &addr) && is_zero(&addr))) {
		terms->has_reply = true;
		terms->reply = REPLY_NULL;
	} else {
		return to_addr(target, &addr) && terms_add_address(terms, &addr) == PF_OK;
	}
	return true;
}

static void read_domain(struct line *line, struct line_item *item, struct part name)
{
	item->covers = line->excepts ? LIST_EXCEPTION : 0;
	item->terms = &line->terms;
	if (part_is(name, "#")) {
		item_every_name(line, item);
	} else if (!part_length(name)) {
		item_skip(item, SKIP_SETTING); /* server=// is about names without dots */
	} else {
		/* *x is a tail of a label, which part.h takes as a wildcard; *.x is what is below. */
		item_wild_name(line, item, name, COVERS_ALL);
	}
}

/* Leaves the names in `line`; false when there are none. */
static bool begin(struct line *line, struct line_item *item)
{
	struct part part = {line->at, line->end};
	bool address = part_starts(part, "address=");
	bool server = part_starts(part, "server=") || part_starts(part, "local=");
	part.at += keyword(part);
	line->begun = true;
	line->at = line->end;
	const char *last = part_length(part) ? memrchr(part.at, '/', part_length(part)) : NULL;
	if ((!address && !server) || !last || last == part.at || *part.at != '/') {
		item_skip(item, SKIP_SETTING);
		return false;
	}
	if (!read_target(line, part_trim((struct part){last + 1, part.end}), address)) {
		item_skip(item, SKIP_SYNTAX);
		return false;
	}
	line->at = part.at + 1;
	line->end = last;
	return true;
}

bool line_next_dnsmasq(struct line *line, struct line_item *item)
{
	bool first = !line->begun;
	if (first && !begin(line, item))
		return true;
	struct part rest = {line->at, line->end};
	if (!first && rest.at >= rest.end)
		return false;
	read_domain(line, item, part_trim(part_take_until(&rest, '/')));
	line->at = rest.at;
	return true;
}
