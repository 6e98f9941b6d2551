/* The reader of line.h. */
#include "lists/line.h"

#include <string.h>

#include "lists/entry_name.h"
#include "lists/part.h"

/* "a.example  # why": the comment begins behind a blank, so that ## of cosmetic rules stays. */
static struct part cut_comment(struct part part)
{
	for (const char *at = part.at; (at = memchr(at, '#', (size_t)(part.end - at))); at++)
		if (at > part.at && part_blank(at[-1])) {
			part.end = at;
			return part_trim(part);
		}
	return part;
}

/* "##.banner" and "###banner", but neither "## text" nor "#### text ####". */
static bool is_bare_cosmetic(struct part part)
{
	const char *at = part.at;
	while (at < part.end && strchr("#@?$%", *at) && *at)
		at++;
	return at - part.at >= 2 && at - part.at <= 4 && at < part.end && !part_blank(*at) &&
	       line_is_cosmetic((struct part){part.at, at});
}

/* Which addresses stand before the names of a hosts file that blocks. */
static bool is_sink(const struct addr *addr)
{
	static const uint8_t unspecified[16], loopback[16] = {[15] = 1};
	if (addr->family == 4)
		return addr->bytes[0] == 127 || !memcmp(addr->bytes, unspecified, 4);
	return !memcmp(addr->bytes, unspecified, 16) || !memcmp(addr->bytes, loopback, 16);
}

/* An address and at least one word behind it. */
static bool is_hosts(struct part part, bool *elsewhere)
{
	/* No name begins with ':' and few with a digit: most lines are spared the parser. */
	static const char begins[] = "0123456789:abcdefABCDEF";
	if (!memchr(begins, *part.at, sizeof begins - 1))
		return false;
	struct part rest = part;
	struct part word = part_take_word(&rest);
	struct addr addr;
	rest = part_trim(rest);
	if (!part_length(rest) || *rest.at == ';') /* a network and what its publisher calls it */
		return false;
	if (!entry_name_is_address(word.at, part_length(word), &addr))
		return false;
	*elsewhere = !is_sink(&addr);
	return true;
}

/* What no name, hosts line or rule for browsers begins with: "^ads", "(^|\\.)ads", "[a-z]+\\.ads". Everything else
 * is an expression only where the file says that all of it is. */
static bool is_regex(struct part part)
{
	static const char signs[] = "\\()[]{}+^$?";
	if (*part.at == '^' || *part.at == '(')
		return true;
	if (*part.at == '[' || *part.at == '\\') {
		for (const char *at = part.at + 1; at < part.end; at++)
			if (*at && strchr(signs, *at))
				return true;
	}
	return false;
}

static bool is_expression(struct part part)
{
	return *part.at == '/' && part_length(part) > 2 &&
	       (part.end[-1] == '/' || part_find(part, "/$"));
}

/* A file of regexes says so with its format; of other lines only what is surely one is taken as such. */
static enum line_form form_of(struct part part, enum list_format format, bool *elsewhere)
{
	*elsewhere = false;
	if (!part_length(part) || (*part.at == '!' && format != LIST_FORMAT_REGEX))
		return LINE_COMMENT;
	if (*part.at == '#')
		return format == LIST_FORMAT_ADBLOCK && is_bare_cosmetic(part) ? LINE_ADBLOCK
		                                                               : LINE_COMMENT;
	if (*part.at == ';' && (format == LIST_FORMAT_CIDR || format == LIST_FORMAT_AUTO))
		return LINE_COMMENT;
	if (format == LIST_FORMAT_REGEX)
		return LINE_REGEX;
	if (format == LIST_FORMAT_CIDR)
		return LINE_NETWORK;
	if (*part.at == '[' && part.end[-1] == ']')
		return LINE_HEADER;
	if (*part.at == '|' || part_starts(part, "@@") || is_expression(part) || line_is_cosmetic(part))
		return LINE_ADBLOCK;
	if (is_hosts(part, elsewhere))
		return LINE_HOSTS;
	if (line_is_dnsmasq(part))
		return LINE_DNSMASQ;
	if (line_is_unbound(part))
		return LINE_UNBOUND;
	if (is_regex(part))
		return LINE_REGEX;
	if (format == LIST_FORMAT_AUTO && line_is_network(part))
		return LINE_NETWORK;
	if (format == LIST_FORMAT_AUTO && line_is_zone(part))
		return LINE_ZONE;
	/* "ads.example$dnstype=A" and "ads.example^": adblock without a bar */
	if (memchr(part.at, '$', part_length(part)) || part.end[-1] == '^')
		return LINE_ADBLOCK;
	return LINE_PLAIN;
}

/* In expressions ` #` could be meant; a comment there begins the line. */
void line_init(struct line *line, const char *text, size_t length, enum list_format format)
{
	struct part part = part_trim((struct part){text, text + length});
	if (format != LIST_FORMAT_REGEX)
		part = cut_comment(part);
	line->at = part.at;
	line->end = part.end;
	line->format = format;
	line->begun = line->excepts = false;
	line->form = form_of(part, format, &line->elsewhere);
}

static void read_plain(struct line *line, struct line_item *item, struct part part)
{
	if (part_starts(part, "/")) {
		item_skip(item, SKIP_COSMETIC);
		return;
	}
	struct part rest = part;
	struct part word = part_take_word(&rest);
	if (part_length(part_trim(rest))) {
		enum list_skip reason = entry_name_blame(part.at, part_length(part));
		item_skip(item, reason == SKIP_REGEX ? reason : SKIP_SYNTAX);
		return;
	}
	if (entry_name_is_local(word.at, part_length(word))) {
		item_skip(item, SKIP_LOCAL_NAME);
		return;
	}
	item_wild_name(line, item, word,
	               line->format == LIST_FORMAT_HOSTS ? LIST_COVERS_SELF : COVERS_ALL);
}

/* Pi-hole writes options behind a semicolon (";querytype=A"), which no name holds. */
static void read_regex(struct line *line, struct line_item *item, struct part part)
{
	if (is_expression(part))
		line_read_adblock(line, item, part);
	else if (memchr(part.at, ';', part_length(part)))
		item_skip(item, SKIP_MODIFIER);
	else
		item_regex(line, item, part);
}

static void read_host(struct line_item *item, struct part word, bool elsewhere)
{
	struct addr addr;
	if (entry_name_is_local(word.at, part_length(word)))
		item_skip(item, SKIP_LOCAL_NAME);
	else if (entry_name_is_address(word.at, part_length(word), &addr) && is_sink(&addr))
		item_skip(item, SKIP_LOCAL_NAME); /* "0.0.0.0 0.0.0.0" stands in many a preamble */
	else if (elsewhere)
		item_skip(item, SKIP_ADDRESS); /* it says where a name is, not that it is unwanted */
	else
		item_name(item, word);
	item->covers = LIST_COVERS_SELF;
}

bool line_next(struct line *line, struct line_item *item)
{
	bool first = !line->begun;
	struct part part = {line->at, line->end};
	item->covers = 0;
	item->trigger = TRIGGER_NAME;
	item->gathers = false;
	item->terms = NULL;
	if (line->form == LINE_DNSMASQ)
		return line_next_dnsmasq(line, item);
	line->begun = true;
	if (line->form == LINE_HOSTS) {
		if (first)
			part_take_word(&part);
		struct part word = part_take_word(&part);
		line->at = part.at;
		if (!part_length(word))
			return false;
		read_host(item, word, line->elsewhere);
		return true;
	}
	if (!first)
		return false;
	switch (line->form) {
	case LINE_COMMENT:
	case LINE_HEADER: item->kind = ITEM_COMMENT; break;
	case LINE_ADBLOCK: line_read_adblock(line, item, part); break;
	case LINE_UNBOUND: line_read_unbound(line, item, part); break;
	case LINE_REGEX: read_regex(line, item, part); break;
	case LINE_NETWORK: line_read_network(item, part); break;
	default: read_plain(line, item, part); break;
	}
	return true;
}
